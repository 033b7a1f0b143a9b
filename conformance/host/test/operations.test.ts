import t from 'tap';
import { Action } from '../../../spec/scenario.js';
import type { Trace } from '../../../spec/trace.js';
import { STREAM_ACTIONS } from '../stream-actions.js';
import {
  did,
  entered,
  patternOf,
  recordsOf,
  reference,
  withSubject,
  type Program,
  type Test,
} from './subject-process.js';

/** Starting a subject, and compiling one, takes long on a machine that is busy. */
t.setTimeout(300_000);

/** Operations that a subject has done in these tests. */
const done = new Set<string>();
const END = { runs: [[{ op: 'done' as const }]] };
/** Far enough away never to fire. */
const SENTINEL = { op: 'timeout' as const, delay: 60_000, run: 'sentinel' };

const noting =
  (run: (program: Program) => Promise<Trace>) =>
  async (program: Program): Promise<Trace> => {
    const trace = await run(program);
    for (const { op } of recordsOf(trace, 'did')) done.add(op);
    return trace;
  };

const test = (
  name: string,
  variant: string,
  body: (t: Test, run: (program: Program) => Promise<Trace>) => Promise<void>,
) => t.test(name, (t) => withSubject(t, reference(variant), (run) => body(t, noting(run))));

void test('system calls', 'reference', async (t, run) => {
  const trace = await run({
    fds: {
      a: { kind: 'pair' },
      p: { kind: 'pipe', near: 'write' },
      q: { kind: 'pipe' },
      c: { kind: 'tcp' },
      l: { kind: 'listener' },
      f: { kind: 'file' },
      g: { kind: 'pair', count: 2, from: 1024 },
    },
    main: [
      { op: 'write', fd: 'a', data: 'héllo' },
      { op: 'write', fd: 'a', size: 100 },
      { op: 'read', fd: 'a.peer', size: 6 },
      { op: 'drain', fd: 'a.peer' },
      { op: 'read', fd: 'a.peer' },
      { op: 'shutdown', fd: 'a', how: 'write' },
      { op: 'read', fd: 'a.peer' },
      { op: 'drain', fd: 'a.peer' },
      { op: 'fill', fd: 'p' },
      { op: 'collect', fd: 'p.peer' },
      { op: 'write', fd: 'q.peer', data: 'q' },
      { op: 'read', fd: 'q', size: 100_000 },
      { op: 'dup', fd: 'a', as: 'b' },
      { op: 'close', fd: 'a' },
      { op: 'isOpen', fd: 'a' },
      { op: 'dup2', fd: 'b', onto: 'a', as: 'd' },
      { op: 'isOpen', fd: 'd' },
      { op: 'accept', fd: 'l', as: 'x' },
      { op: 'write', fd: 'x' },
      { op: 'connect', to: 'l', as: 'y' },
      { op: 'connect', to: 'f', as: 'z' },
      { op: 'accept', fd: 'l', as: 'x' },
      { op: 'write', fd: 'y', data: 'hi' },
      { op: 'drain', fd: 'x' },
      { op: 'reset', fd: 'c' },
      { op: 'read', fd: 'c.peer' },
      { op: 'close', fd: 'p.peer' },
      { op: 'write', fd: 'p' },
      { op: 'fill', fd: 'p' },
      { op: 'close', fd: 'p.peer' },
      { op: 'write', fd: 'f', data: 'abc' },
      { op: 'countFds' },
      { op: 'limitFds', spare: 1 },
      { op: 'dup', fd: 'f', as: 'f1' },
      { op: 'dup', fd: 'f', as: 'f2' },
      { op: 'countFds' },
      { op: 'isOpen', fd: 'f2' },
      { op: 'raise', signal: 'SIGUSR2', from: 'process' },
      { op: 'limitFds', spare: 100 },
      { op: 'write', fd: 'g*', data: 'g' },
      { op: 'drain', fd: 'g*.peer' },
      { op: 'burn', ms: 3 },
      { op: 'raise', signal: 'SIGUSR2', from: 'self' },
      { op: 'raise', signal: 'SIGUSR2', from: 'process' },
    ],
  });
  t.same(did(trace, 'write'), [
    { result: 6 },
    { result: 100 },
    { result: 1 },
    { errno: 'EBADF' },
    { result: 2 },
    { errno: 'EPIPE' },
    { result: 3 },
    { result: 1, fd: 'g0' },
    { result: 1, fd: 'g1' },
  ]);
  t.same(did(trace, 'read'), [
    { result: 6, data: Buffer.from('héllo').toString('latin1') },
    { errno: 'EAGAIN' },
    { result: 0, data: '', eof: true },
    { result: 1, data: 'q' },
    { errno: 'ECONNRESET' },
  ]);
  const [filled, refused] = did(trace, 'fill') as [{ result: number }, object];
  t.ok(filled.result >= 4096);
  t.same(refused, { result: 0, errno: 'EPIPE' });
  t.same(did(trace, 'drain'), [
    { result: 100, data: patternOf(0, 64) },
    { result: 0, data: '', eof: true },
    { result: 2, data: 'hi' },
    { result: 1, data: 'g', fd: 'g0.peer' },
    { result: 1, data: 'g', fd: 'g1.peer' },
  ]);
  t.same(did(trace, 'collect'), [{ result: filled.result, data: patternOf(0, filled.result) }], 'all of it');
  t.same(did(trace, 'isOpen'), [{ result: 0 }, { result: 1 }, { result: 0 }]);
  t.same(did(trace, 'dup2'), [{ result: trace.fds['a'] }], 'the very number');
  t.match(did(trace, 'accept'), [{ errno: 'EAGAIN' }, { result: Number }]);
  t.match(did(trace, 'connect'), [{ result: Number }, { errno: 'ENOTSOCK' }]);
  t.same(did(trace, 'close'), [{}, {}, { errno: 'EBADF' }]);
  t.match(did(trace, 'dup'), [{ result: Number }, { result: Number }, { errno: 'EMFILE' }]);
  const [before, after] = did(trace, 'countFds') as [{ result: number }, { result: number }];
  t.equal(after.result, before.result + 1);
  t.same(did(trace, 'limitFds'), [{ result: 1 }, { result: 100 }]);
  t.same(did(trace, 'raise'), [{ errno: 'EMFILE' }, {}, {}]);
  t.equal(trace.fds['g0'], 1024);
  const burned = trace.records.findIndex((record) => record.k === 'did' && record.op === 'burn');
  const [from, to] = trace.records.slice(burned - 1, burned + 1);
  t.ok(to!.t - from!.t >= 3000 && to!.c > from!.c, 'clocks are in µs');
});

