/**
 * A whole suite on a simulated machine: all checks that the subject can run, judged by all rules, as in a real run.
 */
import { cannotRun, needsOf } from '../claims.js';
import { Examination } from '../examination.js';
import type { ClauseOutcome } from '../judge.js';
import { prepareScenario } from '../prepare.js';
import { measureClaims } from '../subject-session.js';
import { loadSuite, select } from '../suite.js';
import type { Profile } from '../../spec/clauses.js';
import type { Failure, ProblemReport } from '../../spec/report.js';
import type { MachineOptions } from './machine.js';
import { Simulation, type SubjectFactory } from './simulation.js';

export interface ExamineOptions extends MachineOptions {
  readonly profiles: readonly Profile[];
  /** Globs over clause ids and names of checks; none: all. */
  readonly only?: readonly string[];
  readonly seed: number;
}

export interface Examined {
  readonly outcomes: readonly ClauseOutcome[];
  readonly failures: readonly Failure[];
  readonly problems: readonly ProblemReport[];
  /** How many scenarios were run. */
  readonly scenarios: number;
}

export async function examine(factory: SubjectFactory, options: ExamineOptions): Promise<Examined> {
  const { profiles, only = [], seed } = options;
  const simulation = new Simulation(factory, options);
  const hello = await simulation.hello();
  const claims = await measureClaims({
    hello,
    run: (scenario) => Promise.resolve({ trace: simulation.run(scenario, seed) }),
  });
  const suite = loadSuite();
  const selected = select(suite, { profiles, only, skip: [] });
  const runnable = selected.checks.filter((check) => cannotRun(hello, needsOf(check)) === undefined);
  const examination = new Examination(suite, hello, claims.measured);
  examination.problems.push(...claims.problems);
  for (const check of runnable) {
    const scenario = prepareScenario(check.scenario, hello);
    examination.expect(scenario.name, check.clauses);
    examination.judge(check.clauses, scenario, simulation.run(scenario, seed));
  }
  const { outcomes, failures } = examination.finish({ ...selected, exchanges: [] });
  return { outcomes, failures, problems: examination.problems, scenarios: runnable.length };
}
