/**
 * One step of a generated program of the loop: an action, or a few that belong together, with numbers in place of names.
 *
 * Numbers are taken modulo what there is, so a step means something in every program, and stays meaningful while the program around it
 * shrinks. What each step becomes is in `render.ts`.
 */
import fc from 'fast-check';

/** Events to watch: index into {@link MASKS}. */
export const MASKS = [['read'], ['write'], ['read', 'write']] as const;

/** ms. Most programs take no time: due at once, long past, or never within the program. */
export const DELAYS = [0, 0, -1, -1000, 3_600_000, 1e12, 1, 2] as const;

/** Bytes: one, a line, more than a page, more than a small buffer. */
export const SIZES = [1, 100, 5000, 70_000] as const;

export type StepKind =
  | 'add'
  | 'update'
  | 'remove'
  | 'close'
  | 'replace'
  | 'dup'
  | 'write'
  | 'read'
  | 'drain'
  | 'fill'
  | 'shutdown'
  | 'closePeer'
  | 'reset'
  | 'connect'
  | 'accept'
  | 'schedule'
  | 'unschedule'
  | 'timeout'
  | 'timeoutAt'
  | 'cancel'
  | 'periodic'
  | 'periodicStop'
  | 'wake'
  | 'wakeFromThread'
  | 'interrupt'
  | 'stop'
  | 'throw';

export interface Step {
  readonly kind: StepKind;
  /** Which fd, task, timer, …. */
  readonly which: number;
  /** Which callback; for `replace` also which other fd. */
  readonly other: number;
  /** Index into a table of this kind's own: masks, delays, sizes. */
  readonly how: number;
}

/** How often each kind is drawn in `main`, and inside of callbacks, where what changes registrations matters most. */
const WEIGHTS: Readonly<Record<StepKind, readonly [main: number, callback: number]>> = {
  add: [6, 8],
  update: [2, 6],
  remove: [1, 8],
  close: [0, 4],
  replace: [0, 4],
  dup: [1, 1],
  write: [6, 5],
  read: [1, 4],
  drain: [1, 6],
  fill: [2, 1],
  shutdown: [1, 1],
  closePeer: [1, 2],
  reset: [1, 1],
  connect: [1, 1],
  accept: [0, 1],
  schedule: [5, 6],
  unschedule: [1, 3],
  timeout: [4, 4],
  timeoutAt: [1, 1],
  cancel: [1, 3],
  periodic: [1, 0],
  periodicStop: [0, 1],
  wake: [1, 1],
  wakeFromThread: [1, 1],
  interrupt: [1, 1],
  stop: [1, 1],
  throw: [0, 2],
};

const KINDS = Object.keys(WEIGHTS) as StepKind[];

function kinds(place: 0 | 1): fc.Arbitrary<StepKind> {
  return fc.oneof(
    ...KINDS.filter((kind) => WEIGHTS[kind][place] > 0).map((kind) => ({
      arbitrary: fc.constant(kind),
      weight: WEIGHTS[kind][place],
    })),
  );
}

const steps = (place: 0 | 1): fc.Arbitrary<Step> =>
  fc
    .tuple(kinds(place), fc.nat(7), fc.nat(7), fc.nat(7))
    .map(([kind, which, other, how]) => ({ kind, which, other, how }));

export const mainStep = steps(0);
export const callbackStep = steps(1);