void test('calls of the loop', 'reference', async (t, run) => {
  const trace = await run({
    fds: { a: { kind: 'pair' }, g: { kind: 'pair', count: 2 } },
    main: [
      { op: 'add', fd: 'a', events: ['read', 'write'], run: 'io' },
      { op: 'update', fd: 'a', events: ['read'] },
      { op: 'add', fd: 'a', events: ['read'], run: 'io' },
      { op: 'add', fd: 'g*', events: ['read'], run: 'never' },
      { op: 'remove', fd: 'g*' },
      { op: 'write', fd: 'a.peer', data: 'x' },
      { op: 'schedule', run: 'task' },
      { op: 'schedule', id: 'gone', run: 'never' },
      { op: 'unschedule', id: 'gone' },
      { op: 'timeout', delay: 1, run: 'timer' },
      { op: 'timeout', id: 'gone', delay: 1, run: 'never' },
      { op: 'cancel', id: 'gone' },
      { op: 'cancel', id: 'later' },
      { op: 'now', as: 'base' },
      { op: 'timeoutAt', id: 'later', base: 'base', delay: 20, run: 'end' },
      { op: 'periodic', id: 'p', interval: 1, run: 'tick' },
      { op: 'wakeup', id: 'w', run: 'woken' },
      { op: 'wake', id: 'w', times: 2 },
      { op: 'start' },
      { op: 'newLoop', as: 'other' },
      { op: 'useLoop', as: 'other' },
      { op: 'stop' },
      { op: 'start' },
      { op: 'closeLoop' },
      { op: 'start' },
      { op: 'useLoop', as: 'main' },
      { op: 'barrier', run: 'after', rounds: 2 },
      { op: 'start' },
    ],
    callbacks: {
      io: {
        runs: [
          [
            { op: 'drain', fd: 'a' },
            { op: 'remove', fd: 'a' },
          ],
        ],
      },
      task: { runs: [[{ op: 'start' }]] },
      timer: { runs: [] },
      tick: {
        runs: [
          [
            { op: 'periodicStop', id: 'p' },
            { op: 'periodicStart', id: 'p' },
          ],
          [{ op: 'periodicStop', id: 'p' }],
        ],
      },
      woken: { runs: [] },
      never: { runs: [] },
      end: { runs: [[{ op: 'stop' }]] },
      after: END,
    },
  });
  t.match(
    recordsOf(trace, 'enter').filter(({ as }) => as === 'handler'),
    [{ run: 'io', nth: 1, token: 1, fd: 'a', number: trace.fds['a'], events: ['read'] }],
  );
  t.match(did(trace, 'add'), [
    { token: 1 },
    { token: 2, raised: { type: 'HandlerExistsError' } },
    { token: 3, fd: 'g0' },
    { token: 4, fd: 'g1' },
  ]);
  t.same(did(trace, 'remove'), [{ fd: 'g0' }, { fd: 'g1' }, {}]);
  const runs = entered(trace);
  t.ok(['task', 'timer', 'woken'].every((run) => runs.includes(run)));
  t.notOk(runs.includes('never'));
  t.equal(runs.filter((run) => run === 'tick').length, 2);
  t.same(runs.slice(-2), ['end', 'after']);
  t.match(did(trace, 'start'), [
    { raised: { type: 'LoopRunningError' } },
    {},
    {},
    { raised: { type: 'LoopClosedError' } },
    {},
  ]);
  t.equal(recordsOf(trace, 'starting').length, 5);
  t.same(
    recordsOf(trace, 'enter')
      .map(({ as }) => as)
      .sort(),
    ['barrier', 'handler', 'periodic', 'periodic', 'task', 'timer', 'timer', 'wakeup'],
  );
});

