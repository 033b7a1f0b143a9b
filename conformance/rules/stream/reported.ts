/**
 * Whether the loop reported something as an error. A warning is none.
 */
import type { History } from '../../trace/history.js';
import { hasReadLimit } from './trouble.js';

const known = new WeakMap<History, readonly number[]>();

const find = (h: History): number[] =>
  h.steps.filter(({ record }) => record.k === 'log' && record.level !== 'warning').map(({ index }) => index);

/** The callbacks of the scenario raised nothing: what is reported has another cause. */
export const isInnocent = (h: History): boolean => h.throws.length === 0;

/** Step of the first report after a step for which nothing else can be the cause. O(reports) after the first time. */
export function reportedAfter(h: History, step: number): number | undefined {
  let reports = known.get(h);
  if (reports === undefined) {
    reports = find(h);
    known.set(h, reports);
  }
  const found = reports.find((at) => at > step);
  // What is beyond a limit may be reported as well, whichever stream it is of.
  return found === undefined || h.streams.some(hasReadLimit) ? undefined : found;
}
