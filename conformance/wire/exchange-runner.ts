/**
 * Runs one exchange against a server, and says whether an outcome of each step came about.
 *
 * Theory of operation. After each event of the connection all alternatives are held against what has come (matcher.ts). The last one
 * that is ruled out ends the exchange; nothing is waited for that can't change the answer. Otherwise:
 *
 *  - *open* is proven by one more request of the kit's own, whose answer has to be the very next thing. It says `Connection:
 *    close`, so behind the answer the server ends the connection, and a response that came too much shows without a wait for it.
 *  - *close* is the server's FIN or RST. A server that has said `Connection: close` may linger until it has read what the client sends
 *    (RFC 9112, section 9.6): so the kit ends its own output, and if nothing more comes, that will do.
 *  - *silence*, and whether a longer alternative still comes (`200, 200` beside `200 then open`), need quiet (times.ts).
 *
 * The answer says whether time had a part in it: then the exchange is run again, alone, before it counts.
 */
import type { Exchange, Outcome, Step } from '../../spec/exchange.js';
import type { Expected, TranscriptEntry } from '../../spec/report.js';
import type { LimitName } from '../../spec/server-contract.js';
import { hostOf, plainRequest } from './ask.js';
import { statusFits, type Known } from './conditions.js';
import type { Address } from './connection.js';
import { Line } from './line.js';
import { decide, type Candidate } from './decide.js';
import { ENDED, matchOutcome, saidClose, type Match } from './matcher.js';
import { render } from './render.js';
import type { Times } from './times.js';
import { Transcript } from './transcript.js';

/** A server that exchanges are run against. */
export interface Endpoint {
  readonly address: Address;
  readonly known: Known;
  readonly times: Times;
  /** A round trip on a connection of its own. False: nobody answered within the budget. */
  readonly beat: () => Promise<boolean>;
  /** Tells the server to end gracefully. Absent where the kit did not start it. */
  readonly stop?: () => void;
}

export type ExchangeResult = { readonly transcript: readonly TranscriptEntry[] } & (
  | {
      readonly is: 'passed';
      readonly labels: readonly string[];
      readonly notes: readonly string[];
      /** A response came that is no refusal. */
      readonly isServed: boolean;
    }
  | {
      readonly is: 'failed';
      /** In words, for the clause. */
      readonly text: string;
      /** Each alternative, and why it did not come about. */
      readonly expected: readonly Expected[];
      /** Responses of the connection that fit, by the alternative that came furthest. */
      readonly taken: number;
      /** The clock had a part in it. */
      readonly timed: boolean;
    }
  /** The server answered nobody any more. */
  | { readonly is: 'down' }
  /** The kit could not do its part. */
  | { readonly is: 'broken'; readonly text: string }
);

/** Beats that prove quiet. */
const QUIET_BEATS = 2;
/** Declared times: how much sooner and later they may be up. */
const SOONER = { factor: 0.9, ms: 20 };
const LATER = { factor: 1.5, ms: 1000 };
const TIMEOUTS = ['idleTimeoutMs', 'headTimeoutMs', 'bodyTimeoutMs'] as const;
/** In the shortest declared time of the exchange a drip is sent so often. */
const DRIPS = 8;
const MS_IN_QUERY = /[?&]ms=(\d{1,5})\b/g;

class Down extends Error {
  override readonly name = 'Down';
}
class Broken extends Error {
  override readonly name = 'Broken';
}

type Settled =
  | { readonly fits: Outcome; readonly taken: number }
  | {
      readonly text: string;
      readonly expected: readonly Expected[];
      readonly taken: number;
      readonly timed: boolean;
    };

/**
 * @param signal ends it: the result is worth nothing then
 */
export async function runExchange(
  exchange: Exchange,
  endpoint: Endpoint,
  signal?: AbortSignal,
): Promise<ExchangeResult> {
  const run = new Run(exchange, endpoint);
  const abort = (): void => {
    run.end();
  };
  signal?.addEventListener('abort', abort);
  try {
    return await run.steps();
  } catch (error) {
    const transcript = run.transcript.entries();
    if (error instanceof Down) return { is: 'down', transcript };
    if (error instanceof Broken || error instanceof RangeError)
      return { is: 'broken', text: error.message, transcript };
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
    run.end();
  }
}

