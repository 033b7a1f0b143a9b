/**
 * When a timer is due, as far as a trace can tell: not before `earliest`, certainly at `latest`.
 *
 * A delay counts from the call under a live clock, and from some earlier moment under a cached one (choice `timers.clock`).
 * A subject that declares neither gets the benefit of both. How far back a cached clock may lie is known only where the
 * loop has shown that it read it: before a barrier ended it polled, and before it fired a timer the deadline had passed.
 */
import type { History, Timer } from '../trace/history.js';
import { once } from './once.js';

/** The trace's clocks count whole µs, and a resolution of 0 was measured with this much noise. µs */
export const NOISE_US = 50;

interface Floor {
  readonly at: number;
  readonly time: number;
}

/** Those of a history. */
export const deadlinesOf = once((h) => new Deadlines(h));

export class Deadlines {
  readonly clock: string | undefined;
  /** Two resolutions: deadlines as far apart as this have an order. µs */
  readonly apart: number;
  readonly #floors = new Map<string, Floor[]>();

  /** O(frames). */
  constructor(private readonly h: History) {
    this.clock = h.subject.choices['timers.clock'];
    const resolution = h.subject.timerResolutionMs * 1000;
    this.apart = 2 * Math.max(resolution, NOISE_US);
    if (this.clock === 'live') return;
    for (const { kind, token, enter } of h.frames) {
      const entity = h.byToken[token];
      if (entity === undefined || enter === undefined) continue;
      if (kind === 'barrier') this.#raise(entity.loop, enter.index, h.timeOf(entity.at));
      if (kind !== 'timer') continue;
      const due = this.earliest(entity as Timer) - resolution;
      this.#raise(entity.loop, enter.index, Math.min(due, h.timeOf(enter.index)));
    }
  }

  /** µs on the trace's clock; -Infinity if nothing is known. O(log frames). */
  earliest(timer: Timer): number {
    if (Number.isNaN(timer.clockReadAt)) return -Infinity;
    const read = this.h.timeOf(timer.clockReadAt - 1);
    const from = this.clock === 'live' ? read : Math.min(read, this.#floor(timer.loop, timer.clockReadAt));
    return from + timer.delay * 1000;
  }

  /** µs on the trace's clock; Infinity if nothing is known. */
  latest(timer: Timer): number {
    return Number.isNaN(timer.clockReadAt)
      ? Infinity
      : this.h.timeOf(timer.clockReadAt) + 1 + timer.delay * 1000;
  }

  /**
   * Due at once, within the resolution. A loop may make a task of such a timer, as uvloop does, and then it has no place
   * among the others.
   */
  dueWhenSet(timer: Timer): boolean {
    const now = this.h.timeOf(timer.at) + 1 + this.h.subject.timerResolutionMs * 1000;
    return this.latest(timer) <= now;
  }

  /** The first step at which the timer was certainly due; the end of the trace if it never was. O(log steps). */
  dueAt(timer: Timer): number {
    const due = this.latest(timer);
    let low = timer.at;
    let high = this.h.end;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.h.timeOf(middle) < due) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #raise(loop: string, at: number, time: number): void {
    const floors = this.#floors.get(loop) ?? [];
    if (floors.length === 0) this.#floors.set(loop, floors);
    const last = floors.at(-1)?.time ?? -Infinity;
    if (time > last) floors.push({ at, time });
  }

  /** The loop's clock was not behind this at that step. */
  #floor(loop: string, step: number): number {
    const floors = this.#floors.get(loop) ?? [];
    let low = 0;
    let high = floors.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (floors[middle]!.at < step) low = middle + 1;
      else high = middle;
    }
    return floors[low - 1]?.time ?? -Infinity;
  }
}
