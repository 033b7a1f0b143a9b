/**
 * Spends a budget in slices (budgets.ts says why).
 *
 * A slice is one timer. It counts its nominal length, however late it comes, less the part of the time for which the subject was
 * ready to run but had no CPU. (A part, not the time itself: a slice that is ten times late must not give ten times back, or a
 * subject that spins on a busy host would be waited for for ever.) When the budget is spent, the kit's loop goes through
 * its poll once more before anyone is blamed, because an answer may have arrived while the kit itself was busy.
 * A countdown can be started a thousand times a second: between starts the timer is left running.
 */
import { waitedForCpu } from './host-load.js';

export class Countdown {
  readonly #slice: number;
  readonly #pid: number;
  readonly #onEnd: (budgetMs: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #budget = Infinity;
  #spent = 0;
  #since = 0;
  /** Wait for a CPU at the last slice. Not read at a start, which would cost more than it gives. */
  #waited: number | undefined;
  #paused = false;
  #starts = 0;

  /**
   * @param slice ms
   * @param pid of the process that is waited for
   * @param onEnd gets the budget that was spent, ms
   */
  constructor(slice: number, pid: number, onEnd: (budgetMs: number) => void) {
    this.#slice = Math.max(1, slice);
    this.#pid = pid;
    this.#onEnd = onEnd;
  }

  /** @param budget ms */
  start(budget: number): void {
    this.#budget = budget;
    this.#spent = 0;
    this.#since = performance.now();
    this.#waited = undefined;
    this.#paused = false;
    this.#starts++;
    if (budget < Infinity) this.#timer ??= setTimeout(this.#tick, this.#slice);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#budget = Infinity;
    this.#starts++;
  }

  /** Time does not count until {@link resume}. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#since = performance.now();
  }

  readonly #tick = (): void => {
    const now = performance.now();
    const elapsed = now - this.#since;
    const waited = waitedForCpu(this.#pid);
    const starved = Math.max(0, Math.min(1, (waited - (this.#waited ?? waited)) / Math.max(elapsed, 0.001)));
    if (!this.#paused) this.#spent += Math.min(this.#slice, elapsed) * (1 - starved);
    this.#since = now;
    this.#waited = waited;
    this.#timer = setTimeout(this.#tick, this.#slice);
    if (this.#spent < this.#budget) return;
    const starts = this.#starts;
    setImmediate(() => {
      if (starts !== this.#starts || this.#paused) return;
      const budget = this.#budget;
      this.stop();
      this.#onEnd(budget);
    });
  };
}
