/** `evspec replay`: one check on a subject, its trace beside the reference's, and what the rules say of it. */
import { existsSync } from 'node:fs';
import { Command } from 'commander';
import type { Exchange } from '../../spec/exchange.js';
import { isExchangeFile } from '../../spec/exchange-file.js';
import type { Hello } from '../../spec/protocol.js';
import type { Scenario } from '../../spec/scenario.js';
import type { Trace } from '../../spec/trace.js';
import { cannotRun, needsOf, unclaimedReasons } from '../../conformance/claims.js';
import { judgeTrace, type Judgement } from '../../conformance/judge.js';
import { claimScenarios } from '../../conformance/measured-claims.js';
import { prepareScenario } from '../../conformance/prepare.js';
import { failureLines } from '../../conformance/report/failure-text.js';
import { wrap } from '../../conformance/report/layout.js';
import type { Launch } from '../../conformance/subject/launch.js';
import { excerpt, visible } from '../../conformance/subject/visible.js';
import { loadSuite } from '../../conformance/suite.js';
import { TraceAuditError } from '../../conformance/trace/timeline.js';
import { SubjectServers } from '../../conformance/wire/serving.js';
import { TargetServers } from '../../conformance/wire/target.js';
import { ABLE } from '../able.js';
import type { Context } from '../context.js';
import { BrokenError, EXIT_INCOMPLETE, EXIT_PROBLEM, helloError, UsageError } from '../errors.js';
import { addSubjectOptions, addTargetOptions, subjectOf, targetOf, type SubjectOptions } from '../options.js';
import { readExchange } from '../exchange-files.js';
import { readScenario } from '../scenario-files.js';
import {
  factsOf,
  measureClaims,
  withSubject,
  type Claims,
  type Ran,
  type SubjectSession,
} from '../../conformance/subject-session.js';
import { chooseSubject, DEFAULT_SUBJECT, referenceFor } from '../subjects.js';
import { didYouMean } from '../suggest.js';
import type { TargetWords } from '../targets.js';
import { replayOne } from './replay-exchange.js';

const EXAMPLES = `
Examples:
  evspec replay LOOP-TIMER-2/several-delays --subject ./adapter.ts
  evspec replay scenario.json -- ./my-subject
  evspec replay LOOP-READY-1/pair-becomes-readable --json
  evspec replay HTTP-LENGTH-1/CHECK --target http://127.0.0.1:8080
  evspec replay found.md --target http://127.0.0.1:8080

Exit codes: 0 no rule is broken, 1 one is, 3 the scenario could not be run, 4 the subject does not claim what it needs.`;

type Options = SubjectOptions & TargetWords & { readonly json?: true };

/** What to run, and the clauses that it must exercise. */
interface Program {
  readonly scenario: Scenario;
  readonly clauses: readonly string[];
}

function programOf(word: string): Program {
  const { checks, exchanges } = loadSuite();
  const claims = claimScenarios(ABLE).map((scenario) => ({ scenario, clauses: [] }));
  const known = [...checks, ...claims].find(({ scenario }) => scenario.name === word);
  if (known !== undefined) return known;
  if (existsSync(word)) return { scenario: readScenario(word), clauses: [] };
  const names = [...checks.map(({ scenario }) => scenario.name), ...exchanges.map(({ name }) => name)];
  throw new UsageError(
    `'${word}' is neither a check nor a file${didYouMean(word, names) || ": 'evspec list --checks' shows the checks"}`,
  );
}

async function referenceTrace(launch: Launch | undefined, scenario: Scenario): Promise<Trace | undefined> {
  if (launch === undefined) return undefined;
  try {
    const { value } = await withSubject(
      launch,
      (problem) => new BrokenError(problem.text),
      ({ run }) => run(scenario),
    );
    return 'trace' in value ? value.trace : undefined;
  } catch (error) {
    // The reference needs Linux; without it the trace stands alone.
    if (error instanceof BrokenError) return undefined;
    throw error;
  }
}

function rulesLines(
  { exercised, findings, excused }: Judgement,
  expected: readonly string[],
  { paint, width }: Context,
): string[] {
  const broken = new Set(findings.map((finding) => finding.clause));
  const kept = [...exercised.keys()].filter((id) => !broken.has(id));
  const missed = expected.filter((id) => !exercised.has(id));
  const row = (label: string, texts: string): string[] =>
    wrap(texts, width - 16, '').map((line, i) => `  ${(i === 0 ? label : '').padEnd(13)} ${line}`);
  return [
    paint('heading', 'Rules'),
    ...findings.flatMap(({ clause, at, text }) =>
      wrap(`✗ ${clause}, record ${at}: ${visible(text)}`, width - 2, '  ').map((line) => `  ${line}`),
    ),
    ...(kept.length === 0 ? [] : row('kept', kept.join(' '))),
    ...missed.flatMap((id) => row('unexercised', `${id}${excused.has(id) ? `: ${excused.get(id)}` : ''}`)),
    ...(exercised.size === 0 ? ['  no rule has anything to say of this trace'] : []),
  ];
}

/** The subject's part of a replay. */
interface Replayed {
  readonly hello: Hello;
  readonly scenario: Scenario;
  readonly claims: Claims;
  readonly result: Ran;
}

