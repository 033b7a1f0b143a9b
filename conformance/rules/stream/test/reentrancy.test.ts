import type { Action } from '../../../../spec/scenario.js';
import {
  close,
  done,
  schedule,
  start,
  throwError,
  timeout,
  write,
  writeBytes,
} from '../../../scenarios/program.js';
import {
  closeStream,
  collect,
  endStream,
  onClose,
  readBytes,
  readSome,
  readUntil,
  send,
  stream,
  streamState,
} from '../../../scenarios/stream/words.js';
import { raises, testRules } from '../../test/table.js';
import { failed, got, type Outcome, type Run, type Step } from '../../test/trace-builder.js';
import { reentrancyRules } from '../reentrancy.js';
import { bare, program, type More } from './programs.js';

type Program = ReturnType<typeof program>;
const CLOSE = closeStream('s');
const CLOSED = onClose('s', 'closed');
const SOME = readSome('s', 'some');
const X = write('a.peer', 'x');
const gave = (run: string, outcome: Outcome, index = 0): Run => ({ run, actions: { [index]: outcome } });

/** Bytes that are read one by one. */
const LINKS = 600;
const BYTE = readBytes('s', 1, 'byte');
const chained = (more: readonly Action[] = [], fds = {}, asks: readonly Action[] = []): Program => ({
  fds: { a: 'pair', ...fds },
  main: [stream('a', 's'), ...asks, BYTE, writeBytes('a.peer', LINKS), start],
  callbacks: {
    byte: {
      runs: Array.from({ length: LINKS }, (_, i) =>
        i === LINKS - 1 ? [done] : i === 20 ? [...more, BYTE] : [BYTE],
      ),
    },
  },
});
const byteAt = (i: number, more: Partial<Run> = {}): Run =>
  got('byte', String.fromCharCode((i ^ (i >>> 8)) & 0xff), more);
const bytes = (from: number, to: number): Run[] =>
  Array.from({ length: to - from }, (_, i) => byteAt(from + i));
/** Each in the call that asks for it, so deep. */
const nested = (depth: number, i = 0): Run =>
  byteAt(i, depth <= 1 ? {} : { actions: { 0: { steps: [nested(depth - 1, i + 1)] } } });

const inRead = (...actions: Action[]): ((more?: More, ...asks: Action[]) => Program) => {
  return (more = {}, ...asks) =>
    program([SOME, ...asks], [[X], []], { ...more, callbacks: { some: actions, ...more.callbacks } });
};
const crossed: Program = bare(
  { a: 'pair', b: 'pair' },
  [stream('a', 's'), stream('b', 'p'), SOME, readSome('p', 'other')],
  [[X, write('b.peer', 'y')], []],
  { some: [closeStream('p')], other: [closeStream('s')] },
);
const answers = (reading: boolean | undefined): Step[] => [
  'stage1',
  { ...got('some', 'x'), actions: { 0: { state: reading === undefined ? {} : { reading } } } },
  'stage2',
  'end',
];

