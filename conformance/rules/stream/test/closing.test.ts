import type { Action } from '../../../../spec/scenario.js';
import {
  accept,
  close,
  dup,
  isOpen,
  reset,
  shutdown,
  throwError,
  throwFatal,
  write,
} from '../../../scenarios/program.js';
import {
  closeStream,
  collect,
  connectStream,
  endStream,
  onClose,
  readBytes,
  readSome,
  readUntil,
  readUntilClose,
  send,
  sendBytes,
  stream,
  streamState,
} from '../../../scenarios/stream/words.js';
import { testRules } from '../../test/table.js';
import { failed, got, type Outcome, type Run } from '../../test/trace-builder.js';
import { closingRules } from '../closing.js';
import { bare, program, type More } from './programs.js';

type Program = ReturnType<typeof program>;
const CLOSE = closeStream('s');
const CLOSED = onClose('s', 'closed');
const TAKE = collect('a.peer');
const LINE = readUntil('s', '\n', 'line');
const SOME = readSome('s', 'some');
const ALL = readUntilClose('s', 'all');
const fin = close('a.peer');
const halfClose = shutdown('a.peer', 'write');
const TCP: More = { fd: 'tcp' };
const SMALL: More = { fd: { kind: 'pair', buffer: 8192 } };
const DISCARDS = { subject: { choices: { 'stream.close-unwritten': 'discard' } } };

/** A run of a callback with the outcome of its first action, or of others by their index. */
const gave = (run: string, outcome: Outcome, index = 0): Run => ({ run, actions: { [index]: outcome } });
/** Closed in the first stage; there is a second. */
const closing = (asks: readonly Action[], more?: More, ...stages: Action[][]): Program =>
  program(asks, [[CLOSE], ...(stages.length === 0 ? [[]] : stages)], more);
const peerEnds = (how: Action, asks: readonly Action[] = [CLOSED], more?: More): Program =>
  program(asks, [[how], []], more);
const resets = (read: Action, ...asks: Action[]): Program =>
  program([read, ...asks], [[reset('a.peer')], []], TCP);
const RESET = failed('line', 'ECONNRESET');
const BEFORE = 'x'.repeat(50_000);

