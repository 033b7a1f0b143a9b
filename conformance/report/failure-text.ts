/**
 * One failed clause, so that its reader need not look anywhere else: the sentence, what broke it, the scenario, the trace beside the
 * reference's, what to look at, and the command that runs it again.
 */
import { loadSpec } from '../../spec/clauses.js';
import type { ClauseResult, Failure, Report } from '../../spec/report.js';
import { excerpt } from '../subject/visible.js';
import { count, wrap } from './layout.js';
import { scenarioRows } from './program-text.js';
import type { ReporterOptions } from './reporter.js';
import { traceView } from './trace-view.js';

/** A violation's text, characters. */
const SHOWN_TEXT = 400;

const hintOf = (id: string): string | undefined =>
  loadSpec().clauses.find((clause) => clause.id === id)?.hint;

/** The part of a failure that is shown. */
type Shown = Pick<Failure, 'scenario' | 'trace'> & { readonly reference?: Failure['reference'] | undefined };

/** The scenario of a failure with both traces. */
export function failureLines(
  failure: Shown,
  findings: readonly number[],
  { width, paint }: Pick<ReporterOptions, 'width' | 'paint'>,
): string[] {
  const rows = scenarioRows(failure.scenario);
  const label = Math.max(...rows.map(([name]) => name.length)) + 2;
  const program = rows.flatMap(([name, text]) =>
    wrap(text, width - label - 4).map(
      (line, i) => `    ${paint('dim', (i === 0 ? name : '').padEnd(label))}${line}`,
    ),
  );
  const { scenario, trace, reference } = failure;
  const view = traceView({ scenario, trace, reference, findings, width: width - 2, paint });
  return ['  Scenario', ...program, '  Trace', ...view.map((line) => `  ${line}`)];
}

function clauseLines(
  clause: ClauseResult,
  report: Report,
  shown: Map<string, string>,
  options: ReporterOptions,
): string[] {
  const { width, paint, replay } = options;
  const known =
    clause.knownFailing === undefined ? '' : ` (known: ${excerpt(clause.knownFailing || 'no reason given')})`;
  const hint = hintOf(clause.id);
  const [first] = clause.violations;
  const lines = [
    `${paint('bad', 'FAIL')} ${paint('heading', clause.id)} ${clause.level}${known}`,
    ...wrap(clause.text, width - 2).map((line) => `  ${line}`),
    ...clause.violations.flatMap(({ check, at, text }) =>
      wrap(`✗ ${check}, record ${at}: ${excerpt(text, SHOWN_TEXT)}`, width - 2, '  ').map(
        (line) => `  ${line}`,
      ),
    ),
    ...(clause.violationCount > clause.violations.length
      ? [`  … ${count(clause.violationCount - clause.violations.length, 'more violation')}`]
      : []),
  ];
  if (first !== undefined) {
    const failure = report.failures.find(({ check }) => check === first.check);
    const before = shown.get(first.check);
    if (before !== undefined) lines.push(`  Scenario and trace: above, under ${before}`);
    else if (failure === undefined) lines.push('  Scenario and trace: replay it to see them');
    else {
      shown.set(first.check, clause.id);
      const findings = clause.violations.filter(({ check }) => check === first.check).map(({ at }) => at);
      lines.push(...failureLines(failure, findings, options));
    }
  }
  if (hint !== undefined) lines.push(...wrap(`If it fails, ${hint}`, width - 2).map((line) => `  ${line}`));
  if (first !== undefined) lines.push(`  Replay with: ${paint('heading', replay(first.check))}`);
  return lines;
}

/** All failed clauses, a blank line before each. */
export function failuresLines(report: Report, options: ReporterOptions): string[] {
  const shown = new Map<string, string>();
  return report.clauses
    .filter((clause) => clause.verdict === 'fail')
    .flatMap((clause) => ['', ...clauseLines(clause, report, shown, options)]);
}
