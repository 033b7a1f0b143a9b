/**
 * Pipelines that nobody wrote: a few requests, the way in which they are cut into segments, and what ends them.
 *
 * A pipeline is kept as a tree of small numbers, which fast-check draws and shrinks, and rendered to an exchange afterwards
 * (`render-http.ts`), when it is known which messages the server at hand can be sent. Numbers are taken modulo what there is.
 */
import fc from 'fast-check';

/** Bytes of each segment; 0: as the cuts say. */
export const PIECES = [0, 1, 2, 3, 7, 16, 61] as const;

export interface Cut {
  /** Which message. */
  readonly message: number;
  /** Where in it: which byte, or which of the places at line ends; 0 is its beginning. */
  readonly at: number;
  readonly atLineEnd: boolean;
}

export interface HttpProgram {
  /** Requests that are answered so that the connection goes on. */
  readonly requests: readonly number[];
  /** What stands behind them and may end the connection; undefined: nothing. */
  readonly end: number | undefined;
  /** Behind each the server is given the time to read. */
  readonly cuts: readonly Cut[];
  /** Index into {@link PIECES}. */
  readonly pieces: number;
}

/** More than there are messages; as many places as most messages have, several times. */
const MESSAGE = 9999;
const PLACE = 999;

/** Each as often as the others: fast-check prefers small numbers, which are no edge cases here. */
const evenly = (max: number): fc.Arbitrary<number> => fc.noBias(fc.nat(max));

const cut: fc.Arbitrary<Cut> = fc.record({
  message: evenly(5),
  at: evenly(PLACE),
  atLineEnd: fc.boolean(),
});

/** @param scale how large: 1 is usual */
export const httpPrograms = (scale = 1): fc.Arbitrary<HttpProgram> =>
  fc.record({
    requests: fc.array(evenly(MESSAGE), { maxLength: 4 * scale, size: 'max' }),
    end: fc.option(evenly(MESSAGE), { nil: undefined, freq: 2 }),
    cuts: fc.array(cut, { maxLength: 3 * scale, size: 'max' }),
    pieces: fc.oneof(
      { withCrossShrink: true },
      { arbitrary: fc.constant(0), weight: 5 },
      { arbitrary: fc.integer({ min: 1, max: PIECES.length - 1 }), weight: 1 },
    ),
  });
