/** Checks of `spec/loop/errors.md`. */
import type { Check } from '../check.js';
import {
  add,
  barrier,
  burn,
  check,
  done,
  drain,
  periodic,
  periodicStop,
  remove,
  schedule,
  start,
  thread,
  throwError,
  throwFatal,
  timeout,
  wakeup,
  write,
} from '../program.js';

const INTERRUPT = { op: 'raise' as const, signal: 'SIGUSR2' };
const ready = (...fds: string[]) =>
  fds.flatMap((fd) => [add(fd, 'read', `handler-${fd}`), write(`${fd}.peer`)]);

export const errorChecks: readonly Check[] = [
  check({
    clauses: ['LOOP-ERROR-1', 'LOOP-SEED-16'],
    name: 'one-signal-while-the-loop-sleeps',
    fds: { a: 'pair' },
    main: [add('a', 'read', 'reader'), thread('idle', [INTERRUPT]), timeout(40, 'timer'), start],
    callbacks: { timer: [write('a.peer'), barrier('end')], reader: [drain('a')], end: [done] },
  }),
  check({
    clauses: ['LOOP-ERROR-2'],
    name: 'a-storm-longer-than-the-timer',
    main: [
      wakeup('first', 'armed'),
      wakeup('last', 'end'),
      thread('idle', [{ op: 'wake', id: 'first' }]),
      thread('idle', [INTERRUPT], 160, 1),
      thread('now', [{ op: 'wake', id: 'last' }]),
      start,
    ],
    // Armed when the storm is about to begin, due long before it ends.
    callbacks: { armed: [timeout(30, 'timer')], timer: [], end: [done] },
  }),
  check({
    clauses: ['LOOP-ERROR-3'],
    name: 'a-handler-a-task-and-a-timer-throw',
    fds: { a: 'pair' },
    main: [...ready('a'), schedule('task'), timeout(3, 'timer'), timeout(10, 'end'), start],
    callbacks: {
      'handler-a': [drain('a'), throwError],
      task: [throwError],
      timer: [throwError],
      end: [done],
    },
  }),
  check({
    clauses: ['LOOP-ERROR-4'],
    name: 'the-first-of-three-throws',
    fds: { a: 'pair', b: 'pair', c: 'pair' },
    main: [...ready('a', 'b', 'c'), barrier('end'), start],
    callbacks: {
      ...Object.fromEntries(['a', 'b', 'c'].map((fd) => [`handler-${fd}`, [drain(fd), throwError]])),
      end: [done],
    },
  }),
  check({
    clauses: ['LOOP-ERROR-4'],
    name: 'each-of-three-throws-in-every-round',
    // None is ever drained, so that who is skipped has no second chance in a later round.
    fds: { a: 'pair', b: 'pair', c: 'pair' },
    main: [...ready('a', 'b', 'c'), barrier('end'), start],
    callbacks: {
      ...Object.fromEntries(['a', 'b', 'c'].map((fd) => [`handler-${fd}`, { rest: [throwError] }])),
      end: [done],
    },
  }),
  check({
    clauses: ['LOOP-ERROR-5'],
    name: 'the-first-of-three-throws',
    main: [schedule('a'), schedule('b'), schedule('c'), barrier('end'), start],
    callbacks: { a: [throwError], b: [throwError], c: [throwError], end: [done] },
  }),
  check({
    clauses: ['LOOP-ERROR-6'],
    name: 'the-first-of-three-throws',
    main: [schedule('slow'), start],
    // All three are overdue when the loop can look at them for the first time.
    callbacks: {
      slow: [timeout(1, 'a'), timeout(1, 'b'), timeout(1, 'c'), timeout(20, 'end'), burn(5)],
      a: [throwError],
      b: [throwError],
      c: [throwError],
      end: [done],
    },
  }),
  check({
    clauses: ['LOOP-ERROR-7', 'LOOP-SEED-4', 'LOOP-SEED-17'],
    name: 'a-handler-throws-without-reading',
    fds: { a: 'pair' },
    main: [...ready('a'), start],
    callbacks: { 'handler-a': { runs: [[barrier('end'), throwError], [drain('a')]] }, end: [done] },
  }),
  check({
    clauses: ['LOOP-ERROR-8'],
    name: 'a-periodic-timer-throws-at-first',
    main: [periodic('p', 5, 'tick'), timeout(40, 'end'), start],
    callbacks: { tick: { runs: [[throwError]], rest: [] }, end: [periodicStop('p'), done] },
  }),
  ...(['handler', 'task', 'timer'] as const).map((kind) =>
    check({
      clauses: ['LOOP-ERROR-9'],
      name: `a-${kind}-throws-the-fatal-one`,
      fds: { a: 'pair' },
      main: [
        ...(kind === 'handler' ? [add('a', 'read', 'fatal'), write('a.peer')] : []),
        ...(kind === 'task' ? [schedule('fatal')] : []),
        ...(kind === 'timer' ? [timeout(1, 'fatal')] : []),
        start,
      ],
      callbacks: { fatal: [...(kind === 'handler' ? [drain('a')] : []), throwFatal] },
    }),
  ),
  check({
    clauses: ['LOOP-ERROR-10'],
    name: 'start-again',
    fds: { a: 'pair', b: 'pair' },
    main: [
      add('a', 'read', 'fatal'),
      add('b', 'read', 'reader'),
      write('a.peer'),
      start,
      write('b.peer'),
      barrier('end'),
      start,
    ],
    callbacks: { fatal: [drain('a'), throwFatal], reader: [drain('b')], end: [done] },
    needs: ['restart'],
  }),
  check({
    clauses: ['LOOP-ERROR-11'],
    name: 'what-was-ready-with-the-fatal-one',
    fds: { a: 'pair', b: 'pair', c: 'pair' },
    main: [
      ...ready('a', 'b', 'c'),
      start,
      // Nothing is ready any more, and one is not watched.
      drain('a'),
      drain('b'),
      drain('c'),
      remove('b', 'read'),
      barrier('end'),
      start,
    ],
    callbacks: {
      ...Object.fromEntries(
        ['a', 'b', 'c'].map((fd) => [`handler-${fd}`, { runs: [[throwFatal]], rest: [] }]),
      ),
      end: [done],
    },
    needs: ['restart'],
  }),
];
