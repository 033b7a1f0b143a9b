/** Checks of `spec/stream/writing.md`. */
import type { FdSpec } from '../../../spec/scenario.js';
import type { Check } from '../check.js';
import { check, close, done, quietly, quietlyThen, start } from '../program.js';
import { sweepWrites } from './delivery.js';
import { again, closeStream, collect, endStream, inTurn, send, sendBytes, stream } from './words.js';

/** The stream has the writing end. */
const WRITING: Readonly<Record<string, FdSpec>> = {
  pair: { kind: 'pair' },
  tcp: { kind: 'tcp' },
  tcp6: { kind: 'tcp6' },
  pipe: { kind: 'pipe', near: 'write' },
};
const kinds = Object.keys(WRITING);

/**
 * More than the kernel takes at once, and how often the peer makes room for it. Small buffers make writes come up short; those
 * of TCP are left larger, as it holds small windows back.
 */
const LARGE: Readonly<Record<string, { readonly fd: FdSpec; readonly size: number }>> = {
  pair: { fd: { kind: 'pair', buffer: 8192 }, size: 100_000 },
  pipe: { fd: { kind: 'pipe', near: 'write', buffer: 4096 }, size: 100_000 },
  tcp: { fd: { kind: 'tcp', buffer: 65_536 }, size: 800_000 },
  tcp6: { fd: { kind: 'tcp6', buffer: 65_536 }, size: 800_000 },
};
const ROOM = 60;
/** More than any kernel takes while nobody reads. */
const BLOCKED = 4_000_000;
/** Together more than a kernel with room takes at once, and each begins elsewhere in the pattern. */
const VAST = [0, 1, 2, 3].map((i) => sendBytes('s', BLOCKED / 4, undefined, (i * BLOCKED) / 16));
/** More buffers than one writev may get: IOV_MAX is 1,024. Of so many bytes each. */
const BUFFERS = 1100;
const SMALL = 5;

