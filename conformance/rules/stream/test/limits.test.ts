import type { Action } from '../../../../spec/scenario.js';
import { close, reset, write } from '../../../scenarios/program.js';
import {
  closeStream,
  collect,
  onClose,
  readBytes,
  readUntil,
  readUntilRegex,
  send,
  sendBytes,
  stream,
} from '../../../scenarios/stream/words.js';
import { testRules } from '../../test/table.js';
import { failed, got, type Run } from '../../test/trace-builder.js';
import { limitRules } from '../limits.js';
import { bare, program, type More } from './programs.js';

type Program = ReturnType<typeof program>;
/** Bytes. */
const LIMIT = 8;
const LIMITED: More = { limits: { maxRead: LIMIT } };
const LINE = readUntil('s', '\n', 'line');
const OWN = readUntil('s', '\n', 'line', LIMIT);
const CLOSED = onClose('s', 'closed');
const TAKE = collect('a.peer');
const LONG = 'x'.repeat(5 * LIMIT);
const then = (read: Action, bytes: string, more: More = {}, ...asks: Action[]): Program =>
  program([read, ...asks], [[write('a.peer', bytes)], []], more);
/** The bytes are there before the read is asked for. */
const before = (bytes: string, read: Action, more: More = {}, ...after: Action[]): Program =>
  program([], [[write('a.peer', bytes), ...after], [read], []], more);
const raisedThen: Run = { run: 'stage2', actions: { 0: { raised: 'Full' } } };
const line = (length: number): string => `${'x'.repeat(length - 2)}\r\n`;
const CRLF = readUntil('s', '\r\n', 'line');
const writing = (...sends: Action[]): Program =>
  bare(
    { a: { kind: 'pair', buffer: 8192 } },
    [stream('a', 's', { maxWrite: 50_000 }), send('s', 'before'), ...sends],
    [[TAKE], [TAKE]],
  );
const collected = (run: string, data: string): Run => ({ run, actions: { 0: { data } } });
const TOO_MUCH = sendBytes('s', 200_000, 'sent');
const RAISED = { main: { 3: { raised: 'Full' } } };

/** Of the limit of the stream and of one read. */
const failsBeyond = (read: Action, more: More) =>
  [
    [
      then(read, LONG, more),
      ['kept', ['stage1', failed('line'), 'stage2', 'end']],
      ['broken', ['stage1', got('line', LONG), 'stage2', 'end']],
      ['broken', ['stage1', 'stage2', 'end']],
      ['silent', ['stage1']],
    ],
    // It comes, but too late.
    [
      then(read, `${LONG}\n`, more),
      ['kept', ['stage1', failed('line'), 'stage2', 'end']],
      ['broken', ['stage1', got('line', `${LONG}\n`), 'stage2', 'end']],
    ],
    [before(LONG, read, more), ['kept', ['stage1', raisedThen, 'stage3', 'end']]],
    // It has waited for the end.
    [
      program([read], [[write('a.peer', LONG)], [], [close('a.peer')], []], more),
      ['broken', ['stage1', 'stage2', 'stage3', failed('line'), 'stage4', 'end']],
    ],
    [then(read, 'short\n', more), ['silent', ['stage1', 'stage2', 'end']]],
    [then(read, 'x'.repeat(LIMIT + 1), more), ['silent', ['stage1', 'stage2', 'end']]],
    [then(read, LONG, more, closeStream('s')), ['silent', [failed('line'), 'stage1', 'stage2', 'end']]],
    [
      program([read], [[write('a.peer', LONG), reset('a.peer')], []], { ...more, fd: 'tcp' }),
      ['silent', ['stage1', 'stage2', 'end']],
    ],
  ] as const;

