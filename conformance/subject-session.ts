/** One subject at work, with what was learnt of it. */
import { claimScenarios, measureTimerResolution, refuteClaim } from './measured-claims.js';
import { prepareScenario } from './prepare.js';
import { describe, SubjectPool, type JobOptions, type Launch, type Problem } from './subject/index.js';
import type { SubjectFacts } from './trace/history.js';
import { TraceAuditError } from './trace/timeline.js';
import type { Hello } from '../spec/protocol.js';
import type { ProblemReport } from '../spec/report.js';
import type { Scenario } from '../spec/scenario.js';
import type { Trace } from '../spec/trace.js';

export type Ran = { readonly trace: Trace } | { readonly problem: ProblemReport };

export interface SubjectSession {
  readonly hello: Hello;
  /** Runs a scenario just as it is. */
  readonly run: (scenario: Scenario, options?: JobOptions) => Promise<Ran>;
}

export const problemReport = (problem: Problem, check?: string): ProblemReport => ({
  ...(check === undefined ? {} : { check }),
  kind: problem.name,
  text: describe(problem),
  ...(problem.stderr === undefined || problem.stderr === '' ? {} : { stderr: problem.stderr }),
});

/**
 * Starts a subject, lets `use` work with it, and ends it.
 * @param onProblem makes the error to throw when there is no hello
 * @returns what `use` gave, and problems that belong to no scenario
 */
export async function withSubject<T>(
  launch: Launch,
  onProblem: (problem: ProblemReport) => Error,
  use: (session: SubjectSession) => Promise<T>,
  jobs = 1,
): Promise<{ readonly value: T; readonly problems: readonly ProblemReport[] }> {
  const pool = new SubjectPool(launch, { jobs });
  try {
    const hello = await pool.hello();
    if (!('protocol' in hello)) throw onProblem(problemReport(hello));
    const run: SubjectSession['run'] = async (scenario, options) => {
      const result = await pool.run(scenario, options);
      return 'problem' in result ? { problem: problemReport(result.problem, scenario.name) } : result;
    };
    const value = await use({ hello, run });
    return { value, problems: (await pool.close()).map((problem) => problemReport(problem)) };
  } finally {
    await pool.close();
  }
}

/** What rules may know of a subject. */
export const factsOf = (hello: Hello, measured: Readonly<Record<string, number>>): SubjectFacts => ({
  timerResolutionMs: hello.limits.timerResolutionMs ?? measured['timerResolutionMs'] ?? 0,
  interest: 'combined' in hello.unclaimed ? 'split' : 'combined',
  eventsPerPoll: hello.limits.eventsPerPoll ?? Infinity,
  choices: hello.choices,
});

export interface Claims {
  readonly measured: Readonly<Record<string, number>>;
  readonly problems: readonly ProblemReport[];
}

/** Reads one trace of a claim scenario. */
export function readClaim(hello: Hello, scenario: Scenario, trace: Trace): Claims {
  try {
    const text = refuteClaim(hello, scenario, trace);
    const resolution = measureTimerResolution(scenario, trace);
    return {
      measured: resolution === undefined ? {} : { timerResolutionMs: resolution },
      problems: text === undefined ? [] : [{ check: scenario.name, kind: 'false-claim', text }],
    };
  } catch (error) {
    if (!(error instanceof TraceAuditError)) throw error;
    return { measured: {}, problems: [{ check: scenario.name, kind: 'trace-invalid', text: error.message }] };
  }
}

/** Measures what can be measured of a subject's claims. */
export async function measureClaims({ hello, run }: SubjectSession): Promise<Claims> {
  const all: Claims[] = [];
  for (const raw of claimScenarios(hello)) {
    const scenario = prepareScenario(raw, hello);
    const result = await run(scenario);
    all.push(
      'trace' in result
        ? readClaim(hello, scenario, result.trace)
        : { measured: {}, problems: [result.problem] },
    );
  }
  return {
    measured: Object.assign({}, ...all.map((claims) => claims.measured)) as Record<string, number>,
    problems: all.flatMap((claims) => claims.problems),
  };
}
