/** What is not the same in all reports on one subject. */
import type { ClauseResult, Report } from '../../conformance/index.js';

/** Which reports said what, in the order of its first appearance. Numbers count from 1. */
function byAnswer<T>(items: readonly T[], answer: (item: T) => string): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const [i, item] of items.entries()) {
    const key = answer(item);
    found.set(key, [...(found.get(key) ?? []), i + 1]);
  }
  return found;
}

const tell = (answers: ReadonlyMap<string, readonly number[]>): string =>
  [...answers].map(([answer, runs]) => `${answer} in ${runs.length} (run ${runs.join(', ')})`).join('; ');

/** Why a clause has its verdict, in words. */
const evidence = ({ violations: [first], reason }: ClauseResult): string | undefined =>
  first === undefined ? reason : `${first.check}: ${first.text}`;

/**
 * Of an exchange, that it fails, or is accepted with a note, is the server's answer; how often a rule finds something in the traces of a loop
 * is chance.
 */
const isAnswered = ({ profile }: ClauseResult): boolean => profile === 'http' || profile === 'server';

function exchangeDifferences(results: readonly (ClauseResult | undefined)[], id: string): string[] {
  const first = results[0];
  if (first === undefined || !isAnswered(first)) return [];
  const failed = byAnswer(results, (result) => `${result?.violationCount ?? 0} exchanges fail`);
  const notes = byAnswer(results, (result) => result?.notes?.join('; ') ?? 'none');
  return [
    ...(failed.size < 2 ? [] : [`${id}: ${tell(failed)}`]),
    ...(notes.size < 2 ? [] : [`${id}: notes: ${tell(notes)}`]),
  ];
}

function clauseDifferences(reports: readonly Report[], id: string): string[] {
  const results = reports.map(({ clauses }) => clauses.find((clause) => clause.id === id));
  const answers = byAnswer(results, (result) => result?.verdict ?? 'absent');
  if (answers.size < 2) return exchangeDifferences(results, id);
  const reasons = [...answers.values()].flatMap(([run]) => {
    const result = results[run! - 1];
    const why = result && evidence(result);
    return why === undefined ? [] : [`  run ${run}, ${result!.verdict}: ${why}`];
  });
  return [[`${id}: ${tell(answers)}`, ...reasons].join('\n')];
}

/** One text a difference: verdicts, choices, and every problem, since a sound subject has none. */
export function differences(reports: readonly Report[]): string[] {
  const ids = new Set(reports.flatMap(({ clauses }) => clauses.map(({ id }) => id)));
  const keys = new Set(reports.flatMap(({ choices }) => choices.map(({ key }) => key)));
  return [
    ...[...ids].flatMap((id) => clauseDifferences(reports, id)),
    ...[...keys].flatMap((key) => {
      const valueIn = ({ choices }: Report) => choices.find((choice) => choice.key === key)?.value ?? 'none';
      const answers = byAnswer(reports, valueIn);
      return answers.size < 2 ? [] : [`${key}: ${tell(answers)}`];
    }),
    ...reports.flatMap(({ problems }, i) =>
      problems.map(
        ({ kind, check, text }) =>
          `run ${i + 1}, ${kind}${check === undefined ? '' : ` in ${check}`}: ${text}`,
      ),
    ),
  ];
}
