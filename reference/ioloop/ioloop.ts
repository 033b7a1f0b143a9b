/**
 * IOLoop: an event loop on raw file descriptors.
 *
 * One iteration:
 *
 *     1. tasks      every callback that was added before this iteration           tasks.ts
 *     2. timers     every timer that is due                                       timers.ts
 *     3. wait       until an fd is ready, the next deadline, or not at all        epoll-poller.ts, …
 *     4. handlers   of every fd that was found ready                              handlers.ts, watch.ts
 *
 * What a phase adds to itself waits for the next iteration, so that none can keep the others waiting. A stop lets the iteration in which it is called come to its end
 * without waiting, and that is the last: the rest of the polled batch is served (LOOP-LIFE-8, LOOP-SEED-12), and tasks
 * added meanwhile stay for the next start (LOOP-LIFE-9, LOOP-LIFE-10). A stop before the start does the same to the first
 * iteration (LOOP-LIFE-4, LOOP-SEED-11).
 *
 * What a callback throws is reported, and the rest goes on (isolation.ts); only StopEverything leaves start(), in the
 * middle of the iteration. Tasks and due timers that had no turn stay. The rest of the polled batch is dropped:
 * readiness is level-triggered, so the kernel will report again what is still true, and nothing else. LOOP-ERROR-11
 */
import { ERROR, READ, type Callback, type Handler, type Logger, type Loop } from '../../spec/contract.js';
import { posix as kernel, type PollSet, type Posix } from '../../posix/index.js';
import { takeTurns } from './cooperative.js';
import { InvalidTimeError, LoopClosedError, LoopRunningError, SignalsBlockedError } from './errors.js';
import { Handlers } from './handlers.js';
import { Isolation } from './isolation.js';
import { logToConsole } from './logger.js';
import { Microtasks } from './microtasks.js';
import { PeriodicCallback } from './periodic.js';
import type { PollerName } from './pollers.js';
import { Signals } from './signals.js';
import { SplitInterest } from './split-interest.js';
import { TaskQueue, type Task } from './tasks.js';
import type { Timer } from './timer-heap.js';
import { Timers } from './timers.js';
import { Waker } from './waker.js';
import { Wakeups, type LoopWakeup } from './wakeups.js';
import { GONE, type Watch } from './watch.js';

export interface IOLoopOptions {
  /** How to ask the kernel. Default: epoll. */
  readonly poller?: PollerName;
  /** The system calls. Default: those of this machine. The sleeper of {@link IOLoop.run} uses those in any case. */
  readonly posix?: Posix;
  /** A monotonic clock, ms. Default: performance.now. */
  readonly clock?: () => number;
  /** Gets one entry for each exception that was isolated. Default: stderr. */
  readonly logger?: Logger;
}

/** The longest that a poll waits, ms: its argument is a C int. LOOP-TIMER-14, LOOP-TIMER-15 */
const LONGEST_WAIT_MS = 0x7fffffff;

export class IOLoop implements Required<Loop> {
  // All state is the loop's own (LOOP-LIFE-13), and all fds that it needs it has from the beginning (LOOP-LIFE-18).
  readonly #clock: () => number;
  readonly #handlers: Handlers;
  readonly #waker: Waker;
  readonly #isolation: Isolation;
  readonly #split: SplitInterest;
  readonly #wakeups: Wakeups;
  readonly #signals: Signals;
  readonly #microtasks = new Microtasks();
  readonly #tasks = new TaskQueue();
  readonly #timers = new Timers();
  /** What the poll found ready, until it is dispatched. */
  readonly #ready: Watch[] = [];

  /** By which call it runs, if it does. */
  #runningBy: 'start' | 'run' | undefined;
  #stopping = false;
  #closed = false;
  /** A sleeper waits in place of the loop, and must be woken when something changes. */
  #asleep = false;

