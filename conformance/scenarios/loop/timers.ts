/** Checks of `spec/loop/timers.md`. */
import type { Action } from '../../../spec/scenario.js';
import type { Check } from '../check.js';
import {
  add,
  barrier,
  burn,
  cancel,
  check,
  done,
  drain,
  idle,
  now,
  numbered,
  periodic,
  periodicStart,
  periodicStop,
  schedule,
  start,
  thread,
  timeout,
  timeoutAt,
  wakeup,
  write,
} from '../program.js';

const times = (count: number, actions: Action[]): Action[][] => Array.from({ length: count }, () => actions);

/** Four timers for each of five deadlines, so that the heap has some depth, in an order that is none. ms */
const SHUFFLED = [15, 5, 25, 10, 20, 25, 10, 20, 5, 15, 5, 20, 15, 25, 10, 10, 25, 5, 20, 15];
/** The same three times over, so that a heap of four children a node has depth as well. ms */
const DEEP = Array.from({ length: 3 }, () => SHUFFLED).flat();
/** More than a table of 1024 holds. */
const MANY = 1100;
const FRACTIONS = [0.4, 1, 1.3, 2.7, 3, 5.5, 7.9];
/**
 * Quiet windows are this long, ms; a loop that counts whole milliseconds may cut them short, and so may a busy host. Three
 * are needed, so there is one to spare.
 */
const QUIET_MS = 22;
const DAY_MS = 86_400_000;
const LONGEST_WAIT_MS = 2_147_483_647;
const CENTURY_MS = 36_525 * DAY_MS;

