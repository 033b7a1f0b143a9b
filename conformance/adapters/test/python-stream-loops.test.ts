/** The streams of asyncio, of uvloop and of Tornado, through the Python host. */
import t from 'tap';
import { MAX_DATA } from '../../../spec/trace.js';
import type { Action } from '../../../spec/scenario.js';
import {
  ASYNCIO,
  did,
  entered,
  noPeers,
  noPython,
  PythonSubject,
  recordsOf,
  TORNADO,
  type Program,
} from './python-subject.js';
import { barrier, closeStream, idle, onClose, readSome, start, stream } from './stream-words.js';
import { END, pattern, withSubject } from './with-subject.js';

void t.test('streams of Python loops', { skip: noPython }, async (t) => {
  for (const [name, args, skip] of [
    ['asyncio', [ASYNCIO], false],
    ['uvloop', ['--asyncio', 'uvloop:new_event_loop'], noPeers],
    ['tornado', [TORNADO], noPeers],
  ] as const)
    await t.test(name, { skip }, async (t) => {
      const subject = new PythonSubject(...args);
      t.teardown(() => subject.child.kill('SIGKILL'));
      await subject.run({ main: [barrier('end'), start], callbacks: { end: END } }); // libuv keeps fds of its own
      const run = async (program: Program) => {
        const trace = await subject.run(program);
        t.same(trace.openFds?.after, trace.openFds?.before, 'no fd is left over');
        return trace;
      };
      const tells = name === 'tornado' ? { run: 'sent' } : {};

      for (const kind of ['pair', 'tcp', 'tcp6'] as const) {
        const trace = await run({
          fds: { a: { kind } },
          main: [
            stream('a', 's'),
            onClose('s', 'closed'),
            { op: 'readUntil', stream: 's', delimiter: '\n', run: 'line' },
            { op: 'write', fd: 'a.peer', data: 'é\nmore, and the rest' },
            { op: 'send', stream: 's', size: 300 },
            { op: 'send', stream: 's', data: '\u0080ÿ', ...tells },
            start,
            { op: 'collect', fd: 'a.peer' },
            { op: 'isOpen', fd: 'a' },
          ],
          callbacks: {
            line: { runs: [[{ op: 'readBytes', stream: 's', size: 5, run: 'bytes' }]] },
            bytes: { runs: [[readSome('s', 'some')]] },
            some: {
              runs: [
                [
                  { op: 'shutdown', fd: 'a.peer', how: 'write' },
                  { op: 'readUntilClose', stream: 's', run: 'all' },
                ],
              ],
            },
            all: { runs: [[closeStream('s'), { op: 'streamState', stream: 's' }, barrier('end')]] },
            ...idle('sent', 'closed'),
            end: END,
          },
        });
        t.same(
          recordsOf(trace, 'enter')
            .filter(({ as }) => as === 'read')
            .map(({ run, data }) => [run, data]),
          [
            ['line', 'Ã©\n'],
            ['bytes', 'more,'],
            ['some', ' and the rest'],
            ['all', ''],
          ],
          kind,
        );
        t.equal(entered(trace).filter((run) => run === 'closed').length, 1);
        t.same(did(trace, 'collect'), [{ result: 302, data: `${pattern(0, 300)}\u0080ÿ`, eof: true }]);
        t.match(did(trace, 'streamState'), [{ state: { closed: true } }]);
        t.same(did(trace, 'isOpen'), [{ result: 0 }]);
      }

      const listeners = {
        l4: { kind: 'listener', family: 'ipv4' },
        l6: { kind: 'listener', family: 'ipv6' },
        lu: { kind: 'listener', family: 'unix' },
      } as const;
      const connects = await run({
        fds: { ...listeners, gone: { kind: 'listener' } },
        main: [
          { op: 'close', fd: 'gone' },
          ...['l4', 'l6', 'lu', 'gone'].map((to): Action => ({ op: 'connectStream', to, as: to, run: to })),
          barrier('end', 20),
          start,
          { op: 'readSome', stream: 'lu', size: 9, run: 'never' },
          closeStream('gone'),
        ],
        callbacks: { ...idle('l4', 'l6', 'lu', 'gone', 'never'), end: END },
      });
      const outcomes = recordsOf(connects, 'enter').flatMap(({ run, as, failed }) =>
        as === 'connected' ? [[run, failed?.errno]] : [],
      );
      t.same(outcomes.sort(), [
        ['gone', 'ECONNREFUSED'],
        ['l4', undefined],
        ['l6', undefined],
        ['lu', undefined],
      ]);

      const reset = await run({
        fds: { a: { kind: 'tcp' } },
        main: [
          stream('a', 's'),
          onClose('s', 'closed'),
          readSome('s', 'some'),
          { op: 'reset', fd: 'a.peer' },
          start,
        ],
        callbacks: { some: { runs: [] }, closed: END },
      });
      t.match(recordsOf(reset, 'enter'), [
        { run: 'some', failed: { errno: 'ECONNRESET' } },
        { run: 'closed', failed: { type: 'ConnectionResetError', errno: 'ECONNRESET' } },
      ]);

      const thrown = await run({
        fds: { a: { kind: 'pair' } },
        main: [
          stream('a', 's'),
          { op: 'write', fd: 'a.peer', data: 'ab' },
          readSome('s', 'first', 1),
          start,
          start,
        ],
        callbacks: {
          first: { runs: [[readSome('s', 'second', 1), { op: 'throw', kind: 'error' }]] },
          second: { runs: [[barrier('end'), { op: 'throw', kind: 'fatal' }]] },
          end: END,
        },
      });
      t.same(entered(thrown), ['first', 'second', 'end']);
      t.match(recordsOf(thrown, 'log'), [{ level: 'error', type: 'RuntimeError' }]);
      t.match(did(thrown, 'start'), [{ raised: { type: 'KeyboardInterrupt' } }, {}]);

      // What is under way when a scenario ends: a read, bytes that nobody takes, a close that waits for them, a connect.
      await run({
        fds: {
          ...{ a: { kind: 'tcp', buffer: 4096 }, b: { kind: 'pair', buffer: 4096 }, c: { kind: 'pair' } },
          ...{ l: { kind: 'listener', backlog: 0 } },
        },
        main: [
          ...[
            stream('a', 's'),
            stream('b', 't'),
            stream('c', 't'),
            onClose('s', 'never'),
            readSome('s', 'never'),
          ],
          { op: 'send', stream: 's', size: 1_000_000 },
          { op: 'send', stream: 't', size: 1_000_000 },
          ...[1, 2, 3].map((n): Action => ({ op: 'connectStream', to: 'l', as: `l${n}`, run: 'connected' })),
          barrier('end'),
          start,
          closeStream('s'),
        ],
        callbacks: { ...idle('never', 'connected'), end: END },
      });

      await run({
        fds: { a: { kind: 'pair' }, b: { kind: 'pair' } },
        main: [
          { op: 'newLoop', as: 'other' },
          { op: 'useLoop', as: 'other' },
          stream('a', 's'),
          readSome('s', 'some'),
          { op: 'write', fd: 'a.peer', data: 'x' },
          start,
          { op: 'closeLoop' },
          { op: 'useLoop', as: 'main' },
          stream('b', 't'),
          { op: 'stop' },
        ],
        callbacks: { some: { runs: [[closeStream('s'), barrier('end')]] }, end: END },
      });
      t.equal(await subject.end(), 0);
      t.equal(subject.stderr, '', 'nothing is said of futures and tasks that nobody asks');
    });

  await t.test(
    'tornado has pipes, patterns, limits, and connects while one writes',
    { skip: noPeers },
    async (t) => {
      await withSubject(t, [TORNADO], async (run) => {
        const trace = await run({
          fds: {
            p: { kind: 'pipe' },
            q: { kind: 'pipe', near: 'write' },
            l: { kind: 'listener' },
            a: { kind: 'pair' },
          },
          main: [
            stream('p', 'in'),
            stream('q', 'out'),
            { op: 'stream', fd: 'a', as: 's', maxRead: 10, maxWrite: 10 },
            { op: 'readUntilRegex', stream: 'in', pattern: '[\\r\\n]+', run: 'line' },
            { op: 'write', fd: 'p.peer', data: 'line\r\n' },
            { op: 'send', stream: 'out', data: 'out', run: 'sent' },
            { op: 'send', stream: 's', size: 11 },
            { op: 'readUntil', stream: 's', delimiter: '\n', max: 5, run: 'limited' },
            { op: 'write', fd: 'a.peer', data: '123456789' },
            { op: 'connectStream', to: 'l', as: 'c', run: 'connected' },
            { op: 'send', stream: 'c', data: 'early', run: 'sent' },
            { op: 'streamState', stream: 'c' },
            { op: 'accept', fd: 'l', as: 'x' },
            barrier('end'),
            start,
            { op: 'collect', fd: 'q.peer' },
            { op: 'collect', fd: 'x' },
          ],
          callbacks: { ...idle('line', 'sent', 'limited', 'connected'), end: END },
        });
        t.match(did(trace, 'send'), [{}, { raised: { type: 'StreamBufferFullError' } }, {}]);
        t.match(did(trace, 'streamState'), [{ state: { reading: false, writing: true, closed: false } }]);
        t.match(did(trace, 'collect'), [{ data: 'out' }, { data: 'early' }]);
        const [line] = recordsOf(trace, 'enter').filter(({ run }) => run === 'line');
        t.equal(line?.data, 'line\r\n');
        const [limited] = recordsOf(trace, 'enter').filter(({ run }) => run === 'limited');
        t.match(limited, { failed: { type: 'StreamClosedError' } });
      });
    },
  );

  await t.test('a record carries no more than a mebibyte, in few bytes', { skip: noPeers }, async (t) => {
    await withSubject(t, [TORNADO], async (run) => {
      const trace = await run({
        fds: { a: { kind: 'pair' } },
        main: [stream('a', 's'), { op: 'readUntilClose', stream: 's', run: 'all' }, barrier('more'), start],
        callbacks: {
          more: {
            runs: Array.from({ length: 12 }, () => [{ op: 'fill', fd: 'a.peer' }, barrier('more')]),
            rest: [{ op: 'shutdown', fd: 'a.peer', how: 'write' }],
          },
          all: END,
        },
      });
      const filled = (did(trace, 'fill') as { result: number }[]).reduce(
        (sum, { result }) => sum + result,
        0,
      );
      const [all] = recordsOf(trace, 'enter').filter(({ run }) => run === 'all');
      t.ok(filled > MAX_DATA, `${filled}`);
      t.equal(all?.data?.length, MAX_DATA);
    });
  });
});