void test('split interest', 'reference-split', async (t, run) => {
  const trace = await run({
    fds: { a: { kind: 'pair' } },
    main: [
      { op: 'add', fd: 'a', events: ['read', 'write'], run: 'io' },
      { op: 'write', fd: 'a.peer', data: 'x' },
      { op: 'start' },
      { op: 'remove', fd: 'a' },
    ],
    callbacks: {
      io: {
        runs: [
          [],
          [{ op: 'remove', fd: 'a', events: ['write'] }],
          [{ op: 'remove', fd: 'a' }, { op: 'done' }],
        ],
      },
    },
  });
  const entries = recordsOf(trace, 'enter');
  t.ok(
    entries.every(({ token, number }) => token === 1 && number === trace.fds['a']),
    'one token for both',
  );
  t.same(
    entries
      .slice(0, 2)
      .map(({ events }) => events)
      .sort(),
    [['read'], ['write']],
    'each direction by itself',
  );
  t.same(did(trace, 'remove'), [{}, {}, {}]);
});

void test('what callbacks throw', 'reference', async (t, run) => {
  const trace = await run({
    main: [
      { op: 'schedule', run: 'error' },
      { op: 'schedule', run: 'errno' },
      { op: 'schedule', run: 'fatal' },
      { op: 'start' },
      { op: 'schedule', run: 'end' },
      { op: 'start' },
    ],
    callbacks: {
      error: { runs: [[{ op: 'throw', kind: 'error' }, { op: 'done' }]] },
      errno: { runs: [[{ op: 'throw', kind: 'errno', errno: 'ECONNRESET' }]] },
      fatal: { runs: [[{ op: 'throw', kind: 'fatal' }]] },
      end: END,
    },
  });
  t.same(
    recordsOf(trace, 'exit').map(({ raised }) => raised),
    ['Error', 'Error', 'StopEverything', undefined],
  );
  t.match(recordsOf(trace, 'log'), [
    { level: 'error', type: 'Error', text: /^Exception in callback/ },
    { level: 'error', type: 'Error', errno: 'ECONNRESET' },
  ]);
  t.match(did(trace, 'start'), [{ raised: { type: 'StopEverything' } }, {}], 'main goes on');
});

