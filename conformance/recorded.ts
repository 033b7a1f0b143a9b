/**
 * Judges traces that were recorded elsewhere: the same rules, choices and verdicts as in a run, without a subject.
 *
 * A check counts only for the very scenario that the suite has under its name. Scenarios of the user's own are judged by
 * every rule too, but no clause depends on them to be exercised.
 */
import { isDeepStrictEqual } from 'node:util';
import { cannotRun, needsOf } from './claims.js';
import { Examination } from './examination.js';
import { claimScenarios } from './measured-claims.js';
import { prepareScenario } from './prepare.js';
import { assembleReport } from './report/assemble.js';
import { loadSuite, select, type Selection } from './suite.js';
import type { Hello } from '../spec/protocol.js';
import type { ProblemReport, Report } from '../spec/report.js';
import type { Scenario } from '../spec/scenario.js';
import { Trace } from '../spec/trace.js';
import { readClaim } from './subject-session.js';

export interface Recorded {
  readonly hello: Hello;
  /** By name; undefined: the suite's, as `emit` writes them for this hello. */
  readonly scenarios: ReadonlyMap<string, Scenario> | undefined;
  /** By name of the scenario, not yet checked. */
  readonly traces: ReadonlyMap<string, unknown>;
  readonly selection: Selection;
  readonly strict: boolean;
}

function parseTrace(value: unknown): Trace | string {
  const parsed = Trace.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return `the trace is not valid: ${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? ''}`;
}

/** @throws SelectionError */
export function judgeRecorded({ hello, scenarios, traces, selection, strict }: Recorded): Report {
  const startedAt = new Date();
  const suite = loadSuite();
  const selected = select(suite, selection);
  const problems: ProblemReport[] = [];
  const measured: Record<string, number> = {};
  const claims = claimScenarios(hello).map((scenario) => prepareScenario(scenario, hello));
  for (const scenario of claims) {
    const trace = parseTrace(traces.get(scenario.name));
    if (typeof trace === 'string') {
      const text = traces.has(scenario.name)
        ? trace
        : `there is no trace of it, so the claims of hello can't be measured`;
      problems.push({ check: scenario.name, kind: 'unmeasured-claim', text });
      continue;
    }
    const claim = readClaim(hello, scenario, trace);
    Object.assign(measured, claim.measured);
    problems.push(...claim.problems);
  }
  const examination = new Examination(suite, hello, measured);
  examination.problems.push(...problems);

  const judgeOne = (scenario: Scenario, expected: readonly string[]): void => {
    const { name } = scenario;
    const failed = (kind: string, text: string) => examination.failed(expected, { check: name, kind, text });
    if (!traces.has(name)) return failed('no-trace', 'there is no trace of it');
    const trace = parseTrace(traces.get(name));
    if (typeof trace === 'string') return failed('trace-invalid', trace);
    examination.judge(expected, scenario, trace);
  };

  const runnable = selected.checks.filter((check) => cannotRun(hello, needsOf(check)) === undefined);
  const missing = new Set<string>();
  for (const check of runnable) {
    const scenario = prepareScenario(check.scenario, hello);
    const { name } = scenario;
    const given = scenarios === undefined ? scenario : scenarios.get(name);
    if (given === undefined) {
      missing.add(name);
      continue;
    }
    examination.expect(name, check.clauses);
    if (isDeepStrictEqual(given, scenario)) judgeOne(scenario, check.clauses);
    else {
      const text = `this scenario is not the suite's of that name: emit it again, with the same hello`;
      examination.failed(check.clauses, { check: name, kind: 'scenario-changed', text });
    }
  }
  const ofTheSuite = new Set([
    ...claims.map(({ name }) => name),
    ...suite.checks.map((check) => check.scenario.name),
  ]);
  for (const scenario of scenarios?.values() ?? [])
    if (!ofTheSuite.has(scenario.name)) judgeOne(scenario, []);
  for (const name of traces.keys())
    if (!ofTheSuite.has(name) && scenarios?.has(name) !== true)
      examination.problems.push({
        check: name,
        kind: 'no-scenario',
        text: 'there is a trace, but no scenario of that name: give --scenarios',
      });

  return assembleReport({
    startedAt,
    suite: suite.digest,
    selection: { ...selection, partial: selected.partial || missing.size > 0 },
    hello,
    measured,
    ...examination.finish(selected),
    problems: examination.problems,
    strict,
  });
}
