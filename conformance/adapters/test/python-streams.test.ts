/** The Python host and its streams, by a driver whose calls are written down. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Action } from '../../../spec/scenario.js';
import { MAX_DATA } from '../../../spec/trace.js';
import { ASYNCIO, did, noPython, PythonSubject, recordsOf, root, type Program } from './python-subject.js';
import { STREAM_OPS } from './stream-ops.js';
import { barrier, closeStream, idle, onClose, readSome, start, stream } from './stream-words.js';
import { done, END, hello, pattern, withSubject } from './with-subject.js';

const FAKE = join(root, 'conformance/adapters/test/fake_streams.py');
/** What the fake driver takes these limits for. */
const [REFUSED, LEAKS, RAISES, OVERWRITES, RELEASES] = [1, 2, 3, 4, 5];

void t.test('python streams', { skip: noPython }, async (t) => {
  await t.test('hello follows from what the driver overrides and disclaims', async (t) => {
    const folder = t.testdir({
      'none.py': [
        'from evspec_host import Driver',
        'class NoStreams(Driver):',
        '    def add_callback(self, loop, callback):',
        '        pass',
      ].join('\n'),
      'unlimited.py': [
        'import sys',
        `sys.path.insert(0, ${JSON.stringify(join(root, 'conformance/adapters/test'))})`,
        'import fake_streams',
        'class Unlimited(fake_streams.FakeStreams):',
        '    unclaimed = dict.fromkeys(("maxRead", "maxWrite", "maxBytes", "pipes"), "no")',
      ].join('\n'),
    });
    const claimed = async (driver: string) => {
      const subject = new PythonSubject(driver);
      t.teardown(() => subject.child.kill('SIGKILL'));
      const reply = await subject.ask(hello);
      await subject.end();
      return 'hello' in reply ? reply.hello : t.fail('no hello');
    };
    t.match(await claimed(FAKE), {
      facets: ['tasks', 'run', 'streams', 'reading', 'writing', 'limits', 'connecting'],
      unclaimed: { maxWrite: 'it is a fake', pipes: undefined, streamState: undefined },
    });
    t.match(await claimed(join(folder, 'unlimited.py')), {
      facets: ['tasks', 'run', 'streams', 'reading', 'writing', 'connecting'],
      unclaimed: { pipes: 'no' },
    });
    const none = await claimed(join(folder, 'none.py'));
    t.match(none, { facets: ['tasks'] });
    t.match(none, {
      unclaimed: {
        ...{ readUntil: String, readUntilRegex: String, readBytes: String, readSome: String },
        ...{ readUntilClose: String, sent: String, closeCallback: String, halfClose: String },
        ...{ maxRead: String, maxBytes: String, maxWrite: String, streamState: String, pipes: String },
        ...{ meanwhile: String, early: String, unconnected: String, unixConnect: String },
      },
    });
  });

  await t.test('each operation is one call of the driver', async (t) => {
    await withSubject(t, [FAKE], async (run) => {
      const trace = await run({
        fds: { a: { kind: 'pair' }, l: { kind: 'listener' } },
        main: [
          stream('a', 's', 7),
          { op: 'readUntil', stream: 's', delimiter: '\r\ní', max: 5, run: 'until' },
          { op: 'readUntilRegex', stream: 's', pattern: '\\r?\\n', run: 'regex' },
          { op: 'readBytes', stream: 's', size: 3, run: 'bytes' },
          { op: 'readBytes', stream: 's', size: 0, run: 'bytes' },
          readSome('s', 'some'),
          { op: 'readUntilClose', stream: 's', run: 'all' },
          { op: 'send', stream: 's', data: 'ÿ\u0080', run: 'sent' },
          { op: 'send', stream: 's', size: 5, from: 254 },
          { op: 'send', stream: 's' },
          onClose('s', 'closed'),
          { op: 'streamState', stream: 's' },
          { op: 'endStream', stream: 's' },
          { op: 'collect', fd: 'a.peer' },
          { op: 'connectStream', to: 'l', as: 'c', run: 'connected' },
          { op: 'close', fd: 'l' },
          { op: 'connectStream', to: 'l', as: 'd', run: 'connected' },
          closeStream('s'),
          { op: 'streamState', stream: 's' },
          start,
        ],
        callbacks: idle('until', 'regex', 'bytes', 'some', 'all', 'sent', 'closed', 'connected'),
      });
      t.same(did(trace, 'stream'), [{}]);
      t.same(
        recordsOf(trace, 'did').flatMap(({ op, token }) => (token === undefined ? [] : [[token, op]])),
        [
          [1, 'readUntil'],
          [2, 'readUntilRegex'],
          [3, 'readBytes'],
          [4, 'readBytes'],
          [5, 'readSome'],
          [6, 'readUntilClose'],
          [7, 'send'],
          [8, 'send'],
          [9, 'send'],
          [10, 'onClose'],
          [11, 'connectStream'],
          [12, 'connectStream'],
        ],
      );
      t.same(did(trace, 'readSome'), [
        {
          token: 5,
          raised: {
            type: 'BlockingIOError',
            text: '[Errno 11] Resource temporarily unavailable',
            errno: 'EAGAIN',
          },
        },
      ]);
      t.same(did(trace, 'collect'), [
        { result: 8, data: `ÿ\u0080${pattern(254, 5)}${pattern(0, 1)}`, eof: true },
      ]);
      t.same(did(trace, 'streamState'), [
        { state: { writing: false, closed: false } },
        { state: { writing: false, closed: true } },
      ]);
      t.same(
        recordsOf(trace, 'enter').map(({ run, as, token, data, failed }) => ({
          run,
          as,
          token,
          data,
          failed,
        })),
        [
          { run: 'until', as: 'read', token: 1, data: 'until \r\ní, 5' },
          { run: 'regex', as: 'read', token: 2, data: 'until /\\r?\\n/, 0' },
          { run: 'bytes', as: 'read', token: 3, data: 'ÿÿÿ' },
          { run: 'bytes', as: 'read', token: 4, data: '' },
          {
            run: 'all',
            as: 'read',
            token: 6,
            failed: { type: 'RuntimeError', text: 'no more', errno: 'ECONNRESET' },
          },
          { run: 'sent', as: 'sent', token: 7 },
          { run: 'connected', as: 'connected', token: 11 },
          {
            ...{ run: 'connected', as: 'connected', token: 12 },
            failed: {
              type: 'ConnectionRefusedError',
              text: '[Errno 111] Connection refused',
              errno: 'ECONNREFUSED',
            },
          },
          { run: 'closed', as: 'closed', token: 10, failed: { type: 'TimeoutError', text: 'too long' } },
        ].map((record) => ({ data: undefined, failed: undefined, ...record })),
      );
    });
  });

  await t.test('a stream that was not made is asked for nothing', async (t) => {
    const subject = new PythonSubject(FAKE);
    t.teardown(() => subject.child.kill('SIGKILL'));
    const run = {
      name: 'too-early',
      fds: { a: { kind: 'pair' as const } },
      main: [readSome('s', 'some'), stream('a', 's', 7)],
      callbacks: idle('some'),
    };
    const reply = await subject.ask({ run });
    t.match(reply, { trace: { records: [{ op: 'readSome', token: 1 }, { op: 'stream' }] } });
    await subject.end();
  });

  await t.test('what can not be run is refused', async (t) => {
    const fds = { a: { kind: 'pair' as const }, g: { kind: 'pair' as const, count: 2 } };
    await withSubject(t, [FAKE], async (_, subject) => {
      const refusals: [Program, RegExp][] = [
        [{ main: [closeStream('s')] }, /stream 's'/],
        [{ fds, main: [stream('a', 's'), readSome('s', 'nobody')] }, /callback 'nobody'/],
        [{ fds, main: [stream('g*', 's')] }, /not a group/],
        [
          { fds, main: [{ op: 'connectStream', to: 'g*', as: 's', run: 'c' }], callbacks: { c: END } },
          /not a group/,
        ],
        [
          { fds, main: [{ op: 'connectStream', to: 'a', as: 's', run: 'c' }], callbacks: { c: END } },
          /no listener/,
        ],
      ];
      for (const [program, reason] of refusals) t.match(await subject.refusal(program), reason);
    });
    await withSubject(t, [ASYNCIO], async (run, subject) => {
      const sent: Action = { op: 'readUntilRegex', stream: 's', pattern: 'x', run: 'end' };
      t.match(
        await subject.refusal({ fds, main: [stream('a', 's'), sent], callbacks: { end: END } }),
        /read_until_regex/,
      );
      const meanwhile: Program = {
        fds,
        main: [barrier('make'), start],
        callbacks: { make: { runs: [[stream('a', 's')]] } },
      };
      t.match(await subject.refusal(meanwhile), /in a callback/);
      t.same((await run({ fds, main: [] })).records, [], 'and nothing is left over');
    });
  });

  await t.test("an fd is the stream's, unless it could not be made", async (t) => {
    await withSubject(t, [FAKE], async (run) => {
      const trace = await run({
        fds: {
          a: { kind: 'pair' },
          b: { kind: 'pair' },
          p: { kind: 'pipe', near: 'write' },
          f: { kind: 'file' },
        },
        main: [
          stream('a', 's', REFUSED),
          { op: 'send', stream: 's', data: 'x' },
          { op: 'write', fd: 'a', data: 'still here' },
          { op: 'collect', fd: 'a.peer' },
          stream('a', 's'),
          closeStream('s'),
          { op: 'dup', fd: 'b', as: 'd' },
          stream('a', 'heir'),
          { op: 'close', fd: 'b' },
          stream('b', 'nobody'),
          stream('p', 'q'),
          { op: 'send', stream: 'q', data: 'through' },
          { op: 'collect', fd: 'p.peer' },
        ],
      });
      t.same(did(trace, 'stream'), [
        { raised: { type: 'OSError', text: '[Errno 105] refused', errno: 'ENOBUFS' } },
        {},
        {},
        { raised: { type: 'OSError', text: '[Errno 9] Bad file descriptor', errno: 'EBADF' } },
        {},
      ]);
      t.same(did(trace, 'collect'), [
        { result: 10, data: 'still here' },
        { result: 7, data: 'through' },
      ]);
      t.same(did(trace, 'dup'), [{ result: trace.fds['a'] }], 'the number is free again');
    });
    await withSubject(t, [ASYNCIO], async (run, subject) => {
      // The epoll of another loop gets the number. Were that closed, its loop could not be.
      await run({
        fds: { a: { kind: 'pair' } },
        main: [
          stream('a', 's'),
          onClose('s', 'closed'),
          closeStream('s'),
          start,
          { op: 'newLoop', as: 'other' },
        ],
        callbacks: { closed: END },
      });
      // What is closed behind the stream's back, and named again, is closed once.
      await run({
        fds: { a: { kind: 'pair' }, b: { kind: 'tcp' } },
        main: [stream('a', 's'), { op: 'close', fd: 'a' }, { op: 'dup', fd: 'b', as: 'c' }],
      });
      await subject.end();
      t.equal(subject.stderr, '');
    });
  });

  await t.test('a leak shows, in its own scenario only', async (t) => {
    const subject = new PythonSubject(FAKE);
    t.teardown(() => subject.child.kill('SIGKILL'));
    const leaks = (limit: number): Program => ({
      fds: { a: { kind: 'pair', from: 100 }, b: { kind: 'tcp', number: 0 } },
      main: [stream('a', 's', limit), stream('b', 't', limit), closeStream('s'), { op: 'isOpen', fd: 'a' }],
    });
    const before = (await subject.run({ main: [] })).openFds!.before;
    t.match(
      await subject.run(leaks(LEAKS)),
      { openFds: { before, after: before + 1 } },
      "fd 0 is the host's again",
    );
    t.match(await subject.run(leaks(RAISES)), { openFds: { before, after: before + 1 } });
    const trace = await subject.run(leaks(4));
    t.same(trace.openFds, { before, after: before });
    t.same(did(trace, 'isOpen'), [{ result: 0 }]);
    t.equal(await subject.end(), 0);
    t.match(subject.stderr, /KeyboardInterrupt: while closing/);
  });

  await t.test('fds of streams', async (t) => {
    const temporary = mkdtempSync(join(tmpdir(), 'evspec-test-'));
    const before = process.env['TMPDIR'];
    process.env['TMPDIR'] = temporary;
    t.teardown(() => {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
      rmSync(temporary, { recursive: true });
    });
    await withSubject(t, [FAKE], async (run) => {
      const trace = await run({
        fds: {
          ...{
            l6: { kind: 'listener', family: 'ipv6' },
            lu: { kind: 'listener', family: 'unix', buffer: 4096 },
          },
          ...{ t6: { kind: 'tcp6', buffer: 4096 }, p: { kind: 'pipe', near: 'write', buffer: 4096 } },
          ...{ k: { kind: 'socket', buffer: 4096 }, a: { kind: 'pair', buffer: 1 }, big: { kind: 'pair' } },
        },
        main: [
          { op: 'connect', to: 'l6', as: 'c6' },
          { op: 'accept', fd: 'l6', as: 'd6' },
          { op: 'write', fd: 'c6', data: 'six' },
          { op: 'collect', fd: 'd6' },
          { op: 'connect', to: 'lu', as: 'cu' },
          { op: 'accept', fd: 'lu', as: 'du' },
          { op: 'write', fd: 'cu', data: 'unix' },
          { op: 'collect', fd: 'du' },
          { op: 'fill', fd: 'p' },
          { op: 'fill', fd: 'a' },
          { op: 'fill', fd: 't6' },
          { op: 'fill', fd: 'du' },
          { op: 'fill', fd: 'big' },
          { op: 'collect', fd: 'big.peer' },
          { op: 'read', fd: 'k' },
        ],
      });
      const [six, unix, big] = did(trace, 'collect') as { result: number; data: string }[];
      t.same([six?.data, unix?.data], ['six', 'unix']);
      t.equal(big?.data, pattern(0, big!.result));
      t.same(did(trace, 'read'), [{ errno: 'ENOTCONN' }]);
      const filled = (did(trace, 'fill') as { result: number }[]).map(({ result }) => result);
      t.equal(filled[0], 4096);
      t.ok(
        filled.slice(1, 4).every((result) => result > 0 && result < 100_000),
        'the kernel rounds up',
      );
      t.ok(filled[4]! > 100_000);
    });
    t.same(readdirSync(temporary), []);
  });

  await t.test('what a read was given is looked at again', async (t) => {
    await withSubject(t, [FAKE], async (run) => {
      const program = (limit?: number): Program => ({
        fds: { a: { kind: 'pair' } },
        main: [
          stream('a', 's', limit),
          { op: 'write', fd: 'a.peer', data: 'abcdef' },
          readSome('s', 'some'),
          barrier('end', 1),
          start,
        ],
        callbacks: { ...idle('some'), end: END },
      });
      const record = 5;
      const { records, changed } = await run(program(OVERWRITES));
      t.match(records[record], { as: 'read', data: 'abcdef' }, 'recorded as it was');
      t.same(changed, [{ record, at: 1, data: '??def' }]);
      t.same((await run(program(RELEASES))).changed, [{ record, at: 0, data: '' }]);
      t.equal((await run(program())).changed, undefined);
    });
  });

  await t.test('a collect takes a megabyte at most', async (t) => {
    await withSubject(t, [FAKE], async (run) => {
      const trace = await run({
        fds: { a: { kind: 'tcp', buffer: 1_048_576 } },
        main: [
          { op: 'write', fd: 'a', size: 900_000 },
          { op: 'write', fd: 'a', size: 900_000, from: 900_000 },
          { op: 'collect', fd: 'a.peer' },
        ],
      });
      for (const { result, data } of did(trace, 'collect') as { result: number; data: string }[]) {
        t.ok(result <= MAX_DATA);
        t.equal(result, data.length);
      }
    });
  });

  await t.test('each operation was done', (t) => {
    t.same(
      STREAM_OPS.filter((op) => !done.has(op)),
      [],
    );
    t.end();
  });
});
