/**
 * A run: hello, claims, checks, verdicts, report.
 */
import { loadSpec, type Clause } from '../spec/clauses.js';
import { FACETS } from '../spec/contract.js';
import { packageVersion } from '../spec/package-root.js';
import type { Hello } from '../spec/protocol.js';
import { VERDICTS, type Failure, type ProblemReport, type Report } from '../spec/report.js';
import type { Scenario } from '../spec/scenario.js';
import type { Trace } from '../spec/trace.js';
import { cannotRun, doesNotClaim, needsOf, unknownWords } from './claims.js';
import { exitCodeOf, judgeTrace, Tally } from './judge.js';
import { claimScenarios, measureTimerResolution, refuteClaim } from './measured-claims.js';
import { prepareScenario } from './prepare.js';
import type { Check } from './scenarios/check.js';
import { describe, SubjectPool, type Launch, type Problem } from './subject/index.js';
import { loadSuite, select, type Selection } from './suite.js';
import type { SubjectFacts } from './trace/history.js';
import { TraceAuditError } from './trace/timeline.js';

export interface RunOptions extends Selection {
  readonly launch: Launch;
  /** Runs failed scenarios again for comparison; failures are shown without it if it can't start. */
  readonly reference: Launch | undefined;
  readonly strict: boolean;
  /** Subjects at work side by side. */
  readonly jobs: number;
  /** Called as checks are judged. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Failures that a report carries whole, with scenario and traces. */
const SHOWN_FAILURES = 50;

interface Judged {
  readonly check: Check;
  readonly scenario: Scenario;
  readonly trace: Trace;
  readonly broken: readonly string[];
}

/**
 * Judges a subject.
 * @throws SelectionError if the selection names nothing.
 */
export async function runConformance(options: RunOptions): Promise<Report> {
  const started = new Date();
  const suite = loadSuite();
  const selected = select(suite, options);
  const problems: ProblemReport[] = [];
  const pool = new SubjectPool(options.launch, { jobs: options.jobs });
  try {
    const hello = await pool.hello();
    if (!('protocol' in hello)) {
      problems.push(reportOf(hello));
      return makeReport(
        options,
        suite.digest,
        started,
        selected.partial,
        undefined,
        {},
        new Tally(suite.spec, {}),
        [],
        problems,
        [],
      );
    }
    const measured: Record<string, number> = {};
    problems.push(...checkHello(hello), ...(await measureClaims(pool, hello, measured)));
    const subject: SubjectFacts = {
      timerResolutionMs: hello.limits.timerResolutionMs ?? measured['timerResolutionMs'] ?? 0,
      interest: 'combined' in hello.unclaimed ? 'split' : 'combined',
      eventsPerPoll: hello.limits.eventsPerPoll ?? Infinity,
      choices: hello.choices,
    };
    const tally = new Tally(suite.spec, hello.choices);
    const judged =
      problems.length > 0
        ? []
        : await runChecks(pool, selected.checks, hello, subject, tally, problems, options);
    const unclaimed = unclaimedReasons(hello, selected.clauses, selected.checks);
    const failures = await compareWithReference(
      options.reference,
      judged.filter((j) => j.broken.length > 0),
    );
    problems.push(...(await pool.close()).map((problem) => reportOf(problem)));
    if (problems.length > 0 && judged.length === 0)
      for (const clause of selected.clauses) tally.failedToRun('hello', [clause.id], problems[0]!.text);
    const outcomes = tally.outcomes(selected.clauses, unclaimed);
    return makeReport(
      options,
      suite.digest,
      started,
      selected.partial,
      hello,
      measured,
      tally,
      outcomes,
      problems,
      failures,
    );
  } finally {
    await pool.close();
  }
}

function reportOf(problem: Problem, check?: string): ProblemReport {
  const where = check === undefined ? {} : { check };
  const stderr = problem.stderr === undefined || problem.stderr === '' ? {} : { stderr: problem.stderr };
  return { ...where, kind: problem.name, text: describe(problem), ...stderr };
}

function checkHello(hello: Hello): ProblemReport[] {
  const choices = new Map(loadSpec().choices.map((c) => [c.key, c.values.map((v) => v.value)]));
  const unknown = unknownWords(hello, FACETS, choices);
  if (unknown.length === 0) return [];
  const text = `hello names what the kit does not know: ${unknown.join(', ')}; spec/protocol.md and spec/choices.json list the words`;
  return [{ kind: 'hello-invalid', text }];
}

async function measureClaims(
  pool: SubjectPool,
  hello: Hello,
  measured: Record<string, number>,
): Promise<ProblemReport[]> {
  const problems: ProblemReport[] = [];
  for (const raw of claimScenarios(hello)) {
    const scenario = prepareScenario(raw, hello);
    const result = await pool.run(scenario);
    if ('problem' in result) {
      problems.push(reportOf(result.problem, scenario.name));
      continue;
    }
    try {
      const refuted = refuteClaim(hello, scenario, result.trace);
      if (refuted !== undefined) problems.push({ check: scenario.name, kind: 'false-claim', text: refuted });
      const resolution = measureTimerResolution(scenario, result.trace);
      if (resolution !== undefined) measured['timerResolutionMs'] = resolution;
    } catch (error) {
      if (!(error instanceof TraceAuditError)) throw error;
      problems.push({ check: scenario.name, kind: 'trace-invalid', text: error.message });
    }
  }
  return problems;
}

async function runChecks(
  pool: SubjectPool,
  checks: readonly Check[],
  hello: Hello,
  subject: SubjectFacts,
  tally: Tally,
  problems: ProblemReport[],
  options: RunOptions,
): Promise<Judged[]> {
  const { rules } = loadSuite();
  const runnable = checks.filter((check) => cannotRun(hello, needsOf(check)) === undefined);
  const judged: Judged[] = [];
  let finished = 0;
  await Promise.all(
    runnable.map(async (check) => {
      const { name } = check.scenario;
      const scenario = prepareScenario(check.scenario, hello);
      tally.expect(name, check.clauses);
      const result = await pool.run(scenario);
      options.onProgress?.(++finished, runnable.length);
      const failed = (kind: string, text: string): void => {
        problems.push({ check: name, kind, text });
        tally.failedToRun(name, check.clauses, text);
      };
      if ('problem' in result) return failed(result.problem.name, describe(result.problem));
      try {
        const judgement = judgeTrace(rules, scenario, result.trace, subject);
        tally.judged(name, check.clauses, judgement);
        const broken = [...new Set(judgement.findings.map((finding) => finding.clause))];
        judged.push({ check, scenario, trace: result.trace, broken });
        // A subject that hung or died broke something; if no rule can say what, nobody may call it a pass.
        if (result.trace.unfinished !== undefined && broken.length === 0)
          failed(result.trace.unfinished, `the subject ${result.trace.unfinished} while it ran the scenario`);
      } catch (error) {
        if (!(error instanceof TraceAuditError)) throw error;
        failed('trace-invalid', `the adapter's trace ${error.message}`);
      }
    }),
  );
  return judged;
}

/** Why each clause is not claimed: by facet or capability, or because no check of it can run. */
function unclaimedReasons(
  hello: Hello,
  clauses: readonly Clause[],
  checks: readonly Check[],
): Map<string, string> {
  const reasons = new Map<string, string>();
  for (const clause of clauses) {
    const mine = checks.filter((check) => check.clauses.includes(clause.id));
    const why = mine.map((check) => cannotRun(hello, needsOf(check)));
    const reason =
      doesNotClaim(hello, clause) ??
      (mine.length > 0 && why.every((w) => w !== undefined) ? why[0] : undefined);
    if (reason !== undefined) reasons.set(clause.id, reason);
  }
  return reasons;
}

async function compareWithReference(
  launch: Launch | undefined,
  failed: readonly Judged[],
): Promise<Failure[]> {
  const shown = failed.slice(0, SHOWN_FAILURES);
  const bare = shown.map(({ check, scenario, trace, broken }) => ({
    check: check.scenario.name,
    clauses: [...broken],
    scenario,
    trace,
  }));
  if (launch === undefined || shown.length === 0) return bare;
  const pool = new SubjectPool(launch, { jobs: 1 });
  try {
    const hello = await pool.hello();
    if (!('protocol' in hello)) return bare;
    return await Promise.all(
      bare.map(async (failure) => {
        const result = await pool.run(failure.scenario);
        return 'trace' in result ? { ...failure, reference: result.trace } : failure;
      }),
    );
  } finally {
    await pool.close();
  }
}

function makeReport(
  options: RunOptions,
  digest: string,
  started: Date,
  partial: boolean,
  hello: Hello | undefined,
  measured: Record<string, number>,
  tally: Tally,
  outcomes: ReturnType<Tally['outcomes']>,
  problems: readonly ProblemReport[],
  failures: readonly Failure[],
): Report {
  const spec = loadSpec();
  const summary = Object.fromEntries(
    VERDICTS.map((v) => [v, outcomes.filter((o) => o.verdict === v).length]),
  );
  return {
    format: 'evspec-report/1',
    kit: packageVersion(),
    spec: spec.version,
    suite: digest,
    startedAt: started.toISOString(),
    durationMs: Date.now() - started.getTime(),
    selection: { profiles: [...options.profiles], only: [...options.only], skip: [...options.skip], partial },
    subject: {
      name: hello?.name ?? 'unknown',
      version: hello?.version ?? '',
      language: hello?.language ?? '',
      facets: [...(hello?.facets ?? [])],
      unclaimed: { ...hello?.unclaimed },
      limits: Object.fromEntries(
        Object.entries(hello?.limits ?? {}).filter(([, v]) => v !== undefined),
      ) as Record<string, number>,
      rounds: hello?.rounds ?? '',
      loop: hello?.loop ?? '',
      measured,
    },
    choices: tally.choices().map(({ choice, value, how, observed }) => ({
      key: choice.key,
      clause: choice.clause,
      value: value ?? null,
      how,
      observed: [...observed],
    })),
    summary: summary as Report['summary'],
    exitCode: hello === undefined ? 3 : exitCodeOf(outcomes, problems.length, options),
    clauses: outcomes.map(({ clause, verdict, reason, exercised, checks, violations, violationCount }) => ({
      id: clause.id,
      level: clause.level,
      profile: clause.profile,
      section: clause.section,
      facet: clause.facet,
      text: clause.text,
      verdict,
      ...(reason === undefined ? {} : { reason }),
      exercised,
      checks: [...checks],
      violations: [...violations],
      violationCount,
    })),
    problems: [...problems],
    failures: [...failures],
  };
}
