/**
 * A small program for each operation that a subject can claim: nothing in them is difficult for a loop, so what goes wrong
 * is the adapter's fault.
 */
import type { Check } from '../../conformance/scenarios/check.js';
import * as p from '../../conformance/scenarios/program.js';

type Source = Omit<p.CheckSource, 'clauses' | 'sentinel'>;

/** Ends by a barrier, not by a timer: a subject without timers has an adapter too. */
const operation = (source: Source): Check => p.check({ clauses: ['DOCTOR'], sentinel: false, ...source });

const end = { end: [p.done] };

export const OPERATIONS: readonly Check[] = [
  operation({ name: 'start and done', main: [p.barrier('end'), p.start], callbacks: end }),
  operation({ name: 'stop', main: [p.barrier('end'), p.start], callbacks: { end: [p.stop] } }),
  operation({
    name: 'start again',
    main: [p.barrier('first'), p.start, p.barrier('end'), p.start],
    callbacks: { first: [p.stop], ...end },
  }),
  operation({
    name: 'add and remove',
    fds: { a: 'pair' },
    main: [p.add('a', 'both', 'handler'), p.remove('a'), p.barrier('end'), p.start],
    callbacks: { handler: [], ...end },
  }),
  operation({
    name: 'update',
    fds: { a: 'pair' },
    main: [p.add('a', 'read', 'handler'), p.update('a', 'none'), p.remove('a'), p.barrier('end'), p.start],
    callbacks: { handler: [], ...end },
  }),
  operation({
    name: 'schedule',
    main: [p.schedule('task'), p.barrier('end'), p.start],
    callbacks: { task: [], ...end },
  }),
  operation({
    name: 'unschedule',
    main: [p.schedule('task', 'x'), p.unschedule('x'), p.barrier('end'), p.start],
    callbacks: { task: [], ...end },
  }),
  operation({ name: 'timeout', main: [p.timeout(1, 'end'), p.start], callbacks: end }),
  operation({
    name: 'cancel',
    main: [p.timeout(1, 'timer', 'x'), p.cancel('x'), p.barrier('end'), p.start],
    callbacks: { timer: [], ...end },
  }),
  operation({
    name: 'now and timeoutAt',
    main: [p.now('base'), p.timeoutAt('base', 1, 'end'), p.start],
    callbacks: end,
  }),
  operation({
    name: 'periodic',
    main: [p.periodic('x', 1, 'tick'), p.start],
    callbacks: {
      tick: {
        runs: [
          [p.periodicStop('x'), p.periodicStart('x')],
          [p.periodicStop('x'), p.done],
        ],
      },
    },
  }),
  operation({
    name: 'newLoop and closeLoop',
    main: [p.newLoop('second'), p.useLoop('second'), p.barrier('end'), p.start, p.closeLoop],
    callbacks: end,
  }),
  operation({ name: 'wakeup and wake', main: [p.wakeup('x', 'end'), p.wake('x'), p.start], callbacks: end }),
  operation({
    name: 'wake from a thread',
    main: [p.wakeup('x', 'end'), p.thread('idle', [{ op: 'wake', id: 'x' }]), p.start],
    callbacks: end,
  }),
  operation({
    name: 'signal',
    main: [p.signal('SIGUSR1', 'end'), p.raise('SIGUSR1'), p.start, p.unsignal('SIGUSR1')],
    callbacks: end,
  }),
  operation({
    name: 'throw',
    main: [p.schedule('thrower'), p.barrier('end'), p.start],
    callbacks: { thrower: [p.throwError], ...end },
    needs: ['log'],
  }),
  operation({
    name: 'throw an errno',
    main: [p.schedule('thrower'), p.barrier('end'), p.start],
    callbacks: { thrower: [p.throwErrno('EIO')], ...end },
  }),
  operation({
    name: 'throw what is fatal',
    main: [p.schedule('thrower'), p.barrier('end'), p.start],
    callbacks: { thrower: [p.throwFatal], ...end },
  }),
  operation({
    name: 'dup, dup2 and close',
    fds: { a: 'pair', b: 'pair' },
    main: [p.dup('a', 'c'), p.dup2('a', 'b', 'd'), p.isOpen('d'), p.close('c'), p.countFds],
  }),
  operation({
    name: 'fill, drain and shutdown',
    fds: { a: 'pair', b: 'pipe' },
    main: [
      p.fill('a'),
      p.drain('a.peer'),
      p.writeBytes('b.peer', 3),
      p.read('b'),
      p.shutdown('a', 'write'),
      p.read('a.peer'),
    ],
  }),
  operation({
    name: 'connect, accept and reset',
    fds: { a: 'listener', b: 'tcp' },
    main: [p.connect('a', 'near'), p.accept('a', 'far'), p.write('far'), p.reset('b')],
  }),
  operation({ name: 'regular files', fds: { a: 'file' }, main: [p.write('a')] }),
  operation({
    name: 'many fds',
    fds: { a: { kind: 'pair', count: 600 } },
    main: [p.write('a*'), p.drain('a*.peer')],
  }),
  operation({ name: 'limitFds', fds: { a: 'pair' }, main: [p.limitFds(3), p.countFds] }),
];
