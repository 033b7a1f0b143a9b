/**
 * A run: hello, claims, checks, verdicts, report.
 */
import { FACETS } from '../spec/contract.js';
import type { Hello } from '../spec/protocol.js';
import type { Failure, ProblemReport, Report } from '../spec/report.js';
import type { Scenario } from '../spec/scenario.js';
import { cannotRun, needsOf, unknownWords } from './claims.js';
import { Examination } from './examination.js';
import { runGenerated } from './generated/index.js';
import type { CampaignOptions } from './generated/campaign.js';
import { pipelinesOf } from './generated/http-campaign.js';
import { prepareScenario } from './prepare.js';
import { assembleReport, type Judged } from './report/assemble.js';
import type { Launch } from './subject/index.js';
import { measureClaims, withSubject, type Claims, type SubjectSession } from './subject-session.js';
import { loadSuite, select, type Selected, type Selection } from './suite.js';
import { examineSubject } from './wire/examine.js';
import { withReferenceTranscripts } from './wire/reference-transcripts.js';

export interface RunOptions extends Selection {
  readonly launch: Launch;
  /** Runs failed scenarios again for comparison; failures are shown without it if it can't start. */
  readonly reference: Launch | undefined;
  /** A SHOULD gates like a MUST. */
  readonly strict: boolean;
  /** Subjects at work side by side. */
  readonly jobs: number;
  /** Programs that nobody wrote, beside the checks; undefined: none. */
  readonly generated?: CampaignOptions | undefined;
  /** Called as checks are judged. */
  readonly onProgress?: (done: number, total: number) => void;
}

type Findings = Pick<
  Judged,
  'hello' | 'measured' | 'choices' | 'outcomes' | 'problems' | 'failures' | 'generated'
> & {
  /** It ended before all had run. */
  readonly partial: boolean;
};

/** There is no hello, and so nothing to judge. */
class NoHello extends Error {
  override readonly name = 'NoHello';
  constructor(readonly problem: ProblemReport) {
    super(problem.text);
  }
}

/**
 * Judges a subject.
 * @throws SelectionError if the selection names nothing.
 */
export async function runConformance(options: RunOptions): Promise<Report> {
  const startedAt = new Date();
  const suite = loadSuite();
  const selected = select(suite, options);
  const findings = await examine(options, selected);
  const failures = await compareWithReference(options.reference, findings.failures);
  return assembleReport({
    ...findings,
    failures,
    startedAt,
    suite: suite.digest,
    selection: { ...options, partial: selected.partial || findings.partial },
    strict: options.strict,
  });
}

async function examine(options: RunOptions, selected: Selected): Promise<Findings> {
  try {
    const { value, problems } = await withSubject(
      options.launch,
      (problem) => new NoHello(problem),
      (session) => runChecks(session, selected, options),
      options.jobs,
    );
    return { ...value, problems: [...value.problems, ...problems] };
  } catch (error) {
    if (!(error instanceof NoHello)) throw error;
    return {
      hello: undefined,
      measured: {},
      choices: [],
      outcomes: [],
      problems: [error.problem],
      failures: [],
      partial: false,
    };
  }
}

async function runChecks(
  session: SubjectSession,
  selected: Selected,
  { onProgress, launch, generated }: RunOptions,
): Promise<Findings> {
  const { hello } = session;
  const suite = loadSuite();
  const claims = await claimsOf(session, selected);
  const examination = new Examination(suite, hello, claims.measured);
  examination.problems.push(...claims.problems);
  const runnable = selected.checks.filter((check) => cannotRun(hello, needsOf(check)) === undefined);
  let finished = 0;
  await Promise.all(
    runnable.map(async ({ scenario: source, clauses }) => {
      const scenario = prepareScenario(source, hello);
      const check = scenario.name;
      examination.expect(check, clauses);
      const [falseClaim] = claims.problems;
      if (falseClaim !== undefined) {
        // Nothing that such a subject does can be judged; the problem itself is told once.
        examination.distrust(check, clauses, falseClaim.text);
        return;
      }
      await runCheck(session, examination, scenario, clauses);
      onProgress?.(++finished, runnable.length);
    }),
  );
  const programs =
    generated === undefined || claims.problems.length > 0
      ? []
      : await runGenerated(session, examination, selected.clauses, generated);
  // Behind the scenarios, and not beside them: they would take the CPU away from each other, and both look at clocks.
  const pipelines = generated?.provisional === true ? generated : undefined;
  const served = await examineSubject(examination, launch, hello, selected, pipelines, onProgress);
  return {
    hello,
    measured: { ...claims.measured, ...served.measured },
    ...examination.finish(selected),
    generated: [...programs, ...pipelinesOf(served.campaign, generated)],
    problems: [...examination.problems, ...served.problems],
    partial: served.partial,
  };
}

async function claimsOf(session: SubjectSession, selected: Selected): Promise<Claims> {
  const unknown = unknownWordsOf(session.hello);
  if (unknown !== undefined) return { measured: {}, problems: [unknown] };
  return selected.checks.length === 0 ? { measured: {}, problems: [] } : measureClaims(session);
}

/**
 * Runs of a check until its situation has arisen: on a busy host a thread can come too late for it, or get too little of the processor
 * to show whether it sleeps. Each run is judged; no violation is ever run away.
 */
const MOST_RUNS = 3;

async function runCheck(
  { run }: SubjectSession,
  examination: Examination,
  scenario: Scenario,
  clauses: readonly string[],
): Promise<void> {
  for (let nth = 1; nth <= MOST_RUNS; nth++) {
    const result = await run(scenario);
    if ('problem' in result) return examination.failed(clauses, { ...result.problem, check: scenario.name });
    if (examination.judge(clauses, scenario, result.trace, nth === MOST_RUNS)) return;
  }
}

function unknownWordsOf(hello: Hello): ProblemReport | undefined {
  const choices = new Map(loadSuite().spec.choices.map((c) => [c.key, c.values.map((v) => v.value)]));
  const words = unknownWords(hello, FACETS, choices);
  if (words.length === 0) return undefined;
  const text = `hello names what the kit does not know: ${words.join(', ')}; spec/protocol.md and spec/choices.json list the words`;
  return { kind: 'hello-invalid', text };
}

async function compareWithReference(
  launch: Launch | undefined,
  failures: readonly Failure[],
): Promise<readonly Failure[]> {
  if (launch === undefined || failures.length === 0) return failures;
  const compare = async ({ run }: SubjectSession): Promise<Failure[]> =>
    Promise.all(
      failures.map(async (failure) => {
        if ('exchange' in failure) return failure;
        const result = await run(failure.scenario);
        return 'trace' in result ? { ...failure, reference: result.trace } : failure;
      }),
    );
  const isTraced = failures.some((failure) => 'scenario' in failure);
  try {
    const traced = isTraced
      ? (await withSubject(launch, (problem) => new NoHello(problem), compare)).value
      : failures;
    return await withReferenceTranscripts(launch, traced);
  } catch (error) {
    if (error instanceof NoHello) return failures;
    throw error;
  }
}