testRules(closingRules, {
  'STREAM-CLOSE-1': [
    [
      closing([CLOSED]),
      ['kept', ['stage1', 'closed', 'stage2', 'end']],
      ['kept', [gave('stage1', { steps: ['closed'] }), 'stage2', 'end']],
      ['broken', ['stage1', 'stage2', 'end']],
      ['broken', ['stage1', 'closed', { run: 'closed', token: 2 }, 'stage2', 'end']],
      ['silent', ['stage1']],
    ],
    [closing([CLOSED, sendBytes('s', 100_000)]), ['silent', ['stage1', 'stage2', 'end']]],
    [closing([CLOSED, sendBytes('s', 100_000)]), ['broken', ['stage1', 'stage2', 'end'], DISCARDS]],
    // Two callbacks, each of them called: whether the second replaces the first is not said.
    [
      closing([CLOSED, onClose('s', 'again')]),
      ['kept', ['stage1', 'closed', 'again', 'stage2', 'end']],
      ['kept', ['stage1', 'again', 'stage2', 'end']],
    ],
    [closing([]), ['silent', ['stage1', 'stage2', 'end']]],
    // A write after its own end may have closed it before.
    [
      program([endStream('s'), send('s', 'x')], [[CLOSED, CLOSE], []]),
      ['silent', ['stage1', 'stage2', 'end']],
    ],
  ],
  'STREAM-CLOSE-2': [
    [
      closing([], {}, [CLOSE]),
      ['kept', ['stage1', 'stage2', 'end']],
      ['broken', ['stage1', gave('stage2', { raised: 'EBADF' }), 'end']],
    ],
    // It had closed itself.
    [
      peerEnds(fin, [onClose('s', 'closed')], { callbacks: { closed: [CLOSE] } }),
      ['kept', ['stage1', 'closed', 'stage2', 'end']],
      ['broken', ['stage1', gave('closed', { raised: 'EBADF' }), 'stage2', 'end']],
    ],
    [closing([]), ['silent', ['stage1', 'stage2', 'end']]],
  ],
  'STREAM-CLOSE-3': [
    ...[fin, halfClose].map(
      (how) =>
        [
          peerEnds(how),
          ['closed', ['stage1', 'closed', 'stage2', 'end']],
          ['open', ['stage1', 'stage2', 'end']],
          ['silent', ['stage1']],
        ] as const,
    ),
    // Not idle: a read is pending, bytes are left, its own output has ended, or it has something to write.
    [peerEnds(fin, [CLOSED, SOME]), ['silent', ['stage1', got('some', ''), 'closed', 'stage2', 'end']]],
    [peerEnds(fin, [CLOSED, write('a.peer')]), ['silent', ['stage1', 'stage2', 'end']]],
    [peerEnds(halfClose, [CLOSED, endStream('s')]), ['silent', ['stage1', 'closed', 'stage2', 'end']]],
    [peerEnds(halfClose, [CLOSED, sendBytes('s', 10)]), ['silent', ['stage1', 'stage2', 'end']]],
    // Nobody is told, or whoever is asked for it afterwards.
    [program([], [[fin, CLOSED], []]), ['silent', ['stage1', 'stage2', 'end']]],
    [peerEnds(reset('a.peer'), [CLOSED], TCP), ['silent', ['stage1', 'closed', 'stage2', 'end']]],
    [
      bare({ a: 'pair' }, [stream('a', 's'), stream('a.peer', 'p'), CLOSED], [[closeStream('p')], []]),
      ['silent', ['stage1', 'closed', 'stage2', 'end']],
    ],
  ],
  'STREAM-CLOSE-4': [
    [
      resets(LINE),
      ['kept', ['stage1', RESET, 'stage2', 'end']],
      ['broken', ['stage1', got('line', ''), 'stage2', 'end']],
      ['broken', ['stage1', 'stage2', 'end']],
      ['silent', ['stage1']],
      ['silent', [failed('line'), 'stage1', 'stage2', 'end']],
    ],
    [resets(SOME), ['kept', ['stage1', got('some', ''), 'stage2', 'end']]],
    [
      program([LINE], [[write('a.peer', 'a\n'), reset('a.peer')], []], TCP),
      ['silent', ['stage1', 'stage2', 'end']],
    ],
    // The orderly end came first.
    [program([LINE], [[halfClose, reset('a.peer')], []], TCP), ['silent', ['stage1', 'stage2', 'end']]],
    [
      program([LINE], [[CLOSE], [reset('a.peer')], []], TCP),
      ['silent', ['stage1', 'stage2', 'stage3', 'end']],
    ],
  ],
  'STREAM-CLOSE-5': [
    [
      closing([LINE], {}, [write('a.peer', 'a\n')], []),
      ['kept', ['stage1', failed('line'), 'stage2', 'stage3', 'end']],
      ['broken', ['stage1', 'stage2', got('line', 'a\n'), 'stage3', 'end']],
      ['silent', ['stage1']],
    ],
    // It had its bytes before, or gets what it has.
    [
      program([LINE], [[write('a.peer', 'a\n'), CLOSE], []]),
      ['silent', ['stage1', got('line', 'a\n'), 'stage2', 'end']],
    ],
    [
      program([ALL], [[write('a.peer', 'a\n')], [CLOSE], []]),
      ['silent', ['stage1', 'stage2', got('all', 'a\n'), 'stage3', 'end']],
    ],
    [
      closing([sendBytes('s', 200_000, 'sent')], SMALL, [TAKE], []),
      ['kept', ['stage1', failed('sent'), gave('stage2', { data: BEFORE }), 'stage3', 'end']],
      // The end showed that the rest was dropped.
      ['broken', ['stage1', 'sent', gave('stage2', { data: BEFORE, eof: true }), 'stage3', 'end']],
      ['broken', ['stage1', gave('stage2', { data: BEFORE }), 'sent', 'stage3', 'end'], DISCARDS],
      ['excused', ['stage1', 'stage2', 'sent', 'stage3', 'end']],
      ['silent', ['sent', 'stage1', 'stage2', 'stage3', 'end']],
    ],
    // It may have been out before.
    [closing([send('s', 'x', 'sent')]), ['silent', ['stage1', 'sent', 'stage2', 'end'], DISCARDS]],

    // It has overtaken another, or follows one that failed: it may have had its bytes.
    [
      program([LINE, readBytes('s', 1, 'one')], [[write('a.peer', 'x')], [CLOSE], []]),
      ['kept', ['stage1', 'stage2', got('one', 'x'), failed('line'), 'stage3', 'end']],
    ],
    [
      program([readUntil('s', '\n', 'line', 4)], [[write('a.peer', 'abcdefghij\n')], [SOME, CLOSE], []]),
      ['silent', ['stage1', failed('line'), 'stage2', got('some', 'abcde'), 'stage3', 'end']],
    ],
  ],
  'STREAM-CLOSE-6': [
    [
      peerEnds(fin, [CLOSED, LINE, write('a.peer', 'a\n')]),
      ['kept', ['stage1', got('line', 'a\n'), 'closed', 'stage2', 'end']],
      ['broken', ['stage1', 'closed', got('line', 'a\n'), 'stage2', 'end']],
      ['broken', ['stage1', failed('line'), 'closed', 'stage2', 'end']],
      ['excused', ['stage1', got('line', 'a\n'), 'stage2', 'end']],
      ['silent', ['stage1']],
    ],
    [peerEnds(fin, [CLOSED, LINE]), ['silent', ['stage1', 'closed', failed('line'), 'stage2', 'end']]],
    [
      program([CLOSED, LINE, write('a.peer', 'a\n')], [[CLOSE], []]),
      ['silent', ['stage1', 'closed', 'stage2', 'end']],
    ],
    // It closed as one of its callbacks raised.
    [
      peerEnds(fin, [CLOSED, SOME, write('a.peer', 'ab\n')], { callbacks: { some: [LINE, throwError] } }),
      ['silent', ['stage1', got('some', 'a'), 'closed', failed('line'), 'stage2', 'end']],
    ],

    // No bytes are none from before the end.
    [peerEnds(fin, [CLOSED, ALL]), ['silent', ['stage1', 'closed', got('all', ''), 'stage2', 'end']]],
  ],
  'STREAM-CLOSE-7': [
    [
      closing([CLOSED], { callbacks: { closed: [streamState('s')] } }),
      ['kept', ['stage1', gave('closed', { state: { closed: true } }), 'stage2', 'end']],
      ['broken', ['stage1', gave('closed', { state: { closed: false } }), 'stage2', 'end']],
      ['silent', ['stage1', gave('closed', { state: { reading: false } }), 'stage2', 'end']],
    ],
    [closing([streamState('s')]), ['silent', ['stage1', 'stage2', 'end']]],
  ],
  'STREAM-CLOSE-8': [
    [
      program([CLOSED, SOME], [[write('a.peer', 'x')], [write('a.peer', 'y')], [TAKE]], {
        callbacks: { some: [readSome('s', 'next'), throwError] },
      }),
      ['closed', ['stage1', got('some', 'x'), 'closed', failed('next'), 'stage2', 'stage3', 'end']],
      ['continued', ['stage1', got('some', 'x'), 'stage2', got('next', 'y'), 'stage3', 'end']],
      // Without a close callback the peer tells.
      ['closed', ['stage1', got('some', 'x'), 'stage2', gave('stage3', { eof: true }), 'end']],
      // Neither: it is half dead.
      ['broken', ['stage1', got('some', 'x'), 'stage2', 'stage3', 'end']],
    ],
    // These bytes were there before it raised.
    [
      program([SOME], [[write('a.peer', 'xy')], []], {
        callbacks: { some: [readSome('s', 'next'), throwError] },
      }),
      ['silent', ['stage1', got('some', 'x'), got('next', 'y'), 'stage2', 'end']],
    ],
    [
      program([CLOSED, SOME], [[write('a.peer', 'x')], []], { callbacks: { some: [throwFatal] } }),
      ['silent', ['stage1', got('some', 'x'), 'closed', 'stage2', 'end']],
    ],
    [
      program([CLOSED, SOME], [[write('a.peer', 'x')], [fin], []], { callbacks: { some: [throwError] } }),
      ['silent', ['stage1', got('some', 'x'), 'stage2', 'closed', 'stage3', 'end']],
    ],

    // Something else may have closed it: what the callback was told of, a limit, or the program its output.
    [
      program([CLOSED, LINE, SOME], [[], []], { callbacks: { some: [throwError] } }),
      ['silent', [failed('some'), 'stage1', 'closed', 'stage2', 'end']],
    ],
    [
      program([CLOSED, SOME], [[write('a.peer', 'x')], []], {
        limits: { maxRead: 8 },
        callbacks: { some: [throwError] },
      }),
      ['silent', ['stage1', got('some', 'x'), 'closed', 'stage2', 'end']],
    ],
    [
      program([SOME, endStream('s')], [[write('a.peer', 'x')], [TAKE], []], {
        callbacks: { some: [throwError] },
      }),
      ['silent', ['stage1', got('some', 'x'), gave('stage2', { eof: true }), 'stage3', 'end']],
    ],
  ],
  'STREAM-CLOSE-9': [
    [
      resets(LINE, CLOSED),
      ['kept', ['stage1', RESET, 'closed', 'stage2', 'end']],
      ['kept', ['stage1', failed('closed', 'ECONNRESET'), failed('line'), 'stage2', 'end']],
      ['kept', ['stage1', failed('line', 'read ECONNRESET'), 'stage2', 'end']],
      ['broken', ['stage1', failed('line'), 'closed', 'stage2', 'end']],
      ['silent', ['stage1', 'stage2', 'end']],
    ],
    // The write has got it.
    [
      resets(LINE, sendBytes('s', 100_000, 'sent')),
      ['silent', ['stage1', failed('sent', 'ECONNRESET'), failed('line'), 'stage2', 'end']],
    ],

    // It has failed for its limit.
    [
      program([readBytes('s', 9, 'line'), CLOSED], [[reset('a.peer')], []], {
        ...TCP,
        limits: { maxRead: 8 },
      }),
      ['silent', ['stage1', failed('line'), 'closed', 'stage2', 'end']],
    ],
    // The program was faster.
    [
      program([LINE, CLOSED], [[reset('a.peer'), CLOSE], []], TCP),
      ['silent', ['stage1', failed('line'), 'closed', 'stage2', 'end']],
    ],
  ],
  'STREAM-CLOSE-10': [
    [
      closing([CLOSED], { callbacks: { closed: [isOpen('a')] } }),
      ['kept', ['stage1', gave('closed', { result: 0 }), 'stage2', 'end']],
      ['broken', ['stage1', 'closed', 'stage2', 'end']],
      ['silent', ['stage1', 'stage2', 'end']],
    ],
    // Somebody else has the number by now, or may have it.
    [
      bare(
        { a: 'pair', l: 'listener' },
        [stream('a', 's'), CLOSED],
        [[CLOSE], [accept('l', 'b'), isOpen('a')]],
      ),
      ['silent', ['stage1', 'closed', gave('stage2', { result: 10 }), 'end']],
    ],
    [
      bare(
        { a: 'pair', l: 'listener' },
        [stream('a', 's'), CLOSED],
        [[CLOSE], [connectStream('l', 't', 'connected'), isOpen('a')]],
      ),
      ['silent', ['stage1', 'closed', 'stage2', 'end']],
    ],
  ],
  'STREAM-CLOSE-11': [
    [
      program([send('s', 'bye'), endStream('s')], [[TAKE], [TAKE]]),
      ['kept', ['stage1', 'stage2', 'end']],
      ['broken', [gave('stage1', { data: 'by', eof: true }), 'stage2', 'end']],
      ['broken', [gave('stage1', { eof: false }), gave('stage2', { eof: false }), 'end']],
      // What came last may be followed by the end.
      [
        'silent',
        [gave('stage1', { data: 'b', eof: false }), gave('stage2', { data: 'ye', eof: false }), 'end'],
      ],
      ['silent', ['stage1', 'stage2', 'end'], { main: { 3: { raised: 'Closed' } } }],
    ],
    // It was cut off by the close.
    [
      program([sendBytes('s', 200_000), endStream('s')], [[CLOSE], [TAKE]], SMALL),
      ['silent', ['stage1', gave('stage2', { data: BEFORE, eof: true }), 'end']],
    ],
    [
      program([sendBytes('s', 200_000), endStream('s')], [[halfClose], [TAKE]], SMALL),
      ['silent', ['stage1', gave('stage2', { data: BEFORE, eof: true }), 'end']],
    ],
  ],
  'STREAM-CLOSE-12': [
    [
      program([endStream('s'), SOME], [[write('a.peer', 'x')], []]),
      ['kept', ['stage1', got('some', 'x'), 'stage2', 'end']],
      ['broken', ['stage1', failed('some'), 'stage2', 'end']],
      ['broken', ['stage1', 'stage2', 'end']],
    ],
    [program([SOME], [[write('a.peer', 'x')], []]), ['silent', ['stage1', 'stage2', 'end']]],
    [program([endStream('s'), SOME], [[]]), ['silent', ['stage1', 'end']]],
  ],
  'STREAM-CLOSE-13': [
    [
      closing([sendBytes('s', 200_000)], SMALL, [TAKE], [TAKE]),
      ['flushed', ['stage1', 'stage2', 'stage3', 'end']],
      [
        'discarded',
        ['stage1', gave('stage2', { data: BEFORE, eof: true }), gave('stage3', { data: '' }), 'end'],
      ],
      ['silent', ['stage1', gave('stage2', { data: BEFORE }), gave('stage3', { data: 'x' }), 'end']],
    ],
    // So much may have been out.
    [closing([sendBytes('s', 40_000)], SMALL, [TAKE]), ['silent', ['stage1', 'stage2', 'end']]],
    [closing([sendBytes('s', 1_000_000)], TCP, [TAKE]), ['silent', ['stage1', 'stage2', 'end']]],
  ],
  'STREAM-CLOSE-14': [
    [
      closing([LINE]),
      ['kept', ['stage1', failed('line'), 'stage2', 'end']],
      ['kept', [gave('stage1', { steps: [failed('line')] }), 'stage2', 'end']],
      ['broken', ['stage1', 'stage2', 'end']],
      ['broken', ['stage1', got('line', ''), 'stage2', 'end']],
      ['silent', ['stage1']],
    ],
    [closing([SOME]), ['kept', ['stage1', got('some', ''), 'stage2', 'end']]],
    [
      program([readBytes('s', 3, 'three')], [[write('a.peer', 'ab')], [CLOSE], []]),
      ['broken', ['stage1', 'stage2', got('three', 'ab'), 'stage3', 'end']],
    ],
    [closing([ALL]), ['silent', ['stage1', 'stage2', 'end']]],
    // It sends the rest first.
    [closing([LINE, sendBytes('s', 100_000)]), ['silent', ['stage1', 'stage2', 'end']]],
    [
      program([LINE], [[write('a.peer', 'a\n'), CLOSE], []]),
      ['silent', ['stage1', got('line', 'a\n'), 'stage2', 'end']],
      ['broken', ['stage1', 'stage2', 'end']],
    ],
  ],
  'STREAM-CLOSE-15': [
    [
      closing([], {}, [TAKE], [TAKE]),
      ['kept', ['stage1', 'stage2', 'stage3', 'end']],
      ['broken', ['stage1', gave('stage2', { eof: false }), gave('stage3', { eof: false }), 'end']],
      ['kept', ['stage1', 'stage2', gave('stage3', { eof: false, errno: 'ECONNRESET' }), 'end']],
      ['broken', ['stage1', gave('stage2', { eof: false })], { ends: 'cut' }],
      ['silent', ['stage1'], { ends: 'cut' }],
    ],
    // It sends the rest first, and had no chance since the peer made room.
    [
      closing([sendBytes('s', 100_000)], SMALL, [TAKE, TAKE]),
      ['silent', ['stage1', { run: 'stage2', actions: { 0: { data: BEFORE }, 1: { data: '' } } }, 'end']],
    ],
    // A second fd keeps the connection open.
    [
      bare({ a: 'pair' }, [dup('a', 'b'), stream('a', 's')], [[CLOSE], [TAKE], [TAKE]]),
      ['silent', ['stage1', gave('stage2', { eof: false }), gave('stage3', { eof: false }), 'end']],
    ],
    // Too early: within the first barrier.
    [program([], [[CLOSE, TAKE]]), ['silent', [gave('stage1', { eof: false }, 1), 'end']]],
  ],
  'STREAM-CLOSE-16': [
    [
      resets(LINE, CLOSED),
      ['kept', ['stage1', RESET, 'closed', 'stage2', 'end']],
      ['broken', ['stage1', RESET, 'stage2', 'end']],
      ['silent', ['stage1', RESET]],
    ],
    [resets(LINE), ['silent', ['stage1', RESET, 'stage2', 'end']]],
    // The program did it.
    [
      program([LINE, CLOSED], [[reset('a.peer'), CLOSE], []], TCP),
      ['silent', ['stage1', RESET, 'closed', 'stage2', 'end']],
    ],
  ],
});
