/** Checks of `spec/stream/closing.md`. */
import type { Check } from '../check.js';
import { check, close, isOpen, reset, shutdown, start, throwError, write } from '../program.js';
import { sweep, type Ending } from './delivery.js';
import {
  again,
  closeStream,
  collect,
  endStream,
  inTurn,
  onClose,
  readBytes,
  readSome,
  readUntil,
  send,
  sendBytes,
  stream,
  streamState,
} from './words.js';

const SOCKETS = ['pair', 'tcp'] as const;
const ENDS: readonly Ending[] = ['fin', 'half-close'];
const READS = {
  line: readUntil('s', '\n', 'read'),
  counted: readBytes('s', 9, 'read'),
  some: readSome('s', 'read'),
} as const;
const reads = Object.entries(READS);

export const closingChecks: readonly Check[] = [
  ...SOCKETS.flatMap((kind) => [
    check({
      clauses: ['STREAM-CLOSE-1', 'STREAM-CLOSE-15'],
      name: `by-the-program-${kind}`,
      fds: { a: kind },
      main: [stream('a', 's'), onClose('s', 'closed'), inTurn([]).begin, start],
      callbacks: { closed: [], ...inTurn([closeStream('s')], [collect('a.peer')], []).callbacks },
    }),
    check({
      clauses: ['STREAM-CLOSE-15'],
      name: `the-peer-of-a-closed-stream-${kind}`,
      fds: { a: kind },
      main: [stream('a', 's'), send('s', 'bye'), inTurn([]).begin, start],
      callbacks: inTurn([collect('a.peer'), closeStream('s')], [], [collect('a.peer')]).callbacks,
    }),
    check({
      clauses: ['STREAM-CLOSE-1', 'STREAM-CLOSE-2'],
      name: `by-both-sides-${kind}`,
      fds: { a: kind },
      main: [stream('a', 's'), onClose('s', 'closed'), readSome('s', 'some'), inTurn([]).begin, start],
      callbacks: {
        closed: [closeStream('s')],
        some: [],
        ...inTurn([close('a.peer')], [closeStream('s'), closeStream('s')], []).callbacks,
      },
    }),
    ...ENDS.map((ending) =>
      check({
        clauses: ['STREAM-CLOSE-3'],
        name: `idle-when-the-peer-ends-${kind}-${ending}`,
        fds: { a: kind },
        main: [stream('a', 's'), onClose('s', 'closed'), inTurn([]).begin, start],
        callbacks: {
          closed: [],
          ...inTurn(
            [ending === 'fin' ? close('a.peer') : shutdown('a.peer', 'write')],
            [],
            [closeStream('s')],
          ).callbacks,
        },
      }),
    ),
    check({
      clauses: ['STREAM-CLOSE-6'],
      name: `a-line-and-the-end-${kind}`,
      fds: { a: kind },
      main: [stream('a', 's'), onClose('s', 'closed'), readUntil('s', '\n', 'line'), inTurn([]).begin, start],
      callbacks: { closed: [], line: [], ...inTurn([write('a.peer', 'a\n'), close('a.peer')], []).callbacks },
    }),
    check({
      clauses: ['STREAM-CLOSE-11', 'STREAM-WRITE-1'],
      name: `a-half-closed-stream-${kind}`,
      fds: { a: kind },
      main: [stream('a', 's'), send('s', 'bye'), endStream('s'), inTurn([]).begin, start],
      callbacks: inTurn([collect('a.peer')], [collect('a.peer')]).callbacks,
    }),
    check({
      clauses: ['STREAM-CLOSE-11', 'STREAM-WRITE-1'],
      name: `half-closed-with-much-to-write-${kind}`,
      fds: { a: { kind, buffer: 65_536 } },
      main: [stream('a', 's'), sendBytes('s', 800_000), endStream('s'), inTurn([]).begin, start],
      callbacks: inTurn(...again(60, collect('a.peer'))).callbacks,
    }),
    check({
      clauses: ['STREAM-CLOSE-12', 'STREAM-CLOSE-11'],
      name: `reads-after-its-own-end-${kind}`,
      fds: { a: kind },
      main: [stream('a', 's'), endStream('s'), readSome('s', 'some'), inTurn([]).begin, start],
      callbacks: {
        some: [],
        ...inTurn([collect('a.peer'), write('a.peer', 'still')], [collect('a.peer')]).callbacks,
      },
    }),
    ...reads.flatMap(([what, read]) => [
      check({
        clauses: ['STREAM-CLOSE-5', 'STREAM-CLOSE-14'],
        name: `bytes-for-a-read-of-${what}-after-the-close-${kind}`,
        fds: { a: kind },
        main: [stream('a', 's'), read, inTurn([]).begin, start],
        callbacks: { read: [], ...inTurn([closeStream('s')], [write('a.peer', '1234567\n8')], []).callbacks },
      }),
      check({
        clauses: ['STREAM-REENTRY-6', 'STREAM-CLOSE-14'],
        name: `closed-when-bytes-for-a-read-of-${what}-have-come-${kind}`,
        fds: { a: kind },
        main: [stream('a', 's'), read, inTurn([]).begin, start],
        callbacks: { read: [], ...inTurn([write('a.peer', '1234567\n8'), closeStream('s')], []).callbacks },
      }),
    ]),
  ]),
  check({
    clauses: ['STREAM-CLOSE-11', 'STREAM-WRITE-1'],
    name: 'the-end-of-an-idle-pipe',
    fds: { a: { kind: 'pipe', near: 'write' } },
    main: [stream('a', 's'), send('s', 'bye'), inTurn([]).begin, start],
    callbacks: inTurn([endStream('s')], [collect('a.peer')], [collect('a.peer')]).callbacks,
  }),
  check({
    clauses: ['STREAM-CLOSE-11', 'STREAM-WRITE-1'],
    name: 'a-pipe-ended-with-much-to-write',
    fds: { a: { kind: 'pipe', near: 'write', buffer: 4096 } },
    main: [stream('a', 's'), sendBytes('s', 100_000), endStream('s'), inTurn([]).begin, start],
    callbacks: inTurn(...again(60, collect('a.peer'))).callbacks,
  }),
  check({
    clauses: ['STREAM-CLOSE-1', 'STREAM-CLOSE-2'],
    name: 'twice-and-in-its-own-callback',
    fds: { a: 'pair' },
    main: [stream('a', 's'), onClose('s', 'closed'), inTurn([]).begin, start],
    callbacks: {
      closed: [closeStream('s')],
      ...inTurn([closeStream('s'), closeStream('s')], [closeStream('s')], []).callbacks,
    },
  }),
  check({
    clauses: ['STREAM-CLOSE-2'],
    name: 'again-and-again',
    fds: { a: 'pair' },
    main: [stream('a', 's'), inTurn([]).begin, start],
    callbacks: inTurn([closeStream('s'), closeStream('s')], [closeStream('s')], [collect('a.peer')])
      .callbacks,
  }),
  check({
    clauses: ['STREAM-CLOSE-1'],
    name: 'in-a-read-callback-with-bytes-left',
    fds: { a: 'pair' },
    main: [stream('a', 's'), onClose('s', 'closed'), readSome('s', 'some', 2), inTurn([]).begin, start],
    callbacks: { closed: [], some: [closeStream('s')], ...inTurn([write('a.peer', 'abcdef')], []).callbacks },
  }),
  check({
    clauses: ['STREAM-CLOSE-5'],
    name: 'in-a-read-callback-with-a-write-that-fits',
    fds: { a: { kind: 'pair', buffer: 8192 } },
    // The peer makes room and sends in one stage: the stream is readable and writable at once.
    main: [stream('a', 's'), sendBytes('s', 200_000, 'sent'), readSome('s', 'some'), inTurn([]).begin, start],
    callbacks: {
      sent: [],
      some: [closeStream('s')],
      ...inTurn([collect('a.peer'), write('a.peer', 'x')], ...again(3, collect('a.peer'))).callbacks,
    },
  }),
  ...reads.map(([what, read]) =>
    check({
      clauses: ['STREAM-CLOSE-4', 'STREAM-CLOSE-9', 'STREAM-CLOSE-16'],
      name: `reset-under-a-read-of-${what}`,
      fds: { a: 'tcp' },
      main: [stream('a', 's'), onClose('s', 'closed'), read, inTurn([]).begin, start],
      callbacks: { closed: [], read: [], ...inTurn([reset('a.peer')], []).callbacks },
    }),
  ),
  check({
    clauses: ['STREAM-CLOSE-4', 'STREAM-CLOSE-9'],
    name: 'reset-before-the-stream-was-made',
    fds: { a: 'tcp' },
    main: [reset('a.peer'), stream('a', 's'), readUntil('s', '\n', 'read'), inTurn([]).begin, start],
    callbacks: { read: [], ...inTurn([]).callbacks },
  }),
  ...sweep({
    name: 'reset-after-a-part',
    clauses: () => ['STREAM-CLOSE-4'],
    bytes: 'part',
    kinds: ['tcp'],
    endings: ['reset'],
    asks: [onClose('s', 'closed'), readUntil('s', '\n', 'line')],
    callbacks: { closed: [], line: [] },
  }),
  check({
    clauses: ['STREAM-CLOSE-7'],
    name: 'asked-in-its-close-callback',
    fds: { a: 'pair' },
    main: [stream('a', 's'), onClose('s', 'closed'), inTurn([]).begin, start],
    callbacks: { closed: [streamState('s')], ...inTurn([closeStream('s')], []).callbacks },
  }),
  check({
    clauses: ['STREAM-CLOSE-8'],
    name: 'a-callback-that-throws',
    fds: { a: 'pair' },
    main: [stream('a', 's'), onClose('s', 'closed'), readSome('s', 'some'), inTurn([]).begin, start],
    callbacks: {
      closed: [],
      some: [readSome('s', 'next'), throwError],
      next: [],
      ...inTurn([write('a.peer', 'x')], [write('a.peer', 'y')], []).callbacks,
    },
  }),
  check({
    clauses: ['STREAM-CLOSE-10'],
    name: 'the-fd-of-a-closed-stream',
    fds: { a: 'pair' },
    main: [stream('a', 's'), onClose('s', 'closed'), inTurn([]).begin, start],
    callbacks: { closed: [isOpen('a')], ...inTurn([closeStream('s')], [isOpen('a')]).callbacks },
  }),
  check({
    clauses: ['STREAM-CLOSE-10'],
    name: 'the-fd-of-a-stream-that-was-reset',
    fds: { a: 'tcp' },
    main: [stream('a', 's'), onClose('s', 'closed'), readSome('s', 'some'), inTurn([]).begin, start],
    callbacks: { closed: [isOpen('a')], some: [], ...inTurn([reset('a.peer')], [isOpen('a')]).callbacks },
  }),
  check({
    clauses: ['STREAM-CLOSE-13'],
    name: 'with-much-to-write',
    fds: { a: 'pair' },
    main: [stream('a', 's'), sendBytes('s', 1_000_000), inTurn([]).begin, start],
    callbacks: inTurn([closeStream('s')], ...again(12, collect('a.peer'))).callbacks,
  }),
];
