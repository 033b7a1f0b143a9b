/** Checks of `spec/stream/reading.md`. */
import type { Action } from '../../../spec/scenario.js';
import type { Check } from '../check.js';
import {
  check,
  close,
  done,
  fill,
  quietly,
  quietlyThen,
  reset,
  shutdown,
  start,
  timeout,
  write,
  type Runs,
} from '../program.js';
import { sweep, type Ending, type Kind } from './delivery.js';
import {
  again,
  inTurn,
  readBytes,
  readSome,
  readUntil,
  readUntilClose,
  readUntilRegex,
  stream,
} from './words.js';

const ALL: readonly Kind[] = ['pair', 'tcp', 'tcp6', 'pipe'];
const MOST: readonly Kind[] = ['pair', 'tcp', 'pipe'];
const ENDS: readonly Ending[] = ['fin', 'half-close'];
const MIXED = 'GET /\r\nbody12345tail\r\n';
const LINES = 'one\r\ntwo\r\n';
const HEADS = 'a: b\r\n\r\nc\n\nrest';

/** Messages that few buffers take in one piece: so many bytes, and as many of these pieces. A line has to stay below 64 KB for asyncio, unless the stream is given another limit. */
const PIECE = 50_000;
const PIECES = Array.from({ length: 6 }, (_, i): [Action] => [
  { op: 'write', fd: 'a.peer', size: PIECE, from: i * PIECE },
]);

/** Reads on as soon as something has come. */
const onAndOn: Runs = { rest: [readSome('s', 'some')] };
const inFours: Runs = { rest: [readSome('s', 'some', 4)] };

/** What streams read at once, or double their buffers to: where one block ends and the next begins, bytes get lost. */
const BLOCKS = [1024, 4096, 16_384, 65_536, 131_072] as const;

/** Three times so many bytes, each time others. */
const threeTimes = (size: number): Action[][] =>
  Array.from({ length: 3 }, (_, i) => [{ op: 'write', fd: 'a.peer', size, from: i * size }]);

/** So many bytes, none of which ends a line. */
const filler = (size: number): Action[] =>
  Array.from({ length: Math.ceil(size / 65_536) }, (_, i) =>
    write('a.peer', 'x'.repeat(Math.min(65_536, size - i * 65_536))),
  );

/** Quiet windows, and then a sign of life: the read ends the program. */
const afterwards = (read: Action): Readonly<Record<string, Runs>> => ({
  ...quietlyThen(read),
  some: [done],
});

