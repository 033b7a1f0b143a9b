/**
 * N processes of one subject, that run scenarios.
 *
 * Theory of operation. Scenarios wait in one queue; each goes to the process with the fewest in flight. A process that breaks
 * is replaced, and what was behind the scenario that it broke in goes back to the front of the queue: one crash costs one
 * scenario. What a hang or a crash means is found by running that scenario once more, alone, in a fresh process
 * which sends every record at once:
 *  - again: the loop does it. The result is the trace so far, marked `unfinished`, for the rules to judge;
 *  - again, but without a single record: nothing is known of the loop, so it is a problem;
 *  - not again: a problem too (`unsteady`), never a silent success.
 * A process killed for what it said (garbage, a flood, another's id) is the adapter's fault, so there is no second run.
 *
 * A subject that gets nowhere is given up: {@link STRIKES} processes in a row, in the whole pool, that ended without an
 * answer or a record; or {@link HOPELESS} scenarios that did not finish when none ever has.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Scenario } from '../../spec/scenario.js';
import type { Hello } from '../../spec/protocol.js';
import type { Trace } from '../../spec/trace.js';
import { Budgets } from './budgets.js';
import type { Launch } from './launch.js';
import { guard, killMarked, marked, release, type Guarded } from './offspring.js';
import { describe, type Problem } from './problems.js';
import type { RendezvousHook } from './rendezvous.js';
import { Session, type Ending, type Outcome } from './session.js';

const STRIKES = 3;
const HOPELESS = 20;

export type Result = { readonly trace: Trace } | { readonly problem: Problem };

export interface PoolOptions {
  /** Processes at most. Default 1. */
  readonly jobs?: number;
  /** Identifies the run in the environment of every process. Default: a random UUID. */
  readonly mark?: string;
  /** Multiplies all budgets (Infinity: waits for ever, for a debugger). Default 1. */
  readonly patience?: number;
  /** What the kit says of itself in its hello. */
  readonly kit?: { readonly kit: string; readonly spec: string };
}

export interface JobOptions {
  /** Have the subject stop itself around the tested window, and call this each time. */
  readonly rendezvous?: RendezvousHook | undefined;
}

interface Job {
  readonly scenario: Scenario;
  readonly rendezvous: RendezvousHook | undefined;
  readonly resolve: (result: Result) => void;
}

/** Of a job in which the subject hung or died the first time. */
interface SecondRun {
  readonly job: Job;
  readonly first: Outcome & { is: 'lost' };
}

interface Slot {
  session?: Session;
  /** To be run alone, before anything else. */
  solo: SecondRun | undefined;
  /** Were behind what broke; they go back to the queue when the process is gone. */
  readonly back: Job[];
}

export class SubjectPool {
  readonly mark: string;
  readonly #launch: Launch;
  readonly #options: PoolOptions;
  readonly #slots: Slot[];
  readonly #queue: Job[] = [];
  readonly #problems: Problem[] = [];
  readonly #guarded: Guarded;
  /** Processes and what is done after them. */
  readonly #pending = new Set<Promise<unknown>>();
  #budgets: Budgets | undefined;
  #hello: Hello | undefined;
  #helloPromise: Promise<Hello | Problem> | undefined;
  #settleHello: (result: Hello | Problem) => void = () => undefined;
  /** Why nothing is run any more. */
  #over: Problem | undefined;
  #closing = false;
  #lastId = 0;
  #lastProcess = 0;
  #strikes = 0;
  #answered = 0;
  #unfinished = 0;

