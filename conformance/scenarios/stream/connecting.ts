/** Checks of `spec/stream/connecting.md`. */
import type { FdSpec } from '../../../spec/scenario.js';
import type { Check } from '../check.js';
import { accept, check, close, connect, done, quietly, quietlyThen, start } from '../program.js';
import { closeStream, collect, connectStream, inTurn, onClose, send, stream } from './words.js';

const LISTENERS: Readonly<Record<string, FdSpec>> = {
  ipv4: { kind: 'listener' },
  ipv6: { kind: 'listener', family: 'ipv6' },
  unix: { kind: 'listener', family: 'unix' },
};

export const connectingChecks: readonly Check[] = [
  ...Object.entries(LISTENERS).flatMap(([family, listener]) => [
    check({
      clauses: ['STREAM-CONNECT-1'],
      name: `to-a-listener-${family}`,
      fds: { l: listener },
      main: [connectStream('l', 's', 'connected'), inTurn([]).begin, start],
      callbacks: { connected: [], ...inTurn([accept('l', 'b')], []).callbacks },
    }),
    check({
      clauses: ['STREAM-CONNECT-1', 'STREAM-WRITE-1'],
      name: `and-write-when-connected-${family}`,
      fds: { l: listener },
      main: [connectStream('l', 's', 'connected'), inTurn([]).begin, start],
      callbacks: { connected: [send('s', 'hello')], ...inTurn([accept('l', 'b')], [collect('b')]).callbacks },
    }),
    check({
      clauses: ['STREAM-CONNECT-4', 'STREAM-WRITE-1'],
      name: `and-write-before-it-is-connected-${family}`,
      fds: { l: listener },
      main: [
        connectStream('l', 's', 'connected'),
        send('s', 'hello '),
        send('s', 'there'),
        inTurn([]).begin,
        start,
      ],
      callbacks: { connected: [], ...inTurn([accept('l', 'b')], [collect('b')], [collect('b')]).callbacks },
      needs: ['early'],
    }),
    check({
      clauses:
        family === 'unix'
          ? ['STREAM-CONNECT-3', 'STREAM-CONNECT-9']
          : ['STREAM-CONNECT-2', 'STREAM-CONNECT-9'],
      name: `where-nobody-listens-${family}`,
      fds: { l: listener },
      main: [close('l'), connectStream('l', 's', 'connected'), inTurn([]).begin, start],
      callbacks: { connected: [], ...inTurn([]).callbacks },
    }),
    check({
      clauses: ['STREAM-CONNECT-8'],
      name: `with-a-write-where-nobody-listens-${family}`,
      fds: { l: listener },
      main: [
        close('l'),
        connectStream('l', 's', 'connected'),
        send('s', 'hello', 'sent'),
        inTurn([]).begin,
        start,
      ],
      callbacks: { connected: [], sent: [], ...inTurn([]).callbacks },
      needs: ['early'],
    }),
  ]),
  check({
    clauses: ['STREAM-CONNECT-5'],
    name: 'not-connected',
    fds: { a: 'socket' },
    main: [stream('a', 's'), onClose('s', 'closed'), quietly.begin, start],
    callbacks: { closed: [done], ...quietlyThen(closeStream('s')) },
  }),
  check({
    clauses: ['STREAM-CONNECT-6'],
    name: 'to-a-full-backlog',
    fds: { l: { kind: 'listener', backlog: 0 }, m: 'listener' },
    // The first two take the place that there is; the third gets no answer. The other stream is a sign of life.
    main: [
      connect('l', 'x'),
      connect('l', 'y'),
      connectStream('m', 'p', 'other'),
      connectStream('l', 's', 'connected'),
      quietly.begin,
      start,
    ],
    callbacks: { connected: [], other: [closeStream('p')], ...quietly.callbacks },
  }),
  check({
    clauses: ['STREAM-CONNECT-7'],
    name: 'closed-while-connecting',
    fds: { l: 'listener', m: 'listener' },
    // The other stream is a sign of life.
    main: [
      connectStream('m', 'p', 'other'),
      connectStream('l', 's', 'connected'),
      closeStream('s'),
      inTurn([]).begin,
      start,
    ],
    callbacks: { connected: [], other: [], ...inTurn([]).callbacks },
    needs: ['early'],
  }),
];
