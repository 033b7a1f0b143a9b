/**
 * One run of a scenario: what is made for it, what its actions share, and what is cleaned up after it.
 *
 * The main program is begun in a macrotask, because a blocking `start()` can drain Node's microtasks only from there.
 * For the same reason it goes on in a macrotask of its own after a `start()` that returned a promise.
 */
import type { Posix } from '../../posix/index.js';
import type { LoopSubject, Periodic, Wakeup } from '../../spec/contract.js';
import type { Hello } from '../../spec/protocol.js';
import { DEFAULT_MAX_RECORDS, type Action, type Scenario } from '../../spec/scenario.js';
import type { CallbackKind, Changed, ThreadReport, Trace, TraceRecord } from '../../spec/trace.js';
import { auditScenario } from './audit-scenario.js';
import { Delivered } from './delivered.js';
import { Fds } from './fds.js';
import { Impossible } from './impossible.js';
import { Interpreter, OPS } from './interpreter.js';
import { Loops, quietly } from './loops.js';
import { textOf, typeOf } from './raised.js';
import { Recorder, type Delivery } from './recorder.js';
import { Streams } from './streams.js';
import type { Surroundings } from './surroundings.js';
import type { TaskCallback } from './task-callback.js';
import { Watched } from './watched.js';

/** What outlives a run. */
export interface Host {
  readonly posix: Posix;
  readonly subject: LoopSubject;
  readonly hello: Pick<Hello, 'rounds' | 'unclaimed'>;
  readonly surroundings: Surroundings;
}

/** What the kit may ask for beside the trace. */
export interface RunHooks {
  readonly onRecord?: (record: TraceRecord) => void;
  /** All is made, the main program is about to begin. */
  readonly before?: (fds: Record<string, number>) => void;
  /** The main program has ended, nothing is cleaned up yet. */
  readonly after?: () => void;
}

export type Result = { readonly trace: Trace } | { readonly error: string };

export class Run {
  readonly recorder: Recorder;
  readonly fds: Fds;
  readonly tasks = new Map<string, () => void>();
  /** What the loop is given for a callback that is scheduled as a task, each time the same. */
  readonly taskCallbacks = new Map<string, TaskCallback>();
  readonly timers = new Map<string, () => void>();
  readonly periodics = new Map<string, Periodic>();
  readonly wakeups = new Map<string, Wakeup>();
  readonly clocks = new Map<string, number>();
  /** Signal → what takes its handler away. */
  readonly signals = new Map<string, () => void>();
  readonly watched = new Watched();
  readonly streams: Streams;
  readonly delivered = new Delivered();
  /** Of the registering operation under way. */
  token = 0;
  private readonly interpreter: Interpreter;
  private madeLoops: Loops | undefined;
  /** What would stay behind on a loop that can't be closed. */
  private readonly undo: (() => void)[] = [];
  private failure: string | undefined;

  constructor(
    readonly host: Host,
    private readonly scenario: Scenario,
    private readonly hooks: RunHooks,
  ) {
    this.recorder = new Recorder(host.posix, {
      maxRecords: scenario.maxRecords ?? DEFAULT_MAX_RECORDS,
      onRecord: hooks.onRecord,
      onCut: () => this.madeLoops?.stopAll(),
    });
    this.fds = new Fds(host.posix, scenario.fds, scenario.forgetClosed === true);
    this.streams = new Streams(host.surroundings);
    this.interpreter = new Interpreter(this, scenario);
  }

  /** Nothing more is to be done. */
  get over(): boolean {
    return this.recorder.closed;
  }

  get loops(): Loops {
    if (this.madeLoops === undefined) throw new Impossible('there is no loop yet');
    return this.madeLoops;
  }

  get rounds(): Hello['rounds'] {
    return this.host.hello.rounds;
  }

  /** To be called from a macrotask. */
  execute(ended: (result: Result) => void): void {
    const { surroundings } = this.host;
    const { openFds, threads } = surroundings;
    let unguard = (): void => undefined;
    let before = 0;
    let numbers: Record<string, number> = {};
    const finish = (): void => {
      this.hooks.after?.();
      this.recorder.closed = true;
      const reports = threads.end();
      const changed = this.delivered.changed();
      this.cleanUp(unguard);
      this.streams.settled(
        () => openFds.count() <= before,
        () => {
          const after = openFds.count();
          this.fds.closeLeaked();
          ended(this.result(numbers, reports, changed, { before, after }));
        },
      );
    };
    threads.begin();
    try {
      const needs = auditScenario(this.scenario, OPS);
      before = openFds.count();
      unguard = surroundings.guardSignals(needs.signals);
      numbers = this.fds.make();
      this.madeLoops = this.makeLoops();
    } catch (error) {
      if (!(error instanceof Impossible)) throw error;
      this.fail(error.message);
      return finish();
    }
    this.hooks.before?.(numbers);
    this.recorder.begin();
    this.interpreter.main(0, finish);
  }

  enter(name: string, as: CallbackKind, token: number, delivery?: Delivery): void | Promise<void> {
    return this.interpreter.enter(name, as, token, delivery);
  }

  /** The scenario asks for something impossible: it ends here, and its answer will be an error. */
  fail(sentence: string): void {
    this.failure ??= sentence;
    this.recorder.closed = true;
    this.madeLoops?.stopAll();
  }

  /** The operation raised, so its name stands for nothing, whatever it stood for before. */
  forget(action: Action): void {
    if (action.op === 'stream' || action.op === 'connectStream') return this.streams.forget(action.as);
    if (!('id' in action) || action.id === undefined) return;
    if (action.op === 'schedule') this.tasks.delete(action.id);
    else if (action.op === 'timeout' || action.op === 'timeoutAt') this.timers.delete(action.id);
    else if (action.op === 'periodic') this.periodics.delete(action.id);
    else if (action.op === 'wakeup') this.wakeups.delete(action.id);
  }

  uncaught(error: unknown): void {
    this.interpreter.uncaught(error);
  }

  /** Remembers what would stay behind: only of a loop that can't be closed. */
  leaves(remove: () => void): void {
    if (this.host.hello.unclaimed['closeLoop'] !== undefined) this.undo.push(remove);
  }

  private makeLoops(): Loops {
    try {
      return new Loops(this.host.subject, (entry) => this.recorder.log(entry));
    } catch (error) {
      throw new Impossible(`createLoop() throws ${typeOf(error)}: ${textOf(error)}`);
    }
  }

  private cleanUp(unguard: () => void): void {
    const { surroundings } = this.host;
    surroundings.openFds.restore();
    for (const remove of this.signals.values()) quietly(remove);
    for (const remove of this.undo) quietly(remove);
    // Before their loops: to close a stream is to take its fd off its loop, too.
    this.streams.closeAll();
    this.madeLoops?.closeAll();
    if (this.fds.closeAll()) surroundings.restoreStandardFds();
    unguard();
  }

  private result(
    fds: Record<string, number>,
    threads: ThreadReport[],
    changed: Changed[],
    openFds: { before: number; after: number },
  ): Result {
    if (this.failure !== undefined) return { error: this.failure };
    const trace: Trace = { fds, records: this.recorder.records, openFds };
    if (threads.length > 0) trace.threads = threads;
    if (changed.length > 0) trace.changed = changed;
    return { trace };
  }
}
