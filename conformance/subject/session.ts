/**
 * A conversation with one subject process: hello, a ping, scenarios, bye.
 *
 * Scenarios are pipelined: the next ones wait in the pipe while the subject runs one, so it never waits for the kit. A subject
 * answers in the order of the requests, so the first unanswered one, the *head*, is the one that it is running:
 * the countdown is the head's, and so is the blame when the process ends. Those behind it were never begun and go back.
 *
 * The ping is a scenario that does nothing. How long it takes is the round trip from which the budgets are made; what it
 * answers does not matter.
 */
import { DEFAULT_MAX_RECORDS, type Scenario } from '../../spec/scenario.js';
import type { Hello } from '../../spec/protocol.js';
import type { Trace, TraceRecord } from '../../spec/trace.js';
import type { Budgets } from './budgets.js';
import { Countdown } from './countdown.js';
import { Stopwatch } from './host-load.js';
import type { Launch } from './launch.js';
import type { Problem } from './problems.js';
import { obstacle, resume, stopped, type Moment, type RendezvousHook } from './rendezvous.js';
import type { Answer } from './reply-parser.js';
import { SubjectProcess } from './subject-process.js';
import { Window } from './window.js';

export type Outcome =
  | { readonly is: 'trace'; readonly trace: Trace }
  /** Of this scenario alone; the process goes on. */
  | { readonly is: 'problem'; readonly problem: Problem }
  /** The process hung or died in this scenario. `partial`: what it had sent, if anything. */
  | {
      readonly is: 'lost';
      readonly how: 'hung' | 'died';
      readonly partial: Pick<Trace, 'fds' | 'records'> | undefined;
      readonly problem: Problem;
    }
  /** The process was killed for what it said while this scenario was the head. */
  | { readonly is: 'broke'; readonly problem: Problem }
  /** It was behind one that was lost or broke. */
  | { readonly is: 'back' };

export interface RunOptions {
  /** Have every record sent at once. */
  readonly flush?: boolean;
  readonly rendezvous?: RendezvousHook | undefined;
}

export interface SessionOptions {
  readonly launch: Launch;
  /** By which this process's offspring is found. */
  readonly mark: string;
  readonly budgets: Budgets;
  /** Numbers requests, differently in all sessions of a run: an answer meant for another one shows. */
  readonly nextId: () => number;
  readonly kit: { readonly kit: string; readonly spec: string };
  /** It said hello and answered the ping. */
  readonly onUp: (hello: Hello) => void;
  /** The process is gone; comes once, after all outcomes. */
  readonly onEnd: (ending: Ending) => void;
}

type Stage = 'hello' | 'ping' | 'up' | 'bye' | 'ended';

export interface Ending {
  /** How far it had come. */
  readonly stage: Stage;
  /** Absent if it left on bye as it should. */
  readonly problem: Problem | undefined;
  /** A scenario got the blame. */
  readonly blamed: boolean;
}

interface Asked extends RunOptions {
  readonly id: number;
  readonly scenario: Scenario;
  readonly onOutcome: (outcome: Outcome) => void;
  /** What was flushed so far. */
  partial?: { fds: Record<string, number>; records: TraceRecord[] };
  /** Replies of kind `records`. */
  flushes: number;
  /** Times it stopped itself. */
  meetings: number;
}

const PING: Scenario = { name: 'ping', fds: {}, main: [], callbacks: {} };

