/**
 * A poller asks the kernel which fds are ready. Three of them, behind one interface: epoll, poll and select.
 *
 *                              epoll             poll             select
 *     one wait costs           O(ready)          O(watched)       O(watched)
 *     add, update, remove      a system call     an fstat         an fstat
 *     fds                      any               any              0 … 1023
 *     who keeps the set        the kernel        this process     this process
 *
 * All are level-triggered: LOOP-READY-3.
 */
import type { PollSet, Result } from '../../posix/index.js';
import type { Watch } from './watch.js';

export interface Poller {
  /**
   * Begins to watch. A watch of the same number whose file is no longer open under it gives way: LOOP-DISPATCH-3.
   * @returns 0. -EEXIST: the fd is being watched; -EBADF: not open; -EPERM: a file, which is always ready. After a
   *   failure all is as before: LOOP-READY-14.
   * @throws {FdTooLargeError} select only.
   */
  add(watch: Watch): Result;

  /**
   * Takes notice of other `events` of a watch.
   * @returns 0. -ENOENT, -EBADF: the fd was closed behind the loop's back.
   */
  update(watch: Watch): Result;

  /** Ends watching, at once: LOOP-READY-22. No matter whether the fd is still open. */
  remove(watch: Watch): void;

  /**
   * Waits until an fd is ready.
   * @param timeoutMs Whole ms; 0: don't wait; -1: forever.
   * @param ready Gets the ready watches appended, each once (LOOP-DISPATCH-7), with `polled` set.
   * @returns 0 or more: no meaning. -EINTR: a signal.
   */
  wait(timeoutMs: number, ready: Watch[]): Result;

  /** Adds to `set` what another thread can poll(2) to learn that {@link wait} would find something. */
  describe(set: PollSet): void;

  /** Frees what the poller owns. */
  close(): void;
}

/** All watches of a loop, by fd. Kept by {@link Handlers}, seen by its poller. */
export type Watches = ReadonlyMap<number, Watch>;
