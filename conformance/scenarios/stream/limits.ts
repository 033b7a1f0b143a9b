/** Checks of `spec/stream/limits.md`. */
import type { Check } from '../check.js';
import { check, close, start, write } from '../program.js';
import {
  again,
  closeStream,
  collect,
  inTurn,
  onClose,
  readUntil,
  readUntilClose,
  send,
  sendBytes,
  stream,
} from './words.js';

/** Bytes. */
const LIMIT = 64;
const TOO_LONG = 'x'.repeat(5 * LIMIT);
const line = (length: number): string => `${'x'.repeat(length - 2)}\r\n`;

export const limitChecks: readonly Check[] = [
  check({
    clauses: ['STREAM-LIMIT-1', 'STREAM-LIMIT-5'],
    name: 'a-line-without-an-end',
    fds: { a: 'pair' },
    main: [stream('a', 's', { maxRead: LIMIT }), readUntil('s', '\n', 'line'), inTurn([]).begin, start],
    callbacks: { line: [], ...inTurn([write('a.peer', TOO_LONG)], []).callbacks },
  }),
  check({
    clauses: ['STREAM-LIMIT-1', 'STREAM-LIMIT-5'],
    name: 'a-line-that-is-too-long-and-there-already',
    fds: { a: 'pair' },
    main: [stream('a', 's', { maxRead: LIMIT }), inTurn([]).begin, start],
    callbacks: {
      line: [],
      ...inTurn(
        [write('a.peer', TOO_LONG)],
        [readUntil('s', '\n', 'line')],
        // A sign of life, where the call itself fails.
        [closeStream('s')],
        [collect('a.peer')],
      ).callbacks,
    },
  }),
  check({
    clauses: ['STREAM-LIMIT-2', 'STREAM-LIMIT-1'],
    name: 'what-becomes-of-the-stream',
    fds: { a: 'pair' },
    main: [
      stream('a', 's', { maxRead: LIMIT }),
      onClose('s', 'closed'),
      readUntil('s', '\n', 'line'),
      inTurn([]).begin,
      start,
    ],
    callbacks: { closed: [], line: [], ...inTurn([write('a.peer', TOO_LONG)], []).callbacks },
  }),
  check({
    clauses: ['STREAM-LIMIT-3', 'STREAM-READ-3'],
    name: 'a-short-line-and-a-surplus',
    fds: { a: 'pair' },
    main: [stream('a', 's', { maxRead: LIMIT }), readUntil('s', '\n', 'line'), inTurn([]).begin, start],
    callbacks: { line: [], ...inTurn([write('a.peer', `short\n${TOO_LONG}`)], []).callbacks },
  }),
  ...([0, 1, 2] as const).map((beyond) =>
    check({
      clauses: beyond === 0 ? ['STREAM-READ-3'] : ['STREAM-LIMIT-4'],
      name: beyond === 0 ? 'just-the-limit-of-a-stream' : `a-delimiter-that-is-${beyond}-beyond`,
      fds: { a: 'pair' },
      main: [stream('a', 's', { maxRead: LIMIT }), readUntil('s', '\r\n', 'line'), inTurn([]).begin, start],
      callbacks: { line: [], ...inTurn([write('a.peer', line(LIMIT + beyond))], []).callbacks },
    }),
  ),
  ...([0, 1] as const).map((beyond) =>
    check({
      clauses: beyond === 0 ? ['STREAM-READ-3'] : ['STREAM-LIMIT-4'],
      name: beyond === 0 ? 'just-the-limit-of-a-read' : 'one-beyond-the-limit-of-a-read',
      fds: { a: 'pair' },
      main: [stream('a', 's'), readUntil('s', '\r\n', 'line', LIMIT), inTurn([]).begin, start],
      callbacks: { line: [], ...inTurn([write('a.peer', line(LIMIT + beyond))], []).callbacks },
    }),
  ),
  check({
    clauses: ['STREAM-LIMIT-7', 'STREAM-LIMIT-5'],
    name: 'a-read-with-a-limit-of-its-own',
    fds: { a: 'pair' },
    main: [stream('a', 's'), readUntil('s', '\n', 'line', LIMIT), inTurn([]).begin, start],
    callbacks: { line: [], ...inTurn([write('a.peer', TOO_LONG)], []).callbacks },
  }),
  check({
    clauses: ['STREAM-LIMIT-7', 'STREAM-LIMIT-5'],
    name: 'a-limit-of-its-own-for-what-is-there-already',
    fds: { a: 'pair' },
    main: [stream('a', 's'), inTurn([]).begin, start],
    callbacks: {
      first: [readUntil('s', '\n', 'line', LIMIT)],
      line: [],
      ...inTurn([write('a.peer', `short\n${TOO_LONG}\n`)], [readUntil('s', '\n', 'first')], []).callbacks,
    },
  }),
  check({
    clauses: ['STREAM-READ-14'],
    name: 'everything-is-more-than-the-limit',
    fds: { a: 'pair', b: 'pair' },
    // What becomes of the first is left open, as long as a part is not taken for everything.
    main: [
      stream('a', 's', { maxRead: LIMIT }),
      stream('b', 'p', { maxRead: LIMIT }),
      readUntilClose('s', 'tooMuch'),
      readUntilClose('p', 'all'),
      inTurn([]).begin,
      start,
    ],
    callbacks: {
      tooMuch: [],
      all: [],
      ...inTurn([write('a.peer', TOO_LONG), close('a.peer'), write('b.peer', 'all'), close('b.peer')], [])
        .callbacks,
    },
  }),
  check({
    clauses: ['STREAM-LIMIT-6', 'STREAM-WRITE-1'],
    name: 'a-write-that-is-too-large',
    // So much neither fits into the kernel nor may wait.
    fds: { a: { kind: 'pair', buffer: 8192 } },
    main: [
      stream('a', 's', { maxWrite: 50_000 }),
      send('s', 'before '),
      sendBytes('s', 200_000),
      send('s', 'after'),
      inTurn([]).begin,
      start,
    ],
    callbacks: inTurn([collect('a.peer')]).callbacks,
  }),
  check({
    clauses: ['STREAM-LIMIT-6', 'STREAM-WRITE-1'],
    name: 'a-write-that-is-too-large-behind-one-that-waits',
    fds: { a: { kind: 'pair', buffer: 8192 } },
    main: [
      stream('a', 's', { maxWrite: 50_000 }),
      sendBytes('s', 40_000),
      sendBytes('s', 60_000),
      inTurn([]).begin,
      start,
    ],
    callbacks: inTurn(...again(20, collect('a.peer'))).callbacks,
  }),
  check({
    clauses: ['STREAM-LIMIT-6', 'STREAM-WRITE-1'],
    name: 'writes-that-are-too-large-together',
    fds: { a: { kind: 'pair', buffer: 8192 } },
    main: [
      stream('a', 's', { maxWrite: 50_000 }),
      ...Array.from({ length: 11 }, () => sendBytes('s', 40_000)),
      inTurn([]).begin,
      start,
    ],
    callbacks: inTurn(...again(20, collect('a.peer'))).callbacks,
  }),
];
