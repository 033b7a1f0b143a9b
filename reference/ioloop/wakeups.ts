/**
 * Wakeups: callbacks that other threads can ask for.
 *
 * JavaScript threads share no objects, only memory. So a wakeup is a shared integer, and its handle on other threads a
 * *token* that can be posted to them:
 *
 *     from \ event   signal() here     signalWakeup() elsewhere     the waker is readable   the callback's turn
 *     ------------   ---------------   --------------------------   ---------------------   ---------------------
 *     IDLE           SCHEDULED, task   SIGNALLED, write to waker    -                       -
 *     SIGNALLED      -                 write to waker               SCHEDULED, task         -
 *     SCHEDULED      -                 -                            -                       IDLE, then call it
 *
 * "-" stands for nothing: signals are merged until the callback's turn. None is lost (LOOP-WAKE-5): the waker is drained
 * before the wakeups are looked at, and a wakeup is IDLE again before its callback is called. Who finds it SIGNALLED
 * writes as well, since the thread that made it so may have been terminated before it wrote. One that is signalled
 * while the loop doesn't run stays so until it does (LOOP-WAKE-4). On the loop's own thread nothing is written.
 *
 * What another thread wants of the loop, it has a wakeup's callback do: run a task (LOOP-WAKE-2; each once, if it leaves
 * them in a queue of its own: LOOP-WAKE-6), or stop (LOOP-SEED-14).
 */
import type { Posix } from '../../posix/index.js';
import type { Callback, Wakeup } from '../../spec/contract.js';
import { writeToWaker, type Waker, type WakerToken } from './waker.js';

const IDLE = 0;
const SIGNALLED = 1;
const SCHEDULED = 2;

/** Lets another thread signal a wakeup, by {@link signalWakeup}. Survives postMessage. */
export interface WakeupToken {
  readonly waker: WakerToken;
  /** Over a SharedArrayBuffer. */
  readonly state: Int32Array;
}

/**
 * Signals a wakeup from any thread, at any time, also after its loop was closed.
 * @param posix That of the loop, if it has one of its own.
 */
export function signalWakeup({ waker, state }: WakeupToken, posix?: Posix): void {
  if (Atomics.compareExchange(state, 0, IDLE, SIGNALLED) !== SCHEDULED) writeToWaker(waker, posix);
}

/** A wakeup, on the loop's own thread. */
export class LoopWakeup implements Wakeup {
  readonly token: WakeupToken;
  readonly #schedule: (callback: Callback) => void;
  readonly #callback: Callback;

  constructor(waker: WakerToken, callback: Callback, schedule: (callback: Callback) => void) {
    this.token = { waker, state: new Int32Array(new SharedArrayBuffer(4)) };
    this.#callback = callback;
    this.#schedule = schedule;
  }

  /** On the loop's own thread. Elsewhere: {@link signalWakeup}. */
  signal(): void {
    this.#scheduleIf(IDLE);
  }

  /** Looks whether another thread has signalled. */
  collect(): void {
    this.#scheduleIf(SIGNALLED);
  }

  #scheduleIf(state: number): void {
    if (Atomics.compareExchange(this.token.state, 0, state, SCHEDULED) === state) this.#schedule(this.#run);
  }

  readonly #run = (): void | PromiseLike<void> => {
    Atomics.store(this.token.state, 0, IDLE);
    return this.#callback();
  };
}

/** The wakeups of a loop. They live as long as the loop. */
export class Wakeups {
  readonly #waker: Waker;
  readonly #schedule: (callback: Callback) => void;
  readonly #wakeups: LoopWakeup[] = [];

  /** @param schedule Makes a task of a callback: LOOP-WAKE-3. */
  constructor(waker: Waker, schedule: (callback: Callback) => void) {
    this.#waker = waker;
    this.#schedule = schedule;
  }

  create(callback: Callback): LoopWakeup {
    const wakeup = new LoopWakeup(this.#waker.token, callback, this.#schedule);
    this.#wakeups.push(wakeup);
    return wakeup;
  }

  /** The handler of the waker's fd. O(wakeups) */
  readonly collect = (): void => {
    this.#waker.drain();
    for (const wakeup of this.#wakeups) wakeup.collect();
  };
}
