/** Checks of `spec/stream/reentrancy.md`. */
import type { Action } from '../../../spec/scenario.js';
import type { Check } from '../check.js';
import { check, done, start, timeout, write } from '../program.js';
import {
  closeStream,
  collect,
  inTurn,
  onClose,
  readSome,
  readUntil,
  send,
  stream,
  streamState,
} from './words.js';

/** Lines that wait in the buffer: more than the links of a chain that prove something. */
const LINES = 700;
const AGAIN = readUntil('s', '\n', 'line');

/** Each line asks for the next; the last ends the program. @param nth does something more */
const chain = (nth: number, more: readonly Action[]): { readonly runs: Action[][] } => ({
  runs: Array.from({ length: LINES }, (_, i) =>
    i === LINES - 1 ? [done] : i === nth ? [...more, AGAIN] : [AGAIN],
  ),
});

export const reentrancyChecks: readonly Check[] = [
  check({
    clauses: ['STREAM-REENTRY-1', 'STREAM-READ-7'],
    name: 'hundreds-of-buffered-lines',
    fds: { a: 'pair' },
    main: [stream('a', 's'), AGAIN, write('a.peer', '.\n'.repeat(LINES)), start],
    callbacks: { line: chain(-1, []) },
  }),
  check({
    clauses: ['STREAM-REENTRY-5', 'STREAM-REENTRY-1'],
    name: 'others-beside-hundreds-of-lines',
    fds: { a: 'pair', b: 'pair' },
    main: [
      stream('a', 's'),
      stream('b', 'p'),
      readSome('p', 'some'),
      AGAIN,
      write('a.peer', '.\n'.repeat(LINES)),
      start,
    ],
    callbacks: { line: chain(20, [timeout(0, 'timer'), write('b.peer')]), timer: [], some: [] },
  }),
  check({
    clauses: ['STREAM-REENTRY-2', 'STREAM-READ-7'],
    name: 'a-read-that-is-satisfied-at-once',
    fds: { a: 'pair' },
    main: [stream('a', 's'), AGAIN, inTurn([]).begin, start],
    callbacks: {
      line: [readUntil('s', '\n', 'next')],
      next: [],
      last: [],
      ...inTurn([write('a.peer', 'a\nb\nc\n')], [readUntil('s', '\n', 'last')], []).callbacks,
    },
  }),
  check({
    clauses: ['STREAM-REENTRY-2', 'STREAM-WRITE-6'],
    name: 'writes-that-fit-at-once',
    fds: { a: 'pair' },
    main: [stream('a', 's'), send('s', 'a', 'sent'), send('s', 'b', 'sent'), inTurn([]).begin, start],
    callbacks: { sent: { rest: [] }, ...inTurn([]).callbacks },
  }),
  check({
    clauses: ['STREAM-REENTRY-2'],
    name: 'a-close',
    fds: { a: 'pair' },
    main: [stream('a', 's'), onClose('s', 'closed'), inTurn([]).begin, start],
    callbacks: { closed: [], ...inTurn([closeStream('s')], []).callbacks },
  }),
  check({
    clauses: ['STREAM-REENTRY-3', 'STREAM-WRITE-1'],
    name: 'reads-and-writes-in-a-read-callback',
    fds: { a: 'pair' },
    main: [stream('a', 's'), readSome('s', 'first'), inTurn([]).begin, start],
    callbacks: {
      first: [send('s', 'answer'), readSome('s', 'second')],
      second: [send('s', 's'), closeStream('s')],
      ...inTurn([write('a.peer', 'a')], [write('a.peer', 'b'), collect('a.peer')], []).callbacks,
    },
  }),
  check({
    clauses: ['STREAM-REENTRY-3', 'STREAM-WRITE-1'],
    name: 'reads-and-writes-when-a-write-is-told',
    fds: { a: 'pair' },
    main: [stream('a', 's'), send('s', 'first ', 'sent'), inTurn([]).begin, start],
    callbacks: {
      sent: [send('s', 'second'), readSome('s', 'some')],
      some: [],
      ...inTurn([write('a.peer', 'a')], [collect('a.peer')]).callbacks,
    },
  }),
  check({
    clauses: ['STREAM-REENTRY-4'],
    name: 'asked-in-a-read-callback',
    fds: { a: 'pair' },
    main: [stream('a', 's'), readSome('s', 'some'), inTurn([]).begin, start],
    callbacks: { some: [streamState('s')], ...inTurn([write('a.peer', 'a')], []).callbacks },
  }),
  ...(['pair', 'tcp'] as const).map((kind) =>
    check({
      clauses: ['STREAM-REENTRY-6'],
      name: `each-closes-the-other-${kind}`,
      fds: { a: kind, b: kind },
      main: [
        stream('a', 's'),
        stream('b', 'p'),
        readSome('s', 'readA'),
        readSome('p', 'readB'),
        inTurn([]).begin,
        start,
      ],
      callbacks: {
        readA: [closeStream('p')],
        readB: [closeStream('s')],
        ...inTurn([write('a.peer', 'x'), write('b.peer', 'y')], []).callbacks,
      },
    }),
  ),
];
