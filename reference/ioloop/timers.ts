/**
 * The timers of a loop: what is due fires in one pass, and what the pass itself brings about waits for the next.
 */
import type { Callback } from '../../spec/contract.js';
import { TimerHeap, type Timer } from './timer-heap.js';

export class Timers {
  readonly #heap = new TimerHeap();

  /** The first deadline, ms on the loop's clock; undefined if no timer waits. O(1) */
  get firstDeadlineMs(): number | undefined {
    return this.#heap.firstDeadlineMs;
  }

  /** O(log n) */
  add(deadlineMs: number, callback: Callback): Timer {
    return this.#heap.add(deadlineMs, callback);
  }

  /** Cancels; nothing happens if the timer has fired or was cancelled. LOOP-TIMER-3, LOOP-TIMER-11 O(log n) */
  cancel(timer: Timer): void {
    this.#heap.cancel(timer);
  }

  /**
   * Fires every timer that is due. O(k log n) for k of them
   * @param now Reads the loop's clock, ms: only if there is a timer at all.
   * @param call Calls a callback. What it throws ends the pass, and the timers not yet fired stay.
   */
  fireDue(now: () => number, call: (callback: Callback) => void): void {
    if (this.#heap.size === 0) return;
    const nowMs = now();
    // All are taken before the first is called: a timer that sets itself again is not among them. LOOP-TIMER-12
    const due: Timer[] = [];
    for (let timer = this.#heap.takeDue(nowMs); timer; timer = this.#heap.takeDue(nowMs)) due.push(timer);
    try {
      for (const timer of due) {
        if (timer.state !== 'due') continue; // LOOP-TIMER-10
        timer.state = 'over'; // LOOP-TIMER-1
        call(timer.callback);
      }
    } finally {
      for (const timer of due) if (timer.state === 'due') this.#heap.putBack(timer);
    }
  }
}
