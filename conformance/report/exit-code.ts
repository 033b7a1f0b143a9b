/**
 * The exit code that a report stands for.
 *
 * 0: every claimed MUST passes, none is unexercised, blocked or in error. 1: a claimed MUST fails (with `strict`, a SHOULD).
 * 3: an error. 4: not failed, but incomplete. A report in which nothing passes is never 0. A failure that is known to
 * fail does not gate, but what is known to fail and passes does, whatever its level: 1. 2, wrong usage, has no report.
 */
import type { Report } from '../../spec/report.js';

export interface Strictness {
  /** A SHOULD gates like a MUST. */
  readonly strict: boolean;
}

/** It is known to fail, and passes. */
export const isStale = ({ verdict, knownFailing }: Report['clauses'][number]): boolean =>
  verdict === 'pass' && knownFailing !== undefined;

export function reportExitCode(
  report: Pick<Report, 'clauses' | 'problems'>,
  { strict }: Strictness,
): 0 | 1 | 3 | 4 {
  const gating = report.clauses.filter((clause) => strict || clause.level === 'MUST');
  if (gating.some((clause) => clause.verdict === 'fail' && clause.knownFailing === undefined)) return 1;
  if (report.clauses.some(isStale)) return 1;
  if (report.problems.length > 0 || report.clauses.some((clause) => clause.verdict === 'error')) return 3;
  if (gating.some(({ verdict }) => verdict === 'unexercised' || verdict === 'blocked')) return 4;
  return gating.some((clause) => clause.verdict === 'pass') ? 0 : 4;
}
