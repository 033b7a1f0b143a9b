/**
 * Isolation: what one callback throws is reported, and does not reach the others.
 *
 * Every callback of the loop is called from here. What happens to its outcome:
 *
 *     outcome                                then
 *     -------------------------------------  ------------------------------------------------------------
 *     returns                                nothing
 *     throws StopEverything                  leaves start(), or rejects run()
 *     throws EPIPE, in a handler             nothing: the peer has left, and will show as READ or ERROR
 *     throws anything else                   one entry to the logger, with the fd if it was a handler
 *     returns a promise                      its rejection counts as a throw; of StopEverything, by a task
 *     returns a promise nobody can settle    counts as a throw of MicrotasksBlockedError
 *
 * A handler that throws stays registered: LOOP-ERROR-7, LOOP-SEED-4. A logger that throws is not isolated: that leaves
 * start() as well.
 */
import type { Callback, Logger, StopEverything } from '../../spec/contract.js';
import { EPIPE } from '../../posix/index.js';
import { MicrotasksBlockedError } from './errors.js';
import type { Microtasks } from './microtasks.js';
import type { Watch } from './watch.js';

export class Isolation {
  readonly #logger: Logger;
  readonly #microtasks: Microtasks;
  readonly #schedule: (callback: Callback) => void;

  /** @param schedule Makes a task of a callback. */
  constructor(logger: Logger, microtasks: Microtasks, schedule: (callback: Callback) => void) {
    this.#logger = logger;
    this.#microtasks = microtasks;
    this.#schedule = schedule;
  }

  /**
   * Calls a callback, and then all microtasks.
   * @param what What it is, for the report.
   * @param fd The fd that it serves, if it serves one.
   */
  call(what: string, callback: Callback, fd?: number): void {
    try {
      const returned: unknown = callback();
      if (returned !== undefined) this.#observe(returned, what, fd);
    } catch (error) {
      this.#caught(error, what, fd); // LOOP-ERROR-5, LOOP-ERROR-6
    }
    this.#microtasks.drain();
  }

  /**
   * As {@link call}, for the handler of a watch: apart, so that an event costs no closure. Once the handler has returned,
   * its fd is not touched: it may be closed, and the watch removed. LOOP-DISPATCH-4
   */
  callHandler(watch: Watch, events: number): void {
    try {
      const returned: unknown = watch.handler(watch.fd, events);
      if (returned !== undefined) this.#observe(returned, 'handler', watch.fd);
    } catch (error) {
      this.#caught(error, 'handler', watch.fd); // LOOP-ERROR-4
    }
    this.#microtasks.drain();
  }

  /** Reports what somebody else has isolated. */
  report(text: string, error: unknown): void {
    this.#logger({ level: 'error', text, error });
  }

  /** Reports what the loop itself has to say. */
  warn(text: string, fd: number): void {
    this.#logger({ level: 'warning', text, fd });
  }

  #caught(error: unknown, what: string, fd: number | undefined): void {
    if (isFatal(error)) throw error; // LOOP-ERROR-9
    this.#report(error, what, fd);
  }

  #report(error: unknown, what: string, fd: number | undefined): void {
    if (fd === undefined) return this.#logger({ level: 'error', text: `Exception in ${what}`, error });
    if (isBrokenPipe(error)) return; // LOOP-SEED-15
    this.#logger({ level: 'error', text: `Exception in ${what} of fd ${fd}`, error, fd }); // LOOP-ERROR-3, LOOP-SEED-17
  }

  /** Has a look at what a callback returned. Most values are nobody's business; a promise is. */
  #observe(returned: unknown, what: string, fd: number | undefined): void {
    if (!isThenable(returned)) return;
    returned.then(undefined, (error: unknown) => {
      if (!isFatal(error)) return this.#report(error, what, fd);
      this.#schedule(() => {
        throw error;
      });
    });
    if (!this.#microtasks.available) throw new MicrotasksBlockedError();
  }
}

/** By name, as a subject may have got its StopEverything from another copy of the contract's module. */
function isFatal(error: unknown): error is StopEverything {
  return error instanceof Error && error.name === 'StopEverything';
}

/** By number or name, whatever its class: Node's system errors carry -EPIPE, ours EPIPE. */
function isBrokenPipe(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, errno } = error as { code?: unknown; errno?: unknown };
  return code === 'EPIPE' || errno === EPIPE || errno === -EPIPE;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}