export class Session {
  readonly pid: number | undefined;
  /** A scenario was answered, or a record of one arrived. */
  useful = false;
  readonly #options: SessionOptions;
  readonly #process: SubjectProcess;
  readonly #countdown: Countdown;
  readonly #window = new Window();
  readonly #asked: Asked[] = [];
  #stage: Stage = 'hello';
  #hello: Hello | undefined;
  /** The hello, ping or bye that is unanswered. */
  #control: { readonly id: number; readonly watch: Stopwatch };
  #byeAnswered = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#process = new SubjectProcess(options.launch, options.mark, {
      onReply: (id, answer) => {
        this.#onReply(id, answer);
      },
      onEnd: (problem) => {
        this.#onEnd(problem);
      },
    });
    this.pid = this.#process.pid;
    this.#countdown = new Countdown(options.budgets.slice, this.pid ?? 0, (waitedMs) => {
      this.#onSilence(waitedMs);
    });
    this.#control = { id: options.nextId(), watch: new Stopwatch(this.pid ?? 0) };
    this.#process.send({ id: this.#control.id, hello: options.kit });
    this.#countdown.start(options.budgets.hello());
  }

  get isUp(): boolean {
    return this.#stage === 'up';
  }

  get inFlight(): number {
    return this.#asked.length;
  }

  /** Whether one more scenario should be handed over now. */
  get hasRoom(): boolean {
    return this.isUp && this.#asked.length < this.#window.size && this.#asked[0]?.rendezvous === undefined;
  }

  run(scenario: Scenario, options: RunOptions, onOutcome: (outcome: Outcome) => void): void {
    const { flush = false, rendezvous } = options;
    const hindrance = rendezvous && obstacle(this.#hello?.pid ?? 0, this.pid, this.#options.mark);
    if (hindrance !== undefined) {
      queueMicrotask(() => {
        onOutcome({ is: 'problem', problem: { name: 'rendezvous-failed', reason: hindrance } });
      });
      return;
    }
    const id = this.#options.nextId();
    this.#asked.push({ id, scenario, flush, rendezvous, onOutcome, flushes: 0, meetings: 0 });
    this.#process.send({
      id,
      run: scenario,
      ...(flush && { flush }),
      ...(rendezvous && { rendezvous: true }),
    });
    if (this.#asked.length === 1) {
      this.#window.begin();
      this.#watchHead();
    } else {
      this.#process.values = Math.max(this.#process.values, valuesOf(scenario));
    }
  }

  /** Asks it to leave; {@link SessionOptions.onEnd} follows. */
  bye(): void {
    if (this.#stage === 'ended') return;
    if (this.#stage !== 'up' || this.#asked.length > 0) {
      this.abort({ name: 'closed', why: 'the run was closed' });
      return;
    }
    this.#stage = 'bye';
    this.#control = { id: this.#options.nextId(), watch: new Stopwatch(this.pid ?? 0) };
    this.#process.send({ id: this.#control.id, bye: {} });
    this.#process.endInput();
    this.#countdown.start(this.#options.budgets.bye());
  }

  /** Ends it at once, for a reason. */
  abort(problem: Problem): void {
    this.#process.kill(problem);
  }

  #watchHead(): void {
    const head = this.#asked[0];
    if (head === undefined) {
      this.#countdown.stop();
      return;
    }
    this.#process.values = Math.max(...this.#asked.map(({ scenario }) => valuesOf(scenario)));
    this.#countdown.start(this.#options.budgets.scenario(head.scenario));
  }

  #onReply(id: number, answer: Answer): void {
    switch (this.#stage) {
      case 'hello':
        this.#onHello(id, answer);
        break;
      case 'ping':
        this.#onPing(id, answer);
        break;
      case 'up':
        this.#onAnswer(id, answer);
        break;
      case 'bye':
        if (id === this.#control.id && answer.kind === 'bye') this.#byeAnswered = true;
        break;
      case 'ended':
    }
  }

  #onHello(id: number, answer: Answer): void {
    if (id !== this.#control.id) return this.abort({ name: 'wrong-id', expected: this.#control.id, got: id });
    if (answer.kind === 'invalid') return this.abort(answer.problem);
    if (answer.kind === 'error') return this.abort({ name: 'hello-refused', text: answer.text });
    if (answer.kind !== 'hello') return this.abort(unfit('hello', answer));
    this.#hello = answer.hello;
    this.#stage = 'ping';
    const helloMs = this.#control.watch.read();
    this.#control = { id: this.#options.nextId(), watch: new Stopwatch(this.pid ?? 0) };
    this.#process.send({ id: this.#control.id, run: PING });
    this.#countdown.start(this.#options.budgets.ping(helloMs));
  }

  #onPing(id: number, answer: Answer): void {
    if (id !== this.#control.id) return this.abort({ name: 'wrong-id', expected: this.#control.id, got: id });
    const fits =
      answer.kind === 'invalid' ? answer.problem.name === 'trace-invalid' : /trace|error/.test(answer.kind);
    if (!fits) return this.abort(answer.kind === 'invalid' ? answer.problem : unfit('run', answer));
    const { budgets } = this.#options;
    budgets.roundTripMs = Math.max(budgets.roundTripMs, this.#control.watch.read());
    this.#stage = 'up';
    this.#countdown.stop();
    if (this.#hello !== undefined) this.#options.onUp(this.#hello);
  }

  #onAnswer(id: number, answer: Answer): void {
    const head = this.#asked[0];
    if (head?.id !== id) return this.abort({ name: 'wrong-id', expected: head?.id ?? null, got: id });
    switch (answer.kind) {
      case 'trace':
        if (head.rendezvous !== undefined && head.meetings !== 2) {
          const reason = `the subject stopped itself ${head.meetings} times in the scenario, where 2 were asked for`;
          this.#finish(head, { is: 'problem', problem: { name: 'rendezvous-failed', reason } });
        } else {
          this.#finish(head, { is: 'trace', trace: answer.trace });
        }
        break;
      case 'error':
        this.#finish(head, { is: 'problem', problem: { name: 'host-error', text: answer.text } });
        break;
      case 'invalid':
        if (answer.problem.name === 'trace-invalid')
          this.#finish(head, { is: 'problem', problem: answer.problem });
        else this.abort(answer.problem);
        break;
      case 'records':
        this.#onRecords(head, answer);
        break;
      case 'stopping':
        if (head.rendezvous === undefined || head.meetings >= 2) this.abort(unfit('run', answer));
        else void this.#meet(head, head.rendezvous, answer.stopping);
        break;
      case 'hello':
      case 'serving':
      case 'ended':
      case 'bye':
        this.abort(unfit('run', answer));
    }
  }

  #onRecords(head: Asked, answer: Answer & { kind: 'records' }): void {
    const most = mostRecords(head.scenario);
    if (++head.flushes > most) return this.#process.killFlooding('stdout');
    // A host may flush unasked; the trace will hold the records again.
    if (head.flush !== true) return;
    this.useful = true;
    head.partial ??= { fds: {}, records: [] };
    Object.assign(head.partial.fds, answer.fds);
    for (const record of answer.records) head.partial.records.push(record);
    if (head.partial.records.length > most) {
      this.abort({ name: 'too-complex', reason: `more than ${most} records` });
    }
  }

  async #meet(head: Asked, hook: RendezvousHook, moment: Moment): Promise<void> {
    head.meetings++;
    const pid = this.#hello?.pid ?? 0;
    if (!(await stopped(pid))) return;
    this.#countdown.pause();
    try {
      await hook(pid, moment);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.abort({ name: 'rendezvous-failed', reason });
    }
    this.#countdown.resume();
    resume(pid);
  }

  #finish(head: Asked, outcome: Outcome & { is: 'trace' | 'problem' }): void {
    this.useful = true;
    this.#asked.shift();
    this.#window.answered();
    this.#watchHead();
    if (outcome.is === 'problem' && this.#process.stderr !== '') {
      const problem = { ...outcome.problem, stderr: this.#process.stderr };
      head.onOutcome({ is: 'problem', problem });
    } else {
      head.onOutcome(outcome);
    }
  }

  #onSilence(waitedMs: number): void {
    switch (this.#stage) {
      case 'hello':
        return this.abort({ name: 'no-hello', waitedMs });
      case 'bye':
        return this.abort({ name: 'no-bye', waitedMs });
      default:
        return this.abort({ name: 'silent', waitedMs });
    }
  }

  #onEnd(problem: Problem): void {
    const stage = this.#stage;
    const left = stage === 'bye' && this.#byeAnswered && problem.name === 'died' && problem.code === 0;
    this.#stage = 'ended';
    this.#countdown.stop();
    const [head, ...behind] = this.#asked.splice(0);
    head?.onOutcome(
      problem.name === 'died' || problem.name === 'silent'
        ? { is: 'lost', how: problem.name === 'died' ? 'died' : 'hung', partial: head.partial, problem }
        : { is: 'broke', problem },
    );
    for (const asked of behind) asked.onOutcome({ is: 'back' });
    this.#options.onEnd({ stage, problem: left ? undefined : problem, blamed: head !== undefined });
  }
}

function unfit(asked: string, answer: Answer): Problem {
  return { name: 'reply-invalid', reason: `to a request of kind ${asked} it answered ${answer.kind}` };
}

/** Records that a subject may send: a host may write a few more when it cuts a trace. */
function mostRecords(scenario: Scenario): number {
  return 2 * (scenario.maxRecords ?? DEFAULT_MAX_RECORDS) + 1000;
}

/** JSON values of the largest trace: a record has at most 15, and an fd is one. */
function valuesOf(scenario: Scenario): number {
  const fds = Object.values(scenario.fds).reduce((sum, { count = 1 }) => sum + 2 * count, 0);
  return 1000 + fds + 16 * mostRecords(scenario);
}