class Run {
  readonly transcript = new Transcript();
  readonly #lines = new Map<string, Line>();
  readonly #drips = new Set<NodeJS.Timeout>();
  #over = false;
  #interrupt: () => void = () => undefined;
  /** Settles when it is over: whoever waits for the server then waits for nothing. */
  readonly #interrupted = new Promise<void>((resolve) => (this.#interrupt = resolve));
  /** Time that requests ask the server to take, ms. */
  #askedMs = 0;

  constructor(
    private readonly exchange: Exchange,
    private readonly endpoint: Endpoint,
  ) {}

  async steps(): Promise<ExchangeResult> {
    const labels: string[] = [];
    const notes: string[] = [];
    const { steps } = this.exchange;
    const began = performance.now();
    for (const [index, step] of steps.entries()) {
      if (step.do !== 'expect') {
        await this.#act(step);
        continue;
      }
      const line = this.#line(step.on);
      const goesOn = steps.slice(index + 1).some(({ on, do: does }) => on === step.on && does !== 'stop');
      const settled = await this.#expect(line, step.outcomes, goesOn);
      if ('text' in settled) {
        // When the server hears that it is to end is its own affair, and may be too late for what is asked.
        const stops = steps.some((one) => one.do === 'stop');
        const timed = settled.timed || stops || this.#isSlow(performance.now() - began);
        return { is: 'failed', ...settled, timed, transcript: this.transcript.entries() };
      }
      const { fits, taken } = settled;
      line.taken = taken;
      if (fits.label !== undefined) labels.push(fits.label);
      if (fits.note) notes.push(`accepted: ${fits.text}`);
      // The connection is over, and with it the steps behind.
      if (goesOn && (fits.ending === 'close' || line.heard.malformed?.cut === true)) break;
    }
    return { is: 'passed', labels, notes, isServed: this.#isServed, transcript: this.transcript.entries() };
  }

  /** Whether a declared time may have been up meanwhile, so that the server gave up: a busy host stretches what goes out in pieces. */
  #isSlow(tookMs: number): boolean {
    const { limits } = this.endpoint.known;
    return TIMEOUTS.some((limit) => tookMs >= (limits[limit] ?? Infinity) * SOONER.factor - SOONER.ms);
  }

