/**
 * A small language in which scenarios are written: one function an action, so that a check reads like the program it is.
 *
 * Every program ends: `endsBy` gives the far sentinel timer, which a correct loop never reaches because the scenario says
 * `done` first.
 */
import type { Action, ActionOf, FdSpec, Op, Scenario, ThreadAction } from '../../spec/scenario.js';
import type { Check, Need } from './check.js';

type Fields<O extends Op> = Omit<ActionOf<O>, 'op'>;
type Events = readonly ('read' | 'write')[] | 'read' | 'write' | 'both' | 'none';

const mask = (events: Events): ('read' | 'write')[] => {
  if (events === 'both') return ['read', 'write'];
  if (events === 'none') return [];
  return typeof events === 'string' ? [events] : [...events];
};

export const add = (fd: string, events: Events, run: string): Action => ({
  op: 'add',
  fd,
  events: mask(events),
  run,
});
export const update = (fd: string, events: Events): Action => ({ op: 'update', fd, events: mask(events) });
export const remove = (fd: string, events?: Events): Action =>
  events === undefined ? { op: 'remove', fd } : { op: 'remove', fd, events: mask(events) };
export const schedule = (run: string, id?: string): Action =>
  id === undefined ? { op: 'schedule', run } : { op: 'schedule', id, run };
export const unschedule = (id: string): Action => ({ op: 'unschedule', id });
/** @param delay ms */
export const timeout = (delay: number, run: string, id?: string): Action =>
  id === undefined ? { op: 'timeout', delay, run } : { op: 'timeout', id, delay, run };
export const now = (as: string): Action => ({ op: 'now', as });
/** @param delay ms after the base */
export const timeoutAt = (base: string, delay: number, run: string, id?: string): Action =>
  id === undefined ? { op: 'timeoutAt', base, delay, run } : { op: 'timeoutAt', id, base, delay, run };
export const cancel = (id: string): Action => ({ op: 'cancel', id });
export const periodic = (id: string, interval: number, run: string): Action => ({
  op: 'periodic',
  id,
  interval,
  run,
});
export const periodicStart = (id: string): Action => ({ op: 'periodicStart', id });
export const periodicStop = (id: string): Action => ({ op: 'periodicStop', id });
export const start: Action = { op: 'start' };
export const stop: Action = { op: 'stop' };
export const done: Action = { op: 'done' };
export const newLoop = (as: string): Action => ({ op: 'newLoop', as });
export const useLoop = (as: string): Action => ({ op: 'useLoop', as });
export const closeLoop: Action = { op: 'closeLoop' };
export const wakeup = (id: string, run: string): Action => ({ op: 'wakeup', id, run });
export const wake = (id: string, times?: number): Action =>
  times === undefined ? { op: 'wake', id } : { op: 'wake', id, times };
export const signal = (name: string, run: string): Action => ({ op: 'signal', signal: name, run });
export const unsignal = (name: string): Action => ({ op: 'unsignal', signal: name });
/** Runs the callback after enough rounds for all that is ready to be reported. */
export const barrier = (run: string): Action => ({ op: 'barrier', run });

export const write = (fd: string, data = 'x'): Action => ({ op: 'write', fd, data });
export const writeBytes = (fd: string, size: number): Action => ({ op: 'write', fd, size });
export const read = (fd: string, size?: number): Action =>
  size === undefined ? { op: 'read', fd } : { op: 'read', fd, size };
export const fill = (fd: string): Action => ({ op: 'fill', fd });
export const drain = (fd: string): Action => ({ op: 'drain', fd });
export const close = (fd: string): Action => ({ op: 'close', fd });
export const reset = (fd: string): Action => ({ op: 'reset', fd });
export const shutdown = (fd: string, how: Fields<'shutdown'>['how']): Action => ({ op: 'shutdown', fd, how });
export const dup = (fd: string, as: string): Action => ({ op: 'dup', fd, as });
export const dup2 = (fd: string, onto: string, as: string): Action => ({ op: 'dup2', fd, onto, as });
export const accept = (fd: string, as: string): Action => ({ op: 'accept', fd, as });
export const connect = (to: string, as: string): Action => ({ op: 'connect', to, as });
export const isOpen = (fd: string): Action => ({ op: 'isOpen', fd });
export const countFds: Action = { op: 'countFds' };
export const limitFds = (spare: number): Action => ({ op: 'limitFds', spare });
export const raise = (name: string, from: Fields<'raise'>['from'] = 'self'): Action => ({
  op: 'raise',
  signal: name,
  from,
});
/** @param every ms between repetitions; 0: at once */
export const thread = (when: 'now' | 'idle', actions: ThreadAction[], times = 1, every = 0): Action => ({
  op: 'thread',
  when,
  do: actions,
  ...(times === 1 ? {} : { times }),
  ...(every === 0 ? {} : { every }),
});
export const burn = (ms: number): Action => ({ op: 'burn', ms });
export const throwError: Action = { op: 'throw', kind: 'error' };
export const throwErrno = (errno: string): Action => ({ op: 'throw', kind: 'errno', errno });
export const throwFatal: Action = { op: 'throw', kind: 'fatal' };

