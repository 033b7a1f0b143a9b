/**
 * Claims that can be measured are: a false one makes every verdict worthless, so it is an `error`, never a `fail`.
 *
 * The scenarios here judge the adapter: its clocks, and that a barrier of k rounds lets the loop poll. The timer resolution is
 * not a claim of this kind: a subject that does not declare it is measured, and one that declares too little breaks
 * LOOP-TIMER-2.
 */
import type { Hello } from '../spec/protocol.js';
import type { Scenario } from '../spec/scenario.js';
import type { Trace } from '../spec/trace.js';
import { barrier, add, check, burn, done, drain, start, stop, timeout, write } from './scenarios/program.js';
import { readHistory } from './trace/history-builder.js';

/** What is known of a subject before it was measured. */
const NO_FACTS = {
  timerResolutionMs: 0,
  interest: 'combined',
  eventsPerPoll: Infinity,
  choices: {},
} as const;

const BURN_MS = 5;
/**
 * So often each delay is measured: a clock of whole milliseconds is early by what the moment of setting makes of it, and a
 * host that wakes the loop late hides it. One early timer of them all is enough to know.
 */
const PASSES = 6;
const DELAYS_MS = [0.5, 1, 1.3, 1.7, 2, 2.4, 3, 3.6, 4, 5, 5.5, 6.2, 7, 8];

const roundsScenario = check({
  clauses: ['CLAIM-ROUNDS'],
  name: 'a-barrier-lets-the-loop-poll',
  fds: { a: 'pair' },
  main: [add('a', 'read', 'reader'), burn(BURN_MS), barrier('first'), start],
  callbacks: { reader: [drain('a')], first: [write('a.peer'), barrier('end')], end: [done] },
}).scenario;

const onePass = [...DELAYS_MS.map((delay, i) => timeout(delay, `t${i}`)), timeout(10, 'next')];
const timersScenario = check({
  clauses: ['CLAIM-TIMERS'],
  name: 'how-early-timers-fire',
  main: [...onePass, start],
  callbacks: {
    ...Object.fromEntries(DELAYS_MS.map((_, i) => [`t${i}`, []])),
    next: { runs: Array.from({ length: PASSES - 1 }, () => onePass), rest: [stop] },
  },
}).scenario;

/** What to run before anything else, by what the subject claims. */
export function claimScenarios(hello: Hello): Scenario[] {
  const has = (...facets: Hello['facets']): boolean => facets.every((facet) => hello.facets.includes(facet));
  return [
    ...(has('ready', 'run', 'timers') ? [roundsScenario] : []),
    ...(has('timers', 'run') && hello.limits.timerResolutionMs === undefined ? [timersScenario] : []),
  ];
}

/** Why a claim is false; undefined if the trace bears it out. @throws TraceAuditError */
export function refuteClaim(hello: Hello, scenario: Scenario, trace: Trace): string | undefined {
  if (scenario.name !== roundsScenario.name) return undefined;
  const h = readHistory(scenario, trace, NO_FACTS);
  const burned = h.steps.find((step) => step.action?.op === 'burn' && step.record.k === 'did');
  if (burned === undefined)
    return `the subject ${trace.unfinished ?? 'ended'} before its claims could be measured`;
  const passed = (h.timeOf(burned.index) - h.timeOf(burned.index - 1)) / 1000;
  if (passed < BURN_MS * 0.98 || passed > 10_000)
    return `a burn of ${BURN_MS} ms took ${passed.toFixed(3)} ms by the trace's clock 't': is it in µs?`;
  if (h.cpuOf(burned.index) <= h.cpuOf(burned.index - 1))
    return `a burn of ${BURN_MS} ms took no CPU time by the trace's clock 'c': is it the thread's CPU clock, in µs?`;
  const end = h.barriers.find((b) => b.run === 'end')?.frames[0];
  const delivered = h.registrations[0]?.frames[0];
  if (end !== undefined && (delivered === undefined || delivered.enter!.index > end.enter!.index))
    return `claims rounds by '${hello.rounds}', but ${h.barriers[1]!.rounds} rounds passed without the loop having polled`;
  return undefined;
}

/** A clock that counts whole milliseconds loses up to one to the clock and one to rounding. ms */
const MILLISECOND_CLOCK = 2;
/** Earliness that is noise of measuring. ms */
const EXACT = 0.05;

/** The resolution to judge timers by, from a trace of the timers scenario. ms; 0 if none fired early. @throws TraceAuditError */
export function measureTimerResolution(scenario: Scenario, trace: Trace): number | undefined {
  if (scenario.name !== timersScenario.name) return undefined;
  const h = readHistory(scenario, trace, NO_FACTS);
  const early = h.timers.map((timer) =>
    timer.frames[0] === undefined ? 0 : (timer.notBefore - h.timeOf(timer.frames[0].enter!.index)) / 1000,
  );
  return Math.max(...early) > EXACT ? MILLISECOND_CLOCK : 0;
}
