import {
  add,
  barrier,
  burn,
  close,
  done,
  now,
  periodic,
  schedule,
  start,
  stop,
  thread as threadDoes,
  throwErrno,
  throwError,
  timeout,
  timeoutAt,
  wakeup,
  write,
} from '../../../scenarios/program.js';
import type { Action } from '../../../../spec/scenario.js';
import { seedRules } from '../seed.js';
import { raises, testRules, thread, type Program } from '../../test/table.js';
import { FIRST_FD, type Step } from '../../test/trace-builder.js';

const WAKES = [{ op: 'wake' as const, id: 'w' }];
const REPORT = { log: 'thrown' };
const LIVE = { subject: { choices: { 'timers.clock': 'live' } } };

/** Watched and ready before the start. */
const ready = (...handler: Action[]): Program => ({
  fds: { a: 'pair', b: 'pair' },
  main: [add('a', 'read', 'handler'), write('a.peer'), barrier('end'), start],
  callbacks: { handler, end: [done] },
});
const repeated = (count: number, step: (i: number) => Step): Step[] =>
  Array.from({ length: count }, (_, i) => step(i));

testRules(seedRules, {
  'LOOP-SEED-1': [
    [
      {
        fds: { a: 'pair' },
        main: [add('a', 'none', 'handler'), schedule('closer'), start],
        callbacks: { closer: [close('a.peer'), barrier('end')] },
      },
      ['kept', ['closer', { run: 'handler', events: ['error'] }, 'end']],
      ['broken', ['closer', { run: 'handler', events: ['read'] }, 'end']],
      ['broken', ['closer', 'end']],
      ['silent', ['closer']],
    ],
  ],
  'LOOP-SEED-2': [
    [
      {
        fds: { a: 'pair' },
        main: [add('a', 'read', 'first'), add('a', 'read', 'second'), write('a.peer'), barrier('end'), start],
      },
      ['kept', ['first', 'end'], raises(2)],
      ['broken', ['second', 'end']],
      ['silent', ['end']],
    ],
  ],
  'LOOP-SEED-3': [
    [
      { fds: { f: 'file' }, main: [add('f', 'read', 'handler'), schedule('task'), barrier('end'), start] },
      ['kept', ['task', 'end'], raises(1)],
      ['broken', ['task', 'handler', 'end']],
      ['silent', ['task']],
    ],
  ],
  'LOOP-SEED-4': [
    [ready(throwError), ['kept', ['handler', 'handler', 'end']], ['silent', ['handler']]],
    [
      { ...ready(barrier('end'), throwError), main: ready().main.filter(({ op }) => op !== 'barrier') },
      ['broken', ['handler', 'end']],
    ],
  ],
  'LOOP-SEED-5': [
    [
      { main: [schedule('a'), schedule('b'), start] },
      ['kept', ['a', 'b']],
      ['broken', ['b', 'a']],
      ['silent', ['a']],
    ],
  ],
  'LOOP-SEED-6': [
    [
      {
        ...ready(),
        main: [add('a', 'read', 'handler'), write('a.peer'), schedule('link'), start],
        callbacks: { link: { rest: [schedule('link')] }, handler: [] },
      },
      ['kept', ['link', 'handler', 'link', 'handler', 'link', 'handler']],
      ['broken', ['link', 'link', 'link', 'handler']],
      ['silent', ['link', 'handler', 'link']],
    ],
  ],
  'LOOP-SEED-7': [
    [
      { main: [now('base'), timeoutAt('base', 3, 'a'), timeoutAt('base', 3, 'b'), start] },
      ['kept', ['a@3', 'b'], LIVE],
      ['broken', ['b@3', 'a'], LIVE],
      ['silent', ['b@3'], LIVE],
    ],
  ],
  'LOOP-SEED-8': [
    [
      {
        main: [barrier('go'), start],
        callbacks: { go: [timeout(20, 'a'), burn(15), timeout(12, 'b')] },
      },
      ['kept', ['go', 'a@21', 'b@28']],
      ['broken', ['go', 'b@16', 'a@21']],
      ['silent', ['go', 'a@21']],
    ],
  ],
  'LOOP-SEED-9': [
    [
      {
        main: [periodic('p', 4, 'tick'), timeout(6, 'long'), start],
        callbacks: { long: [burn(40), barrier('then')], then: [timeout(2, 'end')], tick: { rest: [] } },
      },
      ['kept', ['tick@4', 'long@6', 'tick', 'then', 'end@49'], LIVE],
      ['broken', ['tick@4', 'long@6', ...repeated(10, () => 'tick'), 'then', 'end@49'], LIVE],
      ['silent', ['tick@4', 'long@6', 'tick', 'then'], LIVE],
    ],
  ],
  'LOOP-SEED-10': [
    [
      { main: [periodic('p', 10, 'tick'), start], callbacks: { tick: { rest: [burn(6)] } } },
      ['kept', repeated(2, (i) => `tick@${10 + 10 * i}`)],
      ['broken', repeated(5, (i) => `tick@${10 + 16.1 * i}`)],
      ['silent', repeated(3, (i) => `tick@${10 + 16.1 * i}`)],
    ],
  ],
  'LOOP-SEED-11': [
    [
      { main: [stop, timeout(6, 'timer'), start, timeout(6, 'end'), start], callbacks: { end: [stop] } },
      ['kept', ['returned', 'timer@7', 'end@8']],
      ['broken', ['timer@6', 'sentinel@1000', 'returned', 'end@1010']],
      ['silent', ['timer@6'], { ends: 'died' }],
    ],
  ],
  'LOOP-SEED-12': [
    [
      {
        fds: { a: 'pair', b: 'pair' },
        main: [add('a', 'read', 'a'), add('b', 'read', 'b'), write('a.peer'), write('b.peer'), start],
        callbacks: { a: [stop], b: [stop] },
      },
      ['kept', ['a', 'b']],
      ['broken', ['b']],
      ['silent', ['b'], { ends: 'died' }],
    ],
  ],
  'LOOP-SEED-13': [
    [
      {
        main: [schedule('starter'), start],
        callbacks: { starter: [timeout(1, 'inner'), start], inner: [stop] },
      },
      ['kept', [{ run: 'starter', actions: { 1: { raised: 'Error' } } }, 'inner@1']],
      ['broken', [{ run: 'starter', actions: { 1: { steps: ['inner@1'] } } }]],
      ['silent', ['sentinel@1001']],
    ],
  ],
  'LOOP-SEED-14': [
    [
      {
        main: [wakeup('w', 'woken'), threadDoes('idle', WAKES), start],
        callbacks: { woken: [stop] },
      },
      ['kept', ['woken@5'], thread(4)],
      ['broken', ['woken@5', 'sentinel@1001'], thread(4)],
      ['broken', ['sentinel@1001'], thread(4)],
      ['silent', ['woken@5'], thread(4, false)],
    ],
  ],
  'LOOP-SEED-15': [
    [
      ready(throwErrno('EPIPE')),
      ['kept', ['handler', 'end']],
      ['broken', ['handler', REPORT, 'end']],
      ['broken', ['handler'], raises(4)],
      ['silent', ['handler']],
    ],
    [ready(throwErrno('EIO')), ['silent', ['handler', REPORT, 'end']]],
  ],
  'LOOP-SEED-16': [
    [
      {
        main: [threadDoes('idle', [{ op: 'raise', signal: 'SIGUSR2' }]), timeout(10, 'end'), start],
        callbacks: { end: [done] },
      },
      ['kept', ['end@10'], thread(5)],
      ['broken', [REPORT, 'end@10'], thread(5)],
      ['silent', [REPORT, 'end@10'], thread(5, false)],
    ],
  ],
  'LOOP-SEED-17': [
    [
      ready(throwError),
      ['kept', ['handler', { ...REPORT, fd: FIRST_FD }]],
      ['kept', ['handler', { log: `the handler of fd ${FIRST_FD} threw` }]],
      ['broken', ['handler', { log: `the handler of fd 1${FIRST_FD} threw` }]],
      ['silent', ['handler']],
    ],
  ],
  'LOOP-SEED-18': [
    [
      ready(close('b.peer'), write('b')),
      ['kept', [{ run: 'handler', actions: { 1: { errno: 'EPIPE' } } }]],
      ['broken', [{ run: 'handler', actions: { 1: { unfinished: true } } }], { ends: 'died' }],
      ['silent', [{ run: 'handler', actions: { 0: { unfinished: true } } }], { ends: 'died' }],
    ],
  ],
  'LOOP-SEED-19': [
    [
      {
        main: [wakeup('w', 'woken'), schedule('slow'), start],
        callbacks: { slow: [timeout(3, 'overdue'), threadDoes('idle', WAKES), burn(8)], woken: [done] },
      },
      ['kept', ['slow', 'overdue', 'woken@10'], thread(9)],
      ['broken', ['slow', 'woken@10', 'overdue'], thread(9)],
      ['silent', ['slow', 'overdue'], thread(9)],
    ],
  ],
});
