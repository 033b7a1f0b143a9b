/** The kit as a library: judge a subject from a program of your own. */
export { runConformance, type RunOptions } from './run.js';
export { runTarget, type TargetOptions } from './run-target.js';
export type { Target } from './wire/target.js';
export { ServerProblem } from './wire/servers.js';
export { globMatches, loadSuite, select, SelectionError, type Selection, type Suite } from './suite.js';
export { judgeTrace, type Judgement } from './judge.js';
export { commandLine, type Launch } from './subject/index.js';
export {
  applyKnownFailing,
  parseKnownFailing,
  KnownFailingError,
  type KnownFailing,
} from './report/known-failing.js';
export { reportExitCode } from './report/exit-code.js';
export { REPORTERS, type ReporterName } from './report/reporters.js';
export type { Reporter, ReporterOptions } from './report/reporter.js';
export { loadSpec, type Choice, type Clause, type Spec } from '../spec/clauses.js';
export type { Exchange } from '../spec/exchange.js';
export { Hello } from '../spec/protocol.js';
export {
  Report,
  Verdict,
  VERDICTS,
  type ClauseResult,
  type ExchangeFailure,
  type Failure,
  type ScenarioFailure,
  type TranscriptEntry,
  type Violation,
} from '../spec/report.js';
export { Scenario } from '../spec/scenario.js';
export { Trace, TraceRecord } from '../spec/trace.js';
