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
  const fit = (action: Action): Action => {
    if (action.op === 'barrier' && action.rounds === undefined) return { ...action, rounds };
    return action;
  };
  return {
    ...scenario,
    main: scenario.main.map(fit),
    callbacks: Object.fromEntries(
      Object.entries(scenario.callbacks).map(([name, { runs, rest }]) => [
        name,
        { runs: runs.map((run) => run.map(fit)), ...(rest === undefined ? {} : { rest: rest.map(fit) }) },
      ]),
    ),
  };
}
