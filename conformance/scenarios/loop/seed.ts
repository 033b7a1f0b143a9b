/** Checks of `spec/loop/seed.md` that no other section has. */
import type { Check } from '../check.js';
import {
  add,
  barrier,
  burn,
  check,
  close,
  done,
  remove,
  schedule,
  start,
  thread,
  throwErrno,
  timeout,
  wakeup,
  write,
} from '../program.js';

export const seedChecks: readonly Check[] = [
  check({
    clauses: ['LOOP-SEED-1'],
    name: 'nothing-is-watched-and-the-other-end-goes',
    fds: { a: 'pair' },
    main: [add('a', 'none', 'handler'), schedule('closer'), start],
    callbacks: { closer: [close('a.peer'), barrier('end')], handler: [remove('a')], end: [done] },
    needs: ['combined'],
  }),
  check({
    clauses: ['LOOP-SEED-15'],
    name: 'a-handler-throws-epipe',
    fds: { a: 'pair' },
    main: [add('a', 'read', 'handler'), write('a.peer'), barrier('end'), start],
    callbacks: { handler: [remove('a', 'read'), throwErrno('EPIPE')], end: [done] },
    needs: ['log'],
  }),
  ...(['pipe', 'pair'] as const).map((kind) =>
    check({
      clauses: ['LOOP-SEED-18'],
      name: `a-handler-writes-to-a-broken-${kind}`,
      fds: { a: 'pair', b: kind === 'pipe' ? { kind, near: 'write' } : kind },
      main: [add('a', 'read', 'handler'), write('a.peer'), barrier('end'), start],
      callbacks: { handler: [remove('a', 'read'), close('b.peer'), write('b')], end: [done] },
    }),
  ),
  check({
    clauses: ['LOOP-SEED-19'],
    name: 'a-timer-overdue-when-a-callback-ends',
    main: [wakeup('w', 'woken'), schedule('slow'), start],
    callbacks: {
      slow: [timeout(3, 'overdue'), thread('idle', [{ op: 'wake', id: 'w' }]), burn(8)],
      overdue: [],
      woken: [done],
    },
  }),
  check({
    clauses: ['LOOP-SEED-19'],
    name: 'a-timer-overdue-when-a-timer-ends',
    main: [wakeup('w', 'woken'), timeout(1, 'slow'), start],
    // A loop that sleeps on does so for as long as the second timer's delay, time enough to be found asleep.
    callbacks: {
      slow: [timeout(40, 'overdue'), thread('idle', [{ op: 'wake', id: 'w' }]), burn(45)],
      overdue: [],
      woken: [done],
    },
  }),
];
