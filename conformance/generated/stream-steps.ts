/**
 * One step of a generated program of streams: an operation of a stream, or something that its peer does, with numbers in place of names.
 *
 * Numbers are taken modulo what there is, as in `steps.ts`. What each step becomes is in `render-stream.ts`.
 */
import fc from 'fast-check';

/** What a peer writes: delimiters whole, in halves and one behind the other, and bytes of the pattern, whose number it is. */
export const PIECES = ['x', '\r', '\n', 'aa', 'ab\r\n', 'a\nbb\n\r\nccc\n', 'aaab\r\n\r\nrest', 100] as const;

/** Bytes that a peer writes now and then in place of a hundred. */
export const PEER_SIZES = [100, 100, 3000, 20_000] as const;

export const DELIMITERS = ['\n', '\r\n', '\r\n\r\n', 'aab'] as const;
/** None of them can match more when more comes. */
export const PATTERNS = ['\\r?\\n', '\\r?\\n\\r?\\n', 'a+b'] as const;
/** Bytes; the limit of one read. */
export const MAXIMA = [undefined, undefined, undefined, undefined, undefined, 4, 40, 1000] as const;

/** Bytes that are read by number, or written. */
export const READ_SIZES = [1, 2, 5, 0, 10, 100, 3000, 20_000] as const;
export const SOME_SIZES = [undefined, undefined, undefined, undefined, 1, 3, 100, 5000] as const;
export const SEND_SIZES = [1, 10, 0, 100, 100, 3000, 20_000, 70_000] as const;
/** Bytes that a peer takes slowly: no more than a trace shows whole. */
export const SIPS = [1, 7, 64] as const;

export type StreamStepKind =
  | 'readUntil'
  | 'readUntilRegex'
  | 'readBytes'
  | 'readSome'
  | 'readUntilClose'
  | 'send'
  | 'sendAndTell'
  | 'onClose'
  | 'endStream'
  | 'closeStream'
  | 'state'
  | 'isOpen'
  | 'schedule'
  | 'peerWrites'
  | 'peerFills'
  | 'peerSips'
  | 'peerCollects'
  | 'peerEnds'
  | 'peerCloses'
  | 'peerResets'
  | 'throw';

export interface StreamStep {
  readonly kind: StreamStepKind;
  /** Which stream, its own or another; or the peer of which. */
  readonly which: number;
  /** Which callback. */
  readonly other: number;
  /** Index into a table of this kind's own: delimiters, sizes, pieces. */
  readonly how: number;
}

type Place = 'main' | 'callback' | 'stage';

/** How often each kind is drawn: in `main`, in the callbacks of streams, and in the stages, which are the peers' more than anybody's. */
const WEIGHTS: Readonly<Record<StreamStepKind, Readonly<Record<Place, number>>>> = {
  readUntil: { main: 3, callback: 7, stage: 3 },
  readUntilRegex: { main: 1, callback: 3, stage: 1 },
  readBytes: { main: 2, callback: 6, stage: 2 },
  readSome: { main: 2, callback: 6, stage: 3 },
  readUntilClose: { main: 1, callback: 3, stage: 1 },
  send: { main: 2, callback: 5, stage: 2 },
  sendAndTell: { main: 3, callback: 6, stage: 2 },
  onClose: { main: 1, callback: 2, stage: 1 },
  endStream: { main: 1, callback: 2, stage: 1 },
  closeStream: { main: 0, callback: 6, stage: 2 },
  state: { main: 1, callback: 3, stage: 1 },
  isOpen: { main: 0, callback: 2, stage: 1 },
  schedule: { main: 1, callback: 2, stage: 0 },
  peerWrites: { main: 4, callback: 6, stage: 14 },
  peerFills: { main: 0, callback: 1, stage: 2 },
  peerSips: { main: 0, callback: 1, stage: 2 },
  peerCollects: { main: 0, callback: 3, stage: 6 },
  peerEnds: { main: 0, callback: 1, stage: 2 },
  peerCloses: { main: 0, callback: 2, stage: 2 },
  peerResets: { main: 0, callback: 1, stage: 2 },
  throw: { main: 0, callback: 2, stage: 0 },
};

const KINDS = Object.keys(WEIGHTS) as StreamStepKind[];

const kinds = (place: Place): fc.Arbitrary<StreamStepKind> =>
  fc.oneof(
    ...KINDS.filter((kind) => WEIGHTS[kind][place] > 0).map((kind) => ({
      arbitrary: fc.constant(kind),
      weight: WEIGHTS[kind][place],
    })),
  );

export const streamStep = (place: Place): fc.Arbitrary<StreamStep> =>
  fc
    .tuple(kinds(place), fc.nat(7), fc.nat(7), fc.nat(7))
    .map(([kind, which, other, how]) => ({ kind, which, other, how }));
