/**
 * Is the adapter sound? Asks it for what any loop can do and looks at how it is told, never at how well the loop does it.
 */
import { cannotRun, needsOf, unknownWords } from '../../conformance/claims.js';
import { firstDivergence } from '../../conformance/divergence.js';
import { prepareScenario } from '../../conformance/prepare.js';
import type { Check } from '../../conformance/scenarios/check.js';
import type { Launch } from '../../conformance/subject/launch.js';
import { excerpt } from '../../conformance/subject/visible.js';
import { loadSpec } from '../../spec/clauses.js';
import { FACETS, SERVER_FACETS } from '../../spec/contract.js';
import type { Hello } from '../../spec/protocol.js';
import type { Scenario } from '../../spec/scenario.js';
import type { Trace } from '../../spec/trace.js';
import { measureClaims, type SubjectSession } from '../../conformance/subject-session.js';
import { findingOf, type Finding } from './finding.js';
import { BYTES, bytesDefect, errnoDefect, ERRNOS } from './kernel.js';
import { OPERATIONS } from './operations.js';
import { examineServers } from './servers.js';
import { strayOutput } from './stray-output.js';
import { defectOf } from './traces.js';

function helloFindings(hello: Hello): Finding[] {
  const choices = new Map(
    loadSpec().choices.map(({ key, values }) => [key, values.map(({ value }) => value)]),
  );
  const unknown = unknownWords(hello, FACETS, choices);
  const name = excerpt(`${hello.name} ${hello.version} (${hello.language})`);
  return [
    { name: 'hello', state: 'sound', text: `${name} claims ${hello.facets.join(', ') || 'nothing'}` },
    findingOf(
      'words of hello',
      unknown.length === 0
        ? undefined
        : `the kit does not know ${unknown.map((word) => `'${excerpt(word, 60)}'`).join(', ')}: see spec/protocol.md and spec/choices.json`,
      'all facets, capabilities and choices that it names exist',
    ),
  ];
}

async function claimFindings(session: SubjectSession): Promise<Finding[]> {
  const { measured, problems } = await measureClaims(session);
  const resolution = measured['timerResolutionMs'];
  const text = resolution === undefined ? '' : `, and its timers are judged to ${resolution} ms`;
  return [
    findingOf(
      'clocks and rounds',
      problems[0] === undefined ? undefined : excerpt(problems[0].text, 600),
      `the clocks count µs, and a barrier lets the loop poll${text}`,
    ),
  ];
}

/** Runs one program; its trace, or what went wrong. */
async function attempt(
  { hello, run }: SubjectSession,
  { scenario: raw }: Check,
): Promise<{ scenario: Scenario; trace: Trace } | string> {
  const scenario = prepareScenario(raw, hello);
  const result = await run(scenario);
  return 'problem' in result ? excerpt(result.problem.text, 600) : { scenario, trace: result.trace };
}

async function operationFindings(session: SubjectSession): Promise<Finding[]> {
  const findings: Finding[] = [];
  let programs = 0;
  for (const check of OPERATIONS) {
    if (cannotRun(session.hello, needsOf(check)) !== undefined) continue;
    programs++;
    const result = await attempt(session, check);
    const broken = typeof result === 'string' ? result : defectOf(result.scenario, result.trace);
    if (broken !== undefined)
      findings.push({ name: check.scenario.name.replace('DOCTOR/', ''), state: 'broken', text: broken });
  }
  if (findings.length > 0) return findings;
  return [
    { name: 'operations', state: 'sound', text: `all that it claims can be run: ${programs} programs` },
  ];
}

async function kernelFinding(
  session: SubjectSession,
  name: string,
  check: Check,
  defect: (trace: Trace) => string | undefined,
  sound: string,
): Promise<Finding> {
  const result = await attempt(session, check);
  return findingOf(name, typeof result === 'string' ? result : defect(result.trace), sound);
}