/** Runs the program, after what can be measured of the subject was; a text says why it can't be run. */
async function runOn(session: SubjectSession, program: Program): Promise<Replayed | string> {
  const { hello } = session;
  const unable = cannotRun(hello, needsOf({ needs: [], ...program }));
  if (unable !== undefined) return unable;
  const claims = await measureClaims(session);
  const scenario = prepareScenario(program.scenario, hello);
  return { hello, scenario, claims, result: await session.run(scenario) };
}

const warn = (kind: string, text: string): void => void process.stderr.write(`evspec: ${kind}: ${text}\n`);

/** What the rules say, as far as the subject claims it: as in a run. Undefined if the trace is not one of the scenario, which is said. */
function judged({ hello, scenario, claims }: Replayed, trace: Trace): Judgement | undefined {
  try {
    const { rules, spec, checks } = loadSuite();
    const judgement = judgeTrace(rules, scenario, trace, factsOf(hello, claims.measured));
    const unclaimed = unclaimedReasons(hello, spec.clauses, checks);
    return {
      ...judgement,
      exercised: new Map([...judgement.exercised].filter(([clause]) => !unclaimed.has(clause))),
      findings: judgement.findings.filter(({ clause }) => !unclaimed.has(clause)),
    };
  } catch (error) {
    if (!(error instanceof TraceAuditError)) throw error;
    warn('trace-invalid', `the adapter's trace ${error.message}`);
    return undefined;
  }
}

/** An exchange of that name, run against the server or subject that was named. */
function replayOfExchange(exchange: Exchange, options: Options, context: Context): Promise<void> {
  const chosen = targetOf(options, context);
  const json = options.json === true;
  if (chosen !== undefined) {
    const servers = new TargetServers(chosen.target);
    const reference = chooseSubject({ subject: DEFAULT_SUBJECT }).launch;
    return replayOne({ exchange, servers, reference, label: chosen.target.url, json }, context);
  }
  const subject = subjectOf(options, context);
  const servers = new SubjectServers(subject.launch);
  return replayOne(
    { exchange, servers, reference: referenceFor(subject), label: subject.label, json },
    context,
  );
}

const exchangeOf = (word: string): Exchange | undefined =>
  loadSuite().exchanges.find(({ name }) => name === word) ??
  (isExchangeFile(word) && existsSync(word) ? readExchange(word) : undefined);

async function replay(word: string, options: Options, context: Context): Promise<void> {
  const exchange = exchangeOf(word);
  if (exchange !== undefined) return replayOfExchange(exchange, options, context);
  if (targetOf(options, context) !== undefined)
    throw new UsageError(
      `'${word}' is no exchange, and --target takes nothing else: 'evspec list --checks --profile http' shows them`,
    );
  const subject = subjectOf(options, context);
  const program = programOf(word);
  const { value: replayed } = await withSubject(
    subject.launch,
    (problem) => helloError(problem, subject.label),
    (session) => runOn(session, program),
  );
  if (typeof replayed === 'string') {
    context.print(`unclaimed: ${excerpt(replayed, 500)}\n`);
    context.exitCode = EXIT_INCOMPLETE;
    return;
  }
  const { hello, scenario, claims, result } = replayed;
  for (const { kind, text } of claims.problems) warn(kind, text);
  if ('problem' in result) {
    warn(result.problem.kind, result.problem.text);
    context.exitCode = EXIT_PROBLEM;
    return;
  }
  const { trace } = result;
  const judgement = judged(replayed, trace);
  const reference = await referenceTrace(referenceFor(subject), scenario);
  const findings = judgement?.findings ?? [];
  const clauses = [...new Set(findings.map((finding) => finding.clause))];
  const failure = { check: scenario.name, clauses, scenario, trace, reference };
  if (options.json === true) context.print(`${JSON.stringify({ ...failure, findings })}\n`);
  else {
    const { paint, width, print } = context;
    const marks = findings.map((finding) => finding.at);
    const lines = [
      `${paint('heading', scenario.name)} on ${excerpt(`${hello.name} ${hello.version}`)}`,
      ...failureLines(failure, marks, { paint, width }),
      ...(judgement === undefined ? [] : rulesLines(judgement, program.clauses, context)),
    ];
    print(`${lines.join('\n')}\n`);
  }
  const isWhole = judgement !== undefined && claims.problems.length === 0 && trace.unfinished === undefined;
  context.exitCode = findings.length > 0 ? 1 : isWhole ? 0 : EXIT_PROBLEM;
}

export function replayCommand(context: Context): Command {
  return addTargetOptions(addSubjectOptions(new Command('replay')))
    .summary('run one check and show what came of it')
    .description(
      "Runs one check or scenario file and shows its trace, or what was said on the connection, beside the reference's.",
    )
    .usage('[options] <check|file> [-- command args…]')
    .argument(
      '<check|file>',
      'the name of a check, a JSON file with a scenario, or an .md file with an exchange',
    )
    .option('--json', 'scenario, traces and findings as JSON')
    .addHelpText('after', EXAMPLES)
    .action((word: string, options: Options) => replay(word, options, context));
}
