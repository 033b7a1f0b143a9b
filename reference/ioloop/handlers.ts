/**
 * The handlers of a loop: one an fd, each a {@link Watch}, known here and to the poller. By number, not by open file:
 * a copy made by dup is another fd, with a handler of its own. LOOP-READY-21
 */
import { ERROR, READ, WRITE, type Handler } from '../../spec/contract.js';
import { EEXIST, EINTR, PosixError, type PollSet, type Posix, type Result } from '../../posix/index.js';
import {
  HandlerExistsError,
  InvalidEventsError,
  InvalidFdError,
  NoHandlerError,
  UnwatchableFdError,
} from './errors.js';
import type { Poller } from './poller.js';
import { createPoller, type PollerName } from './pollers.js';
import { Watch } from './watch.js';

export class Handlers {
  readonly #watches = new Map<number, Watch>();
  readonly #poller: Poller;
  #nextGeneration = 0;

  constructor(name: PollerName, posix: Posix) {
    this.#poller = createPoller(name, posix, this.#watches);
  }

  /**
   * Gives an fd its handler.
   * @throws {HandlerExistsError | UnwatchableFdError | FdTooLargeError | InvalidFdError | InvalidEventsError} and
   *   leaves all as it was.
   */
  add(fd: number, handler: Handler, events: number): void {
    const added = this.tryAdd(fd, handler, events);
    if (added === -EEXIST) throw new HandlerExistsError(`fd ${fd}`); // LOOP-READY-15, LOOP-SEED-2
    if (typeof added === 'number') throw new UnwatchableFdError(fd, added); // LOOP-READY-13
  }

  /** As {@link add}. @returns The watch, or why the poller refuses it: a negated errno. */
  tryAdd(fd: number, handler: Handler, events: number): Watch | Result {
    checkFd(fd);
    checkEvents(events);
    const watch = new Watch(fd, handler, events, this.#nextGeneration); // LOOP-READY-12: nothing of a former one
    // The poller is asked first and the table written second: LOOP-READY-14, LOOP-READY-16.
    const result = this.#poller.add(watch);
    if (result < 0) return result;
    this.#nextGeneration = (this.#nextGeneration + 1) >>> 0;
    const former = this.#watches.get(fd);
    if (former !== undefined) former.active = false; // Its fd was closed without removal: LOOP-DISPATCH-3
    this.#watches.set(fd, watch);
    return watch;
  }

  /**
   * Replaces the events that an fd is watched for.
   * @throws {NoHandlerError | InvalidEventsError}
   */
  update(fd: number, events: number): void {
    checkEvents(events);
    const watch = this.#watches.get(fd);
    if (watch === undefined || !this.tryUpdate(watch, events)) throw new NoHandlerError(fd); // LOOP-READY-9
  }

  /** As {@link update}. @returns False if the fd was closed behind the loop's back: then the watch is over. */
  tryUpdate(watch: Watch, events: number): boolean {
    watch.events = events; // LOOP-READY-8
    if (this.#poller.update(watch) >= 0) return true;
    this.remove(watch);
    return false;
  }

  /** The watch of an fd, if it has one. */
  get(fd: number): Watch | undefined {
    return this.#watches.get(fd);
  }

  /** Ends a watch. LOOP-READY-10 */
  remove(watch: Watch): void {
    watch.active = false; // LOOP-DISPATCH-1
    this.#watches.delete(watch.fd);
    this.#poller.remove(watch);
  }

  /**
   * Waits until an fd is ready, or a signal comes: EINTR is an answer like "nothing". LOOP-ERROR-1, LOOP-SEED-16
   * @param timeoutMs Whole ms; 0: don't wait; -1: forever.
   * @param ready Gets the ready watches appended.
   */
  wait(timeoutMs: number, ready: Watch[]): void {
    const result = this.#poller.wait(timeoutMs, ready);
    if (result < 0 && result !== -EINTR) throw new PosixError(result, 'poll');
  }

  /** Adds to `set` what another thread can poll(2) to learn that {@link wait} would find something. */
  describe(set: PollSet): void {
    this.#poller.describe(set);
  }

  /** Frees the poller, not the fds. LOOP-LIFE-15 */
  close(): void {
    this.#poller.close();
    this.#watches.clear();
  }
}

function checkFd(fd: number): void {
  // 0 is an fd like any other: LOOP-READY-18. Whether a high one can be watched is the poller's affair: LOOP-READY-19
  if (!(Number.isInteger(fd) && fd >= 0 && fd <= 0x7fffffff)) throw new InvalidFdError(fd);
}

function checkEvents(events: number): void {
  if (!Number.isInteger(events) || (events & ~(READ | WRITE | ERROR)) !== 0)
    throw new InvalidEventsError(events);
}
