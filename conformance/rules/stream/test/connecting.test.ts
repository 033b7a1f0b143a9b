import type { Action } from '../../../../spec/scenario.js';
import { accept, close, connect, quietly, start, throwError } from '../../../scenarios/program.js';
import {
  closeStream,
  collect,
  connectStream,
  endStream,
  onClose,
  readBytes,
  readSome,
  send,
  sendBytes,
  stream,
} from '../../../scenarios/stream/words.js';
import { CALM, SPINNING, testRules } from '../../test/table.js';
import { failed, got, type Run } from '../../test/trace-builder.js';
import { connectingRules } from '../connecting.js';
import { bare } from './programs.js';

type Program = ReturnType<typeof bare>;
const CONNECT = connectStream('l', 's', 'connected');
const RAISED = { main: { 2: { raised: 'Error' } } };
const REFUSED = failed('connected', 'ECONNREFUSED');

/** Connects, and somebody accepts. */
const accepted = (asks: readonly Action[] = [], ...stages: Action[][]): Program =>
  bare({ l: 'listener' }, [CONNECT, ...asks], [[accept('l', 'b')], ...stages]);
/** Connects to where nobody listens any more. */
const nowhere = (asks: readonly Action[] = [], family: 'ipv4' | 'unix' = 'ipv4'): Program =>
  bare({ l: { kind: 'listener', family } }, [close('l'), CONNECT, ...asks], [[], []]);
const quiet = (fds: NonNullable<Program['fds']>, ...main: Action[]): Program => ({
  fds,
  main: [...main, quietly.begin, start],
  callbacks: quietly.callbacks,
});
const collected = (run: string, data: string): Run => ({ run, actions: { 0: { data } } });
const again: Run = { run: 'connected', token: 2 };

