import type { Action } from '../../../../spec/scenario.js';
import {
  close,
  drain,
  isOpen,
  quietly,
  schedule,
  shutdown,
  start,
  throwError,
  write,
} from '../../../scenarios/program.js';
import {
  again,
  closeStream,
  collect,
  endStream,
  readSome,
  send,
  sendBytes,
  stream,
} from '../../../scenarios/stream/words.js';
import { CALM, raises, SPINNING, testRules } from '../../test/table.js';
import { failed, got, type Run, type Step } from '../../test/trace-builder.js';
import { writingRules } from '../writing.js';
import { bare, program, type More } from './programs.js';

const TAKE = collect('a.peer');
const SMALL: More = { fd: { kind: 'pair', buffer: 8192 } };
const fin = close('a.peer');
const HELLO = send('s', 'hello');

/** The `n`-th stage collects: what it got. */
const took = (n: number, data: string, more: object = {}): Run => ({
  run: `stage${n}`,
  actions: { 0: { data, ...more } },
});
/** A stage in which the stream writes what a hundred pages hold, and then the peer collects again and again. */
const large = (times: number, ...asks: Action[]): ReturnType<typeof program> =>
  program([sendBytes('s', 100_000), ...asks], again(times, TAKE), SMALL);
const beginning = (size: number, from = 0): string =>
  Array.from({ length: size }, (_, i) =>
    String.fromCharCode(((i + from) ^ ((i + from) >>> 8) ^ ((i + from) >>> 16)) & 0xff),
  ).join('');
const HALF = beginning(50_000);
const REST = beginning(50_000, 50_000);

const told = program([send('s', 'abc', 'sent1'), send('s', 'de', 'sent2')], [[TAKE], []]);
const inSent = program([sendBytes('s', 100_000, 'sent')], [[TAKE], [TAKE]], {
  ...SMALL,
  callbacks: { sent: [TAKE] },
});
const nobody = (...more: Action[]): ReturnType<typeof program> => program([], [[fin, HELLO, ...more], []]);
const NOISE = { log: 'broken pipe' };
const late = (...actions: Action[]): ReturnType<typeof program> =>
  program([], [[closeStream('s')], actions, []]);
const raisedLate: Step[] = [
  'stage1',
  { run: 'stage2', actions: { 0: { raised: 'Closed' } } },
  'stage3',
  'end',
];
/** More than any kernel takes, and a close. */
const pending = (...stages: Action[][]): ReturnType<typeof program> =>
  program([sendBytes('s', 1_000_000, 'sent')], [[closeStream('s')], ...stages]);
const calm = (...before: Action[]): ReturnType<typeof program> => ({
  fds: { a: 'pair' },
  main: [stream('a', 's'), ...before, quietly.begin, start],
  callbacks: quietly.callbacks,
});
/** Of nothing but a quiet time and what the peer collects in its end. */
const ending = (run: Run | Step, data: string): Step[] => [
  ...SPINNING.slice(0, 2),
  { ...(run as Run), actions: { 0: { data } } },
];

