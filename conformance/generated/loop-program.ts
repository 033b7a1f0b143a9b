/**
 * Programs of the loop that nobody wrote: a few fds, a few callbacks, and what main and each callback does to all of them.
 *
 * A program is kept as a tree of small numbers, which fast-check draws and shrinks, and rendered to a scenario afterwards
 * (`render-loop.ts`). Weighted toward reentrancy: callbacks change each other's registrations more often than they do anything else.
 */
import fc from 'fast-check';
import { callbackStep, mainStep, MASKS, type Step } from './steps.js';

export const FD_KINDS = ['pair', 'pipe', 'pipe-write', 'tcp', 'listener'] as const;

export interface GeneratedFd {
  readonly kind: (typeof FD_KINDS)[number];
  /** How main watches it before anything else: index into {@link MASKS}; -1: not at all. */
  readonly watch: number;
  /** The callback that hears of it. */
  readonly by: number;
  /** The other end has written something before the loop starts. */
  readonly ready: boolean;
}

export interface LoopProgram {
  readonly fds: readonly GeneratedFd[];
  /** What each callback does in its first, second, … run. */
  readonly callbacks: readonly (readonly (readonly Step[])[])[];
  readonly main: readonly Step[];
  /** What main does when the loop has stopped, before it starts it once more. */
  readonly again: readonly Step[] | undefined;
  /** Timers of a few milliseconds: few programs, because they take that long. Others have timers that are due, or far away. */
  readonly takesTime: boolean;
}

const fd: fc.Arbitrary<GeneratedFd> = fc.record({
  kind: fc.oneof(
    { arbitrary: fc.constant('pair' as const), weight: 10 },
    { arbitrary: fc.constantFrom('pipe' as const, 'pipe-write' as const), weight: 4 },
    { arbitrary: fc.constant('tcp' as const), weight: 1 },
    { arbitrary: fc.constant('listener' as const), weight: 1 },
  ),
  watch: fc.integer({ min: -1, max: MASKS.length - 1 }),
  by: fc.nat(4),
  ready: fc.boolean(),
});

/** One program in so many takes time. */
const SELDOM = 30;

/** @param scale how large: 1 is usual; the depth of nothing grows with it, only lengths. */
export const loopPrograms = (scale = 1): fc.Arbitrary<LoopProgram> =>
  fc.record({
    fds: fc.array(fd, { minLength: 1, maxLength: 4 * scale, size: 'max' }),
    callbacks: fc.array(
      fc.array(fc.array(callbackStep, { maxLength: 4 * scale, size: 'max' }), { maxLength: 3, size: 'max' }),
      { minLength: 1, maxLength: 4 * scale, size: 'max' },
    ),
    main: fc.array(mainStep, { maxLength: 5 * scale, size: 'max' }),
    again: fc.option(fc.array(mainStep, { maxLength: 2 }), { nil: undefined, freq: 3 }),
    takesTime: fc.integer({ min: 0, max: SELDOM }).map((n) => n === SELDOM),
  });
