/**
 * How long a scenario may take when the loop is right: what it waits for on purpose, and how much work it is.
 *
 * The timers of one list of actions run side by side, so the longest counts; lists (the stretches of `main` between two
 * starts, each run of a callback) may follow each other, so they are added. That includes the far sentinel timer which
 * ends a scenario whose event never came: such a scenario ends late but by itself, with a trace that can be judged.
 */
import { DEFAULT_MAX_RECORDS, type Action, type Scenario } from '../../spec/scenario.js';

/** A timer later than this is not meant to fire, ms (an hour). */
const NEVER = 3_600_000;

/** ms */
export function expectedDuration(scenario: Scenario): number {
  const runsOf = (name: string) => Math.max(1, scenario.callbacks[name]?.runs.length ?? 1);
  let total = 0;
  for (const list of lists(scenario)) {
    let longest = 0;
    for (const action of list) {
      if (action.op === 'burn') total += action.ms;
      const delay = delayOf(action, runsOf);
      if (delay < NEVER) longest = Math.max(longest, delay);
    }
    total += longest;
  }
  return total;
}

function delayOf(action: Action, runsOf: (name: string) => number): number {
  switch (action.op) {
    case 'timeout':
    case 'timeoutAt':
      return action.delay;
    case 'periodic':
      return action.interval * runsOf(action.run);
    default:
      return 0;
  }
}

/** Fds to make, actions, rounds and records: each a small piece of work for any host. */
export function work(scenario: Scenario): number {
  let pieces = scenario.maxRecords ?? DEFAULT_MAX_RECORDS;
  const size = new Map<string, number>();
  for (const [name, { count = 1 }] of Object.entries(scenario.fds)) {
    size.set(name, count);
    pieces += count;
  }
  for (const list of lists(scenario)) {
    for (const action of list) {
      const group = 'fd' in action ? action.fd.split('*')[0] : undefined;
      pieces += (group === undefined ? 1 : (size.get(group) ?? 1)) + repetitions(action);
    }
  }
  return pieces;
}

function repetitions(action: Action): number {
  if (action.op === 'barrier') return action.rounds ?? 0;
  return action.op === 'wake' || action.op === 'thread' ? (action.times ?? 0) : 0;
}

function* lists(scenario: Scenario): Generator<readonly Action[]> {
  let from = 0;
  for (const [index, action] of scenario.main.entries()) {
    if (action.op !== 'start') continue;
    yield scenario.main.slice(from, index + 1);
    from = index + 1;
  }
  yield scenario.main.slice(from);
  for (const { runs, rest } of Object.values(scenario.callbacks)) {
    yield* runs;
    if (rest !== undefined) yield rest;
  }
}
