/** The report for a person at a terminal: the answer first, then what is behind it. */
import type { ClauseResult, ProblemReport, Report } from '../../spec/report.js';
import { excerpt } from '../subject/visible.js';
import { failuresLines } from './failure-text.js';
import { columns, count, wrap } from './layout.js';
import { paintStart } from './paint.js';
import type { Reporter, ReporterOptions } from './reporter.js';
import { headline, judgedThing, tally, verdictStyle } from './verdict-text.js';

/** Problems of one kind that are shown. */
const SHOWN_PROBLEMS = 10;

const seconds = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

function generatedLines({ generated }: Report): string[] {
  const [first] = generated;
  if (first === undefined) return [];
  const counts = generated.map(
    ({ profile, programs, failed }) =>
      `${programs} of ${profile}${failed === 0 ? '' : `, ${failed} of which broke something`}`,
  );
  return [`generated ${counts.join('; ')}: programs of seed ${first.seed}`];
}

function answer(report: Report, { paint, width }: ReporterOptions): string[] {
  const { subject, selection, clauses } = report;
  const { word, style, text } = headline(report);
  const name = [subject.name, subject.version, subject.language === '' ? '' : `(${subject.language})`];
  const of = (level: string): string =>
    tally(
      clauses.filter((clause) => clause.level === level),
      paint,
    );
  const filters = [
    ...selection.only.map((glob) => `--only '${glob}'`),
    ...selection.skip.map((glob) => `--skip '${glob}'`),
  ];
  const partial = selection.partial
    ? `, ${paint('warning', 'partial')}${filters.length === 0 ? '' : ` (${filters.join(' ')})`}`
    : '';
  return [
    ...wrap(`${word}: ${text}`, width).map((line) => paintStart(paint, style, word, line)),
    '',
    `subject   ${excerpt(name.filter((part) => part !== '').join(' '))}`,
    `MUST      ${of('MUST')}`,
    `SHOULD    ${of('SHOULD')}`,
    `judged    ${count(clauses.length, 'clause')} of ${selection.profiles.join(', ')}${partial} in ${seconds(report.durationMs)}`,
    ...generatedLines(report),
    paint('dim', `          evspec ${report.kit}, spec ${report.spec}, suite ${report.suite}`),
  ];
}

/** What neither passed nor failed, gathered by the reason: twenty clauses of a facet that is not claimed are one line. */
function notShown(report: Report, { paint, width }: ReporterOptions): string[] {
  const groups = new Map<string, ClauseResult[]>();
  for (const clause of report.clauses) {
    if (clause.verdict === 'pass' || clause.verdict === 'fail') continue;
    const key = `${clause.verdict}\n${clause.reason ?? ''}`;
    groups.set(key, [...(groups.get(key) ?? []), clause]);
  }
  if (groups.size === 0) return [];
  return [
    '',
    paint('heading', 'Not shown'),
    ...[...groups.values()].flatMap((clauses) => {
      const { verdict, reason } = clauses[0]!;
      const text = `${clauses.map((clause) => clause.id).join(' ')}: ${excerpt(reason ?? 'no reason given', 400)}`;
      return wrap(text, width - 14).map(
        (line, i) => `  ${paint(verdictStyle(verdict), (i === 0 ? verdict : '').padEnd(11))} ${line}`,
      );
    }),
  ];
}

/** What was accepted with a word, or shown in part only. */
function notes(report: Report, { paint, width }: ReporterOptions): string[] {
  const noted = report.clauses.filter(
    (clause) => clause.notes !== undefined && clause.verdict !== 'unclaimed',
  );
  if (noted.length === 0) return [];
  return [
    '',
    paint('heading', 'Notes'),
    ...noted.flatMap((clause) =>
      (clause.notes ?? []).flatMap((note, i) =>
        wrap(
          `${i === 0 ? clause.id : ''.padEnd(clause.id.length)} ${excerpt(note, 300)}`,
          width - 2,
          '  ',
        ).map((line) => `  ${line}`),
      ),
    ),
  ];
}

function choices(report: Report, { paint }: ReporterOptions): string[] {
  // Nothing was judged: that all choices are open says nothing.
  if (report.choices.length === 0 || report.clauses.length === 0) return [];
  const rows = report.choices.map(({ key, value, how, observed }) => [
    excerpt(key),
    excerpt(value ?? '-'),
    how === 'contradicted'
      ? `contradicted: ${observed.map((label) => excerpt(label)).join(', ')} was observed`
      : how,
  ]);
  const lines = columns(rows).map((line, i) =>
    report.choices[i]!.how === 'contradicted' ? paint('bad', line) : line,
  );
  return ['', paint('heading', 'Choices'), ...lines.map((line) => `  ${line}`)];
}

function problems(report: Report, { paint, width, replay }: ReporterOptions): string[] {
  const kinds = new Map<string, ProblemReport[]>();
  for (const problem of report.problems)
    kinds.set(problem.kind, [...(kinds.get(problem.kind) ?? []), problem]);
  if (kinds.size === 0) return [];
  const lines = [...kinds].flatMap(([kind, all]) => [
    ...all.slice(0, SHOWN_PROBLEMS).flatMap(({ check, text }) => {
      const where = check === undefined ? '' : `${excerpt(check)}: `;
      return wrap(`${kind}: ${where}${excerpt(text, 600)}`, width - 2, '  ').map(
        (line) => `  ${paintStart(paint, 'bad', kind, line)}`,
      );
    }),
    ...(all.length > SHOWN_PROBLEMS
      ? [`  … ${count(all.length - SHOWN_PROBLEMS, 'more problem')} of this kind`]
      : []),
  ]);
  const named = report.problems.find(({ check }) => check?.includes('/') === true)?.check;
  const thing = judgedThing(report);
  const hint =
    named !== undefined
      ? `Replay with: ${replay(named)}`
      : thing === 'loop'
        ? "'evspec doctor' looks at the adapter alone"
        : undefined;
  return [
    '',
    paint('heading', `Problems outside the ${thing}`),
    ...lines,
    ...(hint === undefined ? [] : [paint('dim', `  ${hint}`)]),
  ];
}

export const prettyReporter: Reporter = (report, options) => {
  const failed = failuresLines(report, options);
  const lines = [
    ...answer(report, options),
    ...problems(report, options),
    ...notShown(report, options),
    ...notes(report, options),
    ...choices(report, options),
    ...(failed.length === 0 ? [] : ['', options.paint('heading', 'Failures'), ...failed]),
  ];
  return `${lines.join('\n')}\n`;
};
