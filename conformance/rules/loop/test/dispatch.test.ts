import {
  add,
  barrier,
  close,
  drain,
  dup2,
  remove,
  start,
  update,
  write,
} from '../../../scenarios/program.js';
import type { Action } from '../../../../spec/scenario.js';
import { dispatchRules } from '../dispatch.js';
import { testRules, type Program } from '../../test/table.js';

/** `a` and `b` are ready before the start, `c` and `d` are there to be used. */
const twoReady = (handlerA: Action[], more: Partial<Program> = {}): Program => ({
  fds: { a: 'pair', b: 'pair', c: 'pair', d: 'pair' },
  main: [
    add('a', 'read', 'handlerA'),
    add('b', 'read', 'handlerB'),
    write('a.peer'),
    write('b.peer'),
    write('d.peer'),
    start,
  ],
  callbacks: { handlerA, handlerB: { rest: [] } },
  ...more,
});
const NOISE = { log: 'Bad file descriptor' };
const heir = [dup2('c', 'b', 'e'), add('e', 'read', 'heir'), barrier('end')];
const stayReady = twoReady([], { callbacks: { handlerA: { rest: [] }, handlerB: { rest: [] } } });

testRules(dispatchRules, {
  'LOOP-DISPATCH-1': [
    [
      twoReady([remove('b', 'read'), barrier('end')]),
      ['kept', ['handlerA', 'end']],
      ['broken', ['handlerA', 'handlerB', 'end']],
      ['silent', ['handlerA']],
      ['silent', ['handlerB', 'handlerA', 'end']],
    ],
  ],
  'LOOP-DISPATCH-2': [
    [
      twoReady([remove('b', 'read'), ...heir]),
      ['kept', ['handlerA', 'end']],
      ['broken', ['handlerA', 'heir', 'end']],
      ['silent', ['handlerA']],
    ],
    [twoReady(heir), ['silent', ['handlerA', 'heir', 'end']]],
  ],
  'LOOP-DISPATCH-3': [
    [
      twoReady(heir),
      ['kept', ['handlerA', 'end']],
      ['broken', ['handlerA', 'heir', 'end']],
      ['silent', ['handlerA']],
      ['excused', [{ run: 'handlerA', actions: { 1: { raised: 'Error' } } }, 'end']],
    ],
    [twoReady([remove('b', 'read'), ...heir]), ['silent', ['handlerA', 'heir', 'end']]],
  ],
  'LOOP-DISPATCH-4': [
    [
      twoReady([remove('a', 'read'), close('a'), barrier('end')]),
      ['kept', ['handlerA', 'handlerB', 'end']],
      ['broken', [{ run: 'handlerA', actions: { 0: { raised: 'Error' } } }, 'end']],
      ['broken', ['handlerA', 'handlerA', 'end']],
      ['broken', ['handlerA', NOISE, 'end']],
      ['silent', ['handlerA', 'handlerB']],
    ],
  ],
  'LOOP-DISPATCH-5': [
    [
      twoReady([remove('b', 'read'), close('b'), barrier('end')]),
      ['kept', ['handlerA', 'end']],
      ['broken', ['handlerA', NOISE, 'end']],
      ['silent', ['handlerA']],
      ['silent', ['handlerB', 'handlerA', NOISE, 'end']],
    ],
  ],
  'LOOP-DISPATCH-6': [
    [
      twoReady([add('d', 'read', 'added')]),
      ['kept', ['handlerA', 'handlerB', 'added']],
      ['broken', ['handlerA', 'added', 'handlerB']],
      ['broken', [{ run: 'handlerA', actions: { 0: { steps: ['added'] } } }, 'handlerB']],
      ['silent', ['handlerA', 'handlerB']],
      ['silent', ['handlerB', 'handlerA', 'added']],
      ['excused', ['handlerA', 'added', 'handlerB'], { subject: { eventsPerPoll: 1 } }],
    ],
  ],
  'LOOP-DISPATCH-7': [
    [
      stayReady,
      ['kept', ['handlerA', 'handlerB', 'handlerB', 'handlerA']],
      ['broken', ['handlerA', 'handlerA', 'handlerB']],
      ['silent', ['handlerA', 'handlerB']],
      ['excused', ['handlerA', 'handlerA'], { subject: { eventsPerPoll: 1 } }],
    ],
    [twoReady([drain('a')]), ['silent', ['handlerA', 'handlerA', 'handlerB']]],
    [
      // The second reader of `a` may have joined the first.
      {
        ...stayReady,
        main: [add('a', 'both', 'handlerA'), add('a', 'read', 'reader'), ...stayReady.main.slice(1)],
        callbacks: { handlerA: { rest: [] }, handlerB: { rest: [] }, reader: { rest: [] } },
      },
      [
        'silent',
        ['reader', { run: 'handlerA', events: ['write'] }, { run: 'handlerA', events: ['read'] }],
        { subject: { interest: 'split' } },
      ],
    ],
  ],
  'LOOP-DISPATCH-8': [
    [
      {
        ...stayReady,
        main: [...stayReady.main.slice(0, 4), add('d', 'read', 'late'), start],
        callbacks: {
          handlerA: { runs: [[], [write('d.peer'), barrier('end')]] },
          handlerB: { rest: [] },
          late: [],
        },
      },
      ['kept', ['handlerA', 'handlerB', 'handlerA', 'handlerB', 'late', 'handlerA', 'handlerB', 'end']],
      ['broken', ['handlerA', 'handlerB', 'handlerA', 'handlerB', 'end']],
      ['silent', ['handlerA', 'handlerB', 'handlerA', 'late', 'handlerB']],
    ],
  ],
  'LOOP-DISPATCH-9': [
    [
      {
        ...stayReady,
        main: [
          add('a', 'both', 'handlerA'),
          add('b', 'both', 'handlerB'),
          write('a.peer'),
          write('b.peer'),
          start,
        ],
        callbacks: { handlerA: [update('b', 'read')], handlerB: { rest: [] } },
      },
      ['masked', ['handlerA', { run: 'handlerB', events: ['read'] }]],
      ['stale', ['handlerA', 'handlerB']],
      ['silent', ['handlerA']],
      ['silent', ['handlerB', 'handlerA', 'handlerB']],
    ],
  ],
});
