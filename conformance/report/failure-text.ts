/**
 * One failed clause, so that its reader need not look anywhere else: the sentence, what broke it, the scenario, the trace beside the
 * reference's, what to look at, and the command that runs it again.
 */
import { loadSpec, type Clause } from '../../spec/clauses.js';
import type { ClauseResult, ExchangeFailure, Report, ScenarioFailure } from '../../spec/report.js';
import { excerpt, visible } from '../subject/visible.js';
import { count, wrap } from './layout.js';
import { scenarioRows } from './program-text.js';
import type { ReporterOptions } from './reporter.js';
import { violationPlace } from './verdict-text.js';
import { traceView } from './trace-view.js';
import { expectedLines, transcriptLines } from './transcript-view.js';

/** A violation's text, characters. */
const SHOWN_TEXT = 400;

const clauseOf = (id: string): Clause | undefined => loadSpec().clauses.find((clause) => clause.id === id);

/** The part of a failure that is shown. */
type Shown = Pick<ScenarioFailure, 'scenario' | 'trace'> & {
  readonly reference?: ScenarioFailure['reference'] | undefined;
};
type ShownExchange = Pick<ExchangeFailure, 'exchange' | 'transcript' | 'expected'> & {
  readonly reference?: ExchangeFailure['reference'] | undefined;
};

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

/** What was said, what was expected of it, and what the reference said. */
export function exchangeLines(
  { exchange, transcript, expected, reference }: ShownExchange,
  { width, paint }: Pick<ReporterOptions, 'width' | 'paint'>,
): string[] {
  const said = (title: string, entries: ShownExchange['transcript']): string[] => [
    `  ${title}`,
    ...transcriptLines(entries, width - 4, paint).map((line) => `    ${line}`),
  ];
  return [
    '  Exchange',
    ...visible(exchange.slice(0, 20_000))
      .split('\n')
      .map((line) => `    ${line.length > width - 4 ? `${line.slice(0, width - 5)}…` : line}`),
    ...said('What was said', transcript),
    ...(expected.length === 0
      ? []
      : ['  Expected', ...expectedLines(expected, width - 4).map((line) => `    ${line}`)]),
    ...(reference === undefined ? [] : said('What the reference said', reference)),
  ];
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
  const { hint, rfc } = clauseOf(clause.id) ?? {};
  const source = rfc === undefined ? '' : ` (${rfc}${clause.grammar === true ? ', grammar' : ''})`;
  const [first] = clause.violations;
  const lines = [
    `${paint('bad', 'FAIL')} ${paint('heading', clause.id)} ${clause.level}${source}${known}`,
    ...wrap(clause.text, width - 2).map((line) => `  ${line}`),
    ...clause.violations.flatMap((violation) =>
      wrap(
        `✗ ${violationPlace(clause, violation)}: ${excerpt(violation.text, SHOWN_TEXT)}`,
        width - 2,
        '  ',
      ).map((line) => `  ${line}`),
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
      lines.push(
        ...('exchange' in failure
          ? exchangeLines(failure, options)
          : failureLines(failure, findings, options)),
      );
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
