import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Action } from '../../../spec/scenario.js';
import {
  ASYNCIO,
  did,
  entered,
  noPeers,
  noPython,
  PythonSubject,
  recordsOf,
  scenarioOf,
  TORNADO,
  type Program,
} from './python-subject.js';
import { STREAM_OPS } from './stream-ops.js';
import { done, END, hello, pattern, withSubject } from './with-subject.js';

void t.test('python', { skip: noPython }, async (t) => {
  await t.test('hello follows from what the driver overrides', async (t) => {
    await withSubject(t, [ASYNCIO], async (_, subject) => {
      t.match(await subject.ask(hello), {
        hello: {
          name: 'asyncio',
          language: /^CPython 3\./,
          pid: subject.child.pid,
          facets: [
            ...['ready', 'tasks', 'timers', 'run', 'wake', 'signals', 'errors'],
            ...['streams', 'reading', 'writing', 'limits', 'connecting'],
          ],
          unclaimed: { combined: String, update: String, periodic: String },
          rounds: 'tasks',
          loop: 'created',
        },
      });
      t.same(await subject.ask({ bye: {} }), { id: 2, bye: {} });
      t.equal(await subject.exited, 0);
    });
  });

  await t.test('system calls', async (t) => {
    await withSubject(t, [ASYNCIO], async (run) => {
      const trace = await run({
        fds: {
          a: { kind: 'pair' },
          p: { kind: 'pipe', near: 'write' },
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
          { op: 'write', fd: 'a', size: 3, from: 255 },
          { op: 'collect', fd: 'a.peer' },
          { op: 'read', fd: 'a.peer' },
          { op: 'shutdown', fd: 'a', how: 'write' },
          { op: 'read', fd: 'a.peer' },
          { op: 'fill', fd: 'p' },
          { op: 'drain', fd: 'p.peer' },
          { op: 'dup', fd: 'a', as: 'b' },
          { op: 'close', fd: 'a' },
          { op: 'isOpen', fd: 'a' },
          { op: 'dup2', fd: 'b', onto: 'a', as: 'd' },
          { op: 'isOpen', fd: 'd' },
          { op: 'accept', fd: 'l', as: 'x' },
          { op: 'connect', to: 'l', as: 'y' },
          { op: 'accept', fd: 'l', as: 'x' },
          { op: 'write', fd: 'y', data: 'hi' },
          { op: 'drain', fd: 'x' },
          { op: 'reset', fd: 'c' },
          { op: 'read', fd: 'c.peer' },
          { op: 'close', fd: 'p.peer' },
          { op: 'write', fd: 'p' },
          { op: 'close', fd: 'p.peer' },
          { op: 'write', fd: 'f', data: 'abc' },
          { op: 'countFds' },
          { op: 'limitFds', spare: 1 },
          { op: 'dup', fd: 'f', as: 'f1' },
          { op: 'dup', fd: 'f', as: 'f2' },
          { op: 'countFds' },
          { op: 'isOpen', fd: 'f2' },
          { op: 'write', fd: 'g*', data: 'g' },
          { op: 'burn', ms: 3 },
          { op: 'raise', signal: 'SIGUSR1', from: 'self' },
          { op: 'raise', signal: 'SIGUSR1', from: 'process' },
        ],
      });
      t.same(did(trace, 'write'), [
        { result: 6 },
        { result: 100 },
        { result: 3 },
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
        { errno: 'ECONNRESET' },
      ]);
      const [filled] = did(trace, 'fill') as [{ result: number }];
      t.ok(filled.result >= 4096);
      t.same(did(trace, 'drain'), [
        { result: 100, data: pattern(0, 64) },
        { result: filled.result, data: pattern(0, 64) },
        { result: 2, data: 'hi' },
      ]);
      t.same(did(trace, 'collect'), [{ result: 3, data: pattern(255, 3) }]);
      t.same(did(trace, 'isOpen'), [{ result: 0 }, { result: 1 }, { result: 0 }]);
      t.same(did(trace, 'dup2'), [{ result: trace.fds['a'] }], 'the very number');
      t.match(did(trace, 'accept'), [{ errno: 'EAGAIN' }, { result: Number }]);
      t.same(did(trace, 'close'), [{}, {}, { errno: 'EBADF' }]);
      t.match(did(trace, 'dup'), [{ result: Number }, { result: Number }, { errno: 'EMFILE' }]);
      const [before, after] = did(trace, 'countFds') as [{ result: number }, { result: number }];
      t.equal(after.result, before.result + 1);
      t.same(did(trace, 'limitFds'), [{ result: 1 }]);
      t.equal(trace.fds['g0'], 1024);
      const burned = trace.records.findIndex((record) => record.k === 'did' && record.op === 'burn');
      const [from, to] = trace.records.slice(burned - 1, burned + 1);
      t.ok(to!.t - from!.t >= 3000 && to!.c > from!.c, 'clocks are in µs');
    });
  });

  await t.test('calls of the loop', async (t) => {
    await withSubject(t, [ASYNCIO], async (run) => {
      const trace = await run({
        fds: { a: { kind: 'pair' } },
        main: [
          { op: 'add', fd: 'a', events: ['read', 'write'], run: 'io' },
          { op: 'write', fd: 'a.peer', data: 'x' },
          { op: 'schedule', run: 'task' },
          { op: 'schedule', id: 'gone', run: 'never' },
          { op: 'unschedule', id: 'gone' },
          { op: 'timeout', delay: 1, run: 'timer' },
          { op: 'timeout', id: 'gone', delay: 1, run: 'never' },
          { op: 'cancel', id: 'gone' },
          { op: 'now', as: 'base' },
          { op: 'timeoutAt', base: 'base', delay: 5, run: 'end' },
          { op: 'wakeup', id: 'w', run: 'woken' },
          { op: 'wake', id: 'w', times: 2 },
          { op: 'signal', signal: 'SIGUSR2', run: 'signalled' },
          { op: 'raise', signal: 'SIGUSR2', from: 'self' },
          { op: 'start' },
          { op: 'unsignal', signal: 'SIGUSR2' },
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
              [],
              [{ op: 'remove', fd: 'a', events: ['write'] }],
              [
                { op: 'remove', fd: 'a' },
                { op: 'remove', fd: 'a' },
              ],
            ],
          },
          task: { runs: [[{ op: 'start' }]] },
          timer: { runs: [] },
          woken: { runs: [] },
          signalled: { runs: [] },
          never: { runs: [] },
          end: { runs: [[{ op: 'stop' }]] },
          after: END,
        },
      });
      const events = recordsOf(trace, 'enter').flatMap((record) => (record.run === 'io' ? [record] : []));
      t.same(
        events
          .slice(0, 2)
          .map(({ events }) => events)
          .sort(),
        [['read'], ['write']],
        'each direction by itself',
      );
      t.ok(events.every(({ token, number }) => token === 1 && number === trace.fds['a']));
      const runs = entered(trace);
      t.same(runs.filter((run) => run === 'woken').length, 2);
      t.ok(['task', 'timer', 'signalled'].every((run) => runs.includes(run)));
      t.notOk(runs.includes('never'));
      t.same(runs.slice(-2), ['end', 'after']);
      t.match(did(trace, 'start'), [
        { raised: { type: 'RuntimeError' } },
        {},
        {},
        { raised: { type: 'RuntimeError', text: /closed/ } },
        {},
      ]);
      t.equal(recordsOf(trace, 'starting').length, 5);
    });
  });

  await t.test('what callbacks throw', async (t) => {
    await withSubject(t, [ASYNCIO], async (run) => {
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
          error: { runs: [[{ op: 'throw', kind: 'error' }]] },
          errno: { runs: [[{ op: 'throw', kind: 'errno', errno: 'EPIPE' }, { op: 'done' }]] },
          fatal: { runs: [[{ op: 'throw', kind: 'fatal' }]] },
          end: END,
        },
      });
      t.same(
        recordsOf(trace, 'exit').map(({ raised }) => raised),
        ['RuntimeError', 'BrokenPipeError', 'KeyboardInterrupt', undefined],
      );
      t.match(recordsOf(trace, 'log'), [
        { level: 'error', type: 'RuntimeError', text: /^Exception in callback/ },
        { level: 'error', type: 'BrokenPipeError', errno: 'EPIPE' },
      ]);
      t.match(did(trace, 'start'), [{ raised: { type: 'KeyboardInterrupt' } }, {}], 'main goes on');
    });
  });

  await t.test('another thread', async (t) => {
    await withSubject(t, [ASYNCIO], async (run) => {
      const trace = await run({
        main: [
          { op: 'timeout', delay: 20_000, run: 'sentinel' },
          { op: 'wakeup', id: 'w', run: 'woken' },
          { op: 'signal', signal: 'SIGUSR1', run: 'signalled' },
          { op: 'thread', when: 'idle', do: [{ op: 'raise', signal: 'SIGUSR2' }] },
          { op: 'thread', when: 'idle', do: [{ op: 'raise', signal: 'SIGUSR1' }] },
          { op: 'start' },
          { op: 'thread', when: 'idle', do: [{ op: 'raise', signal: 'SIGUSR1' }] },
        ],
        callbacks: {
          signalled: {
            runs: [[{ op: 'thread', when: 'now', do: [{ op: 'wake', id: 'w' }], times: 3, every: 1 }]],
          },
          woken: { runs: [[], [], [{ op: 'done' }]] },
          sentinel: END,
        },
      });
      t.same(entered(trace), ['signalled', 'woken', 'woken', 'woken']);
      t.same(
        trace.threads?.map(({ slept }) => slept),
        [true, true, false, false],
      );
      t.ok(
        trace.threads?.every(({ startedAt, lastAt, endedAt }) => startedAt <= lastAt && lastAt <= endedAt),
      );
      t.ok(trace.threads![2]!.lastAt - trace.threads![2]!.startedAt >= 2000, 'a ms between each two');
    });
  });

  await t.test('a thread that waits for the lock is not asleep in its poll', async (t) => {
    await withSubject(t, [ASYNCIO], async (run) => {
      const trace = await run({
        main: [
          { op: 'wakeup', id: 'w', run: 'end' },
          { op: 'thread', when: 'idle', do: [{ op: 'wake', id: 'w' }] },
          { op: 'burn', ms: 100 },
          { op: 'start' },
        ],
        callbacks: { end: END },
      });
      const [starting] = recordsOf(trace, 'starting');
      t.ok(trace.threads![0]!.startedAt >= starting!.t);
    });
  });

  await t.test('standard fds are free to be tested', async (t) => {
    await withSubject(t, [ASYNCIO], async (run) => {
      const program: Program = {
        fds: {
          a: { kind: 'pair', number: 0 },
          b: { kind: 'pair', number: 1 },
          c: { kind: 'tcp', number: 2 },
        },
        main: [
          { op: 'add', fd: 'a', events: ['read'], run: 'end' },
          { op: 'write', fd: 'a.peer' },
          { op: 'start' },
          { op: 'drain', fd: 'b.peer' },
          { op: 'drain', fd: 'c.peer' },
        ],
        callbacks: { end: END },
      };
      for (const trace of [await run(program), await run(program)]) {
        t.match(trace.fds, { a: 0, b: 1, c: 2 });
        t.same(entered(trace), ['end']);
        t.match(did(trace, 'drain'), [{ result: 0 }, { result: 0 }], 'nothing was printed into them');
      }
    });
  });

  await t.test('a trace that is too long is cut, and the loop stopped', async (t) => {
    await withSubject(t, [ASYNCIO], async (run) => {
      const again = { rest: [{ op: 'schedule' as const, run: 'again' }], runs: [] };
      const program: Program = {
        main: [{ op: 'schedule', run: 'again' }, { op: 'start' }, { op: 'start' }],
        callbacks: { again },
        maxRecords: 100,
      };
      const trace = await run(program);
      t.equal(trace.records.length, 101);
      t.equal(trace.records.at(-1)?.k, 'cut');
      t.equal((await run({ main: [{ op: 'stop' }], maxRecords: 1 })).records.length, 1);
    });
  });

  await t.test('flushed records, and a rendezvous', async (t) => {
    await withSubject(t, [ASYNCIO], async (_, subject) => {
      const run = scenarioOf({
        fds: { a: { kind: 'pair' } },
        main: [
          { op: 'write', fd: 'a' },
          { op: 'close', fd: 'a' },
        ],
      });
      subject.send({ run, flush: true });
      t.match(await subject.reply(), { id: 1, records: [], fds: { a: Number, 'a.peer': Number } });
      t.match(await subject.reply(), { id: 1, records: [{ op: 'write' }] });
      t.match(await subject.reply(), { id: 1, records: [{ op: 'close' }] });
      t.match(await subject.reply(), { id: 1, trace: { records: [{ op: 'write' }, { op: 'close' }] } });
      subject.send({ run, rendezvous: true });
      for (const stopping of ['before', 'after']) {
        t.match(await subject.reply(), { id: 2, stopping });
        while (!/\) T /.test(readFileSync(`/proc/${subject.child.pid}/stat`, 'utf8')));
        subject.child.kill('SIGCONT');
      }
      t.match(await subject.reply(), { id: 2, trace: { records: [{ op: 'write' }, { op: 'close' }] } });
    });
  });

  await t.test('what can not be run is refused, and nothing is left over', async (t) => {
    await withSubject(t, [ASYNCIO], async (run, subject) => {
      const fds = { a: { kind: 'pair' as const } };
      const refusals: [Program, RegExp][] = [
        [{ main: [{ op: 'schedule', run: 'nobody' }] }, /callback 'nobody'/],
        [{ main: [{ op: 'close', fd: 'b' }] }, /fd 'b'/],
        [{ main: [{ op: 'cancel', id: 'x' }] }, /timer 'x'/],
        [{ main: [{ op: 'useLoop', as: 'x' }] }, /loop 'x'/],
        [{ main: [{ op: 'throw', kind: 'error' }] }, /main/],
        [{ fds, main: [{ op: 'update', fd: 'a', events: [] }] }, /update_handler/],
        [{ main: [{ op: 'raise', signal: 'SIGNONE', from: 'self' }] }, /SIGNONE/],
        [
          {
            fds,
            main: [{ op: 'schedule', run: 'task' }, { op: 'start' }, { op: 'start' }],
            callbacks: { task: { runs: [[{ op: 'update', fd: 'a', events: [] }]] } },
          },
          /update_handler/,
        ],
      ];
      for (const [program, reason] of refusals) t.match(await subject.refusal(program), reason);
      subject.child.stdin.write('garbage\n');
      t.match(await subject.reply(), { id: 0, error: String });
      t.same((await run({ main: [] })).records, [], 'it goes on');
    });
  });

  await t.test('pipelined requests are answered in order, and memory does not grow', async (t) => {
    await withSubject(t, [ASYNCIO], async (_, subject) => {
      const run = scenarioOf({
        fds: { a: { kind: 'pair' } },
        main: [{ op: 'add', fd: 'a', events: ['write'], run: 'end' }, { op: 'start' }],
        callbacks: { end: { runs: [[{ op: 'done' }, { op: 'throw', kind: 'error' }]] } },
      });
      const resident = (): number =>
        Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${subject.child.pid}/status`, 'utf8'))?.[1]);
      const many = async (count: number): Promise<void> => {
        const ids = Array.from({ length: count }, () => subject.send({ run }));
        for (const id of ids) if ((await subject.reply()).id !== id) t.fail('out of order');
      };
      await many(500);
      const before = resident();
      await many(1000);
      t.ok(resident() - before < 8192, 'KiB');
    });
  });

  await t.test('a driver that prints, and drivers that can not be used', async (t) => {
    const folder = t.testdir({
      'prints.py': [
        'import asyncio, os, sys',
        'from evspec_host import AsyncioDriver',
        'class Prints(AsyncioDriver):',
        '    def start(self, loop):',
        '        print("out"); os.system("echo child"); sys.stderr.write("err\\n"); loop.run_forever()',
      ].join('\n'),
      'none.py': '',
      'broken.py': 'import no_such_module',
    });
    await withSubject(t, [join(folder, 'prints.py')], async (run, subject) => {
      const trace = await run({
        main: [{ op: 'schedule', run: 'end' }, { op: 'start' }],
        callbacks: { end: END },
      });
      t.same(entered(trace), ['end']);
      await subject.end();
      t.same(subject.stderr.split('\n').sort(), ['', 'child', 'err', 'out']);
    });
    const unusable: [string[], RegExp][] = [
      [[join(folder, 'none.py')], /0 subclasses of evspec_host.Driver/],
      [[join(folder, 'broken.py')], /no_such_module/],
      [['--asyncio', 'asyncio'], /MODULE:FACTORY/],
      [['--asyncio', 'asyncio:no_such_factory'], /no_such_factory/],
    ];
    for (const [args, reason] of unusable) {
      const subject = new PythonSubject(...args);
      t.teardown(() => subject.child.kill('SIGKILL'));
      t.match(await subject.ask(hello), { error: reason });
      t.equal(await subject.end(), 1);
    }
  });

  await t.test('tornado', { skip: noPeers }, async (t) => {
    await withSubject(t, [TORNADO], async (run, subject) => {
      t.match(await subject.ask(hello), {
        hello: { name: 'tornado', version: /^6\./, unclaimed: { unschedule: String, seed: String } },
      });
      const trace = await run({
        fds: { a: { kind: 'pair' } },
        main: [
          { op: 'add', fd: 'a', events: ['read'], run: 'io' },
          { op: 'update', fd: 'a', events: ['write'] },
          { op: 'add', fd: 'a', events: ['read'], run: 'io' },
          { op: 'periodic', id: 'p', interval: 1, run: 'tick' },
          { op: 'periodicStop', id: 'p' },
          { op: 'periodicStart', id: 'p' },
          { op: 'start' },
        ],
        callbacks: {
          io: { runs: [[{ op: 'remove', fd: 'a' }]] },
          tick: { runs: [[{ op: 'throw', kind: 'error' }], [{ op: 'done' }]] },
        },
      });
      t.match(did(trace, 'add'), [
        { token: 1 },
        { token: 2, raised: { type: 'ValueError', text: /added twice/ } },
      ]);
      t.match(recordsOf(trace, 'enter'), [
        { run: 'io', as: 'handler', token: 1, fd: 'a', number: trace.fds['a'], events: ['write'] },
        { run: 'tick', as: 'periodic', nth: 1, token: 3 },
        { run: 'tick', as: 'periodic', nth: 2, token: 3 },
      ]);
      t.match(recordsOf(trace, 'log'), [{ level: 'error', type: 'RuntimeError' }]);
    });
  });

  await t.test('uvloop, without a line of code', { skip: noPeers }, async (t) => {
    const subject = new PythonSubject('--asyncio', 'uvloop:new_event_loop');
    t.match(await subject.ask(hello), { hello: { name: 'uvloop', version: /^0\./ } });
    const program: Program = {
      fds: { a: { kind: 'tcp' } },
      main: [
        { op: 'add', fd: 'a', events: ['write'], run: 'io' },
        { op: 'barrier', run: 'end' },
        { op: 'start' },
      ],
      callbacks: { io: { runs: [[{ op: 'remove', fd: 'a' }]] }, end: END },
    };
    t.same(entered(await subject.run(program)), ['io', 'end']);
    const { openFds } = await subject.run(program);
    t.same(openFds?.after, openFds?.before, 'from the second scenario on: libuv keeps a pipe of its own');
    t.equal(await subject.end(), 0);
  });

  await t.test('each operation was done', { skip: noPeers }, (t) => {
    const all = Action.options.map((option) => option.shape.op.value);
    t.same(
      all.filter((op) => !done.has(op) && !STREAM_OPS.includes(op)),
      [],
    );
    t.end();
  });
});

void t.test('the host is annotated for the oldest Python that it runs on', (t) => {
  const folder = new URL('../python/evspec_host/', import.meta.url);
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.py') && name !== '__init__.py'))
    t.match(readFileSync(new URL(file, folder), 'utf8'), 'from __future__ import annotations', file);
  t.end();
});
