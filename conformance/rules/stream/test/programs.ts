/**
 * Programs of streams for tests of rules, all of one form: a stream `s` over fd `a`, operations on it, then stages between which the
 * loop polls as often as it takes. Their steps are `stage1`, `stage2`, …, `end`.
 */
import type { Action, FdSpec } from '../../../../spec/scenario.js';
import { start, type Runs } from '../../../scenarios/program.js';
import { inTurn, stream } from '../../../scenarios/stream/words.js';
import type { Program } from '../../test/table.js';

export interface More {
  readonly fd?: FdSpec['kind'] | FdSpec;
  readonly limits?: Parameters<typeof stream>[2];
  readonly fds?: Program['fds'];
  /** What callbacks do, by their names. */
  readonly callbacks?: Readonly<Record<string, Runs>>;
}

/** @param asks done before the start, where a stream `s` has been made */
export function program(
  asks: readonly Action[],
  stages: readonly (readonly Action[])[] = [],
  { fd = 'pair', limits, fds, callbacks = {} }: More = {},
): Program {
  const turns = inTurn(...stages);
  return {
    fds: { a: fd, ...fds },
    main: [stream('a', 's', limits), ...asks, turns.begin, start],
    callbacks: { ...callbacks, ...turns.callbacks },
  };
}

/** As {@link program}, without a stream to begin with. */
export const bare = (
  fds: NonNullable<Program['fds']>,
  main: readonly Action[],
  stages: readonly (readonly Action[])[] = [],
  callbacks: Readonly<Record<string, Runs>> = {},
): Program => {
  const turns = inTurn(...stages);
  return { fds, main: [...main, turns.begin, start], callbacks: { ...callbacks, ...turns.callbacks } };
};