void test('signals, sent in all ways', 'reference-run', async (t, run) => {
  const trace = await run({
    main: [
      SENTINEL,
      { op: 'signal', signal: 'SIGUSR2', run: 'signalled' },
      { op: 'raise', signal: 'SIGUSR2', from: 'self' },
      { op: 'start' },
      { op: 'unsignal', signal: 'SIGUSR2' },
      { op: 'raise', signal: 'SIGUSR2', from: 'self' },
    ],
    callbacks: {
      sentinel: { runs: [] },
      signalled: {
        runs: [
          [{ op: 'raise', signal: 'SIGUSR2', from: 'process' }],
          [{ op: 'thread', when: 'idle', do: [{ op: 'raise', signal: 'SIGUSR2' }] }],
          [{ op: 'done' }],
        ],
      },
    },
  });
  t.same(entered(trace), ['signalled', 'signalled', 'signalled']);
  t.match(trace.threads, [{ slept: true }]);
});

void test('another thread', 'reference', async (t, run) => {
  const trace = await run({
    main: [
      SENTINEL,
      { op: 'wakeup', id: 'w', run: 'woken' },
      { op: 'wakeup', id: 'last', run: 'last' },
      { op: 'thread', when: 'idle', do: [{ op: 'raise', signal: 'SIGUSR2' }] },
      { op: 'thread', when: 'idle', do: [{ op: 'wake', id: 'w' }] },
      { op: 'start' },
      { op: 'thread', when: 'idle', do: [{ op: 'wake', id: 'w' }] },
    ],
    callbacks: {
      woken: {
        runs: [
          [
            { op: 'thread', when: 'now', do: [{ op: 'wake', id: 'w' }], times: 3, every: 2 },
            { op: 'thread', when: 'now', do: [{ op: 'wake', id: 'last' }] },
          ],
        ],
      },
      last: END,
      sentinel: END,
    },
  });
  // A loop that is kept from the CPU may find two signals of one wake-up together.
  t.match(entered(trace).join(' '), /^woken( woken){1,3} last$/);
  t.match(trace.threads, [{ slept: true }, { slept: true }, { slept: false }, { slept: false }, {}]);
  t.ok(trace.threads?.every(({ startedAt, lastAt, endedAt }) => startedAt <= lastAt && lastAt <= endedAt));
  t.ok(trace.threads![2]!.lastAt - trace.threads![2]!.startedAt >= 4000, 'ms between each two');
});

void test(
  'a thread that burns or waits for a process is not asleep in its poll',
  'reference',
  async (t, run) => {
    const trace = await run({
      main: [
        SENTINEL,
        { op: 'wakeup', id: 'w', run: 'end' },
        { op: 'thread', when: 'idle', do: [{ op: 'wake', id: 'w' }] },
        { op: 'raise', signal: 'SIGUSR2', from: 'process' },
        { op: 'burn', ms: 20 },
        { op: 'start' },
      ],
      callbacks: { end: END, sentinel: END },
    });
    t.ok(trace.threads![0]!.startedAt >= recordsOf(trace, 'starting')[0]!.t);
  },
);

void test('a start that shares its thread', 'reference-run', async (t, run) => {
  const trace = await run({
    fds: { a: { kind: 'pair' } },
    main: [
      { op: 'schedule', run: 'nested' },
      { op: 'start' },
      { op: 'schedule', run: 'fatal' },
      { op: 'start' },
      { op: 'add', fd: 'a', events: ['write'], run: 'end' },
      { op: 'start' },
    ],
    callbacks: {
      nested: { runs: [[{ op: 'start' }, { op: 'done' }]] },
      fatal: { runs: [[{ op: 'throw', kind: 'fatal' }]] },
      end: END,
    },
  });
  t.match(did(trace, 'start'), [
    { raised: { type: 'LoopRunningError' } },
    {},
    { raised: { type: 'StopEverything' } },
    {},
  ]);
});

t.teardown(() => {
  // Those of streams have a test of their own: streams.test.ts.
  const ops = Action.options.map((option) => option.shape.op.value).filter((op) => !(op in STREAM_ACTIONS));
  const missing = ops.filter((op) => !done.has(op));
  if (missing.length > 0) throw new Error(`never done here: ${missing.join(', ')}`);
});
