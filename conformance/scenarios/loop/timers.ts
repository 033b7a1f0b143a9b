/** Checks of `spec/loop/timers.md`. */
import type { Check } from '../check.js';
import { cancel, check, done, now, start, timeout, timeoutAt } from '../program.js';

export const timerChecks: readonly Check[] = [
  check({
    clauses: ['LOOP-TIMER-2'],
    name: 'several-delays',
    main: [timeout(1, 'a'), timeout(3, 'b'), timeout(5.5, 'c'), timeout(8, 'end'), start],
    callbacks: { a: [], b: [], c: [], end: [done] },
  }),
  check({
    clauses: ['LOOP-TIMER-3'],
    name: 'cancelled-before-the-start',
    main: [timeout(2, 'cancelled', 'x'), timeout(6, 'end'), cancel('x'), start],
    callbacks: { cancelled: [], end: [done] },
  }),
  check({
    clauses: ['LOOP-TIMER-4'],
    name: 'eight-equal-deadlines',
    main: [
      now('base'),
      ...Array.from({ length: 8 }, (_, i) => timeoutAt('base', 3, `t${i}`)),
      timeoutAt('base', 8, 'end'),
      start,
    ],
    callbacks: { ...Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`t${i}`, []])), end: [done] },
  }),
];
