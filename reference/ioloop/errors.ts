/**
 * What the loop refuses, and why. Each class states one rule; its message names the offending value and the way out.
 *
 * Two manners hold throughout. What *takes something on* (a handler, a task, a timer, a start) is refused with one of
 * these errors when it can't be done, and leaves nothing behind. What *gives something back* (every `remove…`, `stop`,
 * `close`) never fails, so that clean-up code may run on every path.
 */
import { EBADF, EPERM, FD_SETSIZE, errnoMessage, errnoName, type Result } from '../../posix/index.js';

/** An fd is an integer from 0 to 2^31 - 1. */
export class InvalidFdError extends RangeError {
  override readonly name = 'InvalidFdError';
  constructor(fd: number) {
    super(
      `fd ${fd} is not a file descriptor: pass an integer from 0 on, as the call that opened it answered`,
    );
  }
}

/** Events are READ, WRITE and ERROR, joined by `|`, or 0. */
export class InvalidEventsError extends RangeError {
  override readonly name = 'InvalidEventsError';
  constructor(events: number) {
    super(
      `events ${events} have bits besides READ, WRITE and ERROR: join these with |, or pass 0 for errors only`,
    );
  }
}

/** A moment is a number of milliseconds; Infinity is never. */
export class InvalidTimeError extends RangeError {
  override readonly name = 'InvalidTimeError';
  constructor(what: string, value: number) {
    super(`${what} ${value} is no time: pass milliseconds, or Infinity for never`);
  }
}

/** A period is longer than 0 ms, and finite. */
export class InvalidIntervalError extends RangeError {
  override readonly name = 'InvalidIntervalError';
  constructor(intervalMs: number) {
    super(`an interval of ${intervalMs} ms can't be repeated: pass a finite number of milliseconds above 0`);
  }
}

/** One handler an fd, one reader and one writer an fd, one callback a signal: the first stays. */
export class HandlerExistsError extends Error {
  override readonly name = 'HandlerExistsError';
  constructor(what: string) {
    super(`${what} has a handler, which stays: remove that first, or change its events by updateHandler`);
  }
}

/** Only what was added can be updated. */
export class NoHandlerError extends Error {
  override readonly name = 'NoHandlerError';
  constructor(readonly fd: number) {
    super(`fd ${fd} has no handler: call addHandler, or check whether it was closed without removeHandler`);
  }
}

const REMEDIES = new Map([
  [EBADF, 'it is not open: add the handler before the fd is closed'],
  [EPERM, 'files and directories are always ready: read and write them without a loop'],
]);

/** The kernel can't watch every fd. */
export class UnwatchableFdError extends Error {
  override readonly name = 'UnwatchableFdError';
  /** The errno's name. */
  readonly code: string;
  constructor(
    readonly fd: number,
    result: Result,
  ) {
    super(
      `fd ${fd} can't be watched (${errnoName(result)}): ${REMEDIES.get(-result) ?? errnoMessage(result)}`,
    );
    this.code = errnoName(result);
  }
}

/** select knows the fds from 0 to 1023, and no others. */
export class FdTooLargeError extends RangeError {
  override readonly name = 'FdTooLargeError';
  constructor(readonly fd: number) {
    super(
      `fd ${fd} is above ${FD_SETSIZE - 1}, the last that select can watch: choose the poller epoll or poll`,
    );
  }
}

/** A loop runs once at a time, and is not closed meanwhile. */
export class LoopRunningError extends Error {
  override readonly name = 'LoopRunningError';
  constructor(call: string) {
    super(`${call} while the loop runs: call stop and wait until start has returned, or make a second loop`);
  }
}

/** A closed loop takes nothing on. */
export class LoopClosedError extends Error {
  override readonly name = 'LoopClosedError';
  constructor(call: string) {
    super(`${call} on a closed loop: make a new one`);
  }
}

/** A callback may return a promise only where promises can be settled. See microtasks.ts. */
export class MicrotasksBlockedError extends Error {
  override readonly name = 'MicrotasksBlockedError';
  constructor() {
    super(
      'a callback returned a promise, but start() was called from a module’s top level or after an await, where ' +
        'no promise is settled until it returns: use run(), or call start() from a function passed to setImmediate',
    );
  }
}

/** Signals reach a loop only through Node's own loop, on the main thread. See signals.ts. */
export class SignalsBlockedError extends Error {
  override readonly name = 'SignalsBlockedError';
  constructor(where: string) {
    super(
      `${where}, no signal can be delivered: use run() on the main thread, or run the loop in a Worker and have ` +
        'the main thread’s process.on signal a wakeup of it',
    );
  }
}
