import type { Action } from '../../../../spec/scenario.js';
import {
  accept,
  close,
  drain,
  dup,
  fill,
  quietly,
  reset,
  shutdown,
  throwError,
  write,
} from '../../../scenarios/program.js';
import {
  again,
  closeStream,
  connectStream,
  endStream,
  onClose,
  readBytes,
  readSome,
  readUntil,
  readUntilClose,
  readUntilRegex,
  send,
  stream,
} from '../../../scenarios/stream/words.js';
import { CALM, SPINNING, testRules } from '../../test/table.js';
import { failed, got, type Options, type Step } from '../../test/trace-builder.js';
import { readingRules } from '../reading.js';
import { bare, program } from './programs.js';

const LINE = readUntil('s', '\n', 'line');
const SECOND = readUntil('s', '\n', 'second');
const SOME = readSome('s', 'some');
const ALL = readUntilClose('s', 'all');
const fin = close('a.peer');
const halfClose = shutdown('a.peer', 'write');
const wrote = (data: string): Action => write('a.peer', data);

/** The read is pending, then the bytes come. */
const then = (read: Action, ...pieces: string[]): ReturnType<typeof program> =>
  program([read], [...pieces.map((piece) => [wrote(piece)]), []]);
/** What `line1`'s callback asks for finds its bytes in the buffer. */
const twoLines = program([readUntil('s', '\n', 'first')], [[wrote('a\nb\n')], []], {
  callbacks: { first: [LINE] },
});
/** The peer fills its side in twelve stages. */
const filling = program([], again(12, fill('a.peer')));
const fills = (...results: number[]): Step[] => [
  ...Array.from({ length: 12 }, (_, i) => ({
    run: `stage${i + 1}`,
    actions: { 0: { result: results[i] ?? 0 } },
  })),
  'end',
];
const waiting = {
  fds: { a: 'pair' },
  main: [stream('a', 's'), wrote('xyz'), quietly.begin, { op: 'start' }],
  callbacks: quietly.callbacks,
} as const;
const REFUSED: Options = { main: { 3: { raised: 'Busy' } } };
const overlapping = program([LINE, SECOND], [[wrote('a\nb\n')], []]);
const afterReset = (...more: Action[]): ReturnType<typeof program> =>
  program([SOME, ...more], [[reset('a.peer')], []], { fd: 'tcp' });
/** The bytes of the read that is called back behind `stage1` of `then` are others in the end: record 9 has them. */
const changed = (at: number, data: string): Options => ({ changed: [{ record: 9, at, data }] });
const NOISE = { log: 'connection lost' };