/** Name of the callback that the far sentinel timer runs; a correct loop never reaches it. */
export const SENTINEL = 'sentinel';
/** ms. Long enough for anything that is not the sentinel to come first on a busy host; only broken loops wait for it. */
export const SENTINEL_MS = 1000;

/** ms. A window of 20 ms, and room for a timer that fires two resolutions early. */
const QUIET_MS = 24;

/**
 * Four quiet windows, then `done`: three are as many as it takes to tell a spin from a garbage collection, and one is to spare, as
 * a busy host may cut one short, between the setting of its timer and the wait. `quietly.begin` is the action that begins
 * them, `quietly.callbacks` belong to the callbacks.
 */
export const quietly = {
  begin: timeout(QUIET_MS, 'quiet1'),
  callbacks: {
    quiet1: [timeout(QUIET_MS, 'quiet2')],
    quiet2: [timeout(QUIET_MS, 'quiet3')],
    quiet3: [timeout(QUIET_MS, 'quiet4')],
    quiet4: [done],
  },
} as const;

/** The callbacks of {@link quietly}, with something else in place of `done`. */
export const quietlyThen = (...actions: Action[]): Readonly<Record<string, readonly Action[]>> => ({
  ...quietly.callbacks,
  quiet4: actions,
});

/** Runs of a callback: a list of actions for the first, second, … run; `rest` for every run after those. */
export type Runs = readonly Action[] | { runs?: Action[][]; rest?: Action[] };

/** Names of callbacks: t0, t1, … */
export const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `t${i}`);
/** Callbacks that do nothing. */
export const idle = (names: readonly string[]): Record<string, Runs> =>
  Object.fromEntries(names.map((name) => [name, []]));

export interface CheckSource {
  /** The clauses that it must exercise; the first one gives the check its name. */
  readonly clauses: readonly [string, ...string[]];
  /** What it does, in a few words joined by hyphens. */
  readonly name: string;
  readonly fds?: Readonly<Record<string, FdSpec['kind'] | FdSpec>>;
  /** `start` stands in it at least once; the sentinel is set before everything else, unless `sentinel` is false. */
  readonly main: readonly Action[];
  /** A list of actions is a callback's first run; later runs do nothing. */
  readonly callbacks?: Readonly<Record<string, Runs>>;
  readonly needs?: readonly Need[];
  readonly sentinel?: false;
  readonly maxRecords?: number;
}

const isOneRun = (runs: Runs): runs is readonly Action[] => Array.isArray(runs);

/** Makes the check that a source describes. */
export function check(source: CheckSource): Check {
  const callbacks = Object.fromEntries(
    Object.entries(source.callbacks ?? {}).map(([name, runs]) => [
      name,
      isOneRun(runs)
        ? { runs: [[...runs]] }
        : { runs: runs.runs ?? [], ...(runs.rest === undefined ? {} : { rest: runs.rest }) },
    ]),
  );
  const guarded = source.sentinel !== false;
  const scenario: Scenario = {
    name: `${source.clauses[0]}/${source.name}`,
    fds: Object.fromEntries(
      Object.entries(source.fds ?? {}).map(([name, fd]) => [
        name,
        typeof fd === 'string' ? { kind: fd } : fd,
      ]),
    ),
    main: guarded ? [timeout(SENTINEL_MS, SENTINEL), ...source.main] : [...source.main],
    callbacks: guarded ? { ...callbacks, [SENTINEL]: { runs: [], rest: [done] } } : callbacks,
    ...(source.maxRecords === undefined ? {} : { maxRecords: source.maxRecords }),
  };
  return { scenario, clauses: source.clauses, needs: source.needs ?? [] };
}
