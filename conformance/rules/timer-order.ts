/**
 * Which timers surely had to come before which, and did they. Not those that were due when they were set.
 *
 * Two timers are compared where their deadlines can be: by their bounds on the trace's clock; by their delays, if both
 * were set in one go, so that any clock they count from was read between the first and the last of them; by the distance from
 * their base, if they have the same. Only within one run of the loop, because a stop may come between them.
 */
import { FAR_MS, type History, type LoopRun, type Timer } from '../trace/history.js';
import type { Frame } from '../trace/timeline.js';
import type { Deadlines } from './deadlines.js';
import { firstRunOf } from './missed.js';

/** A timer's place in one group of timers that can be compared: it was due between `low` and `high`. */
interface Place {
  readonly group: string;
  readonly low: number;
  readonly high: number;
}

interface Holder {
  readonly value: number;
  readonly timer: Timer;
  readonly at: number;
}

/** Of the timers in a group that were entered so far. */
interface Group {
  latest: Holder | undefined;
  soonest: Holder | undefined;
}

export interface Firing {
  readonly timer: Timer;
  readonly frame: Frame;
  /** A timer that was entered before it, though it surely was due later. */
  readonly overtakenBy: Timer | undefined;
  /** It waited together with a timer that surely was due sooner, and that one came first. */
  readonly inOrder: boolean;
}

export interface Passing {
  readonly by: Timer;
  readonly at: number;
}

export class TimerOrder {
  /** First runs of timers, in order. */
  readonly firings: Firing[] = [];
  readonly #groups = new Map<string, Group>();
  /** µs at which the first timer of those was set that were set in one go. */
  readonly #begin = new Map<string, number>();

  /** O(timers × runs of the loop). */
  constructor(
    private readonly h: History,
    private readonly deadlines: Deadlines,
  ) {
    for (const timer of h.timers) {
      const go = this.#go(timer);
      if (!this.#begin.has(go)) this.#begin.set(go, h.timeOf(timer.at - 1));
    }
    for (const frame of h.frames) {
      if (frame.kind !== 'timer') continue;
      const timer = h.byToken[frame.token] as Timer | undefined;
      if (timer === undefined || timer.frames[0] !== frame || deadlines.dueWhenSet(timer)) continue;
      const at = frame.enter!.index;
      const run = h.runAt(at);
      if (run !== undefined && timer.cancelledAt > at) this.#fire(timer, frame, run);
    }
  }

  /** A timer that surely was due later, and was entered although this one was not. */
  passedBy(timer: Timer): Passing | undefined {
    if (timer.failed !== undefined || timer.frames.length > 0 || this.deadlines.dueWhenSet(timer))
      return undefined;
    const run = firstRunOf(this.h, timer);
    if (run === undefined) return undefined;
    for (const { group, high } of this.#places(timer, run)) {
      const latest = this.#groups.get(group)?.latest;
      if (latest !== undefined && latest.value >= high + this.deadlines.apart)
        return { by: latest.timer, at: latest.at };
    }
    return undefined;
  }

  #fire(timer: Timer, frame: Frame, run: LoopRun): void {
    const { apart } = this.deadlines;
    const at = frame.enter!.index;
    const places = this.#places(timer, run);
    let overtakenBy: Timer | undefined;
    let inOrder = false;
    for (const { group, low, high } of places) {
      const { latest, soonest } = this.#groups.get(group) ?? {};
      if (latest !== undefined && latest.value >= high + apart) overtakenBy ??= latest.timer;
      if (soonest !== undefined && soonest.value + apart <= low && timer.at < soonest.at) inOrder = true;
    }
    this.firings.push({ timer, frame, overtakenBy, inOrder: inOrder && overtakenBy === undefined });
    // What a loop still does when it was told to stop says nothing about those that it leaves.
    if (run.stops.some((stop) => stop.index < at)) return;
    for (const { group, low, high } of places) {
      const known = this.#groups.get(group) ?? { latest: undefined, soonest: undefined };
      this.#groups.set(group, known);
      if (known.latest === undefined || low > known.latest.value) known.latest = { value: low, timer, at };
      if (known.soonest === undefined || high < known.soonest.value)
        known.soonest = { value: high, timer, at };
    }
  }

  #places(timer: Timer, run: LoopRun): Place[] {
    const { h, deadlines } = this;
    const setAt = h.timeOf(timer.at) + 1;
    const earliest = deadlines.earliest(timer);
    // A far timer is far by any clock.
    const low =
      earliest === -Infinity && timer.delay >= FAR_MS ? (timer.delay - FAR_MS / 2) * 1000 : earliest;
    const places = [{ group: `${run.from}`, low, high: Math.max(deadlines.latest(timer), setAt) }];
    const go = this.#go(timer);
    const cached = deadlines.clock === 'cached';
    const delay = timer.delay * 1000;
    if (timer.base === undefined) {
      const fromNow = Math.max(0, delay);
      const since = cached ? 0 : setAt - this.#begin.get(go)!;
      places.push({ group: `${run.from} ${go}`, low: fromNow, high: fromNow + since });
    } else if (timer.clockReadAt >= goBegin(h, timer)) {
      // A deadline that has passed when it is set may count as now.
      const since = cached ? 0 : setAt - h.timeOf(timer.clockReadAt - 1);
      const group = `${run.from} ${go} ${timer.clockReadAt}`;
      places.push({ group, low: delay, high: Math.max(delay, since) });
    }
    return places;
  }

  #go(timer: Timer): string {
    return `${timer.loop}:${goBegin(this.h, timer)}`;
  }
}

/** Step from which on the loop called nothing until the timer was set. */
export function goBegin(h: History, { by, at }: Timer): number {
  const entered = by.enter?.index ?? -1;
  const returned = h.runs.findLast((run) => run.to < at)?.to ?? -1;
  return Math.max(entered, returned);
}