testRules(reentrancyRules, {
  'STREAM-REENTRY-1': [
    [
      chained(),
      ['kept', bytes(0, LINKS)],
      ['broken', [nested(60), ...bytes(60, LINKS)]],
      // Where the stack has less room than a chain has links.
      ['broken', [nested(60)], raises(4)],
      ['broken', bytes(0, LINKS), raises(4)],
      ['kept', [nested(40), ...bytes(40, LINKS)]],
      ['silent', bytes(0, 400)],
    ],
    [chained([schedule('thrown')]), ['kept', [...bytes(0, 100), 'thrown', ...bytes(100, LINKS)]]],
    [
      {
        ...chained([schedule('thrown')]),
        callbacks: { ...chained([schedule('thrown')]).callbacks, thrown: [throwError] },
      },
      ['kept', [...bytes(0, 100), 'thrown', ...bytes(100, LINKS)], raises(4)],
    ],
  ],
  'STREAM-REENTRY-2': [
    [
      program([SOME, X], [[]]),
      ['kept', [got('some', 'x'), 'stage1', 'end']],
      ['broken', ['stage1', 'end'], { main: { 2: { steps: [got('some', 'x')] } } }],
      ['silent', ['stage1', 'end']],
    ],
    [
      program([send('s', 'x', 'sent')]),
      ['kept', ['sent', 'end']],
      ['broken', ['end'], { main: { 2: { steps: ['sent'] } } }],
      ['silent', ['end'], { main: { 2: { steps: [failed('sent')], raised: 'Closed' } } }],
    ],
  ],
  'STREAM-REENTRY-3': [
    [
      inRead(send('s', 'x'), SOME, CLOSE)(),
      ['kept', ['stage1', got('some', 'x'), failed('some'), 'stage2', 'end']],
      [
        'broken',
        [
          'stage1',
          { ...got('some', 'x'), ...gave('some', { raised: 'Busy' }) },
          failed('some'),
          'stage2',
          'end',
        ],
      ],
      [
        'broken',
        ['stage1', { ...got('some', 'x'), ...gave('some', { raised: 'Busy' }, 1) }, 'stage2', 'end'],
      ],
      ['silent', ['stage1', failed('some'), 'stage2', 'end']],
    ],
    // There are other reasons: a second read, limits, an end of one side or the other.
    [
      inRead(SOME)({}, readSome('s', 'next')),
      ['silent', ['stage1', { ...got('some', 'x'), ...gave('some', { raised: 'Busy' }) }, 'stage2', 'end']],
    ],
    [
      inRead(send('s', 'x'))({ limits: { maxWrite: 1 } }),
      ['silent', ['stage1', { ...got('some', 'x'), ...gave('some', { raised: 'Full' }) }, 'stage2', 'end']],
    ],
    [
      inRead(send('s', 'x'))({}, endStream('s')),
      ['silent', ['stage1', { ...got('some', 'x'), ...gave('some', { raised: 'Ended' }) }, 'stage2', 'end']],
    ],
    [
      program([SOME], [[X, close('a.peer')], []], { callbacks: { some: [send('s', 'x')] } }),
      ['silent', ['stage1', { ...got('some', 'x'), ...gave('some', { raised: 'Closed' }) }, 'stage2', 'end']],
    ],
    // Another stream has the name by now.
    [
      bare({ a: 'pair', b: 'pair' }, [stream('a', 's'), SOME, stream('b', 's'), CLOSE], [[X], []], {
        some: [send('s', 'x')],
      }),
      ['silent', ['stage1', { ...got('some', 'x'), ...gave('some', { raised: 'Closed' }) }, 'stage2', 'end']],
    ],
  ],
  'STREAM-REENTRY-4': [
    [
      inRead(streamState('s'))(),
      ['kept', answers(false)],
      ['broken', answers(true)],
      ['excused', answers(undefined)],
      ['silent', ['stage1', 'stage2', 'end']],
    ],
    [inRead(streamState('s'))({}, readSome('s', 'next')), ['silent', answers(true)]],
    [
      inRead(SOME, streamState('s'))(),
      [
        'silent',
        [
          'stage1',
          { ...got('some', 'x'), ...gave('some', { state: { reading: true } }, 1) },
          'stage2',
          'end',
        ],
      ],
    ],

    // After a read that was refused, and of one that is closed.
    [
      program([readSome('s', 'some')], [[write('a.peer', 'x')], []], {
        callbacks: { some: [readSome('s', 'next'), streamState('s')] },
      }),
      [
        'silent',
        [
          'stage1',
          got('some', 'x', { actions: { 0: { raised: 'Closed' }, 1: { state: { reading: true } } } }),
          'stage2',
          'end',
        ],
      ],
    ],
    [
      program([readSome('s', 'some')], [[write('a.peer', 'x'), closeStream('s')], []], {
        callbacks: { some: [streamState('s')] },
      }),
      [
        'silent',
        ['stage1', got('some', 'x', { actions: { 0: { state: { reading: true } } } }), 'stage2', 'end'],
      ],
    ],
  ],
  'STREAM-REENTRY-5': [
    [
      chained([timeout(0, 'timer')]),
      ['kept', [...bytes(0, 22), byteAt(22, { at: 50 }), ...bytes(23, 100), 'timer', ...bytes(100, LINKS)]],
      ['broken', [...bytes(0, 22), byteAt(22, { at: 50 }), ...bytes(23, LINKS), 'timer']],
      ['broken', [...bytes(0, 22), byteAt(22, { at: 50 }), ...bytes(23, LINKS)]],
      // It was hardly due.
      ['silent', bytes(0, LINKS)],
      ['silent', bytes(0, 400)],
    ],
    [
      chained([write('b.peer', 'y')], { b: 'pair' }, [stream('b', 'p'), readSome('p', 'other')]),
      ['kept', [...bytes(0, 100), got('other', 'y'), ...bytes(100, LINKS)]],
      ['broken', [...bytes(0, LINKS), got('other', 'y')]],
      ['broken', bytes(0, LINKS)],
    ],
    // Tasks are not what the clause speaks of.
    [chained([schedule('task')]), ['silent', [...bytes(0, LINKS), 'task']]],
  ],
  'STREAM-REENTRY-6': [
    [
      crossed,
      ['delivered', ['stage1', got('some', 'x'), got('other', 'y'), 'stage2', 'end']],
      ['dropped', ['stage1', got('some', 'x'), failed('other'), 'stage2', 'end']],
      ['dropped', ['stage1', got('some', 'x'), got('other', ''), 'stage2', 'end']],
      // Inside of the call.
      [
        'dropped',
        ['stage1', { ...got('some', 'x'), ...gave('some', { steps: [failed('other')] }) }, 'stage2', 'end'],
      ],
      ['silent', ['stage1', got('some', 'x'), 'stage2', 'end']],
    ],
    [
      program([readBytes('s', 0, 'none'), CLOSE]),
      ['delivered', [got('none', ''), 'end']],
      ['dropped', [failed('none'), 'end']],
    ],
    [program([SOME, CLOSED], [[CLOSE], []]), ['silent', ['stage1', failed('some'), 'stage2', 'end']]],
    [
      program([readUntil('s', '\n', 'line', 2)], [[write('a.peer', 'long\n'), CLOSE, collect('a.peer')], []]),
      ['silent', ['stage1', failed('line'), 'stage2', 'end']],
    ],
  ],
});
