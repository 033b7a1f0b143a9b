/**
 * The first horizon after a step: what was owed at the step has come by its end.
 *
 * A horizon that was under way at the step had less than its whole length since then, and proves nothing. So it is the first, by
 * its end, of those that begin after the step.
 */
import type { History, Horizon } from '../trace/history.js';
import { once } from './once.js';

/** The horizons of one loop in the order of their beginnings; `first[i]` is the one that ends first of those from `i` on. */
interface Index {
  readonly begins: readonly number[];
  readonly first: readonly Horizon[];
}

function indexOf(horizons: readonly Horizon[]): Index {
  const sorted = [...horizons].sort((a, b) => a.from - b.from);
  const first: Horizon[] = [];
  for (let i = sorted.length - 1; i >= 0; i--) {
    const later = first[i + 1];
    first[i] = later !== undefined && later.to <= sorted[i]!.to ? later : sorted[i]!;
  }
  return { begins: sorted.map(({ from }) => from), first };
}

const indices = once((h): ReadonlyMap<string, Index> => {
  const byLoop = new Map<string, Horizon[]>();
  for (const horizon of h.horizons) {
    const list = byLoop.get(horizon.loop);
    if (list === undefined) byLoop.set(horizon.loop, [horizon]);
    else list.push(horizon);
  }
  return new Map([...byLoop].map(([loop, list]) => [loop, indexOf(list)] as const));
});

/** The first horizon of a loop that begins after a step. O(log n) after the first time. */
export function horizonAfter(h: History, loop: string, step: number): Horizon | undefined {
  const index = indices(h).get(loop);
  if (index === undefined) return undefined;
  let low = 0;
  let high = index.begins.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (index.begins[middle]! > step) high = middle;
    else low = middle + 1;
  }
  return index.first[low];
}

/** Whether the loop has certainly polled often enough after a step and before another. */
export const polledBetween = (h: History, loop: string, from: number, to: number): boolean =>
  (horizonAfter(h, loop, from)?.to ?? Infinity) <= to;