  get #isServed(): boolean {
    const { known } = this.endpoint;
    return [...this.#lines.values()].some(({ heard }) =>
      heard.responses.some(({ interim, status }) => !interim && statusFits('answered', status, known)),
    );
  }

  /** Frees everything; whoever waits gets an answer that is worth nothing. */
  end(): void {
    this.#over = true;
    this.#interrupt();
    for (const drip of this.#drips) clearInterval(drip);
    for (const line of this.#lines.values()) line.destroy();
  }

  #line(on: string): Line {
    let line = this.#lines.get(on);
    if (line === undefined) {
      line = new Line(on, this.endpoint.address, this.transcript);
      this.#lines.set(on, line);
    }
    return line;
  }

  async #act(step: Exclude<Step, { do: 'expect' }>): Promise<void> {
    if (step.do === 'stop') {
      if (this.endpoint.stop === undefined) throw new Broken('this server can not be told to end gracefully');
      this.transcript.event('', 'client', 'stop');
      this.endpoint.stop();
      return;
    }
    const line = this.#line(step.on);
    switch (step.do) {
      case 'send': {
        const bytes = render(step.bytes, this.endpoint.known);
        this.#noteAsked(bytes);
        line.send(bytes, this.exchange.pieces);
        return;
      }
      case 'drip':
        return this.#drip(line, render(step.bytes, this.endpoint.known));
      case 'pause':
        return this.#pause(line);
      case 'shutdown':
        line.shutdown();
        return;
      case 'reset':
        await this.#sent(line);
        return line.reset();
    }
  }

  #noteAsked(bytes: Buffer): void {
    const head = bytes.toString('latin1', 0, 64 * 1024);
    for (const [, ms] of head.matchAll(MS_IN_QUERY)) this.#askedMs += Math.min(10_000, Number(ms));
  }

  #drip(line: Line, bytes: Buffer): void {
    const { limits } = this.endpoint.known;
    const times = this.exchange.limits.flatMap((name) =>
      name.endsWith('Ms') ? [limits[name] ?? Infinity] : [],
    );
    const shortest = Math.min(...times, DRIPS * this.endpoint.times.quietMs);
    const heard = line.heard.responses.length;
    const timer = setInterval(
      () => {
        const { ended, responses, malformed } = line.heard;
        if (this.#over || ended !== undefined || malformed !== undefined || responses.length > heard)
          clearInterval(timer);
        else line.send(bytes, undefined, true);
      },
      Math.max(1, shortest / DRIPS),
    );
    this.#drips.add(timer);
  }

  /** Until what was sent is with the kernel, or the server does not take it. */
  async #sent(line: Line): Promise<void> {
    while (!line.isSent && !this.#over) if (!(await line.wait(this.endpoint.times.responseMs))) return;
  }

  /** Two round trips with others: a server that is not busy with them alone has read what was sent before. */
  async #pause(line: Line): Promise<void> {
    await this.#sent(line);
    for (let i = 0; i < QUIET_BEATS; i++) await this.#beat();
  }

  async #beat(): Promise<void> {
    const isAlive = this.#over || (await Promise.race([this.endpoint.beat(), this.#interrupted]));
    if (this.#over) throw new Broken('it was interrupted');
    if (isAlive !== true) throw new Down();
  }

  /** Whether nothing came for the time of quiet. */
  async #quiet(line: Line): Promise<boolean> {
    const before = line.eventCount;
    if (await line.wait(this.endpoint.times.quietMs + this.#askedMs)) return false;
    for (let i = 0; i < QUIET_BEATS && line.eventCount === before && !this.#over; i++) await this.#beat();
    if (line.eventCount !== before) return false;
    this.transcript.event(line.on, 'server', 'silence');
    return true;
  }

  /** @param goesOn there are steps behind it on this connection */
  async #expect(line: Line, outcomes: readonly Outcome[], goesOn: boolean): Promise<Settled> {
    /** Why an alternative did not come about, where its bytes alone do not say so. */
    const excluded = new Map<Outcome, string>();
    const since = this.#reference(line);
    const declaredMs = Math.max(
      0,
      ...outcomes.map(({ within }) => (within === undefined ? 0 : this.#latest(within))),
    );
    const mostMs = this.endpoint.times.stepMs + this.#askedMs + declaredMs;
    const begin = performance.now();
    let isQuiet = false;
    let isShut = false;
    let timed = false;
    while (!this.#over) {
      if (line.broken !== undefined) throw new Broken(line.broken);
      // However much trickles in, and keeps alternatives open.
      if (performance.now() - begin > mostMs)
        for (const outcome of outcomes)
          if (!excluded.has(outcome)) {
            timed = true;
            excluded.set(outcome, `it was not whole after ${Math.round(mostMs)} ms`);
          }
      const candidates = outcomes.map((outcome): Candidate => {
        const why = excluded.get(outcome);
        if (why !== undefined) return { outcome, match: { is: 'cannot', why, taken: line.taken } };
        const match = matchOutcome(outcome, line.heard, line.taken, this.endpoint.known);
        const late = this.#untimely(line, outcome, match, since);
        if (late === undefined) return { outcome, match };
        timed = true;
        return { outcome, match: { is: 'cannot', why: late, taken: match.taken } };
      });
      const next = decide(candidates, {
        isQuiet,
        isShut,
        saidClose: (taken) => saidClose(line.heard, taken),
      });
      switch (next.do) {
        case 'fail':
          return failure(candidates, timed);
        case 'take':
          return { fits: next.outcome, taken: next.taken };
        case 'probe': {
          const why = await this.#probe(line, next.taken, goesOn);
          if (why === undefined) return { fits: next.outcome, taken: line.heard.responses.length };
          excluded.set(next.outcome, why.text);
          timed ||= why.timed;
          isQuiet = false;
          break;
        }
        case 'shut':
          isShut = true;
          isQuiet = false;
          line.shutdown();
          break;
        case 'quiet':
          isQuiet = await this.#quiet(line);
          break;
        case 'wait': {
          isQuiet = false;
          const why = await this.#wait(line, candidates, since);
          if (why === undefined) break;
          timed = true;
          for (const { outcome, match } of candidates)
            if (match.is === 'may') excluded.set(outcome, match.needs === 'end' ? why.open : why.silent);
        }
      }
    }
    throw new Broken('it was interrupted');
  }

  /**
   * Waits until something comes.
   * @returns why that is hopeless: for a response that is due, and for the end of the connection
   */
  async #wait(
    line: Line,
    candidates: readonly Candidate[],
    since: Readonly<Record<string, number>>,
  ): Promise<{ readonly silent: string; readonly open: string } | undefined> {
    const { responseMs } = this.endpoint.times;
    const untils = candidates.flatMap(({ outcome: { within }, match }) =>
      within === undefined || match.is === 'cannot'
        ? []
        : [since[within]! + this.#latest(within) - performance.now()],
    );
    // What has to come when a declared time is up has that time.
    const waitMs = Math.max(responseMs + this.#askedMs, ...untils.map((ms) => ms + 1));
    if (await this.#waitBeating(line, waitMs)) return undefined;
    this.transcript.event(line.on, 'server', 'silence');
    const ms = Math.round(waitMs);
    return {
      silent: `nothing more came within ${ms} ms, while others were answered`,
      open: `the connection was not ended within ${ms} ms`,
    };
  }

  /**
   * Waits for something to happen, and asks meanwhile whether the server answers others: when it does not, that shows early.
   * @returns false if nothing happened
   */
  async #waitBeating(line: Line, ms: number): Promise<boolean> {
    const { quietMs } = this.endpoint.times;
    if (await line.wait(Math.min(ms, quietMs))) return true;
    const [came] = await Promise.all([line.wait(Math.max(1, ms - quietMs)), this.#beat()]);
    if (came) return true;
    // Others that were asked at the very end are answered, and still there is nothing.
    await this.#beat();
    return line.wait(1);
  }

  #latest(limit: LimitName): number {
    return (this.endpoint.known.limits[limit] ?? 0) * LATER.factor + LATER.ms;
  }

  /** The moments from which declared times count, at this point of the exchange. */
  #reference(line: Line): Record<string, number> {
    const { opened, lastSend, firstSend, lastResponse } = line.at;
    return {
      idleTimeoutMs: Math.max(opened, lastResponse),
      headTimeoutMs: Math.max(opened, firstSend),
      bodyTimeoutMs: lastSend,
    };
  }

  /** Why an outcome that has to come within a declared time did not; undefined if it is in time, or has time still. */
  #untimely(
    line: Line,
    { within, ending }: Outcome,
    match: Match,
    reference: Readonly<Record<string, number>>,
  ): string | undefined {
    if (match.is === 'cannot') return undefined;
    if (within === undefined)
      return match.is === 'fits' && ending === 'close' && !saidClose(line.heard, match.taken)
        ? this.#timedOut(line)
        : undefined;
    const due = this.endpoint.known.limits[within] ?? 0;
    const since = reference[within] ?? line.at.lastSend;
    if (match.is === 'fits' || match.needs === 'end') {
      const heard = match.taken > line.taken ? line.at.lastResponse : line.heardAt;
      // A response that the kit was late to read makes the time behind it seem short: a server counts from the request at the earliest.
      const { lastSend } = line.at;
      const tookMs = Math.round(heard - (lastSend > 0 ? Math.min(since, lastSend) : since));
      const came = match.is === 'fits' || match.taken > line.taken;
      if (came && tookMs < due * SOONER.factor - SOONER.ms)
        return `it came after ${tookMs} ms, and ${within} is ${due} ms`;
      if (came && tookMs > this.#latest(within))
        return `it came after ${tookMs} ms, and ${within} is ${due} ms`;
      if (came) return undefined;
    }
    const waited = Math.round(performance.now() - since);
    return waited > this.#latest(within)
      ? `it did not come within ${waited} ms, and ${within} is ${due} ms`
      : undefined;
  }

  /**
   * Whether a declared time was up when the server ended the connection: then that was why, and not what the exchange is about. Otherwise it
   * would be chance whether a server that keeps a connection passes: on a busy host the kit waits longer than some servers do.
   */
  #timedOut({ at, heardAt }: Line): string | undefined {
    // Not from the response, which the kit may have been late to read.
    const tookMs = Math.round(heardAt - Math.max(at.opened, at.lastSend) - this.#askedMs);
    for (const limit of TIMEOUTS) {
      const due = this.endpoint.known.limits[limit];
      if (due !== undefined && tookMs >= due * SOONER.factor - SOONER.ms)
        return `the connection was ended after ${tookMs} ms, when ${limit} (${due} ms) was up`;
    }
    return undefined;
  }

  /**
   * One more request of the kit's own; its answer has to be what comes next.
   * @param taken responses before it
   * @param goesOn the connection is needed afterwards
   * @returns why the connection is not usable; undefined if it is
   */
  async #probe(
    line: Line,
    taken: number,
    goesOn: boolean,
  ): Promise<{ readonly text: string; readonly timed: boolean } | undefined> {
    const { address, known, times } = this.endpoint;
    const request = goesOn
      ? Buffer.from(`GET / HTTP/1.1\r\nHost: ${hostOf(address)}\r\n\r\n`, 'latin1')
      : plainRequest('/', address);
    line.send(request, undefined);
    const begin = performance.now();
    for (;;) {
      const { responses, malformed, ended } = line.heard;
      const behind = responses.slice(taken).filter(({ interim }) => !interim);
      const [answer, surplus] = behind;
      if (answer !== undefined && answer.status !== known.ok)
        return {
          text: `the next thing that came is ${answer.status}, and not the answer (${known.ok}) to one more request of the kit's`,
          timed: false,
        };
      if (surplus !== undefined)
        return { text: `one more response came than there were requests: ${surplus.status}`, timed: false };
      if (malformed !== undefined)
        return {
          text: `one more request was answered by something malformed: ${malformed.what}, at byte ${malformed.at}`,
          timed: false,
        };
      if (answer !== undefined && (goesOn || ended !== undefined)) return undefined;
      if (ended !== undefined) return { text: `it was not usable: ${ENDED[ended]}`, timed: false };
      if (this.#over || performance.now() - begin > times.stepMs)
        return { text: 'one more request on the connection was not answered in time', timed: true };
      if (answer !== undefined) {
        // It should end the connection now. If it does not, that is for other clauses; nothing more may come all the same.
        if (await this.#quiet(line)) return undefined;
      } else if (!(await this.#waitBeating(line, times.responseMs)))
        return { text: 'one more request on the connection was not answered', timed: true };
    }
  }
}

/** Says what happened, by the alternative that came furthest. */
function failure(candidates: readonly Candidate[], timed: boolean): Extract<Settled, { text: string }> {
  const expected = candidates.map(({ outcome, match }) => ({
    outcome: outcome.text,
    why: match.is === 'cannot' ? match.why : '',
  }));
  const furthest = candidates.reduce((best, one) => (one.match.taken > best.match.taken ? one : best));
  const { outcome, match } = furthest;
  const others =
    expected.length > 1
      ? `, nor ${expected.length === 2 ? 'the other outcome' : `any of ${expected.length - 1} others`}`
      : '';
  return {
    text: `not '${outcome.text}'${others}: ${match.is === 'cannot' ? match.why : ''}`,
    expected,
    taken: match.taken,
    timed,
  };
}
