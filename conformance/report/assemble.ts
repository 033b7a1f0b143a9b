/** A report, put together from what was judged; the same for a run and for traces recorded elsewhere. */
import { loadSpec } from '../../spec/clauses.js';
import { packageVersion } from '../../spec/package-root.js';
import type { Hello } from '../../spec/protocol.js';
import {
  VERDICTS,
  type Failure,
  type Generated,
  type ProblemReport,
  type Report,
} from '../../spec/report.js';
import type { ChoiceOutcome, ClauseOutcome } from '../judge.js';
import type { Selection } from '../suite.js';
import { reportExitCode, type Strictness } from './exit-code.js';

export interface Judged extends Strictness {
  readonly startedAt: Date;
  /** Digest of the suite. */
  readonly suite: string;
  readonly selection: Selection & { readonly partial: boolean };
  /** Undefined if the subject never said one. */
  readonly hello: Hello | undefined;
  readonly measured: Readonly<Record<string, number>>;
  readonly choices: readonly ChoiceOutcome[];
  readonly outcomes: readonly ClauseOutcome[];
  readonly problems: readonly ProblemReport[];
  readonly failures: readonly Failure[];
  /** Default: none were run. */
  readonly generated?: readonly Generated[];
}

export function assembleReport(judged: Judged): Report {
  const { hello, selection, outcomes } = judged;
  const clauses = outcomes.map(
    ({ clause, verdict, reason, exercised, checks, violations, violationCount, notes }) => ({
      id: clause.id,
      level: clause.level,
      profile: clause.profile,
      section: clause.section,
      facet: clause.facet,
      text: clause.text,
      ...(clause.grammar ? { grammar: true } : {}),
      verdict,
      ...(reason === undefined ? {} : { reason }),
      exercised,
      checks: [...checks],
      violations: [...violations],
      violationCount,
      ...(notes.length === 0 ? {} : { notes: [...notes] }),
    }),
  );
  const limits = Object.entries(hello?.limits ?? {}).filter(
    (entry): entry is [string, number] => entry[1] !== undefined,
  );
  const summary = VERDICTS.map((verdict) => [
    verdict,
    clauses.filter((clause) => clause.verdict === verdict).length,
  ]);
  const problems = [...judged.problems];
  return {
    format: 'evspec-report/1',
    kit: packageVersion(),
    spec: loadSpec().version,
    suite: judged.suite,
    startedAt: judged.startedAt.toISOString(),
    durationMs: Date.now() - judged.startedAt.getTime(),
    selection: {
      profiles: [...selection.profiles],
      only: [...selection.only],
      skip: [...selection.skip],
      partial: selection.partial,
    },
    subject: {
      name: hello?.name ?? 'unknown',
      version: hello?.version ?? '',
      language: hello?.language ?? '',
      facets: [...(hello?.facets ?? [])],
      unclaimed: { ...hello?.unclaimed },
      limits: Object.fromEntries(limits),
      rounds: hello?.rounds ?? '',
      loop: hello?.loop ?? '',
      measured: { ...judged.measured },
    },
    generated: [...(judged.generated ?? [])],
    choices: judged.choices.map(({ choice, value, how, observed }) => ({
      key: choice.key,
      clause: choice.clause,
      value: value ?? null,
      how,
      observed: [...observed],
    })),
    summary: Object.fromEntries(summary) as Report['summary'],
    exitCode: hello === undefined ? 3 : reportExitCode({ clauses, problems }, judged),
    clauses,
    problems,
    failures: [...judged.failures],
  };
}
