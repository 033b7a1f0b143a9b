/**
 * How many of some things there were at each step, for all steps in one pass.
 */
import type { History } from '../trace/history.js';

export interface StepCounter {
  /** One more from a step on (inclusive), to a step (exclusive; Infinity for the rest of the trace). O(1). */
  during(from: number, to: number): void;
  /** One more from a step on. */
  since(from: number): void;
  /** By step. O(steps). */
  counts(): Int32Array;
}

export function stepCounter(h: History): StepCounter {
  const changes = new Int32Array(h.end + 1);
  const change = (at: number, by: number): void => {
    const step = Math.max(0, at);
    if (step < h.end) changes[step]! += by;
  };
  return {
    during: (from, to) => {
      if (to <= from) return;
      change(from, 1);
      change(to, -1);
    },
    since: (from) => change(from, 1),
    counts: () => {
      for (let step = 1; step < changes.length; step++) changes[step]! += changes[step - 1]!;
      return changes;
    },
  };
}
