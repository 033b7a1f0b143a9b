/**
 * Clauses that are known to fail: they still run and are reported, but do not gate. One that passes gates, as long as it is on the list.
 *
 * A file of one glob over clause ids a line, each with its reason after `#`:
 *
 *     LOOP-TIMER-7    # issue 12: the clock is cached for one round
 *     LOOP-SEED-*     # not a Tornado
 */
import type { ClauseResult, Report } from '../../spec/report.js';
import { globMatches } from '../suite.js';
import { reportExitCode, type Strictness } from './exit-code.js';

export interface KnownFailing {
  readonly pattern: string;
  /** Empty if the file gives none. */
  readonly reason: string;
  /** In the file, from 1. */
  readonly line: number;
}

/** The file says what can't be. The message is a sentence that says what to do. */
export class KnownFailingError extends Error {
  override readonly name = 'KnownFailingError';
}

/** @throws KnownFailingError */
export function parseKnownFailing(text: string): KnownFailing[] {
  const entries: KnownFailing[] = [];
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const [before = '', ...after] = raw.split('#');
    const pattern = before.trim();
    if (pattern === '') continue;
    if (/\s/.test(pattern))
      throw new KnownFailingError(
        `line ${index + 1} has more than one word before its '#': write one glob a line`,
      );
    entries.push({ pattern, reason: after.join('#').trim(), line: index + 1 });
  }
  return entries;
}

/**
 * Looks for patterns that match no clause of the whole suite, whatever is selected now.
 * @throws KnownFailingError
 */
export function checkKnownFailing(entries: readonly KnownFailing[], ids: readonly string[]): void {
  const lost = entries.find(({ pattern }) => !ids.some((id) => globMatches(pattern, id)));
  if (lost !== undefined)
    throw new KnownFailingError(
      `line ${lost.line}, '${lost.pattern}', matches no clause: take it out, or see 'evspec list'`,
    );
}

/** The report with what is known to fail marked, whether it does or passes by now, and the exit code that follows. */
export function applyKnownFailing(
  report: Report,
  entries: readonly KnownFailing[],
  strictness: Strictness,
): Report {
  if (entries.length === 0) return report;
  const entryOf = (id: string): KnownFailing | undefined =>
    entries.find(({ pattern }) => globMatches(pattern, id));
  const clauses = report.clauses.map((clause): ClauseResult => {
    const entry = entryOf(clause.id);
    if (entry === undefined) return clause;
    if (clause.verdict === 'fail') return { ...clause, knownFailing: entry.reason };
    if (clause.verdict !== 'pass') return clause;
    const note = `passes, but line ${entry.line} of the known failing ('${entry.pattern}') says that it fails: take it out`;
    return { ...clause, knownFailing: entry.reason, notes: [...(clause.notes ?? []), note] };
  });
  const marked = { ...report, clauses };
  // Without a hello there is nothing to judge, and the error stays what it was.
  return { ...marked, exitCode: clauses.length === 0 ? report.exitCode : reportExitCode(marked, strictness) };
}