testRules(readingRules, {
  'STREAM-READ-1': [
    [
      then(SOME, 'abc'),
      ['kept', ['stage1', got('some', 'abc'), 'stage2', 'end']],
      ['kept', ['stage1', got('some', 'a'), 'stage2', 'end']],
      ['broken', ['stage1', got('some', 'bc'), 'stage2', 'end']],
      ['broken', ['stage1', got('some', 'abcd'), 'stage2', 'end']],
      ['broken', [got('some', 'a'), 'stage1', 'stage2', 'end']],
      ['silent', ['stage1', failed('some'), 'stage2', 'end']],
    ],
    // What it got is looked at again in the end.
    [
      then(SOME, 'abc'),
      ['broken', ['stage1', got('some', 'abc'), 'stage2', 'end'], changed(1, 'x')],
      ['broken', ['stage1', got('some', 'abc'), 'stage2', 'end'], changed(0, '')],
      ['kept', ['stage1', got('some', 'abc'), 'stage2', 'end'], changed(0, 'abc')],
    ],
    [
      twoLines,
      ['kept', ['stage1', got('first', 'a\n'), got('line', 'b\n'), 'stage2', 'end']],
      ['broken', ['stage1', got('first', 'a\n'), got('line', 'a\n'), 'stage2', 'end']],
      // Where the second begins isn't known.
      ['silent', ['stage1', failed('first'), got('line', 'b\n'), 'stage2', 'end']],
    ],
    // What passes between two streams nobody sees, nor what others read and write at the stream's own end.
    [
      bare({ a: 'pair' }, [stream('a', 's'), stream('a.peer', 'p'), SOME, send('p', 'x')], []),
      ['silent', [got('some', 'x'), 'end']],
    ],
    [
      bare({ a: 'pair' }, [wrote('xy'), { op: 'read', fd: 'a', size: 1 }, stream('a', 's'), SOME]),
      ['silent', [got('some', 'y'), 'end'], { main: { 2: { data: 'x', result: 1 } } }],
    ],
    // One that waited for its turn, and failed then, may have dropped what it had.
    [
      program([LINE, SECOND], [[wrote('a\nb'), fin], [SOME], []]),
      ['kept', ['stage1', got('line', 'a\n'), failed('second'), 'stage2', got('some', ''), 'stage3', 'end']],
      ['kept', ['stage1', got('line', 'a\n'), failed('second'), 'stage2', got('some', '?'), 'stage3', 'end']],
    ],
    [
      bare({ l: 'listener' }, [
        { op: 'connect', to: 'l', as: 'x' },
        { op: 'connectStream', to: 'l', as: 's', run: 'connected' },
        { op: 'accept', fd: 'l', as: 'b' },
        write('b', 'x'),
        SOME,
      ]),
      // It was the other connection that was accepted, perhaps.
      ['silent', ['connected', got('some', 'y'), 'end']],
    ],
  ],
  'STREAM-READ-2': [
    [
      then(readBytes('s', 3, 'three'), 'ab', 'cd'),
      ['kept', ['stage1', 'stage2', got('three', 'abc'), 'stage3', 'end']],
      ['broken', ['stage1', got('three', 'ab'), 'stage2', 'stage3', 'end']],
      ['broken', ['stage1', 'stage2', got('three', 'abcd'), 'stage3', 'end']],
      ['silent', ['stage1', 'stage2', failed('three'), 'stage3', 'end']],
    ],
    [then(readBytes('s', 3, 'three'), 'ab'), ['broken', ['stage1', got('three', 'ab'), 'stage2', 'end']]],
  ],
  'STREAM-READ-3': [
    [
      then(LINE, 'a\nb\n'),
      ['kept', ['stage1', got('line', 'a\n'), 'stage2', 'end']],
      ['broken', ['stage1', got('line', 'a'), 'stage2', 'end']],
      ['broken', ['stage1', got('line', 'a\nb\n'), 'stage2', 'end']],
      ['silent', ['stage1', 'stage2', 'end']],
    ],
    [then(LINE, 'part'), ['broken', ['stage1', got('line', 'part'), 'stage2', 'end']]],
  ],
  'STREAM-READ-4': [
    [
      then(readUntil('s', '\r\n', 'line'), 'a\r', '\n'),
      ['kept', ['stage1', 'stage2', got('line', 'a\r\n'), 'stage3', 'end']],
      ['broken', ['stage1', 'stage2', 'stage3', 'end']],
      ['silent', ['stage1', 'stage2']],
    ],
    [then(readUntil('s', '\r\n', 'line'), 'a', '\r\n'), ['silent', ['stage1', 'stage2', 'stage3', 'end']]],
    // Two writes of one callback arrive as one.
    [
      program([readUntil('s', '\r\n', 'line')], [[wrote('\r'), wrote('\n')], []]),
      ['silent', ['stage1', got('line', '\r\n'), 'stage2', 'end']],
    ],
  ],
  'STREAM-READ-5': [
    [
      then(readUntilRegex('s', '\\r?\\n', 'line'), 'a\r\nb\n'),
      ['kept', ['stage1', got('line', 'a\r\n'), 'stage2', 'end']],
      ['broken', ['stage1', got('line', 'a'), 'stage2', 'end']],
      ['silent', ['stage1', 'stage2', 'end']],
    ],
    [
      // Farther away than a search looks at first, and across the place where it looks again.
      then(readUntilRegex('s', '\\r\\n', 'line'), `${'x'.repeat(1023)}\r\n${'y'.repeat(3000)}\r\n`),
      ['kept', ['stage1', got('line', `${'x'.repeat(1023)}\r\n`), 'stage2', 'end']],
      ['broken', ['stage1', got('line', `${'x'.repeat(1023)}\r`), 'stage2', 'end']],
    ],
  ],
  'STREAM-READ-6': [
    [
      program([readBytes('s', 0, 'none')], [[]]),
      ['kept', [got('none', ''), 'stage1', 'end']],
      ['broken', ['stage1', 'end']],
      ['broken', [failed('none'), 'stage1', 'end']],
      ['broken', ['stage1', 'end'], { main: { 2: { raised: 'RangeError' } } }],
      ['silent', []],
    ],
    [program([readBytes('s', 1, 'one')], [[]]), ['silent', ['stage1', 'end']]],

    // What is closed, or may be, need not serve it.
    [
      program([], [[fin, readBytes('s', 0, 'none')], []]),
      ['silent', [{ run: 'stage1', actions: { 1: { raised: 'Closed' } } }, 'stage2', 'end']],
    ],
    [
      program([onClose('s', 'closed')], [[fin], []], { callbacks: { closed: [readBytes('s', 0, 'none')] } }),
      ['silent', ['stage1', { run: 'closed', actions: { 0: { raised: 'Closed' } } }, 'stage2', 'end']],
    ],
  ],
  'STREAM-READ-7': [
    [
      twoLines,
      ['kept', ['stage1', got('first', 'a\n'), got('line', 'b\n'), 'stage2', 'end']],
      ['broken', ['stage1', got('first', 'a\n'), 'stage2', 'end']],
      ['broken', ['stage1', got('first', 'a\n', { actions: { 0: { raised: 'Closed' } } }), 'stage2', 'end']],
      ['silent', ['stage1', 'stage2', 'end']],
    ],
    [
      program([readUntil('s', '\n', 'first')], [[wrote('a\n')], [wrote('b\n')], []], {
        callbacks: { first: [LINE] },
      }),
      ['silent', ['stage1', got('first', 'a\n'), 'stage2', got('line', 'b\n'), 'stage3', 'end']],
    ],
  ],
  'STREAM-READ-8': [
    [
      then(LINE, 'a', '\n'),
      ['kept', ['stage1', 'stage2', got('line', 'a\n'), 'stage3', 'end']],
      ['broken', ['stage1', 'stage2', 'stage3', 'end']],
      ['broken', ['stage1', 'stage2', failed('line'), 'stage3', 'end']],
      ['broken', ['stage1', 'stage2', 'stage3', got('line', 'a\n'), 'end']],
      ['silent', ['stage1', 'stage2']],
    ],
    [then(LINE, 'a'), ['silent', ['stage1', 'stage2', 'end']]],
    // A barrier that was set before the bytes came proves nothing.
    [program([LINE], [[]], { callbacks: {} }), ['silent', ['stage1', 'end']]],
    [program([LINE, wrote('a\n'), closeStream('s')], [[]]), ['silent', ['stage1', 'end']]],
    // One of its callbacks raised: it may be closed.
    [
      program([SOME], [[wrote('x')], [wrote('y\n')], []], { callbacks: { some: [LINE, throwError] } }),
      ['kept', ['stage1', got('some', 'x'), failed('line'), 'stage2', 'stage3', 'end']],
    ],
    // Its write failed: it may be closed.
    [
      program([LINE, send('s', 'x', 'sent')], [[shutdown('a.peer', 'read')], [wrote('a\n')], []]),
      ['silent', ['stage1', failed('sent', 'EPIPE'), failed('line'), 'stage2', 'stage3', 'end']],
    ],
    // The peer left with bytes unread, and what it had sent may be lost.
    ...(['pair', 'tcp'] as const).map(
      (fd) =>
        [
          program([LINE, send('s', 'x')], [[wrote('a\n'), fin], []], { fd }),
          ['silent', ['stage1', failed('line', 'ECONNRESET'), 'stage2', 'end']],
        ] as const,
    ),
    // More than the stream keeps.
    [
      program([readBytes('s', 100, 'many')], [[wrote('x'.repeat(100))], []], { limits: { maxRead: 64 } }),
      ['silent', ['stage1', failed('many'), 'stage2', 'end']],
    ],

    // A write after the end of its own output may have ended it.
    [
      program([SOME, endStream('s'), wrote('x'), send('s', 'y')], [[], []]),
      ['silent', [failed('some'), 'stage1', 'stage2', 'end']],
    ],
    // The kernel may hold back what is written second to a connection that was accepted.
    [
      bare(
        { l: 'listener' },
        [connectStream('l', 's', 'connected'), SOME],
        [[accept('l', 'b')], [write('b', 'x'), LINE, write('b', 'y\n')], []],
      ),
      ['kept', ['connected', 'stage1', 'stage2', got('some', 'x'), 'stage3', 'end']],
    ],
  ],
  'STREAM-READ-9': [
    [
      overlapping,
      ['refused', ['stage1', got('line', 'a\n'), 'stage2', 'end'], REFUSED],
      ['failed', [failed('second'), 'stage1', got('line', 'a\n'), 'stage2', 'end']],
      ['queued', ['stage1', got('line', 'a\n'), got('second', 'b\n'), 'stage2', 'end']],
      ['broken', ['stage1', got('second', 'a\n'), got('line', 'b\n'), 'stage2', 'end']],
      ['silent', ['stage1', 'stage2', 'end']],
      // It failed when its turn had come.
      ['silent', ['stage1', got('line', 'a\n'), failed('second'), 'stage2', 'end']],
    ],
    // Refused because the stream is closed, not because of the first.
    [
      program([LINE], [[fin], [SECOND], []]),
      ['silent', ['stage1', 'stage2', 'stage3', 'end']],
      [
        'silent',
        ['stage1', { run: 'stage2', actions: { 0: { raised: 'Closed' } } }, failed('line'), 'stage3', 'end'],
      ],
    ],
    [
      program([LINE, SECOND], [[closeStream('s')], []]),
      ['silent', ['stage1', failed('second'), failed('line'), 'stage2', 'end']],
    ],

    // The first has its bytes, or may have had them, and is only to be called back.
    [
      program([LINE], [[wrote('a\n'), SECOND], [wrote('b\n')], []]),
      ['silent', ['stage1', got('line', 'a\n'), 'stage2', got('second', 'b\n'), 'stage3', 'end']],
    ],
    // One of no bytes waits for nobody.
    [
      program([LINE, readBytes('s', 0, 'none')], [[wrote('a\n')], []]),
      ['silent', [got('none', ''), 'stage1', got('line', 'a\n'), 'stage2', 'end']],
    ],
  ],
  'STREAM-READ-10': [
    [
      overlapping,
      ['kept', ['stage1', got('line', 'a\n'), 'stage2', 'end'], REFUSED],
      ['kept', [failed('second'), 'stage1', got('line', 'a\n'), 'stage2', 'end']],
      ['broken', ['stage1', 'stage2', 'end'], REFUSED],
      ['broken', [failed('second'), failed('line'), 'stage1', 'stage2', 'end']],
      ['excused', ['stage1', got('line', 'a\n'), got('second', 'b\n'), 'stage2', 'end']],
      ['silent', ['stage1'], REFUSED],
    ],
  ],
  'STREAM-READ-11': [
    [
      program([], [[wrote('a\n'), halfClose], [LINE], []]),
      ['kept', ['stage1', 'stage2', got('line', 'a\n'), 'stage3', 'end']],
      ['broken', ['stage1', 'stage2', failed('line', 'EOF'), 'stage3', 'end']],
      ['broken', ['stage1', 'stage2', 'stage3', 'end']],
      // A stream that has closed itself, and says so.
      ['broken', ['stage1', { run: 'stage2', actions: { 0: { raised: 'Closed' } } }, 'stage3', 'end']],
      ['silent', ['stage1', 'stage2']],
    ],
    [program([], [[wrote('a'), fin], [LINE], []]), ['silent', ['stage1', 'stage2', 'stage3', 'end']]],
    [program([LINE], [[wrote('a\n'), fin], []]), ['silent', ['stage1', got('line', 'a\n'), 'stage2', 'end']]],
    [
      program([], [[wrote('a\n'), reset('a.peer')], [LINE], []], { fd: 'tcp' }),
      ['silent', ['stage1', 'stage2', failed('line'), 'stage3', 'end']],
    ],

    // A read of no bytes has none from before the end.
    [
      program([], [[wrote('a\n'), halfClose], [readBytes('s', 0, 'none')], []]),
      ['silent', ['stage1', { run: 'stage2', actions: { 0: { raised: 'Closed' } } }, 'stage3', 'end']],
    ],
  ],
  'STREAM-READ-12': [
    [
      program([LINE], [[wrote('a\n'), fin], []]),
      ['kept', ['stage1', got('line', 'a\n'), 'stage2', 'end']],
      ['broken', ['stage1', failed('line', 'EOF'), 'stage2', 'end']],
      ['broken', ['stage1', 'stage2', 'end']],
    ],
    [then(LINE, 'a\n'), ['silent', ['stage1', got('line', 'a\n'), 'stage2', 'end']]],
    [
      program([LINE], [[wrote('a\n'), reset('a.peer')], []], { fd: 'tcp' }),
      ['silent', ['stage1', failed('line', 'ECONNRESET'), 'stage2', 'end']],
    ],
  ],
  'STREAM-READ-13': [
    [
      program([LINE], [[wrote('part'), fin], []]),
      ['kept', ['stage1', failed('line', 'EOF'), 'stage2', 'end']],
      ['broken', ['stage1', got('line', 'part'), 'stage2', 'end']],
      ['broken', ['stage1', 'stage2', 'end']],
      ['silent', ['stage1']],
      // Whatever that was, it wasn't the end.
      ['silent', [failed('line'), 'stage1', 'stage2', 'end']],
    ],
    [
      program([SOME], [[fin], []]),
      ['kept', ['stage1', failed('some', 'EOF'), 'stage2', 'end']],
      ['kept', ['stage1', got('some', ''), 'stage2', 'end']],
      ['broken', ['stage1', 'stage2', 'end']],
    ],
    [program([LINE], [[fin, closeStream('s')], []]), ['silent', ['stage1', 'stage2', 'end']]],
  ],
  'STREAM-READ-14': [
    [
      program([ALL], [[wrote('ab')], [wrote('c'), halfClose], []]),
      ['kept', ['stage1', 'stage2', got('all', 'abc'), 'stage3', 'end']],
      ['broken', ['stage1', 'stage2', got('all', 'ab'), 'stage3', 'end']],
      ['broken', ['stage1', got('all', 'ab'), 'stage2', 'stage3', 'end']],
      ['broken', ['stage1', 'stage2', failed('all'), 'stage3', 'end']],
      ['broken', ['stage1', 'stage2', 'stage3', 'end']],
    ],
    // Nothing has ended.
    [program([ALL], [[wrote('ab')], []]), ['broken', ['stage1', got('all', 'ab'), 'stage2', 'end']]],
    // The program's close is as good an end.
    [
      program([ALL], [[wrote('ab')], [closeStream('s')], [fin], []]),
      ['silent', ['stage1', 'stage2', got('all', 'ab'), 'stage3', 'stage4', 'end']],
    ],
    [
      program([ALL], [[wrote('ab'), reset('a.peer')], []], { fd: 'tcp' }),
      ['silent', ['stage1', got('all', ''), 'stage2', 'end']],
    ],
  ],
  'STREAM-READ-15': [
    [
      then(readSome('s', 'some', 2), 'abc'),
      ['kept', ['stage1', got('some', 'ab'), 'stage2', 'end']],
      ['kept', ['stage1', got('some', 'a'), 'stage2', 'end']],
      ['broken', ['stage1', got('some', 'abc'), 'stage2', 'end']],
      ['broken', ['stage1', got('some', ''), 'stage2', 'end']],
      ['broken', [got('some', ''), 'stage1', 'stage2', 'end']],
      ['silent', ['stage1', failed('some'), 'stage2', 'end']],
    ],
    [program([SOME], [[fin], []]), ['silent', ['stage1', got('some', ''), 'stage2', 'end']]],
    [program([SOME], [[closeStream('s')], []]), ['silent', ['stage1', got('some', ''), 'stage2', 'end']]],
    [then(readSome('s', 'some', 0), 'a'), ['silent', ['stage1', got('some', ''), 'stage2', 'end']]],
  ],
  'STREAM-READ-16': [
    [
      filling,
      ['kept', fills(200_000, 100_000)],
      ['broken', fills(...Array.from({ length: 12 }, () => 200_000))],
      // Not enough to tell.
      ['silent', fills(...Array.from({ length: 12 }, () => 1000))],
    ],
    [program([], [Array.from({ length: 12 }, () => fill('a.peer'))]), ['silent', ['stage1', 'end']]],
    [
      program([LINE], again(12, fill('a.peer'))),
      ['silent', fills(...Array.from({ length: 12 }, () => 200_000))],
    ],
  ],
  'STREAM-READ-17': [
    [waiting, ['kept', CALM], ['broken', SPINNING], ['silent', CALM.slice(0, 1)]],
    [
      { ...waiting, main: [stream('a', 's'), wrote('x'), SOME, quietly.begin, { op: 'start' }] },
      ['silent', SPINNING],
      ['silent', [got('some', 'x'), ...SPINNING]],
      ['silent', [failed('some'), ...SPINNING]],
    ],
  ],
  'STREAM-READ-18': [
    [
      afterReset(),
      ['kept', ['stage1', failed('some', 'ECONNRESET'), 'stage2', 'end']],
      ['kept', ['stage1', { ...NOISE, level: 'warning' }, failed('some'), 'stage2', 'end']],
      ['broken', ['stage1', NOISE, failed('some', 'ECONNRESET'), 'stage2', 'end']],
      ['silent', ['stage1']],
    ],
    // A callback that raises has to be reported.
    [
      program([SOME], [[reset('a.peer')], []], { fd: 'tcp', callbacks: { some: [throwError] } }),
      ['silent', ['stage1', failed('some'), { log: 'thrown' }, 'stage2', 'end']],
    ],
    [afterReset(closeStream('s')), ['silent', [failed('some'), 'stage1', NOISE, 'stage2', 'end']]],
    [program([SOME, dup('a', 'x'), drain('x')], [[fin], []]), ['silent', ['stage1', NOISE, 'stage2', 'end']]],

    // It may be a limit that was exceeded.
    [
      program([SOME], [[reset('a.peer')], []], { fd: 'tcp', limits: { maxRead: 8 } }),
      ['silent', ['stage1', NOISE, failed('some', 'ECONNRESET'), 'stage2', 'end']],
    ],
  ],
});
