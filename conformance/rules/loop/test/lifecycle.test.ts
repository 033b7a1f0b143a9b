import {
  add,
  barrier,
  closeLoop,
  countFds,
  done,
  drain,
  dup,
  isOpen,
  limitFds,
  newLoop,
  quietly,
  schedule,
  start,
  stop,
  throwError,
  timeout,
  useLoop,
  write,
} from '../../../scenarios/program.js';
import { lifecycleRules } from '../lifecycle.js';
import { CALM, raises, SPINNING, testRules, type Program } from '../../test/table.js';
import type { Step } from '../../test/trace-builder.js';

const stopper: Program = { main: [schedule('stopper'), start], callbacks: { stopper: [stop] } };
const ready = (...fds: string[]) => fds.flatMap((fd) => [add(fd, 'read', fd), write(`${fd}.peer`)]);
const nested: Program = {
  main: [schedule('starter'), start],
  callbacks: { starter: [start, timeout(4, 'end')], end: [done] },
};
const nestedStart = (outcome: { raised?: string; steps?: Step[] }): Step => ({
  run: 'starter',
  actions: { 0: outcome },
});
const quiet: Program = {
  fds: { a: 'pair' },
  main: [add('a', 'read', 'reader'), quietly.begin, start],
  callbacks: quietly.callbacks,
};
const secondLoop = [newLoop('second'), useLoop('second'), closeLoop, useLoop('main')];

