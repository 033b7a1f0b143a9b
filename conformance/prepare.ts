/**
 * A scenario as it is sent to one subject: what depends on the subject or on the host is filled in.
 */
import type { Hello } from '../spec/protocol.js';
import type { Action, Scenario } from '../spec/scenario.js';

/** Rounds beyond those that the ready fds need: one that is under way, one that starts, one to spare. */
const SPARE_ROUNDS = 3;
/**
 * What a stream does takes some rounds of its own: bytes come in, a task wakes up, its end calls back. asyncio needs five, and to
 * close a connection three more.
 */
const STREAM_ROUNDS = 12;

const fdCount = (scenario: Scenario): number =>
  Object.values(scenario.fds).reduce((sum, fd) => sum + (fd.count ?? 1), 0);

const usesStreams = ({ main, callbacks }: Scenario): boolean =>
  [main, ...Object.values(callbacks).flatMap(({ runs, rest = [] }) => [...runs, rest])].some((actions) =>
    actions.some(({ op }) => op === 'stream' || op === 'connectStream'),
  );

/** Gives barriers the rounds that the subject needs. */
export function prepareScenario(scenario: Scenario, hello: Hello): Scenario {
  const perPoll = hello.limits.eventsPerPoll ?? Infinity;
  const rounds =
    Math.ceil((2 * fdCount(scenario)) / perPoll) + (usesStreams(scenario) ? STREAM_ROUNDS : SPARE_ROUNDS);
  return mapActions(scenario, (action) =>
    action.op === 'barrier' && action.rounds === undefined ? { ...action, rounds } : action,
  );
}

/** The inverse: without what was filled in for one subject, so that it can be prepared for any. */
export const unpreparedScenario = (scenario: Scenario): Scenario =>
  mapActions(scenario, (action) => (action.op === 'barrier' ? { op: action.op, run: action.run } : action));

function mapActions(scenario: Scenario, change: (action: Action) => Action): Scenario {
  const callbacks = Object.entries(scenario.callbacks).map(([name, { runs, rest }]) => {
    const changed = runs.map((run) => run.map(change));
    return [name, { runs: changed, ...(rest === undefined ? {} : { rest: rest.map(change) }) }] as const;
  });
  return { ...scenario, main: scenario.main.map(change), callbacks: Object.fromEntries(callbacks) };
}
