/** The answer: what a report says in one line, and in numbers. */
import { VERDICTS, type ClauseResult, type Report, type Violation } from '../../spec/report.js';
import { isStale } from './exit-code.js';
import { count } from './layout.js';
import type { Paint, Style } from './paint.js';

const fails = (clause: ClauseResult): boolean =>
  clause.verdict === 'fail' && clause.knownFailing === undefined;

/** What is judged, for sentences about what lies outside of it. */
export const judgedThing = ({ selection }: Pick<Report, 'selection'>): string =>
  selection.profiles.every((profile) => profile === 'http' || profile === 'server') ? 'server' : 'loop';

/** Where a violation shows: a check, and the record of its trace; an exchange is short, and is shown whole. */
export const violationPlace = (
  { profile }: Pick<ClauseResult, 'profile'>,
  { check, at }: Violation,
): string => (profile === 'http' || profile === 'server' ? check : `${check}, record ${at}`);

/** `FAIL  2 MUST and 1 SHOULD fail`. */
export function headline(report: Report): {
  word: string;
  style: Style;
  text: string;
} {
  const { exitCode, clauses, selection, problems } = report;
  const of = (level: string): ClauseResult[] => clauses.filter((clause) => clause.level === level);
  const [musts, shoulds] = [of('MUST').filter(fails).length, of('SHOULD').filter(fails).length];
  const shouldNote = shoulds === 0 ? '' : `; ${shoulds} SHOULD ${shoulds === 1 ? 'fails' : 'fail'}`;
  const part = selection.partial ? ' of the selection' : '';
  switch (exitCode) {
    case 0:
      return { word: 'PASS', style: 'good', text: `every claimed MUST${part} holds${shouldNote}` };
    case 1: {
      const parts = [...(musts > 0 ? [`${musts} MUST`] : []), ...(shoulds > 0 ? [`${shoulds} SHOULD`] : [])];
      const failing = `${parts.join(' and ')} ${musts + shoulds === 1 ? 'fails' : 'fail'}`;
      const stale = clauses.filter(isStale).length;
      const passing = `${count(stale, 'clause')} ${stale === 1 ? 'passes' : 'pass'} and ${stale === 1 ? 'is' : 'are'} known to fail`;
      return {
        word: 'FAIL',
        style: 'bad',
        text: [...(parts.length > 0 ? [failing] : []), ...(stale > 0 ? [passing] : [])].join('; '),
      };
    }
    case 4: {
      const open = clauses.filter(({ verdict }) => verdict === 'unexercised' || verdict === 'blocked').length;
      const text =
        open > 0
          ? `no claimed MUST fails, but ${count(open, 'clause')} could not be shown`
          : 'no claimed MUST was shown to hold';
      return { word: 'INCOMPLETE', style: 'warning', text: `${text}${shouldNote}` };
    }
    default: {
      const text = `${count(problems.length, 'problem')} outside the ${judgedThing(report)}: see below; no verdict on what ${problems.length === 1 ? 'it' : 'they'} touched`;
      return {
        word: 'ERROR',
        style: 'bad',
        text: problems.length === 0 ? 'clauses could not be judged: see below' : text,
      };
    }
  }
}

const STYLE_OF = {
  pass: 'good',
  fail: 'bad',
  unexercised: 'warning',
  unclaimed: 'dim',
  blocked: 'warning',
  error: 'bad',
} as const satisfies Record<string, Style>;

export const verdictStyle = (verdict: ClauseResult['verdict']): Style => STYLE_OF[verdict];

/** `80 pass (1 known to fail), 2 fail (1 known), 3 unclaimed`: only what there is. */
export function tally(clauses: readonly ClauseResult[], paint: Paint): string {
  const parts = VERDICTS.flatMap((verdict) => {
    const mine = clauses.filter((clause) => clause.verdict === verdict);
    const known = mine.filter((clause) => clause.knownFailing !== undefined).length;
    const text = `${mine.length} ${verdict}${known === 0 ? '' : ` (${known} known${verdict === 'pass' ? ' to fail' : ''})`}`;
    return mine.length === 0 ? [] : [paint(verdictStyle(verdict), text)];
  });
  return parts.length === 0 ? 'none' : parts.join(', ');
}