const swept: readonly Check[] = [
  ...sweep({
    name: 'lines-and-counts',
    clauses: () => ['STREAM-READ-1', 'STREAM-READ-2', 'STREAM-READ-3', 'STREAM-READ-8'],
    bytes: MIXED,
    kinds: ALL,
    asks: [readUntil('s', '\r\n', 'line')],
    callbacks: {
      line: [readBytes('s', 9, 'counted')],
      counted: [readUntil('s', '\r\n', 'tail')],
      tail: [],
    },
  }),
  ...sweep({
    name: 'some-and-some-more',
    clauses: () => ['STREAM-READ-15', 'STREAM-READ-1', 'STREAM-READ-8'],
    bytes: 'abcdefgh',
    kinds: ALL,
    asks: [readSome('s', 'some')],
    callbacks: { some: onAndOn },
  }),
  ...sweep({
    name: 'four-at-most',
    clauses: () => ['STREAM-READ-15', 'STREAM-READ-1', 'STREAM-READ-8'],
    bytes: 'abcdefgh',
    kinds: ['pair', 'tcp'],
    asks: [readSome('s', 'some', 4)],
    callbacks: { some: inFours },
  }),
  ...sweep({
    name: 'the-delimiter',
    clauses: (way) =>
      way.cuts(3, 5) || way.cuts(8, 10)
        ? ['STREAM-READ-4', 'STREAM-READ-3', 'STREAM-READ-1', 'STREAM-READ-8']
        : ['STREAM-READ-3', 'STREAM-READ-1', 'STREAM-READ-8'],
    bytes: LINES,
    kinds: ALL,
    endings: ['open', 'fin'],
    asks: [readUntil('s', '\r\n', 'line')],
    callbacks: { line: [readUntil('s', '\r\n', 'next')], next: [] },
  }),
  ...sweep({
    name: 'nearly-the-delimiter',
    clauses: (way) =>
      way.cuts(3, 7)
        ? ['STREAM-READ-4', 'STREAM-READ-3', 'STREAM-READ-1']
        : ['STREAM-READ-3', 'STREAM-READ-1'],
    // The end of what looks like a delimiter is the beginning of one: a search that resumes too late misses it.
    bytes: 'a\r\r\r\n\r\nb',
    kinds: ['pair'],
    asks: [readUntil('s', '\r\n\r\n', 'head')],
    callbacks: { head: [readBytes('s', 1, 'rest')], rest: [] },
  }),
  ...sweep({
    name: 'the-end-of-a-head',
    clauses: () => ['STREAM-READ-5', 'STREAM-READ-1'],
    bytes: HEADS,
    kinds: ['pair', 'tcp'],
    asks: [readUntilRegex('s', '\\r?\\n\\r?\\n', 'head')],
    callbacks: {
      head: [readUntilRegex('s', '\\r?\\n\\r?\\n', 'next')],
      next: [readBytes('s', 4, 'rest')],
      rest: [],
    },
  }),
  ...sweep({
    name: 'with-the-last-bytes',
    clauses: () => ['STREAM-READ-12', 'STREAM-READ-1'],
    bytes: 'one\n',
    kinds: MOST,
    endings: ENDS,
    asks: [readUntil('s', '\n', 'line')],
    callbacks: { line: [] },
  }),
  ...sweep({
    name: 'some-with-the-last-bytes',
    clauses: () => ['STREAM-READ-1', 'STREAM-READ-15'],
    bytes: 'xyz',
    kinds: MOST,
    endings: ENDS,
    asks: [readSome('s', 'some')],
    callbacks: { some: onAndOn },
  }),
  ...sweep({
    name: 'never-satisfied',
    clauses: () => ['STREAM-READ-13'],
    bytes: 'part',
    kinds: MOST,
    endings: ENDS,
    asks: [readUntil('s', '\n', 'line')],
    callbacks: { line: [] },
  }),
  ...sweep({
    name: 'too-few',
    clauses: () => ['STREAM-READ-13'],
    bytes: 'part',
    kinds: MOST,
    endings: ENDS,
    asks: [readBytes('s', 5, 'counted')],
    callbacks: { counted: [] },
  }),
  ...sweep({
    name: 'everything',
    clauses: () => ['STREAM-READ-14', 'STREAM-READ-1'],
    bytes: 'all of it',
    kinds: MOST,
    endings: ENDS,
    asks: [readUntilClose('s', 'all')],
    callbacks: { all: [] },
  }),
];

