/**
 * Traces for tests of rules, from the scenario and the order in which a loop is said to have called its callbacks.
 *
 * The builder walks through the scenario as a host would: it does each callback's actions, counts tokens, keeps the
 * clocks. A test says only what the loop did:
 *
 *     traceOf(scenario, ['a', 'b@5', { run: 'reader', events: ['read'] }, 'end'])
 *
 * is: `a`, then at 5 ms `b`, then `reader` with an event, then `end`, after which `start` returned. What an action gave, where it
 * is not the usual, is said by the index of the action in its run. Of a stream's callbacks a test says what they brought:
 * `got('line', 'a\n')`, `failed('line')`.
 */
import { REGISTERING, type Action, type Scenario } from '../../../spec/scenario.js';
import type {
  CallbackKind,
  Did,
  Enter,
  EventName,
  Raised,
  ThreadReport,
  Trace,
  TraceRecord,
} from '../../../spec/trace.js';
import { Pipes } from './pipes.js';

/** What one action gave; the rest of its record is filled in. */
export interface Outcome extends Partial<Pick<Did, 'result' | 'data' | 'eof' | 'errno' | 'state'>> {
  /** The loop's operation raised. */
  readonly raised?: string;
  /** Callbacks that were entered before the action had returned: a nested start, or a loop that calls at once. */
  readonly steps?: readonly Step[];
  /** The trace ends in the action; how is said by the option `ends`. */
  readonly unfinished?: true;
}

export interface Run {
  /** The callback. */
  readonly run: string;
  /** When it was entered, ms; without it, at once. */
  readonly at?: number;
  /** CPU time since the record before, ms. */
  readonly cpu?: number;
  /** For handlers; without it, the events of the `add`. */
  readonly events?: readonly EventName[];
  /** Without it: handlers and what repeats, the latest; else the oldest that has not run. */
  readonly token?: number;
  readonly actions?: Readonly<Record<number, Outcome>>;
  /** Reads that succeeded: the bytes, one character a byte. */
  readonly data?: string;
  /** What a stream tells of as failed: the name of an errno, or of an error's class. */
  readonly failed?: string;
  /** It raised; only where its scenario doesn't make it throw. */
  readonly raised?: string;
}

export interface Log {
  readonly log: string;
  readonly level?: 'warning' | 'error';
  readonly errno?: string;
  readonly fd?: number;
}

/** A run of a callback, `name` or `name@ms`; a log record; or `returned`: the start is over, the main program goes on. */
export type Step = string | Run | Log;

export interface Options {
  /** Outcomes of main's actions, by index. */
  readonly main?: Readonly<Record<number, Outcome>>;
  readonly threads?: ThreadReport[];
  readonly openFds?: Trace['openFds'];
  readonly changed?: Trace['changed'];
  /** The trace ends after the last step, within the run of the loop. */
  readonly ends?: 'cut' | 'hung' | 'died';
}

/** A read that succeeded. @param data one character a byte */
export const got = (run: string, data: string, more: Partial<Run> = {}): Run => ({ run, data, ...more });
/** What a stream told of as failed. */
export const failed = (run: string, reason = 'Closed', more: Partial<Run> = {}): Run => ({
  run,
  failed: reason,
  ...more,
});

/** Numbers of fds in built traces begin here. */
export const FIRST_FD = 10;

interface Registered {
  readonly token: number;
  readonly as: CallbackKind;
  readonly run: string;
  readonly fd?: string;
  readonly events?: readonly EventName[];
  ran: boolean;
}

const KIND_OF: Readonly<Record<string, CallbackKind>> = {
  add: 'handler',
  schedule: 'task',
  timeout: 'timer',
  timeoutAt: 'timer',
  periodic: 'periodic',
  wakeup: 'wakeup',
  signal: 'signal',
  barrier: 'barrier',
  readUntil: 'read',
  readUntilRegex: 'read',
  readBytes: 'read',
  readSome: 'read',
  readUntilClose: 'read',
  send: 'sent',
  onClose: 'closed',
  connectStream: 'connected',
};
const REPEATS = new Set<CallbackKind>(['handler', 'periodic', 'wakeup', 'signal']);

const definedOf = (fields: object): object =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const failureOf = (failed: string): Raised => ({
  type: 'Error',
  text: failed,
  ...(/^E[A-Z]+$/.test(failed) ? { errno: failed } : {}),
});

