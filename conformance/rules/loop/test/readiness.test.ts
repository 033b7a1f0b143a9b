import t from 'tap';
import { judgeTrace } from '../../../judge.js';
import {
  add,
  barrier,
  check,
  close,
  done,
  drain,
  dup,
  dup2,
  fill,
  quietly,
  read,
  remove,
  schedule,
  shutdown,
  start,
  throwError,
  update,
  write,
} from '../../../scenarios/program.js';
import { readinessRules } from '../readiness.js';
import { CALM, raises, SPINNING, testRules, type Program } from '../../test/table.js';
import { traceOf, type Step } from '../../test/trace-builder.js';

const PAIR = { a: 'pair' } as const;
const readable: Program = {
  fds: PAIR,
  main: [add('a', 'read', 'reader'), write('a.peer'), barrier('end'), start],
  callbacks: { reader: [drain('a')], end: [done] },
};
const unready: Program = { ...readable, main: [add('a', 'read', 'reader'), barrier('end'), start] };
const at = (number: number): Program => ({ ...readable, fds: { a: { kind: 'pair', from: number } } });
const duplicate: Program = {
  fds: PAIR,
  main: [add('a', 'read', 'first'), add('a', 'read', 'second'), write('a.peer'), barrier('end'), start],
};
const hangsUp: Program = {
  fds: PAIR,
  main: [add('a', 'read', 'reader'), schedule('closer'), start],
  callbacks: {
    closer: [remove('a', 'read'), close('a.peer'), quietly.begin],
    ...quietly.callbacks,
  },
};
const closedWhileWatched: Program = {
  fds: { a: 'pair', b: 'pair' },
  main: [add('a', 'read', 'closed'), add('b', 'read', 'other'), barrier('closer'), start],
  callbacks: {
    closer: [close('a'), close('a.peer'), barrier('writer')],
    writer: [write('b.peer'), barrier('later')],
    other: [drain('b'), quietly.begin],
    ...quietly.callbacks,
  },
};
const many = (count: number): Program => ({
  fds: { a: { kind: 'pair', count } },
  main: [add('a*', 'read', 'reader'), write('a*.peer'), barrier('end'), start],
  callbacks: { reader: { rest: [] }, end: [done] },
});
/** Each by its token; the sentinel has the first. */
const readers = (count: number): Step[] =>
  Array.from({ length: count }, (_, i) => ({ run: 'reader', token: i + 2 }));