testRules(writingRules, {
  'STREAM-WRITE-1': [
    [
      program([send('s', 'one'), send('s', 'two')], [[TAKE]]),
      ['kept', ['stage1', 'end']],
      ['kept', [took(1, 'onet'), 'end']],
      ['broken', [took(1, 'twoone'), 'end']],
      ['broken', [took(1, 'oneonetwo'), 'end']],
      ['silent', [took(1, ''), 'end']],
    ],
    // Between two streams nobody collects; at a dup, others may write.
    [
      bare({ a: 'pair' }, [stream('a', 's'), stream('a.peer', 'p'), HELLO], [[TAKE]]),
      ['silent', [took(1, 'x'), 'end']],
    ],
    [
      bare({ a: 'pair' }, [write('a', 'mine'), stream('a', 's'), HELLO], [[TAKE]]),
      ['silent', ['stage1', 'end']],
    ],
    // `drain` shows the first bytes alone.
    [
      program([sendBytes('s', 100)], [[drain('a.peer')]]),
      ['silent', [{ run: 'stage1', actions: { 0: { data: 'nonsense', result: 100 } } }, 'end']],
    ],
    // Refused for its size, by its callback.
    [
      program([send('s', 'a'), send('s', 'too long', 'sent'), send('s', 'b')], [[TAKE]], {
        limits: { maxWrite: 4 },
      }),
      ['kept', [failed('sent', 'Full'), took(1, 'ab'), 'end']],
    ],
  ],
  'STREAM-WRITE-2': [
    [
      large(3),
      ['kept', [took(1, HALF), took(2, REST), 'stage3', 'end']],
      ['broken', [took(1, HALF), took(2, ''), took(3, ''), 'end']],
      ['silent', ['stage1', 'stage2', 'stage3', 'end']],
      // It still flows.
      ['silent', [took(1, HALF), took(2, 'x'), took(3, 'y'), 'end']],
    ],
    // Closed, or possibly so.
    [large(3, closeStream('s')), ['silent', [took(1, HALF), took(2, ''), took(3, ''), 'end']]],
    [
      large(3, readSome('s', 'some'), shutdown('a.peer', 'write')),
      ['silent', [got('some', ''), took(1, HALF), took(2, ''), took(3, ''), 'end']],
    ],
    // Part of it was taken by other means.
    [
      program([sendBytes('s', 100)], [[{ op: 'read', fd: 'a.peer', size: 10 }], [TAKE], [TAKE]]),
      ['silent', [took(1, beginning(10)), 'stage2', 'stage3', 'end']],
    ],
  ],
  'STREAM-WRITE-3': [
    [
      calm(HELLO, TAKE),
      ['kept', CALM],
      ['broken', SPINNING],
      ['silent', SPINNING, { main: { 3: { data: 'hell' } } }],
    ],
    [calm(HELLO, TAKE, closeStream('s')), ['silent', SPINNING]],
    // A peer that leaves shows in the reads of a socket; of a pipe, in nothing but the error.
    [calm(HELLO, TAKE, fin), ['silent', SPINNING]],
    [
      { ...calm(HELLO, TAKE, fin), fds: { a: { kind: 'pipe', near: 'write' } } },
      ['kept', CALM],
      ['broken', SPINNING],
    ],
  ],
  'STREAM-WRITE-4': [
    [
      {
        ...calm(sendBytes('s', 100_000)),
        callbacks: { ...quietly.callbacks, quiet3: [TAKE, ...quietly.callbacks.quiet3] },
      },
      ['kept', [...CALM.slice(0, 2), { ...CALM[2]!, actions: { 0: { data: HALF } } }]],
      ['broken', ending(SPINNING[2]!, HALF)],
      // All of it fitted.
      ['silent', SPINNING],
    ],
    // Whether it fitted isn't known.
    [calm(sendBytes('s', 100_000)), ['silent', SPINNING]],
    [calm(sendBytes('s', 100_000), fin), ['silent', SPINNING]],
  ],
  'STREAM-WRITE-5': [
    [
      inSent,
      ['kept', [took(1, HALF), { run: 'sent', actions: { 0: { data: REST } } }, 'stage2', 'end']],
      ['broken', [{ run: 'sent', actions: { 0: { data: HALF } } }, 'stage1', 'stage2', 'end']],
      ['silent', ['stage1', 'stage2', 'end']],
      ['silent', [failed('sent'), 'stage1', 'stage2', 'end']],
    ],
    // After its own end nothing goes out any more.
    [
      program([HELLO, endStream('s'), send('s', 'late', 'sent')], [[TAKE]], { callbacks: { sent: [] } }),
      ['broken', ['sent', took(1, 'hello', { eof: true }), 'end']],
      ['silent', [failed('sent'), took(1, 'hello', { eof: true }), 'end']],
      ['silent', [took(1, 'hello', { eof: true }), 'end']],
      // The end was not one, or isn't known to be.
      ['silent', ['sent', took(1, 'hellolate', { eof: true }), 'end']],
      ['silent', ['sent', took(1, 'hello'), 'end']],
      ['silent', ['sent', took(1, 'hello', { eof: true }), 'end'], raises(3)],
    ],
    // TCP may take its time.
    [
      program([send('s', 'abc', 'sent')], [[TAKE]], { fd: 'tcp', callbacks: { sent: [TAKE] } }),
      ['silent', [{ run: 'sent', actions: { 0: { data: '' } } }, 'stage1', 'end']],
    ],

    // The peer is gone, and can't tell.
    [
      program([send('s', 'abc', 'sent')], [[]], { callbacks: { sent: [TAKE] } }),
      ['silent', [{ run: 'sent', actions: { 0: { errno: 'EBADF' } } }, 'stage1', 'end']],
    ],
  ],
  'STREAM-WRITE-6': [
    [
      told,
      ['kept', ['sent1', 'sent2', 'stage1', 'stage2', 'end']],
      ['broken', ['sent2', 'sent1', 'stage1', 'stage2', 'end']],
      ['broken', ['sent2', 'stage1', 'stage2', 'end']],
      ['broken', ['sent1', { run: 'sent1', token: 2 }, 'sent2', 'stage1', 'stage2', 'end']],
      ['broken', ['sent1', 'stage1', 'stage2', 'end']],
      ['broken', ['stage1', 'stage2', 'end']],
      ['silent', []],
      ['kept', [failed('sent1', 'Full'), 'sent2', 'stage1', 'stage2', 'end']],
    ],
    // What was handed over together may be told together.
    [
      program([send('s', 'a', 'sent1'), sendBytes('s', 100_000, 'sent2')], [[TAKE], [TAKE], []], SMALL),
      ['kept', [took(1, `a${HALF}`), took(2, REST), 'sent1', 'sent2', 'stage3', 'end']],
      ['silent', [took(1, `a${HALF}`), took(2, 'x'), 'stage3', 'end']],
    ],
  ],
  'STREAM-WRITE-7': [
    [
      program([send('s', '', 'sent')], [[TAKE], []]),
      ['kept', ['sent', 'stage1', 'stage2', 'end']],
      ['broken', ['stage1', 'stage2', 'end']],
      ['broken', [failed('sent'), 'stage1', 'stage2', 'end']],
      ['silent', []],
    ],
    // It waits for its turn, also where nobody asked to be told of what is before it.
    [
      program([sendBytes('s', 100_000), send('s', '', 'sent')], [[TAKE], [TAKE], []], SMALL),
      ['silent', [took(1, HALF), took(2, ''), 'stage3', 'end']],
      ['broken', [took(1, HALF), took(2, REST), 'stage3', 'end']],
    ],
  ],
  'STREAM-WRITE-8': [
    [
      nobody(),
      ['kept', ['stage1', 'stage2', 'end']],
      ['broken', ['stage1'], raises(3)],
      ['broken', ['stage1'], { ends: 'died' }],
      ['silent', [{ run: 'stage1', actions: { 1: { raised: 'EPIPE' } } }, 'stage2', 'end']],
    ],
    [nobody(schedule('thrown')), ['kept', ['stage1', 'thrown', 'stage2', 'end']]],
    [
      program([], [[fin, HELLO, schedule('thrown')], []], { callbacks: { thrown: [throwError] } }),
      ['silent', ['stage1', 'thrown'], raises(3)],
    ],
    [program([], [[closeStream('s'), fin, HELLO], []]), ['silent', ['stage1'], raises(3)]],
  ],
  'STREAM-WRITE-9': [
    [
      nobody(),
      ['kept', ['stage1', { ...NOISE, level: 'warning' }, 'stage2', 'end']],
      ['broken', ['stage1', NOISE, 'stage2', 'end']],
      ['silent', ['stage1']],
    ],
    [
      program([], [[fin, HELLO, schedule('thrown')], []], { callbacks: { thrown: [throwError] } }),
      ['silent', ['stage1', 'thrown', NOISE, 'stage2', 'end']],
    ],
    [program([HELLO], [[fin], []]), ['silent', ['stage1', NOISE, 'stage2', 'end']]],
  ],
  'STREAM-WRITE-10': [
    [
      late(send('s', 'late', 'sent')),
      ['raised', raisedLate],
      ['failed', ['stage1', 'stage2', failed('sent'), 'stage3', 'end']],
      ['ignored', ['stage1', 'stage2', 'stage3', 'end']],
      ['broken', ['stage1', 'stage2', 'sent', 'stage3', 'end']],
      ['silent', ['stage1', 'stage2']],
    ],
    [late(HELLO), ['raised', raisedLate], ['ignored', ['stage1', 'stage2', 'stage3', 'end']]],
    [program([HELLO], [[]]), ['silent', ['stage1', 'end']]],

    // To write after the end of its output is another mistake.
    [
      late(endStream('s'), HELLO),
      ['silent', ['stage1', { run: 'stage2', actions: { 1: { raised: 'Ended' } } }, 'stage3', 'end']],
    ],
  ],
  'STREAM-WRITE-11': [
    [
      pending([TAKE], []),
      ['kept', ['stage1', failed('sent'), took(2, HALF), 'stage3', 'end']],
      // Inside the very call.
      [
        'kept',
        [{ run: 'stage1', actions: { 0: { steps: [failed('sent')] } } }, took(2, HALF), 'stage3', 'end'],
      ],
      ['broken', ['stage1', took(2, HALF, { eof: true }), 'stage3', 'end']],
      // It may be sending yet.
      ['silent', ['stage1', took(2, HALF), 'stage3', 'end']],
      [
        'broken',
        ['stage1', took(2, HALF), 'stage3', 'end'],
        { subject: { choices: { 'stream.close-unwritten': 'discard' } } },
      ],
    ],
    [program([send('s', 'x', 'sent')], [[closeStream('s')], []]), ['broken', ['stage1', 'stage2', 'end']]],
    [
      program([send('s', 'x', 'sent'), endStream('s'), isOpen('a')], [[]]),
      ['silent', ['sent', 'stage1', 'end']],
    ],
  ],
});