/** The trace stops here. */
class Ended extends Error {}

class Builder {
  private readonly records: TraceRecord[] = [];
  private readonly fds: Record<string, number> = {};
  private readonly numbers = new Map<string, number>();
  private readonly pipes = new Pipes();
  private readonly registered: Registered[] = [];
  private readonly runs = new Map<string, number>();
  private nextNumber = FIRST_FD;
  private t = 0;
  private c = 0;

  constructor(
    private readonly scenario: Scenario,
    private readonly steps: Step[],
    private readonly options: Options,
  ) {}

  build(): Trace {
    for (const [name, { count, number, from }] of Object.entries(this.scenario.fds))
      for (const member of count === undefined
        ? [name]
        : Array.from({ length: count }, (_, i) => `${name}${i}`)) {
        this.fds[member] = this.number(member, number ?? from);
        this.fds[`${member}.peer`] = this.number(`${member}.peer`);
      }
    try {
      this.actions(this.scenario.main, this.options.main, this.steps);
    } catch (error) {
      if (!(error instanceof Ended)) throw error;
    }
    if (this.steps.length > 0) throw new Error(`steps are left over: ${JSON.stringify(this.steps)}`);
    const { threads, openFds, changed, ends } = this.options;
    return {
      fds: this.fds,
      records: this.records,
      ...(threads === undefined ? {} : { threads }),
      ...(openFds === undefined ? {} : { openFds }),
      ...(changed === undefined ? {} : { changed }),
      ...(ends === 'hung' || ends === 'died' ? { unfinished: ends } : {}),
    };
  }

  private number(name: string, asked?: number): number {
    const number = asked ?? this.nextNumber++;
    this.numbers.set(name, number);
    return number;
  }

  /** Each record takes 1 µs, of the clock and of the CPU. */
  private clocks(): { t: number; c: number } {
    return { t: ++this.t, c: ++this.c };
  }

  private actions(actions: readonly Action[], outcomes: Run['actions'], steps: Step[]): boolean {
    for (const [index, action] of actions.entries()) {
      const outcome = outcomes?.[index] ?? {};
      for (const [nth, fd] of this.members(action).entries()) {
        const token = REGISTERING.has(action.op) ? this.register(action, fd, outcome) : undefined;
        if (action.op === 'start') {
          this.records.push({ k: 'starting', ...this.clocks() });
          this.play(outcome.steps === undefined ? steps : [...outcome.steps], action === this.lastStart);
        } else if (outcome.steps !== undefined && nth === 0) this.play([...outcome.steps], false);
        if (outcome.unfinished === true) throw new Ended();
        this.did(action, outcome, token, fd);
      }
      if (action.op === 'throw') return true;
    }
    return false;
  }

  private get lastStart(): Action | undefined {
    return this.scenario.main.findLast((action) => action.op === 'start');
  }

  private members(action: Action): (string | undefined)[] {
    if (!('fd' in action) || !action.fd.includes('*')) return [undefined];
    const count = this.scenario.fds[action.fd.slice(0, action.fd.indexOf('*'))]?.count ?? 1;
    return Array.from({ length: count }, (_, i) => action.fd.replace('*', String(i)));
  }

  private play(steps: Step[], last: boolean): void {
    for (let step = steps.shift(); step !== undefined && step !== 'returned'; step = steps.shift())
      this.step(step);
    const { ends } = this.options;
    if (ends === undefined || !last) return;
    if (ends === 'cut') this.records.push({ k: 'cut', ...this.clocks() });
    throw new Ended();
  }

  private step(step: Step): void {
    if (typeof step !== 'string' && 'log' in step) {
      const { log: text, ...rest } = step;
      this.records.push({ k: 'log', ...this.clocks(), text, ...rest });
      return;
    }
    if (typeof step !== 'string') return this.run(step);
    const [run, at] = step.split('@');
    this.run({ run: run!, ...(at === undefined ? {} : { at: Number(at) }) });
  }

