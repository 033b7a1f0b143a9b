import {
  add,
  barrier,
  done,
  drain,
  periodic,
  periodicStop,
  schedule,
  start,
  thread as threadDoes,
  throwError,
  throwFatal,
  timeout,
  write,
} from '../../../scenarios/program.js';
import type { Action } from '../../../../spec/scenario.js';
import { errorRules } from '../errors.js';
import { raises, testRules, thread, type Program } from '../../test/table.js';

const INTERRUPTS = [{ op: 'raise' as const, signal: 'SIGUSR2' }];
const REPORT = { log: 'thrown' };
const SPLIT = { subject: { interest: 'split' } } as const;
const storm = { threads: [{ slept: true, startedAt: 1000, lastAt: 160_000, endedAt: 161_000 }] };

/** `a` and `b` are ready before the start. */
const twoReady = (a: Action[], after: readonly Action[] = [barrier('end'), start]): Program => ({
  fds: { a: 'pair', b: 'pair' },
  main: [add('a', 'read', 'a'), add('b', 'read', 'b'), write('a.peer'), write('b.peer'), ...after],
  callbacks: { a, b: [], end: [done] },
});
const task = (...actions: Action[]): Program => ({
  main: [schedule('a'), schedule('b'), barrier('end'), start],
  callbacks: { a: actions },
});
const storming = (delay: number): Program => ({
  main: [timeout(delay, 'timer'), threadDoes('idle', INTERRUPTS, 160, 1), start],
});

testRules(errorRules, {
  'LOOP-ERROR-1': [
    [
      {
        fds: { a: 'pair' },
        main: [add('a', 'read', 'reader'), threadDoes('idle', INTERRUPTS), timeout(40, 'timer'), start],
        callbacks: { timer: [write('a.peer'), barrier('end')], reader: [drain('a')], end: [done] },
      },
      ['kept', ['timer@40', 'reader', 'end'], thread(5)],
      ['broken', ['timer@40', 'end'], thread(5)],
      ['broken', ['timer@40'], { ...thread(5), ...raises(4) }],
      ['broken', ['timer@40'], thread(5)],
      ['silent', ['timer@40'], thread(5, false)],
    ],
  ],
  'LOOP-ERROR-2': [
    [
      storming(30),
      ['kept', ['timer@31'], storm],
      ['broken', ['timer@200'], storm],
      ['broken', ['sentinel@1001'], storm],
      ['silent', [], storm],
    ],
    [storming(150), ['silent', ['timer@200'], storm]],
  ],
  'LOOP-ERROR-3': [
    [
      task(throwError),
      ['kept', ['a', REPORT]],
      ['broken', ['a']],
      ['broken', ['a', REPORT, REPORT]],
      ['silent', ['a'], { ends: 'died' }],
    ],
    [task(), ['silent', ['a', REPORT]]],
  ],
  'LOOP-ERROR-4': [
    [
      twoReady([throwError]),
      ['kept', ['a', 'b', 'end']],
      ['broken', ['a', 'end']],
      ['broken', ['a'], raises(6)],
      ['silent', ['a']],
      ['silent', ['b', 'a', 'end']],
    ],
  ],
  'LOOP-ERROR-5': [
    [
      task(throwError),
      ['kept', ['a', 'b', 'end']],
      ['broken', ['a', 'end']],
      ['broken', ['a'], raises(4)],
      ['silent', ['a']],
      ['silent', ['b', 'a', 'end']],
    ],
  ],
  'LOOP-ERROR-6': [
    [
      {
        main: [timeout(1, 'a'), timeout(1, 'b'), timeout(20, 'end'), start],
        callbacks: { a: [throwError] },
      },
      ['kept', ['a@5', 'b', 'end@20']],
      ['broken', ['a@5', 'end@20']],
      ['broken', ['a@5'], raises(4)],
      ['silent', ['a@5']],
      ['silent', ['b@5', 'a', 'end@20']],
      ['silent', ['a@5', 'end@20'], raises(2)],
    ],
  ],
  'LOOP-ERROR-7': [
    [
      twoReady([barrier('end'), throwError], [start]),
      ['kept', ['a', 'a', 'end']],
      ['removed', ['a', 'end']],
      ['silent', ['a']],
    ],
    [twoReady([barrier('end')], [start]), ['silent', ['a', 'end']]],
    [
      {
        fds: { a: 'pair' },
        main: [add('a', 'both', 'a'), write('a.peer'), start],
        callbacks: { a: [barrier('end'), throwError], end: [done] },
      },
      ['kept', [{ run: 'a', events: ['write'] }, { run: 'a', events: ['write'] }, 'end'], SPLIT],
      // The reader goes on, whatever became of the writer.
      ['removed', [{ run: 'a', events: ['write'] }, { run: 'a', events: ['read'] }, 'end'], SPLIT],
    ],
    [
      twoReady([barrier('end'), start, throwError], [start]),
      ['removed', [{ run: 'a', actions: { 1: { steps: ['a'] } } }, 'end']],
    ],
  ],
  'LOOP-ERROR-8': [
    [
      {
        main: [periodic('p', 5, 'tick'), timeout(40, 'end'), start],
        callbacks: { tick: { runs: [[throwError]], rest: [] }, end: [periodicStop('p'), done] },
      },
      ['continued', ['tick@5', 'tick@10', 'end@40']],
      ['stopped', ['tick@5', 'end@40']],
      ['silent', ['tick@5']],
    ],
  ],
  'LOOP-ERROR-9': [
    [
      task(throwFatal),
      ['kept', ['a'], raises(4)],
      ['broken', ['a', 'b']],
      ['broken', ['a', 'sentinel@1001'], raises(4)],
      ['silent', ['a'], { ends: 'died' }],
    ],
    [task(throwError), ['silent', ['a']]],
  ],
  'LOOP-ERROR-10': [
    [
      twoReady([drain('a'), throwFatal], [start, barrier('end'), start]),
      ['kept', ['a', 'returned', 'b', 'end'], raises(5)],
      ['broken', ['a', 'returned', 'b', 'end'], raises(5, 7)],
      ['broken', ['a', 'returned'], raises(5)],
      ['broken', ['a', 'returned', 'sentinel@1001'], raises(5)],
      ['silent', ['a', 'returned']],
    ],
  ],
  'LOOP-ERROR-11': [
    [
      twoReady([throwFatal], [start, drain('a'), drain('b'), barrier('end'), start]),
      ['kept', ['a', 'returned', 'end'], raises(5)],
      ['broken', ['a', 'returned', 'b', 'end'], raises(5)],
      ['silent', ['a', 'returned'], raises(5)],
      ['silent', ['a', 'returned', 'b', 'end']],
    ],
  ],
});
