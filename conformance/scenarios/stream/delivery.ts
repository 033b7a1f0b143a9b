/**
 * The delivery sweep: what a peer sends may arrive in any pieces, and the outcome has to be the same.
 *
 * A check that uses it says what is sent, and what the stream is asked for; the sweep makes a check of it for each way in which
 * the bytes can come: all at once, one by one, and cut in two at every position; over each transport; with each end that a
 * connection can have. Between two pieces the loop polls as often as it needs to take in the first, so that the cut is real.
 *
 * The other way round the stream writes the pieces, behind bytes that fill a small buffer of the kernel: so each of them is
 * refused at first, and what the peer makes room for ends anywhere.
 *
 * That the outcome is the same need not be compared between checks: the rules know from the bytes themselves what each read
 * has to get (`rules/stream/read-facts.ts`), whichever way they came.
 */
import type { Action, FdSpec } from '../../../spec/scenario.js';
import type { Check } from '../check.js';
import { check, close, reset, shutdown, start, write, type CheckSource, type Runs } from '../program.js';
import { again, collect, inTurn, send, sendBytes, stream } from './words.js';

export type Kind = Extract<FdSpec['kind'], 'pair' | 'pipe' | 'tcp' | 'tcp6'>;

/** How a peer's output ends: not at all, by its close, by the end of its output alone, or by a reset. */
export const ENDINGS = {
  open: [],
  fin: [close('a.peer')],
  'half-close': [shutdown('a.peer', 'write')],
  reset: [reset('a.peer')],
} as const satisfies Record<string, readonly Action[]>;
export type Ending = keyof typeof ENDINGS;

/** One way for the bytes to come. */
export interface Delivery {
  readonly name: string;
  readonly pieces: readonly string[];
  /** Whether a cut lies strictly inside of [from, to). */
  cuts(from: number, to: number): boolean;
}

function delivery(name: string, pieces: readonly string[]): Delivery {
  const positions: number[] = [];
  let at = 0;
  for (const piece of pieces.slice(0, -1)) positions.push((at += piece.length));
  return { name, pieces, cuts: (from, to) => positions.some((cut) => cut > from && cut < to) };
}

const atOnce = (bytes: string): Delivery => delivery('at-once', [bytes]);
const oneByOne = (bytes: string): Delivery => delivery('one-by-one', [...bytes]);
const cutAt = (bytes: string, at: number): Delivery =>
  delivery(`cut-after-${at}`, [bytes.slice(0, at), bytes.slice(at)]);

/** All ways. @param bytes ASCII */
export const deliveries = (bytes: string): Delivery[] => [
  atOnce(bytes),
  oneByOne(bytes),
  ...Array.from({ length: bytes.length - 1 }, (_, i) => cutAt(bytes, i + 1)),
];

export interface Sweep {
  readonly name: string;
  /** Clauses that the check exercises, given how the bytes come. */
  readonly clauses: (delivery: Delivery) => readonly [string, ...string[]];
  /** ASCII. */
  readonly bytes: string;
  readonly kinds: readonly Kind[];
  readonly endings?: readonly Ending[];
  /** What is asked of stream `s` before the bytes come. */
  readonly asks: readonly Action[];
  readonly callbacks: Readonly<Record<string, Runs>>;
  readonly needs?: CheckSource['needs'];
}

/** Over these every cut is tried; over the others, which share their code in most streams, the two extremes. */
const EVERY_CUT: readonly Kind[] = ['pair', 'tcp'];

export function sweep({
  name,
  clauses,
  bytes,
  kinds,
  endings = ['open'],
  asks,
  callbacks,
  needs = [],
}: Sweep): Check[] {
  return kinds.flatMap((kind) =>
    endings
      .filter((ending) => ending !== 'reset' || kind === 'tcp' || kind === 'tcp6')
      .filter((ending) => ending !== 'half-close' || kind !== 'pipe')
      .flatMap((ending) =>
        (EVERY_CUT.includes(kind) ? deliveries(bytes) : [atOnce(bytes), oneByOne(bytes)]).map((way) => {
          const stages = way.pieces.map((piece, i) => [
            write('a.peer', piece),
            ...(i === way.pieces.length - 1 ? ENDINGS[ending] : []),
          ]);
          const turns = inTurn(...stages);
          const single = check({
            clauses: clauses(way),
            name: [name, kind, ...(ending === 'open' ? [] : [ending]), way.name].join('-'),
            fds: { a: kind },
            main: [stream('a', 's'), ...asks, turns.begin, start],
            callbacks: { ...callbacks, ...turns.callbacks },
            needs,
          });
          return { ...single, sweep: name };
        }),
      ),
  );
}

export interface WriteSweep {
  readonly name: string;
  readonly clauses: readonly [string, ...string[]];
  /** ASCII. */
  readonly bytes: string;
  /** By their kinds: fds with small buffers, and how many bytes they certainly don't hold. */
  readonly fds: Readonly<Partial<Record<Kind, { readonly fd: FdSpec; readonly size: number }>>>;
  /** How often the peer makes room, so that all comes out. */
  readonly room: number;
}

/** Checks in which stream `s` writes the bytes, in all ways, to a kernel that is full. */
export function sweepWrites({ name, clauses, bytes, fds, room }: WriteSweep): Check[] {
  return Object.entries(fds).flatMap(([kind, { fd, size }]) =>
    deliveries(bytes).map((way) => {
      const turns = inTurn(
        ...way.pieces.map((piece) => [send('s', piece), collect('a.peer')]),
        ...again(room, collect('a.peer')),
      );
      const single = check({
        clauses,
        name: [name, kind, way.name].join('-'),
        fds: { a: fd },
        main: [stream('a', 's'), sendBytes('s', size), turns.begin, start],
        callbacks: turns.callbacks,
      });
      return { ...single, sweep: name };
    }),
  );
}