  constructor(launch: Launch, options: PoolOptions = {}) {
    this.#launch = launch;
    this.#options = options;
    this.mark = options.mark ?? randomUUID();
    this.#slots = Array.from({ length: Math.max(1, options.jobs ?? 1) }, () => ({
      solo: undefined,
      back: [],
    }));
    const onEnd = () => {
      this.#end({ name: 'closed', why: 'the run was interrupted' });
    };
    this.#guarded = { mark: this.mark, leaders: new Set(), onEnd };
  }

  /** Starts the first process. Its hello, or why there is none; then {@link run} gives that problem too. */
  hello(): Promise<Hello | Problem> {
    this.#helloPromise ??= new Promise((resolve) => {
      this.#settleHello = resolve;
      guard(this.#guarded);
      void Budgets.measure(this.#options.patience).then((budgets) => {
        this.#budgets = budgets;
        const slot = this.#slots[0];
        if (slot !== undefined && this.#over === undefined) this.#start(slot, budgets);
      });
    });
    return this.#helloPromise;
  }

  async run(scenario: Scenario, options: JobOptions = {}): Promise<Result> {
    await this.hello();
    return new Promise((resolve) => {
      this.#queue.push({ scenario, rendezvous: options.rendezvous, resolve });
      this.#pump();
    });
  }

  /** Has all processes leave, and kills what is left. Problems that belong to no scenario. */
  async close(): Promise<Problem[]> {
    this.#closing = true;
    this.#end({ name: 'closed', why: 'the run was closed' });
    while (this.#pending.size > 0) await Promise.all(this.#pending);
    await this.#reap(this.mark, 'at once');
    release(this.#guarded);
    return [...this.#problems];
  }

  /** Nothing is run any more: what waits gets the problem. */
  #end(problem: Problem): void {
    if (this.#over === undefined) {
      this.#over = problem;
      this.#settleHello(problem);
    }
    for (const { session } of this.#slots) {
      if (this.#closing) session?.bye();
      else session?.abort(problem);
    }
    this.#pump();
  }

  #pump(): void {
    if (this.#over !== undefined) {
      for (const slot of this.#slots) {
        slot.solo?.job.resolve({ problem: this.#over });
        slot.solo = undefined;
      }
      for (const job of this.#queue.splice(0)) job.resolve({ problem: this.#over });
      return;
    }
    for (const slot of this.#slots) {
      const { session, solo } = slot;
      if (solo === undefined || session?.isUp !== true || session.inFlight > 0) continue;
      const { job, first } = solo;
      session.run(job.scenario, { flush: true, rendezvous: job.rendezvous }, (outcome) => {
        slot.solo = undefined;
        this.#settleSecond(job, first, outcome);
        this.#pump();
      });
    }
    for (let at = this.#next(); ; at = this.#next()) {
      const job = this.#queue[at];
      const slot = job && this.#freest(job);
      if (job === undefined || slot?.session === undefined) break;
      this.#queue.splice(at, 1);
      this.#hand(job, slot, slot.session);
    }
    if (this.#budgets === undefined) return;
    for (const slot of this.#slots) {
      if (slot.session !== undefined) continue;
      const asked = this.#helloPromise !== undefined && this.#hello === undefined && slot === this.#slots[0];
      if (slot.solo !== undefined || this.#queue.length > 0 || asked) this.#start(slot, this.#budgets);
    }
  }

  /**
   * Where in the queue the next job stands: in order, but after a strike elsewhere, because neighbours test the same thing,
   * and a subject that breaks in that alone should not be given up.
   */
  #next(): number {
    const last = Math.max(0, this.#queue.length - 1);
    return [0, last, last >> 1][this.#strikes] ?? 0;
  }

  /** The process with the fewest in flight, among those that can take the job. */
  #freest(job: Job): Slot | undefined {
    let best: Slot | undefined;
    for (const slot of this.#slots) {
      if (slot.solo !== undefined || slot.session?.hasRoom !== true) continue;
      if (job.rendezvous !== undefined && slot.session.inFlight > 0) continue;
      if (slot.session.inFlight < (best?.session?.inFlight ?? Infinity)) best = slot;
    }
    return best;
  }

  #hand(job: Job, slot: Slot, session: Session): void {
    session.run(job.scenario, { rendezvous: job.rendezvous }, (outcome) => {
      if (outcome.is === 'back') {
        slot.back.push(job);
      } else if (outcome.is === 'lost') {
        slot.solo = { job, first: outcome };
      } else {
        this.#settle(job, outcome);
      }
      this.#pump();
    });
  }

  #settle(job: Job, outcome: Outcome & { is: 'trace' | 'problem' | 'broke' }): void {
    if (outcome.is !== 'broke') {
      this.#answered++;
      this.#strikes = 0;
    }
    job.resolve(outcome.is === 'trace' ? { trace: outcome.trace } : { problem: outcome.problem });
  }

  /** The second run, alone, of a scenario in which the subject hung or died. */
  #settleSecond(job: Job, first: Outcome & { is: 'lost' }, outcome: Outcome): void {
    if (outcome.is === 'lost') {
      const { partial, how, problem } = outcome;
      if (partial !== undefined) this.#strikes = 0;
      this.#unfinished++;
      job.resolve(partial === undefined ? { problem } : { trace: { ...partial, unfinished: how } });
    } else if (outcome.is === 'trace') {
      const { how, problem } = first;
      const stderr = problem.stderr === undefined ? {} : { stderr: problem.stderr };
      const unsteady: Problem = { name: 'unsteady', first: how, cause: describe(problem), ...stderr };
      this.#settle(job, { is: 'problem', problem: unsteady });
    } else if (outcome.is !== 'back') {
      this.#settle(job, outcome);
    }
  }

  #start(slot: Slot, budgets: Budgets): void {
    const mark = `${this.mark}.${++this.#lastProcess}`;
    let ended = () => undefined as void;
    this.#later(new Promise((resolve) => (ended = resolve)));
    const session = new Session({
      launch: this.#launch,
      mark,
      budgets,
      nextId: () => ++this.#lastId,
      kit: this.#options.kit ?? { kit: '', spec: '' },
      onUp: (hello) => {
        this.#onUp(session, hello);
      },
      onEnd: (ending) => {
        if (session.pid !== undefined) this.#guarded.leaders.delete(session.pid);
        delete slot.session;
        this.#queue.unshift(...slot.back.splice(0));
        this.#onEnd(session, ending, mark);
        ended();
        this.#pump();
      },
    });
    slot.session = session;
    if (session.pid !== undefined) this.#guarded.leaders.add(session.pid);
  }

  #onUp(session: Session, hello: Hello): void {
    if (this.#hello === undefined) {
      this.#hello = hello;
      this.#settleHello(hello);
    } else {
      const field = difference(this.#hello, hello);
      if (field !== undefined) session.abort({ name: 'hello-changed', field });
    }
    this.#pump();
  }

  #onEnd(session: Session, { problem, stage, blamed }: Ending, mark: string): void {
    if (stage === 'bye' && problem === undefined) this.#later(this.#reap(mark, 'when it had time to end'));
    else killMarked(mark);
    if (problem === undefined || problem.name === 'closed' || this.#over?.name === 'given-up') return;
    if (stage === 'bye' || (stage === 'up' && !blamed)) this.#problems.push(problem);
    if (this.#over !== undefined) return;

    this.#strikes = session.useful ? 0 : this.#strikes + 1;
    const stderr = problem.stderr === undefined ? {} : { stderr: problem.stderr };
    if (problem.name === 'hello-changed' || (this.#hello === undefined && problem.name !== 'died')) {
      this.#end(problem);
    } else if (this.#strikes >= STRIKES) {
      this.#end({ name: 'given-up', after: STRIKES, last: describe(problem), ...stderr });
    } else if (this.#answered === 0 && this.#unfinished >= HOPELESS) {
      this.#end({ name: 'given-up', after: HOPELESS, last: describe(problem), ...stderr });
    }
  }

  #later(work: Promise<void>): void {
    this.#pending.add(work);
    void work.finally(() => this.#pending.delete(work));
  }

  /** Kills what carries the mark, reports it, and waits until it is gone. */
  async #reap(mark: string, when: 'at once' | 'when it had time to end'): Promise<void> {
    const patience = this.#budgets?.grace() ?? 0;
    // A helper process may need a moment to see that its parent is gone.
    if (when !== 'at once') await gone(mark, patience);
    const processes = killMarked(mark);
    if (processes.length === 0) return;
    this.#problems.push({ name: 'left-behind', processes });
    await gone(mark, patience);
  }
}

/** Waits until no process carries the mark, but not longer than `patience` ms. */
async function gone(mark: string, patience: number): Promise<void> {
  const begin = performance.now();
  for (
    let pause = 1;
    marked(mark).length > 0 && performance.now() - begin < patience;
    pause = Math.min(50, 2 * pause)
  ) {
    await sleep(pause);
  }
}

/** The first field in which two starts of a subject differ. */
function difference(first: Hello, second: Hello): string | undefined {
  const fields = Object.keys(first) as (keyof Hello)[];
  return fields.find((field) => field !== 'pid' && !isDeepStrictEqual(first[field], second[field]));
}