testRules(readinessRules, {
  'LOOP-READY-1': [
    [readable, ['kept', ['reader', 'end']], ['broken', ['end']], ['silent', ['reader']]],
    [unready, ['silent', ['end']]],
  ],
  'LOOP-READY-2': [
    [
      { fds: PAIR, main: [add('a', 'write', 'writer'), barrier('end'), start] },
      ['kept', ['writer', 'end']],
      ['broken', ['end']],
      ['silent', ['writer']],
    ],
    [
      { fds: PAIR, main: [fill('a'), add('a', 'write', 'writer'), barrier('end'), start] },
      ['silent', ['end']],
    ],
  ],
  'LOOP-READY-3': [
    [
      {
        fds: PAIR,
        main: [write('a.peer', 'four'), add('a', 'read', 'reader'), start],
        callbacks: { reader: { runs: [[read('a', 1), barrier('end')], [drain('a')]] } },
      },
      ['kept', ['reader', 'reader', 'end']],
      ['broken', ['reader', 'end']],
    ],
    [readable, ['silent', ['reader', 'end']]],
  ],
  'LOOP-READY-4': [
    [
      { fds: PAIR, main: [add('a', 'write', 'writer'), write('a.peer'), start] },
      ['kept', ['writer']],
      ['broken', [{ run: 'writer', events: ['read'] }]],
    ],
    [{ fds: PAIR, main: [add('a', 'write', 'writer'), start] }, ['silent', ['writer']]],
  ],
  'LOOP-READY-5': [
    [
      {
        fds: PAIR,
        main: [fill('a'), add('a', 'write', 'writer'), schedule('closer'), start],
        callbacks: { closer: [close('a.peer'), barrier('end')] },
      },
      ['kept', ['closer', 'writer', 'end']],
      ['broken', ['closer', 'end']],
      ['silent', ['closer', 'writer']],
    ],
    [
      {
        fds: PAIR,
        main: [add('a', 'write', 'writer'), schedule('closer'), start],
        callbacks: { writer: [throwError], closer: [close('a.peer'), barrier('end')] },
      },
      ['silent', ['writer', 'closer', 'end']],
    ],
  ],
  'LOOP-READY-6': [
    [
      {
        fds: { a: 'tcp' },
        main: [add('a', 'read', 'reader'), write('a.peer'), shutdown('a.peer', 'write'), start],
      },
      ['kept', ['reader']],
      ['broken', [{ run: 'reader', events: ['read', 'error'] }]],
    ],
    [readable, ['silent', ['reader', 'end']]],
  ],
  'LOOP-READY-7': [
    [
      { fds: PAIR, main: [add('a', 'both', 'handler'), write('a.peer'), start] },
      ['kept', ['handler']],
      ['broken', [{ run: 'handler', events: ['read'] }]],
    ],
    [
      { fds: PAIR, main: [add('a', 'both', 'handler'), start] },
      ['silent', [{ run: 'handler', events: ['write'] }]],
    ],
    [
      // Its file lives on in a copy, its number doesn't.
      { fds: PAIR, main: [dup('a', 'b'), close('a'), write('a.peer'), add('a', 'both', 'handler'), start] },
      ['silent', [{ run: 'handler', events: ['error'] }]],
    ],
  ],
  'LOOP-READY-8': [
    [
      {
        fds: PAIR,
        main: [add('a', 'read', 'handler'), write('a.peer'), barrier('change'), start],
        callbacks: {
          handler: { rest: [] },
          change: [update('a', 'write'), barrier('end')],
          end: [remove('a'), done],
        },
      },
      ['kept', ['handler', 'change', { run: 'handler', events: ['write'] }, 'end']],
      // What was polled before the update may come once more.
      ['kept', ['change', 'handler', { run: 'handler', events: ['write'] }, 'end']],
      ['broken', ['change', 'handler', 'handler', { run: 'handler', events: ['write'] }, 'end']],
      ['broken', ['handler', 'change', 'end']],
      ['silent', ['handler', 'change']],
    ],
    [
      { fds: PAIR, main: [add('a', 'read', 'reader'), update('a', 'write'), barrier('end'), start] },
      ['broken', ['end'], raises(2)],
    ],
    [
      {
        fds: PAIR,
        main: [add('a', 'read', 'reader'), close('a'), update('a', 'write'), barrier('end'), start],
      },
      ['silent', ['end'], raises(3)],
    ],
  ],
  'LOOP-READY-9': [
    [
      { fds: PAIR, main: [update('a', 'read'), barrier('end'), start] },
      ['kept', ['end'], raises(1)],
      ['broken', ['end']],
    ],
    [
      { fds: PAIR, main: [add('a', 'read', 'reader'), update('a', 'write'), barrier('end'), start] },
      ['silent', ['end']],
    ],
  ],
  'LOOP-READY-10': [
    [
      {
        fds: PAIR,
        main: [add('a', 'read', 'reader'), write('a.peer'), start],
        callbacks: { reader: [remove('a', 'read'), barrier('end')] },
      },
      ['kept', ['reader', 'end']],
      ['broken', ['reader', 'reader', 'end']],
      ['silent', ['reader']],
    ],
  ],
  'LOOP-READY-11': [
    [
      { fds: PAIR, main: [remove('a', 'read'), barrier('end'), start] },
      ['kept', ['end']],
      ['broken', ['end'], raises(1)],
      ['broken', ['end'], { main: { 1: { steps: [{ log: 'nothing to remove' }] } } }],
    ],
    [
      { fds: PAIR, main: [add('a', 'read', 'reader'), remove('a', 'read'), barrier('end'), start] },
      ['silent', ['end'], raises(2)],
    ],
  ],
  'LOOP-READY-12': [
    [
      {
        fds: PAIR,
        main: [add('a', 'read', 'first'), write('a.peer'), start],
        callbacks: { first: [remove('a', 'read'), add('a', 'read', 'second'), barrier('end')] },
      },
      ['kept', ['first', 'second', 'end']],
      ['broken', ['first', 'end']],
      ['silent', ['first', 'second']],
    ],
  ],
  'LOOP-READY-13': [
    [
      { fds: PAIR, main: [close('a'), add('a', 'read', 'reader'), barrier('end'), start] },
      ['kept', ['end'], raises(2)],
      ['kept', [{ run: 'reader', events: ['error'] }, 'end']],
      ['broken', ['end']],
      ['broken', ['reader', 'end']],
      ['silent', ['reader']],
    ],
    [
      { fds: PAIR, main: [close('a'), add('a', 'read', 'reader'), remove('a'), barrier('end'), start] },
      ['silent', ['end']],
    ],
    [unready, ['silent', ['end']]],
  ],
  'LOOP-READY-14': [
    [
      {
        fds: { a: 'pair', b: 'pair' },
        main: [
          close('a'),
          add('a', 'read', 'wrong'),
          dup2('b', 'a', 'copy'),
          write('b.peer'),
          add('copy', 'read', 'right'),
          barrier('end'),
          start,
        ],
      },
      ['kept', ['right', 'end'], raises(2)],
      ['broken', ['end'], raises(2, 5)],
      ['broken', ['wrong', 'end'], raises(2)],
      ['broken', ['end'], raises(2)],
      ['silent', [], raises(2)],
      ['excused', ['right', 'end']],
    ],
  ],
  'LOOP-READY-15': [
    [
      duplicate,
      ['rejected', ['first', 'end'], raises(2)],
      ['replaced', ['second', 'end']],
      ['both', ['first', 'second', 'end']],
      ['broken', ['second', 'end'], raises(2)],
      ['broken', ['first', 'end']],
      ['silent', ['end']],
    ],
    // What both are removed by, or nothing is ready for, shows nothing of the other.
    [
      { ...duplicate, callbacks: { first: [remove('a')], second: [remove('a')], end: [done] } },
      ['silent', ['first', 'end']],
      ['silent', ['second', 'end']],
    ],
    [
      {
        ...duplicate,
        main: [add('a', 'write', 'first'), add('a', 'read', 'second'), barrier('end'), start],
      },
      ['silent', ['first', 'end']],
    ],
  ],
  'LOOP-READY-16': [
    [
      duplicate,
      ['kept', ['first', 'end'], raises(2)],
      ['broken', ['end'], raises(2)],
      ['broken', ['first', 'second', 'end'], raises(2)],
      ['silent', ['first'], raises(2)],
      ['excused', ['second', 'end']],
    ],
  ],
  'LOOP-READY-17': [
    [
      { fds: { f: 'file' }, main: [add('f', 'read', 'handler'), barrier('end'), start] },
      ['rejected', ['end'], raises(1)],
      ['always-ready', ['handler', 'end']],
      ['broken', ['end']],
    ],
    [readable, ['silent', ['reader', 'end']]],
  ],
  'LOOP-READY-18': [
    [
      { ...readable, fds: { a: { kind: 'pair', number: 0 } } },
      ['kept', ['reader', 'end']],
      ['broken', ['end']],
    ],
    [readable, ['silent', ['end']]],
  ],
  'LOOP-READY-19': [
    [at(1024), ['kept', ['reader', 'end']], ['broken', ['end']], ['broken', ['reader', 'end'], raises(4)]],
    [at(1023), ['silent', ['end']]],
  ],
  'LOOP-READY-20': [
    [many(1024), ['kept', [...readers(1024), 'end']], ['broken', [...readers(1023), 'end']]],
    [many(1023), ['silent', ['end']]],
  ],
  'LOOP-READY-21': [
    [
      {
        fds: PAIR,
        main: [
          dup('a', 'b'),
          add('a', 'read', 'original'),
          add('b', 'read', 'copy'),
          write('a.peer'),
          barrier('end'),
          start,
        ],
      },
      ['kept', ['original', 'copy', 'end']],
      ['broken', ['original', 'end']],
      ['silent', ['original']],
    ],
    [readable, ['silent', ['end']]],
  ],
  'LOOP-READY-22': [
    [
      {
        fds: PAIR,
        main: [dup('a', 'b'), add('a', 'read', 'reader'), schedule('closer'), start],
        callbacks: {
          closer: [remove('a', 'read'), close('a'), write('a.peer'), quietly.begin],
          ...quietly.callbacks,
        },
      },
      ['kept', ['closer', ...CALM]],
      ['broken', ['closer', 'reader', ...CALM]],
      ['broken', ['closer', ...SPINNING]],
      ['silent', ['closer', ...SPINNING.slice(0, 2)]],
    ],
    [hangsUp, ['silent', ['closer', ...SPINNING]]],
  ],
  'LOOP-READY-23': [
    [
      hangsUp,
      ['kept', ['closer', ...CALM]],
      ['broken', ['closer', ...SPINNING]],
      // One window of all may be a garbage collection.
      ['kept', ['closer', ...CALM.slice(0, 3), ...SPINNING.slice(3)]],
      ['silent', ['closer', ...SPINNING.slice(0, 2)]],
    ],
  ],
  // 'silent' is the name of one of the ways, too.
  'LOOP-READY-24': [
    [
      closedWhileWatched,
      ['silent', ['closer', 'writer', 'later']],
      ['reported', ['closer', { run: 'closed', events: ['error'] }, 'writer', 'later']],
      ['reported', ['closer'], raises(4)],
      ['silent', ['closer']],
    ],
  ],
  'LOOP-READY-25': [
    [
      closedWhileWatched,
      ['kept', ['closer', 'writer', 'other', 'later', ...CALM]],
      ['broken', ['closer', 'writer', 'other', 'later', ...SPINNING]],
      ['broken', ['closer', 'writer', 'later']],
      ['broken', ['closer'], raises(4)],
      ['silent', ['closer', 'writer']],
    ],
  ],
  'LOOP-READY-26': [
    [
      {
        fds: PAIR,
        main: [add('a', 'read', 'reader'), barrier('closer'), start],
        callbacks: { closer: [close('a'), remove('a', 'read')] },
      },
      ['kept', ['closer']],
      ['broken', [{ run: 'closer', actions: { 1: { raised: 'EBADF' } } }]],
      ['broken', [{ run: 'closer', actions: { 1: { steps: [{ log: 'EBADF' }] } } }]],
    ],
    [hangsUp, ['silent', [{ run: 'closer', actions: { 0: { raised: 'Error' } } }]]],
  ],
});

void t.test('LOOP-READY-24: nothing is chosen by silence after a removal', (t) => {
  const { scenario } = check({
    clauses: ['LOOP-READY-24'],
    name: 'removed-after-the-close',
    fds: PAIR,
    main: [add('a', 'read', 'reader'), barrier('closer'), start],
    callbacks: { reader: [], closer: [close('a'), remove('a', 'read'), barrier('end')], end: [done] },
  });
  const facts = { timerResolutionMs: 0, interest: 'combined', eventsPerPoll: Infinity, choices: {} } as const;
  t.same(judgeTrace(readinessRules, scenario, traceOf(scenario, ['closer', 'end']), facts).observations, []);
  t.end();
});