  readonly #callTask = (callback: Callback) => this.#isolation.call('callback', callback);
  readonly #callTimer = (callback: Callback) => this.#isolation.call('timer', callback);
  readonly #schedule = (callback: Callback): Task => {
    this.#changed();
    return this.#tasks.add(callback);
  };

  constructor(options: IOLoopOptions = {}) {
    const {
      poller = 'epoll',
      posix = kernel,
      clock = () => performance.now(),
      logger = logToConsole,
    } = options;
    this.#clock = clock;
    this.#isolation = new Isolation(logger, this.#microtasks, this.#schedule);
    const owned: { close(): void }[] = [];
    try {
      owned.push((this.#handlers = new Handlers(poller, posix)));
      owned.push((this.#waker = new Waker(posix)));
      this.#wakeups = new Wakeups(this.#waker, this.#schedule);
      this.#handlers.add(this.#waker.token.fd, this.#wakeups.collect, READ);
    } catch (error) {
      for (const resource of owned) resource.close();
      throw error;
    }
    this.#split = new SplitInterest(this.#handlers, this.#isolation);
    this.#signals = new Signals(this.#schedule);
  }

  /** Between the beginning and the end of {@link start} or {@link run}. */
  get running(): boolean {
    return this.#runningBy !== undefined;
  }

  /** After {@link close}: it takes nothing on any more. */
  get closed(): boolean {
    return this.#closed;
  }

  // ── handlers ────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Watches an fd. The handler is called once an iteration while the fd is ready: LOOP-READY-1, LOOP-READY-2, LOOP-READY-3.
   * @param fd An open fd. Remove the handler before you close it.
   * @param handler Gets the fd and the bits that are ready; ERROR as the kernel has it, one or both of its two bits.
   * @param events READ, WRITE, both, or 0. ERROR is watched for in any case: LOOP-SEED-1.
   * @throws {HandlerExistsError | UnwatchableFdError | FdTooLargeError | InvalidFdError | InvalidEventsError}
   */
  addHandler(fd: number, handler: Handler, events: number): void {
    this.#checkOpen('addHandler');
    this.#handlers.add(fd, handler, events);
    this.#changed();
  }

  /**
   * Watches for other events instead. Counts at once, also for what was polled already: LOOP-DISPATCH-9.
   * @throws {NoHandlerError | InvalidEventsError}
   */
  updateHandler(fd: number, events: number): void {
    this.#handlers.update(fd, events);
    this.#changed();
  }

  /** Ends the watch; an event that was polled already is void. Nothing happens if there is none: LOOP-READY-11. */
  removeHandler(fd: number): void {
    const watch = this.#handlers.get(fd);
    if (watch === undefined) return;
    this.#handlers.remove(watch);
    this.#changed();
  }

  /** As {@link addHandler}, for one direction with a callback of its own. */
  addReader(fd: number, callback: Callback): void {
    this.#checkOpen('addReader');
    this.#split.add(fd, 'reader', callback);
    this.#changed();
  }

  removeReader(fd: number): void {
    this.#split.remove(fd, 'reader');
    this.#changed();
  }

  addWriter(fd: number, callback: Callback): void {
    this.#checkOpen('addWriter');
    this.#split.add(fd, 'writer', callback);
    this.#changed();
  }

  removeWriter(fd: number): void {
    this.#split.remove(fd, 'writer');
    this.#changed();
  }

  // ── tasks ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** Runs a callback in the next iteration, after those added before it. LOOP-TASK-1, LOOP-SEED-5 */
  addCallback(callback: Callback): Task {
    this.#checkOpen('addCallback');
    return this.#schedule(callback);
  }

  /** Takes a callback back; nothing happens if it has run. */
  removeCallback(task: Task): void {
    this.#tasks.remove(task);
  }

  // ── timers ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** The loop's clock, ms, read at the call: it is never cached. LOOP-TIMER-7, LOOP-SEED-8 */
  now(): number {
    return this.#clock();
  }

  /**
   * Runs a callback once, at a deadline or after.
   * @param deadlineMs On {@link now}; past: when the timers have their next turn; Infinity: never.
   */
  addTimeout(deadlineMs: number, callback: Callback): Timer {
    this.#checkOpen('addTimeout');
    if (Number.isNaN(deadlineMs)) throw new InvalidTimeError('deadline', deadlineMs);
    this.#changed();
    return this.#timers.add(deadlineMs, callback);
  }

  /** Runs a callback once, `delayMs` from now or later; a negative delay counts as 0: LOOP-TIMER-9. */
  callLater(delayMs: number, callback: Callback): Timer {
    return this.addTimeout(this.now() + delayMs, callback);
  }

  /** Cancels a timer; nothing happens if it has fired. */
  removeTimeout(timer: Timer): void {
    this.#timers.cancel(timer);
  }

  /** A callback to be repeated; not started yet. */
  periodic(callback: Callback, intervalMs: number): PeriodicCallback {
    return new PeriodicCallback(this, callback, intervalMs);
  }

  // ── wake-ups and signals ────────────────────────────────────────────────────────────────────────────────────

  /** Makes a callback that other threads can ask for, by signalWakeup and the wakeup's token. */
  createWakeup(callback: Callback): LoopWakeup {
    this.#checkOpen('createWakeup');
    return this.#wakeups.create(callback);
  }

  /**
   * Runs a callback for each signal of a kind, or each few; under {@link run}.
   * @throws {SignalsBlockedError} while start() blocks, and in a Worker.
   */
  addSignalHandler(signal: NodeJS.Signals, callback: Callback): void {
    this.#checkOpen('addSignalHandler');
    if (this.#runningBy === 'start') throw new SignalsBlockedError('while start() blocks');
    this.#signals.add(signal, callback);
  }

  removeSignalHandler(signal: NodeJS.Signals): void {
    this.#signals.remove(signal);
  }

  // ── running ─────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Runs the loop until it is stopped, and blocks the thread, with Node's own loop, while it waits.
   * @throws {LoopRunningError | LoopClosedError | SignalsBlockedError} and what leaves an iteration: StopEverything, a
   *   PosixError of the poll, what the logger throws. The loop can be started again.
   */
  start(): void {
    this.#checkStartable('start');
    if (this.#signals.size > 0) throw new SignalsBlockedError('under start()');
    this.#runningBy = 'start';
    try {
      this.#microtasks.probe();
      do this.#iterate(true);
      while (!this.#stopping); // LOOP-LIFE-1, LOOP-LIFE-2
    } finally {
      this.#end();
    }
  }

  /**
   * Runs the loop until it is stopped, and shares the thread with Node's own loop. Promises and signals work. To wait
   * costs more than under {@link start}: another thread does it.
   * @returns When the loop was stopped. Rejects with what `start` throws.
   */
  async run(): Promise<void> {
    this.#checkStartable('run');
    this.#runningBy = 'run';
    const wake = () => this.#waker.write();
    process.once('exit', wake); // A process can't end while one of its threads blocks.
    try {
      await takeTurns({
        begin: () => this.#microtasks.probe(),
        turn: () => this.#turn(),
        sleep: (set) => this.#sleep(set),
      });
    } finally {
      process.off('exit', wake);
      this.#end();
    }
  }

  /** Ends the run after this iteration; without one, ends the next run after its first. */
  stop(): void {
    this.#stopping = true;
    this.#changed();
  }

  /**
   * Frees what the loop owns: its poller and its waker. Fds that have handlers stay open: LOOP-LIFE-14, LOOP-LIFE-15.
   * Nothing happens the second time: LOOP-LIFE-16.
   * @throws {LoopRunningError}
   */
  close(): void {
    if (this.running) throw new LoopRunningError('close');
    if (this.#closed) return;
    this.#closed = true;
    this.#signals.clear();
    this.#handlers.close();
    this.#waker.close();
  }

  /** Has the logger report an error that a floor above has isolated, in the manner of the loop's own callbacks. */
  report(text: string, error: unknown): void {
    this.#isolation.report(text, error);
  }

  #checkOpen(call: string): void {
    if (this.#closed) throw new LoopClosedError(call);
  }

  #checkStartable(call: string): void {
    this.#checkOpen(call);
    if (this.running) throw new LoopRunningError(call); // LOOP-LIFE-11, LOOP-LIFE-12, LOOP-SEED-13
  }

  /** On every way out of a run: LOOP-LIFE-6, LOOP-ERROR-10, LOOP-ERROR-11. What is registered stays: LOOP-LIFE-5 */
  #end(): void {
    this.#runningBy = undefined;
    this.#stopping = false;
    this.#ready.length = 0;
  }

  // ── the iteration ───────────────────────────────────────────────────────────────────────────────────────────

  /** @returns How many fds were ready. */
  #iterate(mayWait: boolean): number {
    this.#tasks.runAll(this.#callTask);
    this.#timers.fireDue(this.#clock, this.#callTimer); // LOOP-TIMER-17, LOOP-TIMER-18
    this.#handlers.wait(mayWait ? this.#idleMs() : 0, this.#ready);
    return this.#dispatch();
  }

  /**
   * How long there is nothing to do: whole ms; -1: forever. Worked out after the last callback that can change it
   * (LOOP-TASK-6, LOOP-TIMER-16, LOOP-SEED-19), afresh each time (LOOP-ERROR-2), and rounded up (LOOP-TIMER-2,
   * LOOP-TIMER-13).
   */
  #idleMs(): number {
    if (this.#stopping || this.#tasks.size > 0) return 0; // LOOP-LIFE-3
    const deadlineMs = this.#timers.firstDeadlineMs;
    if (deadlineMs === undefined) return -1; // LOOP-LIFE-17
    return Math.min(Math.max(Math.ceil(deadlineMs - this.now()), 0), LONGEST_WAIT_MS); // LOOP-TIMER-8
  }

  /**
   * Calls the handlers of what was found ready, going by what the program wants now, not when the poll was asked. Only of
   * those: what is added meanwhile, or ready again, has to wait for the next poll. LOOP-DISPATCH-6, LOOP-DISPATCH-8
   */
  #dispatch(): number {
    const count = this.#ready.length;
    for (const watch of this.#ready) {
      if (!watch.active) continue; // LOOP-DISPATCH-1, LOOP-DISPATCH-2, LOOP-DISPATCH-5
      const events = watch.polled & (watch.events | ERROR); // LOOP-READY-4, LOOP-DISPATCH-9
      if (events !== 0) this.#isolation.callHandler(watch, events);
      else if (watch.polled === GONE) this.#forget(watch);
    }
    this.#ready.length = 0;
    return count;
  }

  /** Drops a watch whose fd was closed: LOOP-READY-24. */
  #forget(watch: Watch): void {
    this.#handlers.remove(watch);
    this.#isolation.warn(
      `fd ${watch.fd} was closed with a handler, which is dropped: call removeHandler first`,
      watch.fd,
    );
  }

  // ── the co-operative run (cooperative.ts) ───────────────────────────────────────────────────────────────────

  #turn(): number | undefined {
    this.#asleep = false;
    const ready = this.#iterate(false);
    if (this.#stopping) return undefined;
    return ready > 0 ? 0 : this.#idleMs();
  }

  #sleep(set: PollSet): void {
    this.#handlers.describe(set);
    this.#asleep = true;
  }

  /** Something has changed that the sleeper, if there is one, does not know. */
  #changed(): void {
    if (!this.#asleep) return;
    this.#asleep = false;
    this.#waker.write();
  }
}