const oneShot: readonly Check[] = [
  check({
    clauses: ['LOOP-TIMER-1', 'LOOP-TIMER-2'],
    name: 'several-delays',
    main: [barrier('go'), start],
    callbacks: {
      go: [...FRACTIONS.map((delay, i) => timeout(delay, `t${i}`)), timeout(13, 'end')],
      ...idle(numbered(FRACTIONS.length)),
      end: [done],
    },
  }),
  check({
    clauses: ['LOOP-TIMER-1'],
    name: `${MANY}-timers`,
    main: [...numbered(MANY).map((_, i) => timeout(5 + (i % 7), 'tick')), timeout(60, 'end'), start],
    callbacks: { tick: { rest: [] }, end: [done] },
    maxRecords: 10_000,
  }),
  check({
    clauses: ['LOOP-TIMER-2'],
    name: 'set-after-work',
    main: [barrier('go'), start],
    callbacks: { go: [burn(3), timeout(4, 'a'), burn(2), timeout(9, 'end')], a: [], end: [done] },
  }),
  check({
    clauses: ['LOOP-TIMER-3'],
    name: 'before-the-start-and-by-a-task',
    main: [
      timeout(2, 'never', 'x'),
      timeout(8, 'never', 'y'),
      cancel('x'),
      schedule('task'),
      timeout(14, 'late'),
      start,
    ],
    callbacks: { never: [], task: [cancel('y')], late: [barrier('end')], end: [done] },
  }),
  check({
    clauses: ['LOOP-TIMER-3', 'LOOP-TIMER-1'],
    name: 'one-of-two-equal-deadlines',
    main: [
      now('base'),
      timeoutAt('base', 3, 'stays'),
      timeoutAt('base', 3, 'never', 'x'),
      timeoutAt('base', 7, 'never', 'y'),
      timeoutAt('base', 7, 'stays'),
      cancel('x'),
      cancel('y'),
      timeoutAt('base', 14, 'late'),
      start,
    ],
    callbacks: { stays: [], never: [], late: [barrier('end')], end: [done] },
  }),
  check({
    clauses: ['LOOP-TIMER-4', 'LOOP-TIMER-6', 'LOOP-SEED-7'],
    name: 'eight-equal-deadlines',
    main: [
      now('base'),
      ...numbered(8).map((name) => timeoutAt('base', 3, name)),
      timeoutAt('base', 8, 'end'),
      start,
    ],
    callbacks: { ...idle(numbered(8)), end: [done] },
  }),
  check({
    clauses: ['LOOP-TIMER-5'],
    name: 'shuffled-and-overdue',
    main: [
      ...SHUFFLED.map((delay, i) => timeout(delay, `t${i}`)),
      timeout(32, 'end'),
      schedule('busy'),
      start,
    ],
    callbacks: { busy: [burn(27)], ...idle(numbered(SHUFFLED.length)), end: [done] },
  }),
  check({
    clauses: ['LOOP-TIMER-5', 'LOOP-TIMER-3'],
    name: 'some-cancelled-in-the-middle',
    main: [
      ...SHUFFLED.map((delay, i) => timeout(delay, `t${i}`, `x${i}`)),
      timeout(32, 'late'),
      ...[1, 4, 6, 7, 10, 13, 18].map((i) => cancel(`x${i}`)),
      schedule('busy'),
      start,
    ],
    callbacks: { busy: [burn(27)], ...idle(numbered(SHUFFLED.length)), late: [barrier('end')], end: [done] },
  }),
  check({
    clauses: ['LOOP-TIMER-5', 'LOOP-TIMER-3'],
    name: 'every-third-of-sixty-cancelled',
    // In a heap, the last takes the place of the cancelled one, above others that may come before it.
    main: [
      ...DEEP.map((delay, i) => timeout(delay, `t${i}`, `x${i}`)),
      timeout(32, 'late'),
      ...DEEP.flatMap((_, i) => (i % 3 === 1 ? [cancel(`x${i}`)] : [])),
      schedule('busy'),
      start,
    ],
    callbacks: { busy: [burn(27)], ...idle(numbered(DEEP.length)), late: [barrier('end')], end: [done] },
  }),
  check({
    clauses: ['LOOP-TIMER-6'],
    name: 'forty-timers-one-deadline',
    main: [barrier('go'), start],
    callbacks: {
      go: [
        now('base'),
        ...numbered(40).map((name) => timeoutAt('base', 3, name)),
        timeoutAt('base', 9, 'end'),
      ],
      ...idle(numbered(40)),
      end: [done],
    },
  }),
  check({
    clauses: ['LOOP-TIMER-7', 'LOOP-SEED-8'],
    name: 'two-timers-and-work-between-them',
    main: [barrier('go'), start],
    callbacks: {
      // Far enough apart for a resolution of 4 ms. With a cached clock the end is counted from before the burn, too, and must
      // not come before a.
      go: [timeout(30, 'a'), burn(25), timeout(15, 'b'), timeout(40, 'end')],
      a: [],
      b: [],
      end: [done],
    },
  }),
  check({
    clauses: ['LOOP-TIMER-8'],
    name: 'no-delay',
    main: [timeout(0, 'a'), start],
    callbacks: { a: [timeout(0, 'b')], b: [done] },
  }),
  check({
    clauses: ['LOOP-TIMER-8'],
    name: 'deadline-in-the-past',
    main: [now('base'), burn(3), timeoutAt('base', 1, 'a'), start],
    callbacks: { a: [now('later'), timeoutAt('later', -5, 'b')], b: [done] },
  }),
  check({
    clauses: ['LOOP-TIMER-9'],
    name: 'negative-delay',
    main: [timeout(-5, 'negative'), timeout(8, 'late'), start],
    callbacks: { negative: [], late: [barrier('end')], end: [done] },
  }),
  check({
    clauses: ['LOOP-TIMER-10'],
    name: 'each-cancels-the-other',
    main: [timeout(1, 'a', 'x'), timeout(1, 'b', 'y'), timeout(10, 'late'), burn(4), start],
    callbacks: { a: [cancel('y')], b: [cancel('x')], late: [barrier('end')], end: [done] },
  }),
  check({
    clauses: ['LOOP-TIMER-10'],
    name: 'the-first-cancels-the-last',
    main: [barrier('go'), start],
    callbacks: {
      go: [timeout(1, 'a'), timeout(1, 'b'), timeout(7, 'cancelled', 'x'), timeout(14, 'late'), burn(9)],
      a: [cancel('x')],
      b: [],
      cancelled: [],
      late: [barrier('end')],
      end: [done],
    },
  }),
  check({
    clauses: ['LOOP-TIMER-11'],
    name: 'in-its-own-callback-and-later',
    main: [timeout(1, 'a', 'x'), timeout(1, 'b', 'y'), timeout(6, 'end'), start],
    callbacks: { a: [cancel('x')], b: [], end: [cancel('y'), done] },
  }),
  check({
    clauses: ['LOOP-TIMER-12'],
    name: 'beside-a-ready-fd',
    fds: { a: 'pair' },
    main: [add('a', 'read', 'reader'), timeout(0, 'again'), start],
    callbacks: {
      again: { runs: [[write('a.peer'), timeout(0, 'again')]], rest: [timeout(0, 'again')] },
      reader: [drain('a'), done],
    },
  }),
  check({
    clauses: ['LOOP-TIMER-12'],
    name: 'in-the-past-beside-a-ready-fd',
    fds: { a: 'pair' },
    main: [now('base'), add('a', 'read', 'reader'), timeoutAt('base', 0, 'again'), burn(1), start],
    // Due whatever clock the loop looks at, and however early in the round it was read.
    callbacks: {
      again: {
        runs: [[write('a.peer'), timeoutAt('base', 0, 'again')]],
        rest: [timeoutAt('base', 0, 'again')],
      },
      reader: [drain('a'), done],
    },
  }),
  check({
    clauses: ['LOOP-TIMER-13'],
    name: 'fractions-of-a-millisecond',
    main: [timeout(0.9, 'tick'), start],
    callbacks: { tick: { runs: times(78, [timeout(0.9, 'tick')]), rest: [done] } },
  }),
  ...(
    [
      ['LOOP-TIMER-14', LONGEST_WAIT_MS],
      ['LOOP-TIMER-15', CENTURY_MS],
    ] as const
  ).flatMap(([clause, delay]) => [
    check({
      clauses: [clause],
      name: 'beside-short-timers',
      main: [timeout(delay, 'never'), timeout(delay - 0.5, 'never'), timeout(QUIET_MS, 'tick'), start],
      callbacks: { never: [], tick: { runs: times(3, [timeout(QUIET_MS, 'tick')]), rest: [done] } },
    }),
    check({
      clauses: [clause],
      name: 'the-only-timer',
      // Else the loop would wait for the sentinel, not for it. Wake-ups may come close together or be merged: some to spare.
      sentinel: false,
      main: [
        timeout(delay, 'never'),
        wakeup('w', 'woken'),
        thread('now', [{ op: 'wake', id: 'w' }], 20, 25),
        start,
      ],
      callbacks: { never: [], woken: { runs: times(4, []), rest: [done] } },
    }),
  ]),
  check({
    clauses: ['LOOP-TIMER-16'],
    name: 'set-by-timers',
    main: [timeout(2, 'a'), start],
    callbacks: { a: [timeout(2, 'b')], b: [timeout(2, 'c')], c: [done] },
  }),
  check({
    clauses: ['LOOP-TIMER-16'],
    name: 'set-by-a-handler',
    fds: { a: 'pair' },
    main: [add('a', 'read', 'reader'), write('a.peer'), start],
    callbacks: { reader: [drain('a'), timeout(2, 'end')], end: [done] },
  }),
  check({
    clauses: ['LOOP-TIMER-16'],
    name: 'set-by-a-task',
    main: [schedule('task'), start],
    callbacks: { task: [timeout(2, 'end')], end: [done] },
  }),
  check({
    clauses: ['LOOP-TIMER-17'],
    name: 'beside-an-fd-that-stays-ready',
    fds: { a: 'pair' },
    main: [add('a', 'read', 'reader'), write('a.peer'), start],
    callbacks: { reader: { runs: [[], [], [timeout(3, 'end')]], rest: [burn(0.1)] }, end: [done] },
  }),
  check({
    clauses: ['LOOP-TIMER-18'],
    name: 'a-backlog-beside-an-fd-that-stays-ready',
    fds: { a: 'pair' },
    main: [add('a', 'read', 'reader'), write('a.peer'), schedule('go'), start],
    callbacks: {
      reader: { rest: [burn(0.1)] },
      // With a resolution of 4 ms, too, none is due when it is set, and all are two resolutions before the work ends.
      go: [...numbered(6).map((name, i) => timeout(5 + i / 4, name)), timeout(22, 'end'), burn(16)],
      ...idle(numbered(6)),
      end: [done],
    },
  }),
];

