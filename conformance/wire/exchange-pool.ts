/**
 * Runs many exchanges, beside each other, against servers that may break at any of them.
 *
 * Theory of operation. Each exchange has connections of its own, so dozens run at once. What they share is the server, and it must be
 * in the same state for each of them. So the kit asks it again and again whether it still answers (the *beat*). While it does, what
 * was finished before the beat is done with; what was finished since, or is under way, is *suspect*.
 *
 * When it does not answer any more, nothing new is begun. Where the kit can start the server again, it does, and runs the suspects
 * one by one, with a beat behind each: those that were under way first, as one of them most likely waits for an answer. The one behind
 * which there is silence is to blame, and that is its verdict: after it, the server answered nobody. The rest goes on. If none of them
 * does it alone, the run has a problem, for something did. Where the kit can't start the server again, what is left is in error.
 *
 * Failures in which the clock had a part are run again, when all else is done, a few at a time. What happens again counts; what does not
 * is `unsteady`: an error, and never a silent pass.
 */
import { setMaxListeners } from 'node:events';
import type { Exchange } from '../../spec/exchange.js';
import type { ProblemReport } from '../../spec/report.js';
import { ask } from './ask.js';
import { Connection, type Address } from './connection.js';
import { calibrate, type Calibration } from './calibrate.js';
import { mustStart } from './exchange-claims.js';
import { runExchange, type Endpoint, type ExchangeResult } from './exchange-runner.js';
import { ServerGone, ServerProblem, type Served, type Servers } from './servers.js';
import { after } from './times.js';

/** Exchanges beside each other. */
const WIDTH = 32;
/** … of a server that can't be started again: the fewer, the better it is known which broke it. */
const WIDTH_ONCE = 8;
/** … of those whose failure had to do with time. */
const WIDTH_AGAIN = 8;
/** A server that breaks more often is given up. */
const MOST_RESTARTS = 25;
/** Names in a sentence. */
const SHOWN = 3;

/** What came of an exchange. */
export type ExchangeVerdict =
  | Exclude<ExchangeResult, { is: 'down' | 'broken' }>
  /** After it the server answered nobody. */
  | {
      readonly is: 'failed';
      readonly text: string;
      readonly expected: readonly [];
      /** Nobody knows. */
      readonly taken: undefined;
      readonly timed: false;
      readonly transcript: ExchangeResult['transcript'];
    }
  | { readonly is: 'error'; readonly kind: string; readonly text: string };

export interface PoolResult {
  readonly verdicts: ReadonlyMap<Exchange, ExchangeVerdict>;
  /** Of the run as a whole. */
  readonly problems: readonly ProblemReport[];
  /** It ended before all had run. */
  readonly partial: boolean;
}

interface Group {
  readonly served: Served;
  readonly calibration: Calibration;
}

const names = (exchanges: readonly Exchange[]): string =>
  `${exchanges
    .slice(0, SHOWN)
    .map(({ name }) => name)
    .join(', ')}${exchanges.length > SHOWN ? `, or ${exchanges.length - SHOWN} others` : ''}`;

/** What began so long before the last sign of life was most likely served meanwhile, ms. */
const LATELY_MS = 50;

/**
 * Exchanges that were under way when a server fell silent, the most suspicious first. What broke it has begun shortly before the last
 * sign of life, and what began behind that waits for it; those that have been waiting for long do so of their own accord.
 */
function bySuspicion(active: ReadonlyMap<Exchange, number>, aliveAt: number): Exchange[] {
  const lately = (begin: number): boolean => begin > aliveAt - LATELY_MS;
  const ordered = [...active].sort(([, a], [, b]) => a - b);
  return [
    ...ordered.filter(([, at]) => lately(at)),
    ...ordered.filter(([, at]) => !lately(at)).reverse(),
  ].map(([exchange]) => exchange);
}

/** Whether two differ in their variables alone: what one does to a server, the other may do. */
const areVariants = (a: Exchange, b: Exchange): boolean => a.clause === b.clause && a.title === b.title;

/** Time in which the kit is not held up itself. */
const spend = (ms: number): Promise<void> => new Promise((resolve) => void after(ms, resolve));

/** A connection on which half a request line was sent; undefined if there is none within the time. */
function hold(address: Address, ms: number): Promise<Connection | undefined> {
  return new Promise((resolve) => {
    const stop = after(ms, () => {
      connection.destroy();
      resolve(undefined);
    });
    const connection = new Connection(address, (event) => {
      if (event.is === 'bytes') return;
      stop();
      if (event.is !== 'connected') return void resolve(undefined);
      void connection.send(Buffer.from('GET /', 'latin1')).then(() => {
        resolve(connection);
      });
    });
  });
}