testRules(limitRules, {
  'STREAM-LIMIT-1': [
    ...failsBeyond(LINE, LIMITED),
    [then(OWN, LONG), ['silent', ['stage1', 'stage2', 'end']]],
    // Up to a pattern is not up to a delimiter.
    [then(readUntilRegex('s', '\\n', 'line'), LONG, LIMITED), ['silent', ['stage1', 'stage2', 'end']]],
  ],
  'STREAM-LIMIT-2': [
    [
      then(LINE, LONG, LIMITED, CLOSED),
      ['closed', ['stage1', failed('line'), 'closed', 'stage2', 'end']],
      ['closed', ['stage1', 'closed', failed('line'), 'stage2', 'end']],
      ['silent', ['stage1', failed('line')]],
      ['silent', ['stage1', 'stage2', 'end']],
    ],
    [
      program([LINE, CLOSED], [[write('a.peer', LONG)], [], []], LIMITED),
      ['open', ['stage1', failed('line'), 'stage2', 'stage3', 'end']],
    ],
    // The end is another reason to close; and the limit of a read is not the stream's.
    [
      program([LINE, CLOSED], [[write('a.peer', LONG), close('a.peer')], []], LIMITED),
      ['silent', ['stage1', failed('line'), 'closed', 'stage2', 'end']],
    ],
    [then(OWN, LONG, LIMITED, CLOSED), ['silent', ['stage1', failed('line'), 'closed', 'stage2', 'end']]],
  ],
  'STREAM-LIMIT-3': [
    [
      then(LINE, `short\n${LONG}`, LIMITED),
      ['kept', ['stage1', got('line', 'short\n'), 'stage2', 'end']],
      ['broken', ['stage1', failed('line'), 'stage2', 'end']],
      ['broken', ['stage1', 'stage2', 'end']],
    ],
    [before(`short\n${LONG}`, LINE, LIMITED), ['broken', ['stage1', raisedThen, 'stage3', 'end']]],
    [then(LINE, 'short\n', LIMITED), ['silent', ['stage1', failed('line'), 'stage2', 'end']]],
    [
      then(LINE, `${'x'.repeat(LIMIT)}\n${LONG}`, LIMITED),
      ['silent', ['stage1', failed('line'), 'stage2', 'end']],
    ],
    // The stream keeps less than the read allows.
    [
      then(readUntil('s', '\n', 'line', 10), `${'x'.repeat(8)}\n${LONG}`, { limits: { maxRead: 4 } }),
      ['silent', ['stage1', failed('line'), 'stage2', 'end']],
    ],
  ],
  'STREAM-LIMIT-4': [
    [
      then(CRLF, line(LIMIT), LIMITED),
      ['kept', ['stage1', got('line', line(LIMIT)), 'stage2', 'end']],
      ['broken', ['stage1', failed('line'), 'stage2', 'end']],
      ['broken', ['stage1', 'stage2', 'end']],
      ['silent', ['stage1']],
    ],
    ...[1, 2].map(
      (beyond) =>
        [
          then(CRLF, line(LIMIT + beyond), LIMITED),
          ['counted', ['stage1', failed('line'), 'stage2', 'end']],
          ['not-counted', ['stage1', got('line', line(LIMIT + beyond)), 'stage2', 'end']],
          ['silent', ['stage1', 'stage2', 'end']],
        ] as const,
    ),
    [then(CRLF, line(LIMIT + 3), LIMITED), ['silent', ['stage1', failed('line'), 'stage2', 'end']]],
    [
      then(CRLF, line(LIMIT), LIMITED, closeStream('s')),
      ['silent', [failed('line'), 'stage1', 'stage2', 'end']],
    ],
  ],
  'STREAM-LIMIT-5': [
    [
      then(LINE, LONG, LIMITED),
      ['kept', ['stage1', failed('line'), 'stage2', 'end']],
      ['broken', ['stage1', failed('line'), failed('line', 'x', { token: 2 }), 'stage2', 'end']],
      ['silent', ['stage1', 'stage2', 'end']],
    ],
    [
      before(LONG, OWN),
      ['kept', ['stage1', 'stage2', failed('line'), 'stage3', 'end']],
      ['broken', ['stage1', raisedThen, 'stage3', 'end']],
    ],
    // It raised for another reason: the stream has closed itself, or its bytes were taken before.
    [before(LONG, LINE, LIMITED, close('a.peer')), ['silent', ['stage1', raisedThen, 'stage3', 'end']]],
    [
      program([readBytes('s', LONG.length, 'many')], [[write('a.peer', LONG)], [OWN], []]),
      ['silent', ['stage1', got('many', LONG), raisedThen, 'stage3', 'end']],
    ],
  ],
  'STREAM-LIMIT-6': [
    [
      writing(TOO_MUCH, send('s', 'after')),
      ['kept', [collected('stage1', 'beforeafter'), 'stage2', 'end'], RAISED],
      ['kept', [failed('sent', 'Full'), collected('stage1', 'beforeafter'), collected('stage2', ''), 'end']],
      ['broken', [collected('stage1', 'bef'), collected('stage2', ''), 'end'], RAISED],
      // Other bytes are STREAM-WRITE-1's affair.
      ['silent', [collected('stage1', 'after'), collected('stage2', ''), 'end'], RAISED],
      ['broken', ['stage1', 'stage2', 'end']],
      ['silent', [], { ...RAISED, ends: 'cut' }],
    ],
    // The kernel may have taken it at once.
    [writing(sendBytes('s', 60_000, 'sent')), ['silent', ['stage1', 'stage2', 'end']]],
    [program([TOO_MUCH], [[TAKE]]), ['silent', ['stage1', 'end']]],

    // What was written after it, nobody has collected yet.
    [
      bare(
        { a: 'pair' },
        [stream('a', 's', { maxWrite: 8 }), TOO_MUCH],
        [[TAKE], [TAKE, send('s', 'x')], []],
      ),
      [
        'kept',
        [collected('stage1', ''), collected('stage2', ''), 'stage3', 'end'],
        { main: { 2: { raised: 'Full' } } },
      ],
    ],
  ],
  'STREAM-LIMIT-7': [
    ...failsBeyond(OWN, {}),
    [then(LINE, LONG, LIMITED), ['silent', ['stage1', 'stage2', 'end']]],
  ],
});
