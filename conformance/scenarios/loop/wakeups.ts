/** Checks of `spec/loop/wakeups.md`. Nothing is ever pending but the far sentinel: a wake-up that it brings was lost. */
import { FAR_MS } from '../../trace/history.js';
import type { Check } from '../check.js';
import {
  barrier,
  burn,
  check,
  closeLoop,
  done,
  dup,
  quietly,
  raise,
  read,
  schedule,
  signal,
  start,
  stop,
  thread,
  timeout,
  unsignal,
  wake,
  wakeup,
} from '../program.js';

const SIGNAL = 'SIGUSR2';
/** More than a pipe holds. */
const FLOOD = 70_000;
const wakes = (...ids: string[]) => ids.map((id) => ({ op: 'wake' as const, id }));
const raises = { op: 'raise' as const, signal: SIGNAL };

export const wakeupChecks: readonly Check[] = [
  check({
    clauses: ['LOOP-WAKE-1', 'LOOP-WAKE-5', 'LOOP-SEED-14'],
    name: 'a-thread-wakes-the-sleeping-loop',
    main: [wakeup('w', 'woken'), thread('idle', wakes('w')), start],
    callbacks: { woken: [done] },
  }),
  check({
    clauses: ['LOOP-WAKE-2'],
    name: 'three-from-a-callback',
    main: [wakeup('u', 'one'), wakeup('v', 'two'), wakeup('w', 'three'), schedule('sender'), start],
    callbacks: {
      sender: [wake('u'), wake('v'), wake('w'), barrier('end')],
      one: [],
      two: [],
      three: [],
      end: [barrier('later')],
      later: [done],
    },
  }),
  check({
    clauses: ['LOOP-WAKE-2'],
    name: 'three-from-a-thread',
    main: [
      wakeup('u', 'one'),
      wakeup('v', 'two'),
      wakeup('w', 'three'),
      thread('idle', wakes('u', 'v', 'w')),
      start,
    ],
    // The thread has signalled all three when the first is called; a second thread looks for the loop asleep again.
    callbacks: {
      one: [schedule('watcher')],
      two: [],
      three: [],
      watcher: [wakeup('last', 'end'), thread('idle', wakes('last'))],
      end: [done],
    },
  }),
  check({
    clauses: ['LOOP-WAKE-2'],
    name: 'three-from-a-thread-while-a-callback-runs',
    main: [
      wakeup('u', 'one'),
      wakeup('v', 'two'),
      wakeup('w', 'three'),
      wakeup('last', 'end'),
      schedule('busy'),
      start,
    ],
    // The loop finds all three when it looks next, and nothing wakes it for a second look.
    callbacks: {
      busy: [thread('now', wakes('u', 'v', 'w')), burn(30)],
      one: [schedule('watcher')],
      two: [],
      three: [],
      watcher: [thread('idle', wakes('last'))],
      end: [done],
    },
  }),
  check({
    clauses: ['LOOP-WAKE-3'],
    name: 'signalled-in-a-task',
    main: [wakeup('w', 'woken'), schedule('sender'), start],
    callbacks: { sender: [wake('w'), schedule('task')], task: [], woken: [done] },
  }),
  check({
    clauses: ['LOOP-WAKE-4'],
    name: 'before-the-start',
    main: [wakeup('w', 'woken'), wake('w'), start],
    callbacks: { woken: [done] },
  }),
  check({
    clauses: ['LOOP-WAKE-5'],
    name: 'thousands-from-a-thread',
    main: [
      wakeup('w', 'woken'),
      wakeup('last', 'end'),
      thread('now', wakes('w'), 5000),
      thread('idle', wakes('last')),
      start,
    ],
    callbacks: { woken: { rest: [] }, end: [done] },
    maxRecords: 20_000,
  }),
  check({
    clauses: ['LOOP-WAKE-5'],
    name: 'while-its-callback-runs',
    main: [wakeup('w', 'woken'), wakeup('last', 'end'), thread('now', wakes('w'), 4, 10), start],
    // The second call is owed for what was signalled during the first; only it brings the end.
    callbacks: { woken: { runs: [[burn(60)], [thread('idle', wakes('last'))]], rest: [] }, end: [done] },
  }),
  check({
    clauses: ['LOOP-WAKE-6'],
    name: 'signalled-in-its-own-callback',
    main: [wakeup('w', 'woken'), wake('w'), start],
    callbacks: { woken: { runs: [[wake('w')], [wake('w')], [done]] } },
  }),
  check({
    clauses: ['LOOP-WAKE-7'],
    name: 'quiet-after-one',
    main: [wakeup('w', 'woken'), wake('w'), start],
    callbacks: { woken: [quietly.begin], ...quietly.callbacks },
  }),
  check({
    clauses: ['LOOP-WAKE-7'],
    name: 'quiet-after-one-from-a-thread',
    main: [wakeup('w', 'woken'), thread('idle', wakes('w')), start],
    callbacks: { woken: [quietly.begin], ...quietly.callbacks },
  }),
  check({
    clauses: ['LOOP-WAKE-7'],
    name: 'quiet-after-hundreds',
    main: [wakeup('w', 'woken'), schedule('sender'), start],
    callbacks: {
      sender: [wake('w', 500), barrier('calm')],
      // A loop that does not merge calls it five hundred times; the windows begin afterwards.
      woken: { rest: [] },
      calm: [quietly.begin],
      ...quietly.callbacks,
    },
  }),
  check({
    clauses: ['LOOP-WAKE-8'],
    name: 'more-than-a-pipe-holds',
    main: [wakeup('w', 'woken'), schedule('sender'), start],
    callbacks: { sender: [wake('w', FLOOD)], woken: { rest: [done] } },
    // A loop that does not merge calls back as often as it was signalled; the first call is enough.
    maxRecords: 100,
  }),
  check({
    clauses: ['LOOP-WAKE-9'],
    name: 'after-the-loop-was-closed',
    fds: { a: 'pair', b: 'pair' },
    main: [
      wakeup('w', 'woken'),
      schedule('stopper'),
      start,
      closeLoop,
      ...['c', 'd', 'e'].map((copy) => dup('a', copy)),
      wake('w'),
      read('a.peer'),
    ],
    callbacks: { woken: [], stopper: [stop] },
  }),
];