  private run(step: Run): void {
    const candidates = this.registered.filter((entry) => entry.run === step.run);
    const found =
      step.token === undefined
        ? (candidates.find((entry) => !entry.ran && !REPEATS.has(entry.as)) ?? candidates.at(-1))
        : candidates.find((entry) => entry.token === step.token);
    if (found === undefined) throw new Error(`nothing registered '${step.run}'`);
    found.ran = true;
    const nth = (this.runs.get(step.run) ?? 0) + 1;
    this.runs.set(step.run, nth);
    if (step.at !== undefined) this.t = Math.max(this.t, Math.round(step.at * 1000) - 1);
    this.c += Math.round((step.cpu ?? 0) * 1000);
    const { as, token, fd } = found;
    const events = step.events ?? found.events;
    const { data, failed } = step;
    if (as === 'read' && (data === undefined) === (failed === undefined))
      throw new Error(`say what the read '${step.run}' got, or that it failed`);
    const enter: Enter = {
      ...{ k: 'enter', ...this.clocks(), run: step.run, nth, as, token },
      ...(data === undefined ? {} : { data }),
      ...(failed === undefined ? {} : { failed: failureOf(failed) }),
    };
    this.records.push(
      as === 'handler'
        ? { ...enter, fd: fd!, number: this.numbers.get(fd!) ?? -1, events: [...(events ?? [])] }
        : enter,
    );
    const callback = this.scenario.callbacks[step.run];
    const threw = this.actions(callback?.runs[nth - 1] ?? callback?.rest ?? [], step.actions, []);
    const raised = step.raised ?? (threw ? 'Error' : undefined);
    this.records.push({ k: 'exit', ...this.clocks(), ...(raised === undefined ? {} : { raised }) });
  }

  private did(action: Action, outcome: Outcome, token: number | undefined, member: string | undefined): void {
    const { raised, result, data, eof, errno, state } = outcome;
    const did: Did = { k: 'did', t: 0, c: 0, op: action.op };
    if (token !== undefined) did.token = token;
    if (member !== undefined) did.fd = member;
    if (action.op === 'burn') {
      this.t += action.ms * 1000;
      this.c += action.ms * 1000;
    }
    Object.assign(did, raised === undefined ? this.usual(action, member, outcome) : {}, this.clocks());
    if (errno !== undefined) delete did.result;
    Object.assign(did, definedOf({ result, data, eof, errno, state }));
    if (raised !== undefined) did.raised = { type: raised, text: raised };
    this.records.push(did);
  }

  /** Before the action is done: a loop may call the callback inside. */
  private register(action: Action, fd: string | undefined, { raised }: Outcome): number {
    const token = this.registered.length + 1;
    this.registered.push({
      token,
      as: KIND_OF[action.op]!,
      run: 'run' in action ? (action.run ?? '') : '',
      ran: raised !== undefined,
      ...(action.op === 'add' ? { fd: fd ?? action.fd, events: action.events } : {}),
    });
    return token;
  }

  /** What a system call or a stream gives when all goes well. */
  private usual(action: Action, member: string | undefined, { data }: Outcome): Partial<Did> {
    const { pipes } = this;
    const fd = member ?? ('fd' in action ? action.fd : '');
    switch (action.op) {
      case 'write':
        return pipes.write(fd, action);
      case 'fill':
        return pipes.fill(fd);
      case 'read':
        return pipes.read(fd, action.size);
      case 'drain':
        return pipes.drain(fd);
      case 'collect':
        return pipes.collect(fd, data);
      case 'stream':
        pipes.made(action.as, fd);
        return {};
      case 'connectStream':
        pipes.connects(action.as);
        return {};
      case 'send':
        pipes.send(action);
        return {};
      case 'endStream':
      case 'closeStream':
        pipes.end(action.stream);
        return {};
      case 'streamState':
        return { state: { reading: false, writing: false, closed: false } };
      case 'accept':
        pipes.accepted(action.as);
        return { result: this.number(action.as) };
      case 'dup':
      case 'connect':
        return { result: this.number(action.as) };
      case 'dup2':
        this.numbers.set(action.as, this.numbers.get(action.onto) ?? -1);
        return { result: this.numbers.get(action.as)! };
      case 'isOpen':
        return { result: 1 };
      default:
        return {};
    }
  }
}

/** @param steps what the loop called, in order; `returned` stands between two starts of the main program */
export const traceOf = (scenario: Scenario, steps: readonly Step[], options: Options = {}): Trace =>
  new Builder(scenario, [...steps], options).build();
