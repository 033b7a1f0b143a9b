/**
 * Whether what puts itself back at once keeps others waiting.
 *
 * A chain has no end, so a loop that serves it first serves nobody else. How often it may go first is not said; but who went
 * hundreds of times while another waited has not been fair.
 */
import type { EventName } from '../../spec/trace.js';
import type { History, Task, Timer } from '../trace/history.js';
import type { Deadlines } from './deadlines.js';
import { once } from './once.js';
import type { Say } from './rule.js';
import { stepCounter } from './step-counter.js';

/** Links of a chain for which nobody may have to wait. A scenario's limit of records is some times this. */
export const MANY = 500;

export interface Chain {
  /** Links entered until each step. */
  readonly links: Int32Array;
  /** Links that wait to be entered at each step. */
  readonly waiting: Int32Array;
}

/** Tasks that schedule themselves again, or timers that set themselves again without delay. O(steps). */
export const chainOf = once((h, kind: 'task' | 'timer', loop: string): Chain => {
  const entered = stepCounter(h);
  const waiting = stepCounter(h);
  const entities: readonly (Task | Timer)[] =
    kind === 'task' ? h.tasks : h.timers.filter((t) => t.delay <= 0);
  for (const { by, run, at, failed, frames, loop: on, cancelledAt } of entities) {
    if (failed !== undefined || on !== loop || by.kind !== kind || by.run !== run) continue;
    const enter = frames[0]?.enter?.index;
    waiting.during(at, Math.min(enter ?? h.end, cancelledAt));
    if (enter !== undefined) entered.since(enter);
  }
  return { links: entered.counts(), waiting: waiting.counts() };
});

/** Handlers of fds that stay ready: called, and the fd is as ready as before. O(steps + intervals). */
export const alwaysReady = once((h, loop: string): Chain => {
  const entered = stepCounter(h);
  const waiting = stepCounter(h);
  for (const wish of wishes(h, loop)) waiting.during(wish.from, wish.to);
  for (const { loop: on, fd, frames } of h.registrations) {
    if (on !== loop) continue;
    for (const { enter, exit } of frames) {
      const step = enter!;
      const events = step.record.k === 'enter' ? (step.record.events ?? []) : [];
      if (events.some((event) => fd.file.certainly[event].covers(step.index, exit?.index ?? step.index)))
        entered.since(step.index);
    }
  }
  return { links: entered.counts(), waiting: waiting.counts() };
});

/** Somebody who had a right to be called from a step on. */
export interface Waiting {
  readonly loop: string;
  readonly since: number;
  /** Step at which it was called. */
  readonly served: number | undefined;
  /** Step at which the right ended. */
  readonly until: number;
  readonly name: string;
  /** The chain must have run before, or nobody was ahead of it. */
  readonly after: 'anything' | 'links';
}

interface Wish {
  readonly name: string;
  readonly event: EventName;
  readonly from: number;
  readonly to: number;
  readonly calls: readonly number[];
}

/** Spans in which an fd certainly was ready for what its handler watches. */
function* wishes(h: History, loop: string): Generator<Wish> {
  const replaced = new Set(h.registrations.map((r) => r.onTopOf));
  for (const r of h.registrations) {
    // What became of a handler that threw, or that had another put on top of it, is a choice.
    if (r.failed !== undefined || r.loop !== loop || replaced.has(r)) continue;
    if (r.frames.some((frame) => frame.raised !== undefined)) continue;
    for (const event of ['read', 'write'] as const) {
      const calls = r.frames
        .filter(({ enter }) => enter?.record.k === 'enter' && enter.record.events?.includes(event) === true)
        .map((frame) => frame.enter!.index);
      for (const [i, { at, events }] of r.interest.entries()) {
        if (!events.includes(event)) continue;
        const end = Math.min(r.interest[i + 1]?.at ?? Infinity, r.endedAt, r.fd.closedAt, h.end);
        for (const ready of r.fd.file.certainly[event].list) {
          const from = Math.max(at, ready.from, 0);
          const to = Math.min(end, ready.to);
          if (from < to) yield { name: `fd ${r.fd.name}`, event, from, to, calls };
        }
      }
    }
  }
}

/** Each wait of a ready fd for its next call. */
export function* readyFds(h: History, loop: string): Generator<Waiting> {
  for (const { name, from, to, calls } of wishes(h, loop)) {
    let since = from;
    for (const served of calls) {
      if (served <= since) continue;
      if (served >= to) break;
      yield { loop, since, served, until: served, name, after: 'anything' };
      since = served;
    }
    yield { loop, since, served: undefined, until: to, name, after: 'anything' };
  }
}

/** Each due timer. */
export function* dueTimers(h: History, deadlines: Deadlines, loop: string): Generator<Waiting> {
  for (const timer of h.timers) {
    if (timer.failed !== undefined || timer.loop !== loop) continue;
    const served = timer.frames[0]?.enter?.index;
    if (served !== undefined && served > timer.cancelledAt) continue;
    const until = Math.min(served ?? h.end, timer.cancelledAt);
    const since = Math.min(deadlines.dueAt(timer), until);
    yield { loop, since, served, until, name: `timer ${timer.run}`, after: 'links' };
  }
}

/**
 * Says for each of them whether the chain kept it waiting.
 * @param chain of what it consists, for the sentence of the finding
 */
export function judgeFairness(
  h: History,
  say: Say,
  { links, waiting }: Chain,
  chain: string,
  those: Iterable<Waiting>,
): void {
  for (const { since, served, until, name, after } of those) {
    const at = Math.min(until, h.end - 1);
    const passed = links[at]! - links[Math.min(since, at)]!;
    if (passed >= MANY) say.broken(at, `${name} waited while ${chain} ran ${passed} times`);
    else if (served !== undefined && waiting[served]! > 0 && (after === 'anything' || links[served]! > 0))
      say.kept();
  }
}
