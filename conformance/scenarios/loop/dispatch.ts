/** Checks of `spec/loop/dispatch.md`. */
import type { Check } from '../check.js';
import { add, barrier, check, close, done, drain, dup2, remove, start, update, write } from '../program.js';

/** Each of two handlers does the same to the other: whichever comes first, the situation arises. */
const mutual = (act: (own: string, other: string) => Parameters<typeof check>[0]['main']) => ({
  handlerA: act('a', 'b'),
  handlerB: act('b', 'a'),
});
const twoReady = [
  add('a', 'read', 'handlerA'),
  add('b', 'read', 'handlerB'),
  write('a.peer'),
  write('b.peer'),
];

export const dispatchChecks: readonly Check[] = [
  check({
    clauses: ['LOOP-DISPATCH-1'],
    name: 'each-removes-the-other',
    fds: { a: 'pair', b: 'pair' },
    main: [...twoReady, start],
    callbacks: {
      ...mutual((own, other) => [remove(other, 'read'), drain(own), barrier('end')]),
      end: [done],
    },
  }),
  check({
    clauses: ['LOOP-DISPATCH-1'],
    name: 'the-reader-and-the-writer-of-one-fd-remove-each-other',
    fds: { a: 'pair' },
    main: [add('a', 'read', 'reader'), add('a', 'write', 'writer'), write('a.peer'), start],
    callbacks: {
      reader: { runs: [[remove('a', 'write'), barrier('end')]], rest: [] },
      writer: { runs: [[remove('a', 'read'), barrier('end')]], rest: [] },
      end: { rest: [done] },
    },
    needs: ['split'],
  }),
  check({
    clauses: ['LOOP-DISPATCH-2'],
    name: 'the-number-of-a-removed-fd-is-used-again',
    fds: { a: 'pair', b: 'pair', c: 'pair' },
    main: [...twoReady, start],
    callbacks: {
      ...mutual((own, other) => [
        remove(other, 'read'),
        dup2('c', other, 'd'),
        add('d', 'read', 'heir'),
        drain(own),
        barrier('end'),
      ]),
      heir: { rest: [] },
      end: [remove('d', 'read'), done],
    },
  }),
  check({
    clauses: ['LOOP-DISPATCH-3'],
    name: 'the-number-of-a-closed-fd-is-used-again',
    fds: { a: 'pair', b: 'pair', c: 'pair' },
    main: [...twoReady, start],
    callbacks: {
      ...mutual((own, other) => [
        dup2('c', other, 'd'),
        add('d', 'read', 'heir'),
        drain(own),
        barrier('end'),
      ]),
      heir: { rest: [] },
      end: [remove('d', 'read'), done],
    },
  }),
  check({
    clauses: ['LOOP-DISPATCH-4'],
    name: 'removes-and-closes-itself',
    fds: { a: 'pair', b: 'pair' },
    main: [add('a', 'read', 'reader'), add('b', 'read', 'other'), write('a.peer'), write('b.peer'), start],
    callbacks: {
      reader: [remove('a', 'read'), close('a'), barrier('end')],
      other: [drain('b')],
      end: [done],
    },
  }),
  check({
    clauses: ['LOOP-DISPATCH-5'],
    name: 'each-removes-and-closes-the-other',
    fds: { a: 'pair', b: 'pair' },
    main: [...twoReady, start],
    callbacks: {
      ...mutual((own, other) => [remove(other, 'read'), close(other), drain(own), barrier('end')]),
      end: [done],
    },
  }),
  check({
    clauses: ['LOOP-DISPATCH-6'],
    name: 'added-in-a-batch-of-three',
    fds: { a: 'pair', b: 'pair', c: 'pair', d: 'pair', e: 'pair', f: 'pair' },
    main: [
      ...['a', 'b', 'c'].flatMap((fd) => [add(fd, 'read', `handler-${fd}`), write(`${fd}.peer`)]),
      ...['d', 'e', 'f'].map((fd) => write(`${fd}.peer`)),
      barrier('end'),
      start,
    ],
    callbacks: {
      'handler-a': [drain('a'), add('d', 'read', 'added-d')],
      'handler-b': [drain('b'), add('e', 'read', 'added-e')],
      'handler-c': [drain('c'), add('f', 'read', 'added-f')],
      'added-d': [drain('d')],
      'added-e': [drain('e')],
      'added-f': [drain('f')],
      end: [done],
    },
  }),
  check({
    clauses: ['LOOP-DISPATCH-7'],
    name: 'three-that-stay-ready',
    fds: { a: 'pair', b: 'pair', c: 'pair' },
    main: [
      ...['a', 'b', 'c'].flatMap((fd) => [add(fd, 'read', `handler-${fd}`), write(`${fd}.peer`)]),
      barrier('end'),
      start,
    ],
    callbacks: {
      'handler-a': { rest: [] },
      'handler-b': { rest: [] },
      'handler-c': { rest: [] },
      end: [done],
    },
  }),
  check({
    clauses: ['LOOP-DISPATCH-8'],
    name: 'one-more-beside-three-busy-ones',
    fds: { a: 'pair', b: 'pair', c: 'pair', d: 'pair' },
    main: [
      ...['a', 'b', 'c'].flatMap((fd) => [add(fd, 'read', `handler-${fd}`), write(`${fd}.peer`)]),
      add('d', 'read', 'late'),
      start,
    ],
    callbacks: {
      'handler-a': { runs: [[], [write('d.peer'), barrier('end')]] },
      'handler-b': { rest: [] },
      'handler-c': { rest: [] },
      late: { rest: [] },
      end: [done],
    },
  }),
  check({
    clauses: ['LOOP-DISPATCH-9'],
    name: 'each-updates-the-other',
    fds: { a: 'pair', b: 'pair' },
    main: [
      add('a', 'both', 'handlerA'),
      add('b', 'both', 'handlerB'),
      write('a.peer'),
      write('b.peer'),
      barrier('end'),
      start,
    ],
    callbacks: {
      handlerA: { runs: [[update('b', 'read')]], rest: [] },
      handlerB: { runs: [[update('a', 'read')]], rest: [] },
      end: [done],
    },
    needs: ['combined'],
  }),
];