testRules(connectingRules, {
  'STREAM-CONNECT-1': [
    [
      accepted([], []),
      ['kept', ['stage1', 'connected', 'stage2', 'end']],
      ['broken', ['stage1', 'stage2', 'end']],
      ['broken', ['stage1', 'connected', again, 'stage2', 'end']],
      ['broken', ['stage1', failed('connected'), 'stage2', 'end']],
      ['broken', ['stage1', 'stage2', 'end'], { main: { 1: { steps: ['connected'] } } }],
      ['silent', [], { ends: 'cut' }],
    ],
    [nowhere(), ['silent', [REFUSED, 'stage1', 'stage2', 'end']]],
    // Nobody has accepted it, or it isn't known whom.
    [bare({ l: 'listener' }, [CONNECT]), ['silent', ['end']]],
    [
      bare({ l: 'listener' }, [connect('l', 'x'), CONNECT], [[accept('l', 'b')], []]),
      ['silent', ['stage1', 'stage2', 'end']],
    ],
    [accepted([closeStream('s')]), ['silent', ['stage1', 'end']]],

    // A callback that raised may have closed it.
    [
      bare({ l: 'listener' }, [CONNECT, readBytes('s', 0, 'none')], [[accept('l', 'b')], []], {
        none: [throwError],
      }),
      ['silent', [got('none', ''), failed('connected'), 'stage1', 'stage2', 'end']],
    ],
  ],
  'STREAM-CONNECT-2': [
    [
      nowhere(),
      ['kept', [REFUSED, 'stage1', 'stage2', 'end']],
      ['broken', ['connected', 'stage1', 'stage2', 'end']],
      ['broken', ['stage1', 'stage2', 'end']],
      ['broken', [REFUSED, { ...REFUSED, token: 2 }, 'stage1', 'stage2', 'end']],
      ['broken', ['stage1', 'stage2', 'end'], RAISED],
      ['silent', []],
    ],
    [nowhere([], 'unix'), ['silent', ['stage1', 'stage2', 'end']]],
    [nowhere([closeStream('s')]), ['silent', ['stage1', 'stage2', 'end']]],
  ],
  'STREAM-CONNECT-3': [
    [
      nowhere([], 'unix'),
      ['kept', [REFUSED, 'stage1', 'stage2', 'end']],
      ['broken', ['stage1', 'stage2', 'end'], RAISED],
      ['broken', ['connected', 'stage1', 'stage2', 'end']],
      ['broken', ['stage1', 'stage2', 'end']],
      ['silent', []],
    ],
    [nowhere(), ['silent', ['stage1', 'stage2', 'end']]],
  ],
  'STREAM-CONNECT-4': [
    [
      accepted([send('s', 'hello')], [collect('b')], [collect('b')]),
      ['kept', ['stage1', 'connected', 'stage2', 'stage3', 'end']],
      ['broken', ['stage1', 'connected', collected('stage2', 'he'), collected('stage3', ''), 'end']],
      ['broken', ['stage1', 'connected', collected('stage2', ''), collected('stage3', ''), 'end']],
      ['silent', ['stage1', 'stage2', 'stage3', 'end']],
      ['silent', ['stage1', failed('connected'), 'stage2', 'stage3', 'end']],
    ],
    // It flows yet.
    [
      accepted([sendBytes('s', 100_000)], [collect('b')], [collect('b')]),
      ['silent', ['stage1', 'connected', collected('stage2', 'x'), collected('stage3', 'y'), 'end']],
    ],
    [accepted([], [send('s', 'late'), collect('b')]), ['silent', ['stage1', 'connected', 'stage2', 'end']]],
  ],
  'STREAM-CONNECT-5': [
    [
      quiet({ a: 'socket' }, stream('a', 's'), onClose('s', 'closed')),
      ['kept', CALM],
      ['broken', SPINNING],
      ['broken', ['closed', ...CALM]],
      ['silent', CALM.slice(0, 1)],
    ],
    [
      quiet({ a: 'socket' }, stream('a', 's'), onClose('s', 'closed'), closeStream('s')),
      ['silent', ['closed', ...SPINNING]],
    ],
    // Whoever reads from it is told.
    [
      quiet({ a: 'socket' }, stream('a', 's'), onClose('s', 'closed'), readSome('s', 'some')),
      ['silent', [failed('some', 'ENOTCONN'), 'closed', ...CALM]],
    ],
    [quiet({ a: 'pair' }, stream('a', 's')), ['silent', SPINNING]],
  ],
  'STREAM-CONNECT-6': [
    [
      quiet({ l: 'listener' }, CONNECT),
      ['kept', CALM],
      ['broken', SPINNING],
      ['silent', ['connected', ...SPINNING]],
      ['silent', SPINNING, { main: { 1: { raised: 'Error' } } }],
    ],
    [quiet({ l: 'listener' }, CONNECT, closeStream('s')), ['silent', SPINNING]],
  ],
  'STREAM-CONNECT-7': [
    [
      bare({ l: 'listener' }, [CONNECT, closeStream('s')], [[]]),
      ['kept', ['stage1', 'end']],
      ['kept', [failed('connected', 'ECANCELED'), 'stage1', 'end']],
      ['broken', ['connected', 'stage1', 'end']],
      ['broken', ['stage1', 'end'], { main: { 2: { steps: ['connected'] } } }],
      ['silent', []],
    ],
    [
      bare({ l: 'listener' }, [CONNECT], [[closeStream('s')], []]),
      ['silent', ['connected', 'stage1', 'stage2', 'end']],
    ],
  ],
  'STREAM-CONNECT-8': [
    [
      nowhere([send('s', 'hello', 'sent')]),
      ['kept', [REFUSED, failed('sent'), 'stage1', 'stage2', 'end']],
      ['broken', [REFUSED, 'sent', 'stage1', 'stage2', 'end']],
      ['broken', [REFUSED, failed('sent'), failed('sent', 'x', { token: 3 }), 'stage1', 'stage2', 'end']],
      ['broken', [REFUSED, 'stage1', 'stage2', 'end']],
      ['excused', [REFUSED, 'stage1', 'stage2', 'end'], { main: { 3: { raised: 'Closed' } } }],
      ['silent', []],
    ],
    [nowhere([send('s', 'hello')]), ['silent', [REFUSED, 'stage1', 'stage2', 'end']]],
    [nowhere([send('s', 'x', 'sent'), closeStream('s')]), ['silent', ['stage1', 'stage2', 'end']]],
    [accepted([send('s', 'x', 'sent')]), ['silent', ['stage1', 'end']]],
  ],
  'STREAM-CONNECT-9': [
    [
      nowhere(),
      ['kept', [REFUSED, 'stage1', 'stage2', 'end']],
      ['kept', [failed('connected', 'connect ECONNREFUSED'), 'stage1', 'stage2', 'end']],
      ['broken', [failed('connected'), 'stage1', 'stage2', 'end']],
      ['silent', ['connected', 'stage1', 'stage2', 'end']],
      ['silent', ['stage1', 'stage2', 'end']],
    ],
    [nowhere([closeStream('s')]), ['silent', [failed('connected', 'ECANCELED'), 'stage1', 'stage2', 'end']]],

    // It fails for what the program did.
    [nowhere([endStream('s'), send('s', 'x')]), ['silent', [failed('connected'), 'stage1', 'stage2', 'end']]],
  ],
});