export const writingChecks: readonly Check[] = [
  ...kinds.flatMap((kind) => [
    check({
      clauses: ['STREAM-WRITE-1'],
      name: `three-writes-${kind}`,
      fds: { a: WRITING[kind]! },
      main: [
        stream('a', 's'),
        send('s', 'one '),
        send('s', 'two '),
        send('s', 'three\u0000\u00ff'),
        inTurn([]).begin,
        start,
      ],
      callbacks: inTurn([collect('a.peer')]).callbacks,
    }),
    check({
      clauses: ['STREAM-WRITE-1'],
      name: `writes-apart-${kind}`,
      fds: { a: WRITING[kind]! },
      main: [stream('a', 's'), send('s', 'one '), inTurn([]).begin, start],
      callbacks: inTurn(
        [send('s', 'two '), send('s', 'three ')],
        [collect('a.peer'), send('s', 'four')],
        [collect('a.peer')],
      ).callbacks,
    }),
    check({
      clauses: ['STREAM-WRITE-2', 'STREAM-WRITE-1'],
      name: `more-than-fits-${kind}`,
      fds: { a: LARGE[kind]!.fd },
      main: [stream('a', 's'), sendBytes('s', LARGE[kind]!.size), inTurn([]).begin, start],
      callbacks: inTurn(...again(ROOM, collect('a.peer'))).callbacks,
      needs: [],
    }),
    check({
      clauses: ['STREAM-WRITE-2', 'STREAM-WRITE-1'],
      name: `many-writes-that-do-not-fit-${kind}`,
      fds: { a: LARGE[kind]!.fd },
      main: [
        stream('a', 's'),
        ...Array.from({ length: 20 }, (_, i) =>
          sendBytes('s', LARGE[kind]!.size / 20, undefined, (i * LARGE[kind]!.size) / 20),
        ),
        inTurn([]).begin,
        start,
      ],
      callbacks: inTurn(...again(ROOM, collect('a.peer'))).callbacks,
    }),
  ]),
  // Buffers as large as the kernel makes them: a stream that writes so much in a turn, and no more, finds that there is room still.
  check({
    clauses: ['STREAM-WRITE-2', 'STREAM-WRITE-1'],
    name: 'more-than-a-turn-tcp',
    fds: { a: 'tcp' },
    main: [stream('a', 's'), ...VAST, inTurn([]).begin, start],
    callbacks: inTurn(...again(ROOM, collect('a.peer'))).callbacks,
  }),
  ...sweepWrites({
    name: 'behind-a-full-buffer',
    clauses: ['STREAM-WRITE-1', 'STREAM-WRITE-2'],
    bytes: 'one\r\ntwo\r\n',
    fds: { pair: { fd: LARGE['pair']!.fd, size: 30_000 }, pipe: { fd: LARGE['pipe']!.fd, size: 30_000 } },
    room: 20,
  }),
  // The first fills the kernel, so that all the others wait together.
  ...(['pair', 'pipe', 'tcp'] as const).map((kind) =>
    check({
      clauses: ['STREAM-WRITE-2', 'STREAM-WRITE-1'],
      name: `more-writes-than-buffers-${kind}`,
      fds: { a: LARGE[kind]!.fd },
      main: [
        stream('a', 's'),
        sendBytes('s', LARGE[kind]!.size),
        ...Array.from({ length: BUFFERS }, (_, i) =>
          sendBytes('s', SMALL, undefined, LARGE[kind]!.size + i * SMALL),
        ),
        inTurn([]).begin,
        start,
      ],
      callbacks: inTurn(...again(ROOM, collect('a.peer'))).callbacks,
    }),
  ),
  ...(['pair', 'pipe', 'tcp'] as const).map((kind) =>
    check({
      clauses: ['STREAM-WRITE-1'],
      name: `a-write-when-there-is-room-again-${kind}`,
      fds: { a: LARGE[kind]!.fd },
      main: [stream('a', 's'), sendBytes('s', LARGE[kind]!.size), inTurn([]).begin, start],
      // The peer makes room, and before the loop says so there is another write: behind the rest of the first.
      callbacks: inTurn([collect('a.peer'), send('s', 'behind')], ...again(ROOM, collect('a.peer')))
        .callbacks,
    }),
  ),
  ...(['pair', 'tcp'] as const).flatMap((kind) => [
    check({
      clauses: ['STREAM-WRITE-3'],
      name: `all-is-written-${kind}`,
      fds: { a: kind },
      main: [stream('a', 's'), send('s', 'all'), inTurn([]).begin, start],
      callbacks: {
        stage1: [collect('a.peer'), quietly.begin],
        ...quietly.callbacks,
      },
    }),
    check({
      clauses: ['STREAM-WRITE-3'],
      name: `a-large-one-is-written-${kind}`,
      fds: { a: LARGE[kind]!.fd },
      main: [stream('a', 's'), sendBytes('s', LARGE[kind]!.size), inTurn([]).begin, start],
      callbacks: {
        ...inTurn(...again(ROOM, collect('a.peer'))).callbacks,
        end: [quietly.begin],
        ...quietly.callbacks,
      },
    }),
    check({
      clauses: ['STREAM-WRITE-4'],
      name: `a-peer-that-takes-nothing-${kind}`,
      fds: { a: { kind, buffer: 8192 } },
      main: [stream('a', 's'), sendBytes('s', BLOCKED / 4), quietly.begin, start],
      callbacks: quietlyThen(collect('a.peer'), done),
    }),
    check({
      clauses: ['STREAM-WRITE-8', 'STREAM-WRITE-9'],
      name: `to-a-peer-that-is-gone-${kind}`,
      fds: { a: kind },
      main: [stream('a', 's'), send('s', 'somebody'), inTurn([]).begin, start],
      callbacks: inTurn([collect('a.peer'), close('a.peer'), send('s', 'nobody')], []).callbacks,
    }),
    check({
      clauses: ['STREAM-WRITE-8', 'STREAM-WRITE-9'],
      name: `large-to-a-peer-that-is-gone-${kind}`,
      fds: { a: { kind, buffer: 8192 } },
      main: [stream('a', 's'), sendBytes('s', BLOCKED / 4), inTurn([]).begin, start],
      callbacks: inTurn([collect('a.peer'), close('a.peer'), send('s', 'nobody')], []).callbacks,
    }),
  ]),
  ...(['pair', 'pipe'] as const).map((kind) =>
    check({
      clauses: ['STREAM-WRITE-5', 'STREAM-WRITE-2'],
      name: `told-when-the-kernel-has-it-${kind}`,
      fds: { a: LARGE[kind]!.fd },
      main: [stream('a', 's'), sendBytes('s', LARGE[kind]!.size, 'sent'), inTurn([]).begin, start],
      callbacks: { sent: [collect('a.peer')], ...inTurn(...again(ROOM, collect('a.peer'))).callbacks },
    }),
  ),
  check({
    clauses: ['STREAM-WRITE-3'],
    name: 'the-reader-of-an-idle-pipe-leaves',
    fds: { a: WRITING['pipe']! },
    main: [stream('a', 's'), send('s', 'all'), inTurn([]).begin, start],
    callbacks: {
      stage1: [collect('a.peer'), close('a.peer'), quietly.begin],
      ...quietly.callbacks,
    },
  }),
  check({
    clauses: ['STREAM-WRITE-3'],
    name: 'the-reader-of-a-pipe-leaves-after-two-writes',
    fds: { a: WRITING['pipe']! },
    main: [stream('a', 's'), send('s', 'one'), inTurn([]).begin, start],
    callbacks: {
      ...inTurn([collect('a.peer'), send('s', 'two')]).callbacks,
      end: [collect('a.peer'), close('a.peer'), quietly.begin],
      ...quietly.callbacks,
    },
  }),
  check({
    clauses: ['STREAM-WRITE-5'],
    name: 'a-write-after-its-own-end',
    fds: { a: 'pair' },
    main: [stream('a', 's'), send('s', 'before', 'sent'), inTurn([]).begin, start],
    callbacks: {
      sent: [collect('a.peer')],
      late: [],
      ...inTurn([endStream('s')], [send('s', 'late', 'late')], [collect('a.peer')]).callbacks,
    },
  }),
  check({
    clauses: ['STREAM-WRITE-5', 'STREAM-WRITE-1'],
    name: 'a-small-one-told',
    fds: { a: 'pair' },
    main: [stream('a', 's'), send('s', 'small', 'sent'), inTurn([]).begin, start],
    callbacks: { sent: [collect('a.peer')], ...inTurn([]).callbacks },
  }),
  check({
    clauses: ['STREAM-WRITE-6'],
    name: 'five-writes-told',
    fds: { a: LARGE['pair']!.fd },
    main: [
      stream('a', 's'),
      send('s', 'a', 'sent1'),
      sendBytes('s', 50_000, 'sent2'),
      send('s', 'b', 'sent3'),
      sendBytes('s', 50_000, 'sent4'),
      send('s', 'c', 'sent5'),
      inTurn([]).begin,
      start,
    ],
    callbacks: {
      ...Object.fromEntries([1, 2, 3, 4, 5].map((i) => [`sent${i}`, []])),
      ...inTurn(...again(ROOM, collect('a.peer'))).callbacks,
    },
  }),
  check({
    clauses: ['STREAM-WRITE-6'],
    name: 'one-callback-for-three-writes',
    fds: { a: 'pair' },
    main: [
      stream('a', 's'),
      send('s', 'a', 'sent'),
      send('s', 'b', 'sent'),
      send('s', 'c', 'sent'),
      inTurn([]).begin,
      start,
    ],
    callbacks: { sent: { rest: [] }, ...inTurn([]).callbacks },
  }),
  check({
    clauses: ['STREAM-WRITE-7'],
    name: 'nothing',
    fds: { a: 'pair' },
    main: [stream('a', 's'), send('s', '', 'sent'), inTurn([]).begin, start],
    callbacks: { sent: [], ...inTurn([]).callbacks },
  }),
  check({
    clauses: ['STREAM-WRITE-7', 'STREAM-WRITE-1'],
    name: 'nothing-between-two',
    fds: { a: 'pair' },
    main: [
      stream('a', 's'),
      send('s', 'a', 'sent1'),
      send('s', '', 'sent2'),
      send('s', 'b', 'sent3'),
      inTurn([]).begin,
      start,
    ],
    callbacks: { sent1: [], sent2: [], sent3: [], ...inTurn([collect('a.peer')]).callbacks },
  }),
  check({
    clauses: ['STREAM-WRITE-10'],
    name: 'after-the-close',
    fds: { a: 'pair' },
    main: [stream('a', 's'), inTurn([]).begin, start],
    callbacks: inTurn([closeStream('s')], [send('s', 'late')], [collect('a.peer')]).callbacks,
  }),
  check({
    clauses: ['STREAM-WRITE-10'],
    name: 'told-after-the-close',
    fds: { a: 'pair' },
    main: [stream('a', 's'), inTurn([]).begin, start],
    callbacks: {
      sent: [],
      ...inTurn([closeStream('s')], [send('s', 'late', 'sent')], [collect('a.peer')]).callbacks,
    },
  }),
  check({
    clauses: ['STREAM-WRITE-11', 'STREAM-CLOSE-5'],
    name: 'pending-at-the-close',
    fds: { a: 'pair' },
    main: [stream('a', 's'), sendBytes('s', BLOCKED / 4, 'sent'), inTurn([]).begin, start],
    // What the peer gets shows whether the stream is closed, or sends the rest first.
    callbacks: { sent: [], ...inTurn([closeStream('s')], ...again(12, collect('a.peer'))).callbacks },
  }),
];