export class ExchangePool {
  readonly #servers: Servers;
  readonly #base: Calibration;
  readonly #onProgress: () => void;
  /** Of this run. */
  #verdicts = new Map<Exchange, ExchangeVerdict>();
  readonly #problems: ProblemReport[] = [];
  readonly #groups = new Map<string, Promise<Group>>();
  /** Finished since the last good beat, with what came of them. */
  readonly #suspects = new Map<Exchange, ExchangeResult>();
  #restarts = 0;
  /** It serves one connection at a time: nothing is run beside anything, and it is asked whether it lives when a case has closed its own. */
  #isSerial = false;
  /** Why nothing is run any more. */
  #over: string | undefined;

  /** @param base of the server without options */
  constructor(servers: Servers, base: Calibration, onProgress: () => void = () => undefined) {
    this.#servers = servers;
    this.#base = base;
    this.#onProgress = onProgress;
  }

  /** May be called again, when it has come back. Problems are those of all runs. */
  async run(exchanges: readonly Exchange[]): Promise<PoolResult> {
    this.#verdicts = new Map();
    // What keeps the thread busy would use up the time limits of other servers in the same process.
    const isBusy = ({ routes }: Exchange): boolean => routes.includes('burn');
    const width = this.#servers.canRestart ? WIDTH : WIDTH_ONCE;
    await this.#all(
      exchanges.filter((exchange) => !isBusy(exchange)),
      width,
    );
    await this.#all(exchanges.filter(isBusy), 1);
    const again = exchanges.filter((exchange) => {
      const verdict = this.#verdicts.get(exchange);
      return verdict?.is === 'failed' && verdict.timed;
    });
    if (again.length > 0 && this.#over === undefined) {
      const first = new Map(again.map((exchange) => [exchange, this.#verdicts.get(exchange)!]));
      // What the second run does not come to is in error.
      for (const exchange of again) this.#verdicts.delete(exchange);
      await this.#all(again, WIDTH_AGAIN);
      for (const [exchange, before] of first) this.#compare(exchange, before);
    }
    for (const exchange of exchanges)
      if (!this.#verdicts.has(exchange))
        this.#verdicts.set(exchange, {
          is: 'error',
          kind: 'server-down',
          text: this.#over ?? 'it was not run',
        });
    return { verdicts: this.#verdicts, problems: this.#problems, partial: this.#over !== undefined };
  }

  #compare(exchange: Exchange, before: ExchangeVerdict): void {
    const now = this.#verdicts.get(exchange);
    if (now?.is !== 'passed' || before.is !== 'failed') return;
    this.#verdicts.set(exchange, {
      is: 'error',
      kind: 'unsteady',
      text: `it failed among others, and passed when it was run again: ${before.text}`,
    });
  }

  /** Runs all, whatever breaks meanwhile. */
  async #all(exchanges: readonly Exchange[], width: number): Promise<void> {
    let left = [...exchanges];
    while (left.length > 0 && this.#over === undefined)
      left = await this.#beside(left, this.#isSerial ? 1 : width);
  }

  /**
   * Runs exchanges beside each other until all are done or the server is down.
   * @returns those that are left
   */
  async #beside(exchanges: readonly Exchange[], width: number): Promise<Exchange[]> {
    const queue = [...exchanges];
    /** Under way, with the time of their begin, ms. */
    const active = new Map<Exchange, number>();
    /** When the server last did what one could see, ms. */
    let aliveAt = 0;
    const abort = new AbortController();
    setMaxListeners(0, abort.signal);
    let down = false;
    const declareDown = (): void => {
      down = true;
      abort.abort();
    };
    // Exchanges that are finished between two beats.
    const batch = width;
    let sinceBeat = 0;
    const worker = async (): Promise<void> => {
      for (let exchange = queue.shift(); exchange !== undefined; exchange = queue.shift()) {
        active.set(exchange, performance.now());
        const result = await this.#once(exchange, abort.signal);
        if (down) return;
        if (result.is === 'down') return declareDown();
        active.delete(exchange);
        if (result.is === 'passed' || (result.is === 'failed' && !result.timed)) aliveAt = performance.now();
        this.#suspects.set(exchange, result);
        if (++sinceBeat < batch && queue.length > 0) continue;
        sinceBeat = 0;
        if (!(await this.#clear()) && !down) return declareDown();
        if (down) return;
      }
    };
    await Promise.all(Array.from({ length: Math.min(width, queue.length) }, worker));
    if (!down && !(await this.#clear())) declareDown();
    if (!down) return [];
    const finished = [...this.#suspects.keys()].reverse();
    this.#suspects.clear();
    const unblamed = await this.#blame(bySuspicion(active, aliveAt), finished);
    return [...unblamed, ...queue];
  }

  /** A beat; what was finished before it is done with if it comes back. */
  async #clear(): Promise<boolean> {
    const finished = [...this.#suspects];
    if (finished.length === 0) return true;
    const groups = new Set(finished.map(([exchange]) => this.#keyOf(exchange)));
    for (const key of groups) {
      const group = await this.#groups.get(key)?.catch(() => undefined);
      if (group !== undefined && !(await this.#beat(group))) return false;
    }
    for (const [exchange, result] of finished)
      if (this.#suspects.delete(exchange)) this.#settle(exchange, result);
    return true;
  }

  /**
   * The server is down: finds out which exchange brought it down.
   * @param active those that wait for an answer, the most suspicious first
   * @param finished since the last good beat, the latest first
   * @returns the suspects that are to be run again, beside others
   */
  async #blame(active: readonly Exchange[], finished: readonly Exchange[]): Promise<Exchange[]> {
    const suspects = [...active, ...finished];
    if (!this.#isSerial && (await this.#servesOneAtATime())) {
      this.#isSerial = true;
      return suspects;
    }
    const condition = this.#servers.condition();
    if (!this.#servers.canRestart) {
      const beside = suspects.length > 1 ? `, or one of ${suspects.length - 1} that ran beside it` : '';
      this.#over = `server down since ${suspects[0]?.name ?? 'the beginning'}${beside}`;
      this.#problems.push({
        kind: 'server-down',
        text: `${this.#over} (${condition}): the rest was not run; with --start, or an adapter, the kit could start it again`,
      });
      // What failed meanwhile may have failed because nobody was there any more: no verdict on it either.
      return [];
    }
    if (!(await this.#restart(suspects[0]?.name ?? 'the beginning'))) return [];
    for (const [index, exchange] of suspects.entries()) {
      if (!(await this.#breaksAlone(exchange))) continue;
      const rest = suspects.slice(index + 1);
      // The variants of what broke it may do so too, and are run alone; the rest goes on beside others.
      for (const variant of rest.filter((one) => areVariants(one, exchange))) {
        if (this.#over !== undefined) return [];
        await this.#breaksAlone(variant);
      }
      return rest.filter((one) => !areVariants(one, exchange));
    }
    this.#problems.push({
      kind: 'unsteady',
      text: `the server answered nobody any more (${condition}) when these ran beside each other, and did not break at any of them alone: ${names(suspects)}`,
    });
    return [];
  }

  /** Runs a suspect with nothing beside it. If the server is down then, it is to blame, and the server is started again. */
  async #breaksAlone(exchange: Exchange): Promise<boolean> {
    const result = await this.#once(exchange);
    const group = await this.#groups.get(this.#keyOf(exchange))?.catch(() => undefined);
    if (result.is !== 'down' && (group === undefined || (await this.#beat(group)))) {
      this.#settle(exchange, result);
      return false;
    }
    const text = `after it, the server answered nobody (${this.#servers.condition()})`;
    const { transcript } = result;
    this.#done(exchange, { is: 'failed', text, expected: [], taken: undefined, timed: false, transcript });
    await this.#restart(exchange.name);
    return true;
  }

  async #restart(since: string): Promise<boolean> {
    if (++this.#restarts > MOST_RESTARTS) {
      this.#over = `server down since ${since}: it was started ${MOST_RESTARTS} times, and is given up`;
      this.#problems.push({ kind: 'given-up', text: this.#over });
      return false;
    }
    this.#groups.clear();
    try {
      await this.#servers.restart();
      return true;
    } catch (error) {
      if (!(error instanceof ServerProblem)) throw error;
      this.#over = `server down since ${since}: it could not be started again`;
      this.#problems.push(error.report());
      return false;
    }
  }

  #settle(exchange: Exchange, result: ExchangeResult): void {
    if (result.is === 'down') return;
    this.#done(
      exchange,
      result.is === 'broken' ? { is: 'error', kind: 'broken', text: result.text } : result,
    );
  }

  #done(exchange: Exchange, verdict: ExchangeVerdict): void {
    this.#verdicts.set(exchange, verdict);
    this.#onProgress();
  }

  #keyOf(exchange: Exchange): string {
    return mustStart(exchange, this.#servers) ? JSON.stringify(exchange.options) : '{}';
  }

  #group(key: string): Promise<Group> {
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = this.#serve(key);
      this.#groups.set(key, group);
      group.catch(() => undefined);
    }
    return group;
  }

  async #serve(key: string): Promise<Group> {
    const options = JSON.parse(key) as Exchange['options'];
    const served = await this.#servers.serve(options);
    if (key === '{}' && !this.#servers.takesOptions) return { served, calibration: this.#base };
    const own = await calibrate(served.address, 2);
    const given = Object.fromEntries(
      Object.entries(options).filter(([name]) => /Bytes|Count|Ms$/.test(name)),
    );
    // A server that is served with a limit has it in force, whether its manifest says so or not.
    const limits = { ...own.known.limits, ...given };
    return { served, calibration: { ...own, times: this.#base.times, known: { ...own.known, limits } } };
  }

  async #once(exchange: Exchange, signal?: AbortSignal): Promise<ExchangeResult> {
    try {
      const ownServer = exchange.steps.some((step) => step.do === 'stop');
      const key = this.#keyOf(exchange);
      const group = await this.#group(key);
      if (!ownServer) return await runExchange(exchange, this.#endpoint(group, group), signal);
      const own = { ...group, served: await this.#servers.serve(JSON.parse(key) as Exchange['options']) };
      try {
        return await runExchange(exchange, this.#endpoint(own, group), signal);
      } finally {
        await own.served.end();
      }
    } catch (error) {
      if (!(error instanceof ServerProblem)) throw error;
      return error instanceof ServerGone || !(await this.#othersAnswer(exchange))
        ? { is: 'down', transcript: [] }
        : { is: 'broken', text: error.message, transcript: [] };
    }
  }

  /** Whether it was this server alone that did not come up: its process may have been ended by what runs beside it. */
  async #othersAnswer(exchange: Exchange): Promise<boolean> {
    const own = this.#keyOf(exchange);
    for (const [key, serving] of this.#groups) {
      if (key === own) continue;
      const group = await serving.catch(() => undefined);
      if (group !== undefined) return this.#beat(group);
    }
    return true;
  }

  /** @param beating the server that is asked whether it lives once this one is told to end, and doesn't answer any more */
  #endpoint(group: Group, beating: Group): Endpoint {
    const { served, calibration } = group;
    const { address, stop } = served;
    let asked = group;
    const tell = (): void => {
      asked = beating;
      stop?.();
    };
    const { host } = calibration.known;
    const known =
      served === beating.served
        ? calibration.known
        : { ...calibration.known, host: host.replace(/\d+$/, String(address.port)) };
    return {
      address,
      known,
      times: calibration.times,
      beat: () => (this.#isSerial ? spend(calibration.times.quietMs).then(() => true) : this.#beat(asked)),
      ...(stop === undefined ? {} : { stop: tell }),
    };
  }

  /**
   * Whether a server that answered nobody is well, and had but a connection open to somebody else: one that takes them in turn. Now none is
   * open; then there is one on which half a request has come.
   */
  async #servesOneAtATime(): Promise<boolean> {
    const group = await this.#groups.get('{}')?.catch(() => undefined);
    if (group === undefined || this.#servers.isGone || !(await this.#beat(group))) return false;
    const { address } = group.served;
    const { aliveMs } = group.calibration.times;
    const held = await hold(address, aliveMs);
    if (held === undefined) return false;
    const beside = await ask(address, '/', aliveMs);
    held.destroy();
    return beside.is === 'silent' && (await this.#beat(group));
  }

  /** Whether a server answers anybody, within its budget. */
  async #beat({ served, calibration }: Group): Promise<boolean> {
    const { aliveMs } = calibration.times;
    let isLate = false;
    const stop = after(aliveMs, () => (isLate = true));
    try {
      do {
        const { is } = await ask(served.address, '/', aliveMs);
        if (is === 'response') return true;
        if (this.#servers.isGone) return false;
        // Refused, or closed: it may be that a supervisor starts it again, or that its backlog was full.
        await new Promise((resolve) => setTimeout(resolve, 20));
      } while (!isLate);
      return false;
    } finally {
      stop();
    }
  }
}