const periodical: readonly Check[] = [
  check({
    clauses: ['LOOP-TIMER-19'],
    name: 'four-times',
    main: [periodic('p', 4, 'tick'), start],
    callbacks: { tick: { runs: times(3, []), rest: [done] } },
  }),
  check({
    clauses: ['LOOP-TIMER-20'],
    name: 'stopped-in-its-own-callback',
    main: [periodic('p', 4, 'tick'), start],
    callbacks: {
      tick: { runs: [[], [periodicStop('p'), timeout(12, 'late')]] },
      late: [barrier('end')],
      end: [done],
    },
  }),
  check({
    clauses: ['LOOP-TIMER-20'],
    name: 'stopped-by-another-callback',
    main: [periodic('p', 4, 'tick'), timeout(6, 'stopper'), start],
    callbacks: {
      tick: [],
      stopper: [periodicStop('p'), timeout(12, 'late')],
      late: [barrier('end')],
      end: [done],
    },
  }),
  check({
    clauses: ['LOOP-TIMER-20'],
    name: 'started-twice-and-stopped-once',
    main: [periodic('p', 4, 'tick'), periodicStart('p'), timeout(10, 'stopper'), start],
    callbacks: {
      tick: { rest: [] },
      stopper: [periodicStop('p'), timeout(12, 'late')],
      late: [barrier('end')],
      end: [done],
    },
  }),
  check({
    clauses: ['LOOP-TIMER-21', 'LOOP-SEED-9'],
    name: 'ten-periods-missed',
    main: [periodic('p', 4, 'tick'), timeout(6, 'long'), start],
    callbacks: { tick: [], long: [burn(40), barrier('then')], then: [timeout(2, 'end')], end: [done] },
  }),
  check({
    clauses: ['LOOP-TIMER-22', 'LOOP-SEED-10'],
    name: 'six-tenths-of-each-period',
    // Long enough that a busy host seldom makes a run as long as its period, and some runs to spare where it does.
    main: [periodic('p', 20, 'tick'), start],
    callbacks: { tick: { runs: times(7, [burn(12)]), rest: [done] } },
  }),
  check({
    clauses: ['LOOP-TIMER-23'],
    name: 'started-again-by-another-callback',
    main: [periodic('p', 5, 'tick'), timeout(7, 'again'), start],
    callbacks: { tick: { runs: times(8, []), rest: [done] }, again: [periodicStop('p'), periodicStart('p')] },
  }),
  check({
    clauses: ['LOOP-TIMER-23'],
    name: 'started-again-in-its-own-callback',
    main: [periodic('p', 5, 'tick'), start],
    callbacks: {
      tick: { runs: [[periodicStop('p'), periodicStart('p')], ...times(7, [])], rest: [done] },
    },
  }),
  check({
    clauses: ['LOOP-TIMER-24'],
    name: 'started-twice',
    main: [periodic('p', 5, 'tick'), timeout(7, 'again'), start],
    callbacks: { tick: { runs: times(8, []), rest: [done] }, again: [periodicStart('p')] },
  }),
  check({
    clauses: ['LOOP-TIMER-25'],
    name: 'some-rounds-before-the-first',
    // Long enough for the barrier on a busy host.
    main: [periodic('p', 40, 'tick'), barrier('passed'), start],
    callbacks: { tick: [done], passed: [] },
  }),
];

export const timerChecks: readonly Check[] = [...oneShot, ...periodical];