const single: readonly Check[] = [
  check({
    clauses: ['STREAM-READ-6', 'STREAM-READ-1'],
    name: 'no-bytes-then-some',
    fds: { a: 'pair' },
    main: [stream('a', 's'), readBytes('s', 0, 'nothing'), inTurn([]).begin, start],
    callbacks: {
      nothing: [readBytes('s', 1, 'byte')],
      byte: [],
      ...inTurn([write('a.peer', 'x')]).callbacks,
    },
  }),
  check({
    clauses: ['STREAM-READ-6'],
    name: 'no-bytes-of-some',
    fds: { a: 'pair' },
    main: [stream('a', 's'), write('a.peer', 'xy'), readBytes('s', 0, 'nothing'), inTurn().begin, start],
    callbacks: { nothing: [], ...inTurn().callbacks },
  }),
  ...(['pair', 'tcp', 'pipe'] as const).map((kind) =>
    check({
      clauses: ['STREAM-READ-7', 'STREAM-READ-1'],
      name: `three-lines-in-one-piece-${kind}`,
      fds: { a: kind },
      main: [stream('a', 's'), readUntil('s', '\n', 'line1'), inTurn([]).begin, start],
      callbacks: {
        line1: [readUntil('s', '\n', 'line2')],
        line2: [],
        line3: [],
        ...inTurn([write('a.peer', 'a\nb\nc\n')], [readUntil('s', '\n', 'line3')]).callbacks,
      },
    }),
  ),
  check({
    clauses: ['STREAM-READ-7', 'STREAM-READ-15'],
    name: 'in-parts-of-two',
    fds: { a: 'pair' },
    main: [stream('a', 's'), readSome('s', 'some', 2), inTurn([]).begin, start],
    callbacks: {
      some: { runs: [[readSome('s', 'some', 2)], [readSome('s', 'some', 2)]] },
      ...inTurn([write('a.peer', 'aabbcc')], []).callbacks,
    },
  }),
  ...(['pair', 'tcp', 'pipe'] as const).map((kind) =>
    check({
      clauses: ['STREAM-READ-8', 'STREAM-READ-2'],
      name: `a-read-after-a-pause-${kind}`,
      fds: { a: kind },
      main: [stream('a', 's'), inTurn([]).begin, start],
      // What comes while nobody reads may make the stream stop watching.
      callbacks: {
        counted: [],
        ...inTurn([write('a.peer', 'ab')], [readBytes('s', 4, 'counted')], [write('a.peer', 'cdef')], [])
          .callbacks,
      },
    }),
  ),
  // What a reader has got is his: a stream that reads the next bytes to the same place overwrites it.
  ...(['pair', 'tcp'] as const).flatMap((kind) =>
    BLOCKS.map((size) =>
      check({
        clauses: ['STREAM-READ-1'],
        name: `${size}-bytes-again-and-again-${kind}`,
        fds: { a: kind },
        main: [stream('a', 's'), readSome('s', 'some'), inTurn([]).begin, start],
        callbacks: { some: onAndOn, ...inTurn(...threeTimes(size), []).callbacks },
      }),
    ),
  ),
  ...(['pair', 'tcp'] as const).map((kind) =>
    check({
      clauses: ['STREAM-READ-2', 'STREAM-READ-3', 'STREAM-READ-1'],
      name: `many-bytes-and-a-long-line-${kind}`,
      fds: { a: kind },
      main: [stream('a', 's'), readBytes('s', 4.8 * PIECE, 'many'), inTurn([]).begin, start],
      callbacks: {
        many: [readUntil('s', 'THE END', 'line')],
        line: [readBytes('s', 4, 'rest')],
        rest: [],
        ...inTurn(...PIECES, [write('a.peer', 'THE END.end')], []).callbacks,
      },
    }),
  ),
  // Blocks that a search goes through one by one, and counts.
  check({
    clauses: ['STREAM-READ-3', 'STREAM-READ-1'],
    name: 'a-line-over-many-blocks',
    fds: { a: 'pair' },
    main: [
      stream('a', 's', { maxRead: 8 * PIECE }),
      readUntil('s', 'THE END', 'line'),
      inTurn([]).begin,
      start,
    ],
    callbacks: {
      line: [readBytes('s', 4, 'rest')],
      rest: [],
      ...inTurn(...PIECES, [write('a.peer', 'THE END.end')], []).callbacks,
    },
  }),
  check({
    clauses: ['STREAM-READ-9', 'STREAM-READ-10'],
    name: 'a-second-line-while-the-first-is-pending',
    fds: { a: 'pair' },
    main: [
      stream('a', 's'),
      readUntil('s', '\n', 'first'),
      readUntil('s', '\n', 'second'),
      inTurn([]).begin,
      start,
    ],
    callbacks: { first: [], second: [], ...inTurn([write('a.peer', 'a\nb\n')], []).callbacks },
  }),
  check({
    clauses: ['STREAM-READ-9', 'STREAM-READ-10'],
    name: 'some-more-while-some-is-pending',
    fds: { a: 'pair' },
    main: [stream('a', 's'), readSome('s', 'first'), readSome('s', 'second'), inTurn([]).begin, start],
    callbacks: {
      first: [],
      second: [],
      ...inTurn([write('a.peer', 'a')], [write('a.peer', 'b')], []).callbacks,
    },
  }),
  ...MOST.flatMap((kind) =>
    ENDS.filter((ending) => kind !== 'pipe' || ending === 'fin').flatMap((ending) => {
      const ended = ending === 'fin' ? close('a.peer') : shutdown('a.peer', 'write');
      return [
        check({
          clauses: ['STREAM-READ-11', 'STREAM-READ-1'],
          name: `lines-after-the-end-${kind}-${ending}`,
          fds: { a: kind },
          main: [stream('a', 's'), inTurn([]).begin, start],
          callbacks: {
            line1: [readUntil('s', '\n', 'line2')],
            line2: [],
            ...inTurn([write('a.peer', 'a\nb\n'), ended], [readUntil('s', '\n', 'line1')], []).callbacks,
          },
        }),
        check({
          clauses: ['STREAM-READ-11', 'STREAM-READ-1'],
          name: `some-after-the-end-${kind}-${ending}`,
          fds: { a: kind },
          main: [stream('a', 's'), inTurn([]).begin, start],
          callbacks: {
            some: [],
            ...inTurn([write('a.peer', 'ab'), ended], [readSome('s', 'some')], []).callbacks,
          },
        }),
        check({
          clauses: ['STREAM-READ-14', 'STREAM-READ-1'],
          name: `everything-after-the-end-${kind}-${ending}`,
          fds: { a: kind },
          main: [stream('a', 's'), inTurn([]).begin, start],
          callbacks: {
            all: [],
            ...inTurn([write('a.peer', 'ab'), ended], [readUntilClose('s', 'all')], []).callbacks,
          },
        }),
        check({
          clauses: ['STREAM-READ-14'],
          name: `nothing-until-the-end-${kind}-${ending}`,
          fds: { a: kind },
          main: [stream('a', 's'), readUntilClose('s', 'all'), inTurn([]).begin, start],
          callbacks: { all: [], ...inTurn([ended], []).callbacks },
        }),
      ];
    }),
  ),
  ...(['pair', 'tcp'] as const).flatMap((kind) => [
    check({
      clauses: ['STREAM-READ-16'],
      name: `a-peer-that-sends-and-sends-${kind}`,
      // Left to itself, the kernel lets a TCP connection hold some megabytes, and more by and by.
      fds: { a: { kind, buffer: 65_536 } },
      main: [stream('a', 's'), inTurn([]).begin, start],
      callbacks: {
        some: [],
        ...inTurn(...again(12, fill('a.peer')), [readSome('s', 'some')], []).callbacks,
      },
    }),
    check({
      clauses: ['STREAM-READ-17'],
      name: `bytes-that-nobody-reads-${kind}`,
      fds: { a: kind },
      main: [stream('a', 's'), write('a.peer', 'xyz'), quietly.begin, start],
      callbacks: afterwards(readSome('s', 'some')),
    }),
    check({
      clauses: ['STREAM-READ-17'],
      name: `more-than-anybody-reads-${kind}`,
      fds: { a: kind },
      main: [stream('a', 's'), fill('a.peer'), timeout(1, 'more'), start],
      callbacks: { more: [fill('a.peer'), quietly.begin], ...afterwards(readSome('s', 'some')) },
    }),
  ]),
  ...BLOCKS.map((size) =>
    check({
      clauses: ['STREAM-READ-3', 'STREAM-READ-1', 'STREAM-READ-8'],
      name: `a-delimiter-across-${size}-bytes`,
      fds: { a: 'pair' },
      // A stream may have a limit of its own accord: asyncio's is 64 KB.
      main: [
        stream('a', 's', { maxRead: 1_000_000 }),
        readUntil('s', '\r\n', 'line'),
        inTurn([]).begin,
        start,
      ],
      callbacks: {
        line: [readUntil('s', '\r\n', 'next')],
        next: [],
        ...inTurn([...filler(size - 1), write('a.peer', '\r'), write('a.peer', '\nnext\r\n')], []).callbacks,
      },
    }),
  ),
  ...(['pair', 'tcp'] as const).map((kind) =>
    check({
      clauses: ['STREAM-READ-14', 'STREAM-READ-1'],
      name: `everything-of-many-bytes-${kind}`,
      fds: { a: kind },
      main: [stream('a', 's'), readUntilClose('s', 'all'), inTurn([]).begin, start],
      callbacks: {
        all: [],
        ...inTurn([...filler(65_536)], [...filler(65_541)], [...filler(40_000), close('a.peer')], [])
          .callbacks,
      },
    }),
  ),
  // For streams that know delimiters only.
  check({
    clauses: ['STREAM-READ-16'],
    name: 'a-peer-that-sends-and-sends-and-a-line',
    fds: { a: 'pair' },
    main: [stream('a', 's'), inTurn([]).begin, start],
    callbacks: {
      line: [],
      ...inTurn(...again(12, fill('a.peer')), [readUntil('s', '\n', 'line')], []).callbacks,
    },
  }),
  check({
    clauses: ['STREAM-READ-17'],
    name: 'a-line-that-nobody-reads',
    fds: { a: 'pair' },
    main: [stream('a', 's'), write('a.peer', 'xyz\n'), quietly.begin, start],
    callbacks: afterwards(readUntil('s', '\n', 'some')),
  }),
  ...MOST.map((kind) =>
    check({
      clauses: ['STREAM-READ-17'],
      name: `bytes-that-nobody-reads-before-the-end-${kind}`,
      fds: { a: kind },
      main: [stream('a', 's'), write('a.peer', 'xyz'), close('a.peer'), quietly.begin, start],
      callbacks: afterwards(readSome('s', 'some')),
    }),
  ),
  check({
    clauses: ['STREAM-READ-18'],
    name: 'a-reset-under-a-read',
    fds: { a: 'tcp' },
    main: [stream('a', 's'), readSome('s', 'some'), inTurn([]).begin, start],
    callbacks: { some: [], ...inTurn([reset('a.peer')], []).callbacks },
  }),
];

export const readingChecks: readonly Check[] = [...swept, ...single];