/** An exception that the loop isolated has to appear in the trace as a log line. */
async function logFinding(session: SubjectSession): Promise<Finding> {
  const name = 'log';
  const check = OPERATIONS.find(({ scenario }) => scenario.name === 'DOCTOR/throw')!;
  const { hello } = session;
  const unable =
    cannotRun(hello, needsOf(check)) ??
    (hello.facets.includes('errors') ? undefined : `the facet 'errors' is not claimed`);
  if (unable !== undefined) return { name, state: 'skipped', text: excerpt(unable) };
  const result = await attempt(session, check);
  if (typeof result === 'string') return { name, state: 'broken', text: result };
  const { records } = result.trace;
  const thrown = records.findIndex((record) => record.k === 'exit' && record.raised !== undefined);
  const broken =
    thrown < 0
      ? "a callback that was told to throw left no 'raised' in its exit"
      : records.some((record, i) => i > thrown && record.k === 'log')
        ? undefined
        : "no 'log' followed an exception that was thrown in a task: pass on what the loop reports, or put 'log' among the unclaimed";
  return findingOf(name, broken, 'an exception that the loop isolates is reported');
}

/** Nothing of one scenario may be left in the process when the next one runs. */
async function repeatFinding(session: SubjectSession): Promise<Finding> {
  const name = 'clean slate';
  const able = OPERATIONS.filter((check) => cannotRun(session.hello, needsOf(check)) === undefined);
  const check = able.find(({ scenario }) => Object.keys(scenario.fds).length > 0) ?? able[0];
  if (check === undefined) return { name, state: 'skipped', text: 'it claims nothing that could be run' };
  const first = await attempt(session, check);
  if (typeof first === 'string') return { name, state: 'broken', text: first };
  const second = await attempt(session, check);
  if (typeof second === 'string') return { name, state: 'broken', text: second };
  const at = firstDivergence(first.trace, second.trace);
  const broken =
    at === undefined
      ? undefined
      : `the same program, run twice, gave two traces that differ from record ${at} on`;
  return findingOf(name, broken, 'a program that runs twice gives the same trace twice');
}

async function rendezvousFinding({ hello, run }: SubjectSession): Promise<Finding> {
  const name = 'rendezvous';
  const moments: string[] = [];
  const scenario: Scenario = { name: 'DOCTOR/rendezvous', fds: {}, main: [], callbacks: {} };
  const result = await run(prepareScenario(scenario, hello), {
    rendezvous: (_, moment) => void moments.push(moment),
  });
  if ('problem' in result) {
    // Another system than Linux does not show when a process has stopped.
    const state = result.problem.text.includes('no /proc') ? 'skipped' : 'broken';
    return { name, state, text: excerpt(result.problem.text, 600) };
  }
  const broken =
    moments.join() === 'before,after'
      ? undefined
      : `it stopped itself ${moments.join(', ') || 'never'}, where before and after were asked for`;
  return findingOf(name, broken, 'it stops itself before and after the tested window');
}

/** Examines the part of a subject that runs scenarios. */
async function examineLoop(session: SubjectSession): Promise<Finding[]> {
  return [
    ...(await claimFindings(session)),
    ...(await operationFindings(session)),
    await kernelFinding(session, 'errno names', ERRNOS, errnoDefect, 'errors have the names of Linux'),
    await kernelFinding(session, 'bytes', BYTES, bytesDefect, 'bytes arrive unchanged'),
    await logFinding(session),
    await repeatFinding(session),
    await rendezvousFinding(session),
  ];
}

/** Examines a living subject. @param launch for what needs a process of its own */
export async function examine(session: SubjectSession, launch: Launch): Promise<Finding[]> {
  const { facets, pid } = session.hello;
  const serves = facets.some((facet) => SERVER_FACETS.includes(facet));
  const hasLoop = !serves || facets.some((facet) => !SERVER_FACETS.includes(facet));
  return [
    ...helloFindings(session.hello),
    ...(hasLoop ? await examineLoop(session) : []),
    ...(serves ? await examineServers(launch) : []),
    strayOutput(pid),
  ];
}
