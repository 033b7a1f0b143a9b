/**
 * Periodic callbacks: a grid of moments, of which the missed ones are skipped.
 */
import type { Callback, Periodic } from '../../spec/contract.js';
import { InvalidIntervalError } from './errors.js';
import type { Timer } from './timer-heap.js';

/** What a periodic callback needs of its loop. */
export interface PeriodicHost {
  now(): number;
  addTimeout(deadlineMs: number, callback: Callback): Timer;
  removeTimeout(timer: Timer): void;
}

export class PeriodicCallback implements Periodic {
  readonly #host: PeriodicHost;
  readonly #callback: Callback;
  readonly #intervalMs: number;
  /** The next moment of the grid, ms on the loop's clock. */
  #deadlineMs = 0;
  /** The one-shot timer for that moment. */
  #timer: Timer | undefined;
  #running = false;

  /**
   * @param host The loop.
   * @param callback What to repeat.
   * @param intervalMs From one call to the next; above 0.
   */
  constructor(host: PeriodicHost, callback: Callback, intervalMs: number) {
    if (!(intervalMs > 0 && intervalMs < Infinity)) throw new InvalidIntervalError(intervalMs);
    this.#host = host;
    this.#callback = callback;
    this.#intervalMs = intervalMs;
  }

  /** Starts; the first call comes one interval from now. Nothing happens if it is started already. */
  start(): void {
    if (this.#running) return; // LOOP-TIMER-24
    this.#running = true;
    this.#deadlineMs = this.#host.now() + this.#intervalMs; // LOOP-TIMER-25
    this.#schedule();
  }

  /** Stops, also from inside the callback. LOOP-TIMER-20 */
  stop(): void {
    this.#running = false;
    if (this.#timer !== undefined) this.#host.removeTimeout(this.#timer); // LOOP-TIMER-23
    this.#timer = undefined;
  }

  readonly #fire = (): void | PromiseLike<void> => {
    this.#timer = undefined;
    try {
      return this.#callback();
    } finally {
      // Also after an exception: LOOP-TIMER-19, LOOP-ERROR-8. Not if the callback stopped it, or stopped and started it.
      if (this.#running && this.#timer === undefined) {
        this.#advance();
        this.#schedule();
      }
    }
  };

  /**
   * Goes to the first moment of the grid that is still to come: LOOP-TIMER-21, LOOP-TIMER-22, LOOP-SEED-9, LOOP-SEED-10.
   * At least one interval on, also if the clock was set back: the same moment must not come twice.
   */
  #advance(): void {
    const missed = Math.floor((this.#host.now() - this.#deadlineMs) / this.#intervalMs);
    this.#deadlineMs += (Math.max(missed, 0) + 1) * this.#intervalMs;
  }

  #schedule(): void {
    this.#timer = this.#host.addTimeout(this.#deadlineMs, this.#fire);
  }
}