export const signalChecks: readonly Check[] = [
  check({
    clauses: ['LOOP-SIGNAL-1'],
    name: 'from-a-thread-while-the-loop-sleeps',
    main: [signal(SIGNAL, 'signalled'), thread('idle', [raises]), start],
    callbacks: { signalled: [done] },
  }),
  check({
    clauses: ['LOOP-SIGNAL-2'],
    name: 'raised-in-a-task',
    main: [signal(SIGNAL, 'signalled'), schedule('sender'), start],
    callbacks: { sender: [raise(SIGNAL)], signalled: [done] },
  }),
  check({
    clauses: ['LOOP-SIGNAL-2'],
    name: 'from-another-process',
    main: [signal(SIGNAL, 'signalled'), schedule('sender'), start],
    callbacks: { sender: [raise(SIGNAL, 'process')], signalled: [done] },
  }),
  check({
    clauses: ['LOOP-SIGNAL-3'],
    name: 'raised-in-a-task-that-goes-on',
    main: [signal(SIGNAL, 'signalled'), schedule('sender'), start],
    callbacks: { sender: [raise(SIGNAL), schedule('task')], task: [], signalled: [done] },
  }),
  check({
    clauses: ['LOOP-SIGNAL-4'],
    name: 'hundreds-from-a-thread',
    main: [signal(SIGNAL, 'signalled'), wakeup('last', 'ending'), schedule('sender'), start],
    callbacks: {
      sender: [thread('now', [raises], 300), thread('now', wakes('last'))],
      signalled: { rest: [] },
      // Far enough for its firing to prove that the last signal was lost.
      ending: [timeout(FAR_MS, 'end')],
      end: [done],
    },
  }),
  check({
    clauses: ['LOOP-SIGNAL-4'],
    name: 'while-its-callback-runs',
    main: [signal(SIGNAL, 'signalled'), wakeup('last', 'end'), thread('now', [raises], 4, 10), start],
    // The second call is owed for what arrived during the first; only it brings the end.
    callbacks: { signalled: { runs: [[burn(60)], [thread('idle', wakes('last'))]], rest: [] }, end: [done] },
  }),
  check({
    clauses: ['LOOP-SIGNAL-5'],
    name: 'removed-before-it-is-raised',
    // SIGWINCH is ignored by default.
    main: [signal('SIGWINCH', 'signalled'), unsignal('SIGWINCH'), schedule('sender'), start],
    callbacks: { sender: [raise('SIGWINCH'), barrier('end')], signalled: { rest: [] }, end: [done] },
  }),
];
