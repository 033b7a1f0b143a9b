/** Checks of `spec/loop/tasks.md`. */
import type { Check } from '../check.js';
import {
  add,
  barrier,
  burn,
  check,
  done,
  drain,
  idle,
  numbered,
  schedule,
  start,
  timeout,
  unschedule,
  write,
} from '../program.js';

/** More than a ring of 1024 holds. */
const MANY = 1100;

export const taskChecks: readonly Check[] = [
  check({
    clauses: ['LOOP-TASK-1', 'LOOP-TASK-2', 'LOOP-TASK-4', 'LOOP-SEED-5'],
    name: 'three-tasks',
    main: [schedule('a'), schedule('b'), schedule('c'), barrier('end'), start],
    callbacks: { a: [schedule('d')], b: [], c: [], d: [], end: [done] },
  }),
  check({
    clauses: ['LOOP-TASK-1', 'LOOP-TASK-2'],
    name: 'scheduled-by-every-kind-of-callback',
    fds: { a: 'pair' },
    main: [add('a', 'read', 'reader'), write('a.peer'), schedule('task'), timeout(2, 'timer'), start],
    callbacks: {
      reader: [schedule('x'), drain('a')],
      task: [schedule('y'), burn(0.1)],
      timer: [schedule('z'), barrier('end')],
      x: [],
      y: [],
      z: [],
      end: [done],
    },
  }),
  check({
    clauses: ['LOOP-TASK-3'],
    name: 'before-the-start-and-in-a-callback',
    main: [schedule('twice'), schedule('twice'), schedule('task'), barrier('end'), start],
    callbacks: { twice: [], task: [schedule('pair'), schedule('pair')], pair: [], end: [done] },
  }),
  check({
    clauses: ['LOOP-TASK-4', 'LOOP-SEED-5'],
    name: 'sixteen-tasks-in-a-callback',
    main: [timeout(1, 'go'), start],
    callbacks: {
      go: [...numbered(16).map((name) => schedule(name)), barrier('end')],
      ...idle(numbered(16)),
      end: [done],
    },
  }),
  check({
    clauses: ['LOOP-TASK-2', 'LOOP-TASK-4', 'LOOP-SEED-5'],
    name: `${MANY}-tasks`,
    main: [...numbered(MANY).map((name) => schedule(name)), barrier('end'), start],
    callbacks: { ...idle(numbered(MANY)), end: [done] },
    maxRecords: 10_000,
  }),
  check({
    clauses: ['LOOP-TASK-5', 'LOOP-SEED-6'],
    name: 'a-chain-beside-a-ready-fd',
    fds: { a: 'pair' },
    main: [add('a', 'read', 'reader'), write('a.peer'), schedule('link'), start],
    callbacks: {
      reader: [],
      link: { runs: Array.from({ length: 8 }, () => [schedule('link')]), rest: [done] },
    },
  }),
  check({
    clauses: ['LOOP-TASK-6'],
    name: 'scheduled-by-a-handler',
    fds: { a: 'pair' },
    main: [add('a', 'read', 'reader'), write('a.peer'), start],
    callbacks: { reader: [drain('a'), schedule('task')], task: [done] },
  }),
  check({
    clauses: ['LOOP-TASK-6'],
    name: 'scheduled-by-a-timer',
    main: [timeout(2, 'timer'), start],
    callbacks: { timer: [schedule('task')], task: [done] },
  }),
  check({
    clauses: ['LOOP-TASK-6'],
    name: 'scheduled-by-a-task',
    main: [schedule('first'), start],
    callbacks: { first: [schedule('second')], second: [done] },
  }),
  check({
    clauses: ['LOOP-TASK-7'],
    name: 'beside-a-ready-fd',
    fds: { a: 'pair' },
    main: [add('a', 'read', 'reader'), schedule('again'), start],
    callbacks: {
      again: { runs: [[write('a.peer'), schedule('again')]], rest: [schedule('again')] },
      reader: [drain('a'), done],
    },
  }),
  check({
    clauses: ['LOOP-TASK-8'],
    name: 'beside-a-timer',
    main: [schedule('again'), start],
    callbacks: {
      again: {
        runs: [[schedule('again')], [schedule('again')], [timeout(3, 'end'), schedule('again')]],
        rest: [burn(0.1), schedule('again')],
      },
      end: [done],
    },
  }),
  check({
    clauses: ['LOOP-TASK-9'],
    name: 'before-the-start',
    main: [schedule('a'), schedule('never', 'x'), schedule('b'), unschedule('x'), barrier('end'), start],
    callbacks: { a: [], never: [], b: [], end: [done] },
  }),
  check({
    clauses: ['LOOP-TASK-9'],
    name: 'in-the-callback-that-scheduled-it',
    main: [timeout(1, 'go'), start],
    callbacks: { go: [schedule('never', 'x'), unschedule('x'), barrier('end')], never: [], end: [done] },
  }),
  check({
    clauses: ['LOOP-TASK-10'],
    name: 'each-unschedules-the-other',
    main: [schedule('a', 'x'), schedule('b', 'y'), start],
    callbacks: {
      a: [unschedule('y'), barrier('end')],
      b: [unschedule('x'), barrier('end')],
      end: { rest: [done] },
    },
  }),
];
