/**
 * Microtasks while start() blocks.
 *
 * What stands after an `await` is a microtask. Node runs microtasks, and the callbacks of process.nextTick before
 * them, each time that it has called back into JavaScript and the stack is empty again: after a timer, an immediate,
 * an event. A start() that blocks never empties its stack, so the loop does it itself, after each of its callbacks,
 * by the function that Node uses: `process._tickCallback`, as old as nextTick and the same in Node 20, 22 and 24.
 *
 * V8 refuses to run microtasks inside of a microtask. So all depends on what start() was called from:
 *
 *     from                                           settles promises
 *     ---------------------------------------------  ----------------
 *     the top level of a CommonJS main               yes
 *     setImmediate, setTimeout, an event, nextTick   yes
 *     the top level of an ES module                  no: modules are evaluated in a microtask
 *     anything after an await, queueMicrotask        no
 *
 * There is no way to ask, but to try: queue a microtask, call the function, and see whether it ran. Where it did not,
 * plain callbacks work all the same, and one that returns a promise gets a MicrotasksBlockedError (isolation.ts), not a
 * program that hangs. `run()` (cooperative.ts) always begins from setImmediate.
 */

/** Not in Node's documentation, hence optional here: without it, microtasks count as blocked. */
const { _tickCallback: tick } = process as { _tickCallback?: () => void };

export class Microtasks {
  #available = false;

  /** Whether microtasks can run where the loop was started; known after {@link probe}. */
  get available(): boolean {
    return this.#available;
  }

  /** Finds out, once for each start: about 1 µs. */
  probe(): void {
    let ran = false;
    queueMicrotask(() => (ran = true));
    tick?.();
    this.#available = ran;
  }

  /**
   * Runs all that is queued, if it can: 20 ns when nothing is. What goes wrong there goes Node's own ways
   * (uncaughtException, unhandledRejection): it is nobody's callback here.
   */
  drain(): void {
    while (this.#available) {
      try {
        return tick?.();
      } catch (error) {
        // A callback of process.nextTick has thrown, right through Node's bookkeeping of async contexts. Thrown again
        // in a microtask, it becomes an uncaught exception, and Node puts its books in order.
        queueMicrotask(() => {
          throw error as Error;
        });
      }
    }
  }
}
