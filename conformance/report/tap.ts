/**
 * The report as TAP 14: one test point a clause.
 *
 * `unclaimed` is skipped. What does not gate is `TODO`, so that TAP's verdict on the whole is the exit code's: a known failure,
 * and a SHOULD unless the run is strict. Whatever else is not a pass is `not ok`: unexercised, blocked and error too, and a pass of
 * what is known to fail.
 */
import type { ClauseResult, ProblemReport, Report } from '../../spec/report.js';
import { excerpt } from '../subject/visible.js';
import { isStale } from './exit-code.js';
import { plain } from './paint.js';
import { transcriptLines } from './transcript-view.js';
import { judgedThing, violationPlace } from './verdict-text.js';
import type { Reporter, ReporterOptions } from './reporter.js';

const escape = (text: string): string => excerpt(text, 1000).replace(/[\\#]/g, '\\$&');

/** JSON is YAML, and quotes whatever a subject may have put into its text. */
const yaml = (fields: Readonly<Record<string, unknown>>): string[] => [
  '  ---',
  ...Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`),
  '  ...',
];

function directive(clause: ClauseResult, strict: boolean): string {
  if (clause.verdict === 'unclaimed') return ` # SKIP ${escape(clause.reason ?? 'unclaimed')}`;
  if (clause.verdict === 'pass') return '';
  if (clause.knownFailing !== undefined)
    return ` # TODO known failing: ${escape(clause.knownFailing || 'no reason given')}`;
  if (clause.level === 'SHOULD' && !strict && clause.verdict !== 'error')
    return ' # TODO a SHOULD, which gates only with --strict';
  return '';
}

function point(
  clause: ClauseResult,
  n: number,
  report: Report,
  { strict, replay }: ReporterOptions,
): string[] {
  const ok = (clause.verdict === 'pass' && !isStale(clause)) || clause.verdict === 'unclaimed';
  const line = `${ok ? 'ok' : 'not ok'} ${n} - ${escape(`${clause.id} ${clause.text}`)}${directive(clause, strict)}`;
  if (ok) return [line];
  const check = clause.violations[0]?.check;
  const failure = report.failures.find((one) => one.check === check);
  const exchange = failure !== undefined && 'exchange' in failure ? failure : undefined;
  return [
    line,
    ...yaml({
      verdict: clause.verdict,
      level: clause.level,
      reason: clause.reason === undefined ? undefined : excerpt(clause.reason, 1000),
      notes: clause.notes?.map((note) => excerpt(note, 1000)),
      violations: clause.violations.map(
        (violation) => `${violationPlace(clause, violation)}: ${excerpt(violation.text, 1000)}`,
      ),
      violationCount: clause.violationCount,
      exchange: exchange?.exchange,
      said: exchange && transcriptLines(exchange.transcript, 1000, plain),
      expected: exchange?.expected.map(({ outcome, why }) => `${excerpt(outcome)}: ${excerpt(why, 1000)}`),
      replay: check === undefined ? undefined : replay(check),
    }),
  ];
}

const problemText = ({ kind, check, text }: ProblemReport): string =>
  `${kind}${check === undefined ? '' : ` in ${check}`}: ${excerpt(text, 1000)}`;

export const tapReporter: Reporter = (report, options) => {
  const { clauses, problems, subject } = report;
  const lines = [
    'TAP version 14',
    `# subject: ${escape(`${subject.name} ${subject.version}`)}`,
    `# evspec ${report.kit}, spec ${report.spec}, suite ${report.suite}${report.selection.partial ? ', partial' : ''}`,
  ];
  if (clauses.length === 0) {
    const why = problems[0] === undefined ? 'nothing was judged' : problemText(problems[0]);
    return [...lines, `Bail out! ${why}`, ''].join('\n');
  }
  // Something went wrong that is no clause's: TAP has no other way to say that the whole is not ok.
  const outside = problems.length === 0 ? 0 : 1;
  lines.push(`1..${clauses.length + outside}`);
  clauses.forEach((clause, i) => lines.push(...point(clause, i + 1, report, options)));
  if (outside === 1) {
    lines.push(`not ok ${clauses.length + 1} - nothing went wrong outside the ${judgedThing(report)}`);
    lines.push(...yaml({ problems: problems.map(problemText) }));
  }
  return [...lines, ''].join('\n');
};
