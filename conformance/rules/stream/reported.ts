/**
 * Whether the loop reported something as an error. A warning is none.
 */
import type { History } from '../../trace/history.js';
import { hasReadLimit } from './trouble.js';
import { once } from '../once.js';

const reports = once((h): readonly number[] =>
  h.steps.filter(({ record }) => record.k === 'log' && record.level !== 'warning').map(({ index }) => index),
);

/** The callbacks of the scenario raised nothing: what is reported has another cause. */
export const isInnocent = (h: History): boolean => h.throws.length === 0;

/** Nothing in the scenario has to be reported, or may be: what is beyond a limit may, whichever stream it is of. */
export const isUneventful = (h: History): boolean => isInnocent(h) && !h.streams.some(hasReadLimit);

/** Step of the first report after a step. O(reports) after the first time. */
export function reportedAfter(h: History, step: number): number | undefined {
  return reports(h).find((at) => at > step);
}
