/**
 * Programs of streams that nobody wrote: a few connections, a few callbacks, and what main, each callback and the peers do to all of
 * them.
 *
 * A tree of small numbers, as those of the loop (`loop-program.ts`), rendered by `render-stream.ts`. What takes rounds is cut into stages,
 * between which the loop polls as often as it takes for a stage's bytes to be delivered: so both is drawn, what comes together and what
 * comes apart. Weighted toward reentrancy: it is the callbacks that read, write and close, their own stream and others.
 */
import fc from 'fast-check';
import { streamStep, type StreamStep } from './stream-steps.js';

/**
 * `mirror` is a stream over the other end of the connection before it, `connect` one that connects itself, `refused` one that does so
 * where nobody listens.
 */
export const STREAM_KINDS = [
  'pair',
  'tcp',
  'pipe',
  'pipe-write',
  'mirror',
  'connect',
  'connect-unix',
  'refused',
] as const;

export interface GeneratedStream {
  readonly kind: (typeof STREAM_KINDS)[number];
  /** Its kernel buffers hold a few thousand bytes. */
  readonly small: boolean;
  /** It is made when the loop runs already. */
  readonly late: boolean;
  /** Index into {@link LIMITS}, both. */
  readonly maxRead: number;
  readonly maxWrite: number;
  /** What it is asked for first: index into the reads of the renderer; beyond them nothing. */
  readonly reads: number;
  /** Of that read the delimiter, or size. */
  readonly how: number;
  /** The callback that hears of this. */
  readonly by: number;
  /** The callback that hears of its close; an odd one asks for none. */
  readonly closed: number;
}

/** Bytes that a stream keeps for a reader, or for its peer. */
export const LIMITS = [
  undefined,
  undefined,
  undefined,
  undefined,
  undefined,
  undefined,
  undefined,
  16,
  100,
  4000,
] as const;

export interface StreamProgram {
  readonly streams: readonly GeneratedStream[];
  /** What each callback does in its first, second, … run. */
  readonly callbacks: readonly (readonly (readonly StreamStep[])[])[];
  readonly main: readonly StreamStep[];
  /** What happens one after the other while the loop runs. */
  readonly stages: readonly (readonly StreamStep[])[];
  /** So many stages follow in which the peers take all that there is. */
  readonly collects: number;
}

const stream: fc.Arbitrary<GeneratedStream> = fc.record({
  kind: fc.oneof(
    { arbitrary: fc.constant('pair' as const), weight: 10 },
    { arbitrary: fc.constant('tcp' as const), weight: 5 },
    { arbitrary: fc.constantFrom('pipe' as const, 'pipe-write' as const), weight: 3 },
    { arbitrary: fc.constantFrom('mirror' as const, 'connect' as const), weight: 3 },
    { arbitrary: fc.constantFrom('connect-unix' as const, 'refused' as const), weight: 1 },
  ),
  small: fc.boolean(),
  late: fc.nat(7).map((n) => n === 7),
  maxRead: fc.nat(LIMITS.length - 1),
  maxWrite: fc.nat(LIMITS.length - 1),
  reads: fc.nat(7),
  how: fc.nat(7),
  by: fc.nat(7),
  closed: fc.nat(7),
});

/**
 * Drawn without fast-check's bias to small numbers, which would give each program, as the first of its seed, half a callback.
 *
 * @param scale how large: 1 is usual; the depth of nothing grows with it, only lengths.
 */
export const streamPrograms = (scale = 1): fc.Arbitrary<StreamProgram> =>
  fc.noBias(
    fc.record({
      streams: fc.array(stream, { minLength: 1, maxLength: 3 * scale, size: 'max' }),
      callbacks: fc.array(
        fc.array(fc.array(streamStep('callback'), { maxLength: 3 * scale, size: 'max' }), {
          maxLength: 2,
          size: 'max',
        }),
        { minLength: 1, maxLength: 4 * scale, size: 'max' },
      ),
      main: fc.array(streamStep('main'), { maxLength: 4 * scale, size: 'max' }),
      stages: fc.array(fc.array(streamStep('stage'), { maxLength: 4 * scale, size: 'max' }), {
        maxLength: 3 * scale,
        size: 'max',
      }),
      collects: fc.nat(3),
    }),
  );