testRules(lifecycleRules, {
  'LOOP-LIFE-1': [
    [
      { main: [timeout(1, 'timer'), start], callbacks: { timer: [stop] } },
      ['kept', ['timer@1']],
      ['broken', ['timer@1', 'sentinel@1001']],
      ['broken', ['timer@1'], { ends: 'hung' }],
      ['silent', ['timer@1'], { ends: 'died' }],
    ],
  ],
  'LOOP-LIFE-2': [
    [
      {
        fds: { a: 'pair' },
        main: [add('a', 'read', 'reader'), timeout(12, 'end'), start],
        callbacks: { end: [done] },
      },
      ['kept', ['end@12']],
      ['broken', []],
    ],
    [{ ...stopper, sentinel: false }, ['silent', ['stopper']]],
    [
      // It may have dropped its only handler, as errors.throwing-handler allows.
      { fds: { a: 'pair' }, sentinel: false, main: [...ready('a'), start], callbacks: { a: [throwError] } },
      ['broken', []],
      ['silent', ['a']],
    ],
  ],
  'LOOP-LIFE-3': [
    [
      { main: [schedule('stopper'), start], callbacks: { stopper: [timeout(20, 'late'), stop] } },
      ['kept', ['stopper']],
      ['broken', ['stopper', 'late@21']],
    ],
    [{ ...stopper, sentinel: false }, ['silent', ['stopper']]],
  ],
  'LOOP-LIFE-4': [
    [
      { main: [stop, timeout(6, 'timer'), start, timeout(6, 'end'), start], callbacks: { end: [stop] } },
      ['next-start', ['returned', 'timer@7', 'end@8']],
      ['ignored', ['timer@6', 'sentinel@1000', 'returned', 'end@1010']],
      ['error', ['timer@6', 'sentinel@1000', 'returned', 'end@1010'], raises(1)],
    ],
    [stopper, ['silent', ['stopper']]],
  ],
  'LOOP-LIFE-5': [
    [
      {
        fds: { a: 'pair' },
        main: [
          add('a', 'read', 'reader'),
          timeout(6, 'timer'),
          schedule('stopper'),
          start,
          write('a.peer'),
          barrier('served'),
          start,
        ],
        callbacks: { stopper: [stop], reader: [drain('a')], served: [timeout(20, 'end')], end: [done] },
      },
      ['kept', ['stopper', 'returned', 'reader', 'served', 'timer@6', 'end@27']],
      ['broken', ['stopper', 'returned', 'served', 'timer@6', 'end@27']],
      ['broken', ['stopper', 'returned', 'reader', 'served', 'end@27']],
    ],
    [
      // One that could not be set is not registered.
      {
        main: [timeout(-1, 'timer'), schedule('stopper'), start, timeout(20, 'end'), start],
        callbacks: { stopper: [stop], end: [done] },
      },
      ['broken', ['stopper', 'returned', 'end@27']],
      ['silent', ['stopper', 'returned', 'end@27'], raises(1)],
    ],
    [stopper, ['silent', ['stopper']]],
  ],
  'LOOP-LIFE-6': [
    [
      {
        main: [schedule('twice'), start, timeout(5, 'end'), start],
        callbacks: { twice: [stop, stop], end: [stop] },
      },
      ['kept', ['twice', 'returned', 'end@6']],
      ['broken', ['twice', 'returned']],
    ],
    [stopper, ['silent', ['stopper']]],
  ],
  'LOOP-LIFE-7': [
    [
      {
        main: [schedule('stopper'), start, barrier('end'), start],
        callbacks: { stopper: [schedule('left'), stop] },
      },
      ['kept', ['stopper', 'returned', 'left', 'end']],
      ['broken', ['stopper', 'returned', 'end']],
      ['excused', ['stopper', 'left', 'returned', 'end']],
      ['silent', ['stopper', 'returned']],
    ],
  ],
  'LOOP-LIFE-8': [
    [
      {
        fds: { a: 'pair', b: 'pair', c: 'pair' },
        main: [...ready('a', 'b', 'c'), start],
        callbacks: { a: [stop], b: [stop], c: [stop] },
      },
      ['finished', ['a', 'b', 'c']],
      ['left', ['b']],
      ['partly', ['b', 'c']],
      ['excused', ['b'], { subject: { eventsPerPoll: 1 } }],
      ['left', ['b'], { subject: { eventsPerPoll: 3 } }],
    ],
    [stopper, ['silent', ['stopper']]],
  ],
  'LOOP-LIFE-9': [
    [
      { fds: { a: 'pair' }, main: [...ready('a'), start], callbacks: { a: [schedule('left'), stop] } },
      ['kept', ['a']],
      ['ran', ['a', 'left']],
      ['silent', [{ run: 'a', actions: { 0: { steps: ['left'] } } }]],
    ],
  ],
  'LOOP-LIFE-10': [
    [
      { main: [schedule('stopper'), start], callbacks: { stopper: [schedule('left'), stop] } },
      ['kept', ['stopper']],
      ['ran', ['stopper', 'left']],
      ['silent', [{ run: 'stopper', actions: { 0: { steps: ['left'] } } }]],
    ],
  ],
  'LOOP-LIFE-11': [
    [
      {
        main: [schedule('starter'), start],
        callbacks: { starter: [timeout(1, 'inner'), start], inner: [stop] },
      },
      ['refused', [{ run: 'starter', actions: { 1: { raised: 'Error' } } }, 'inner@1']],
      ['nested', [{ run: 'starter', actions: { 1: { steps: ['inner@1'] } } }]],
      ['broken', ['starter']],
    ],
    [stopper, ['silent', ['stopper']]],
  ],
  'LOOP-LIFE-12': [
    [
      nested,
      ['kept', [nestedStart({ raised: 'Error' }), 'end@5']],
      ['broken', [nestedStart({ raised: 'Error' })]],
      ['broken', [nestedStart({ raised: 'Error' }), 'end@5'], raises(2)],
      ['excused', [nestedStart({ steps: [] }), 'end@5']],
    ],
    [stopper, ['silent', ['stopper']]],
  ],
  'LOOP-LIFE-13': [
    [
      {
        main: [schedule('other'), start],
        callbacks: {
          other: [newLoop('second'), useLoop('second'), stop, useLoop('main'), timeout(3, 'end')],
          end: [done],
        },
      },
      ['kept', ['other', 'end@4']],
      ['broken', ['other']],
    ],
    [stopper, ['silent', ['stopper']]],
  ],
  'LOOP-LIFE-14': [
    [
      { ...stopper, main: [countFds, ...secondLoop, countFds, ...stopper.main] },
      ['kept', ['stopper'], { main: { 1: { result: 9 }, 6: { result: 9 } } }],
      ['kept', ['stopper'], { main: { 1: { result: 9 }, 6: { result: 8 } } }],
      ['broken', ['stopper'], { main: { 1: { result: 9 }, 6: { result: 10 } } }],
    ],
    [
      { ...stopper, main: [countFds, newLoop('second'), countFds, ...stopper.main] },
      ['silent', ['stopper'], { main: { 1: { result: 9 }, 3: { result: 10 } } }],
    ],
  ],
  'LOOP-LIFE-15': [
    [
      { ...stopper, fds: { a: 'pair' }, main: [...secondLoop, isOpen('a'), ...stopper.main] },
      ['kept', ['stopper']],
      ['broken', ['stopper'], { main: { 5: { result: 0 } } }],
    ],
    [
      { ...stopper, fds: { a: 'pair' }, main: [isOpen('a'), ...stopper.main] },
      ['silent', ['stopper'], { main: { 1: { result: 0 } } }],
    ],
  ],
  'LOOP-LIFE-16': [
    [
      {
        ...stopper,
        fds: { a: 'pair' },
        main: [...stopper.main, closeLoop, dup('a', 'b'), closeLoop, isOpen('b')],
      },
      ['kept', ['stopper']],
      ['broken', ['stopper'], { main: { 6: { result: 0 } } }],
    ],
    [
      { ...stopper, fds: { a: 'pair' }, main: [...stopper.main, closeLoop, dup('a', 'b'), isOpen('b')] },
      ['silent', ['stopper'], { main: { 5: { result: 0 } } }],
    ],
  ],
  'LOOP-LIFE-17': [
    [quiet, ['kept', CALM], ['broken', SPINNING], ['silent', SPINNING.slice(0, 2)]],
    [{ ...quiet, main: [write('a.peer'), ...quiet.main] }, ['silent', SPINNING]],
  ],
  'LOOP-LIFE-18': [
    [
      {
        fds: { a: 'pair' },
        main: [add('a', 'read', 'reader'), schedule('limit'), start],
        callbacks: {
          limit: [limitFds(0), write('a.peer'), schedule('task'), timeout(5, 'end')],
          end: [done],
        },
      },
      ['kept', ['limit', 'reader', 'task', 'end@6']],
      ['broken', ['limit', 'task', 'sentinel@1001']],
      ['broken', ['limit'], raises(3)],
      ['silent', ['limit', 'task']],
    ],
  ],
});
