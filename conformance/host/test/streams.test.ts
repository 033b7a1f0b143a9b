import { join } from 'node:path';
import t from 'tap';
import type { Action, FdSpec } from '../../../spec/scenario.js';
import { MAX_DATA, type Enter, type Trace } from '../../../spec/trace.js';
import { STREAM_ACTIONS } from '../stream-actions.js';
import {
  did,
  patternOf,
  recordsOf,
  reference,
  root,
  withSubject,
  type Program,
  type Test,
} from './subject-process.js';
import { FAULTS } from './tiny-streams.js';

/** Starting a subject, and compiling one, takes long on a machine that is busy. */
t.setTimeout(300_000);

const TINY = join(root, 'conformance/host/test/tiny-streams.ts');
const NODE_NET = reference('node-net');

const END = { runs: [[{ op: 'done' as const }]] };
const NOTHING = { runs: [] };
const PAIR: Record<string, FdSpec> = { a: { kind: 'pair' } };
const stream = (fd: string, as: string, fault?: keyof typeof FAULTS): Action =>
  fault === undefined ? { op: 'stream', fd, as } : { op: 'stream', fd, as, maxRead: FAULTS[fault] };
const end: Action = { op: 'barrier', run: 'end', rounds: 8 };

/** Operations that a subject has done in these tests. */
const done = new Set<string>();

/** As withSubject, without its look at the fds that are left. */
const withStreams = (
  t: Test,
  module: string,
  body: (
    run: (program: Program) => Promise<Trace>,
    refusal: (program: Program) => Promise<string>,
  ) => Promise<void>,
): Promise<void> =>
  withSubject(t, module, (_, subject) =>
    body(
      async (program) => {
        const trace = await subject.run(program);
        for (const { op } of recordsOf(trace, 'did')) done.add(op);
        return trace;
      },
      (program) => subject.refusal(program),
    ),
  );

/** What the callbacks of streams were called with, by the name of the callback. */
function calls(trace: Trace): Record<string, Partial<Enter>> {
  const ofStreams = recordsOf(trace, 'enter').filter(({ as }) => as !== 'barrier' && as !== 'task');
  return Object.fromEntries(
    ofStreams.map(({ run, as, token, data, failed }) => [
      run,
      { as, token, ...(data !== undefined && { data }), ...(failed && { failed }) },
    ]),
  );
}

const leftOver = ({ openFds }: Trace): number => openFds!.after - openFds!.before;

void t.test('reads', (t) =>
  withStreams(t, TINY, async (run) => {
    const trace = await run({
      fds: PAIR,
      main: [
        stream('a', 's'),
        { op: 'readUntil', stream: 's', delimiter: 'é\n', run: 'line' },
        { op: 'streamState', stream: 's' },
        { op: 'write', fd: 'a.peer', size: 256 },
        { op: 'write', fd: 'a.peer', data: '' },
        { op: 'send', stream: 's', data: 'é\n\u0000' },
        { op: 'send', stream: 's', size: 5, from: 65_534, run: 'sent' },
        { op: 'send', stream: 's' },
        { op: 'collect', fd: 'a.peer' },
        { op: 'start' },
      ],
      callbacks: {
        sent: { runs: [[{ op: 'closeStream', stream: 's' }, end]] },
        line: NOTHING,
        end: END,
      },
    });
    t.same(calls(trace)['line'], {
      as: 'read',
      token: 1,
      failed: { type: 'Error', text: 'closed' },
    });
    t.same(did(trace, 'streamState'), [{ state: { reading: true, closed: false } }]);
    t.same(did(trace, 'collect'), [
      { result: 9, data: `é\n\u0000${patternOf(65_534, 5)}${patternOf(0, 1)}` },
    ]);
    t.same(
      did(trace, 'send').map((record) => 'token' in record && record.token),
      [2, 3, 4],
      'a write has a token, whether it has a callback or not',
    );
    t.equal(leftOver(trace), 0);
  }),
);

void t.test('what a read was given is looked at again', (t) =>
  withStreams(t, TINY, async (run) => {
    const program = (fault?: keyof typeof FAULTS): Program => ({
      fds: PAIR,
      main: [
        stream('a', 's', fault),
        { op: 'write', fd: 'a.peer', size: 300 },
        { op: 'readBytes', stream: 's', size: 300, run: 'all' },
        end,
        { op: 'start' },
      ],
      callbacks: { all: NOTHING, end: END },
    });
    const { records, changed } = await run(program('overwrites'));
    const record = records.findIndex((record) => record.k === 'enter' && record.as === 'read');
    t.match(records[record], { data: patternOf(0, 300) }, 'recorded as it was');
    t.same(changed, [{ record, at: 0, data: '?'.repeat(64) }]);
    t.equal((await run(program())).changed, undefined);
  }),
);

void t.test('each read, one after the other', (t) =>
  withStreams(t, TINY, async (run) => {
    const trace = await run({
      fds: PAIR,
      main: [
        stream('a', 's'),
        { op: 'onClose', stream: 's', run: 'closed' },
        { op: 'write', fd: 'a.peer', data: 'one\r\ntwo\nthree' },
        { op: 'readUntilRegex', stream: 's', pattern: '\\r?\\n', run: 'regex' },
        { op: 'start' },
      ],
      callbacks: {
        regex: { runs: [[{ op: 'readUntil', stream: 's', delimiter: '\n', max: 3, run: 'short' }]] },
        short: { runs: [[{ op: 'readUntil', stream: 's', delimiter: '\n', max: 4, run: 'line' }]] },
        line: { runs: [[{ op: 'readBytes', stream: 's', size: 2, run: 'bytes' }]] },
        bytes: { runs: [[{ op: 'readSome', stream: 's', size: 2, run: 'some' }]] },
        some: { runs: [[{ op: 'readSome', stream: 's', run: 'more' }]] },
        more: {
          runs: [
            [
              { op: 'write', fd: 'a.peer', size: 3, from: 200 },
              { op: 'close', fd: 'a.peer' },
              { op: 'readUntilClose', stream: 's', run: 'rest' },
            ],
          ],
        },
        rest: {
          runs: [
            [
              { op: 'closeStream', stream: 's' },
              { op: 'send', stream: 's', data: 'x' },
            ],
          ],
        },
        closed: END,
      },
    });
    t.same(calls(trace), {
      regex: { as: 'read', token: 2, data: 'one\r\n' },
      short: { as: 'read', token: 3, failed: { type: 'RangeError', text: 'more than 3 bytes' } },
      line: { as: 'read', token: 4, data: 'two\n' },
      bytes: { as: 'read', token: 5, data: 'th' },
      some: { as: 'read', token: 6, data: 're' },
      more: { as: 'read', token: 7, data: 'e' },
      rest: { as: 'read', token: 8, data: patternOf(200, 3) },
      closed: { as: 'closed', token: 1 },
    });
    t.same(
      did(trace, 'send'),
      [{ token: 9, raised: { type: 'Error', text: 'the stream is closed', errno: 'EPIPE' } }],
      'what the method throws is raised',
    );
    t.equal(leftOver(trace), 0);
  }),
);

void t.test('a record carries so many bytes and no more', (t) =>
  withStreams(t, TINY, async (run) => {
    const size = 70_000;
    const times = Math.ceil(MAX_DATA / size) + 1;
    const feed = Array.from({ length: times }, (): Action[] => [
      { op: 'write', fd: 'a.peer', size },
      { op: 'barrier', run: 'feed', rounds: 2 },
    ]);
    const trace = await run({
      fds: PAIR,
      main: [
        stream('a', 's'),
        { op: 'readUntilClose', stream: 's', run: 'all' },
        { op: 'barrier', run: 'feed' },
        { op: 'start' },
      ],
      callbacks: { feed: { runs: [...feed, [{ op: 'close', fd: 'a.peer' }]] }, all: END },
    });
    t.ok(did(trace, 'write').every((record) => 'result' in record && record.result === size));
    t.ok(calls(trace)['all']?.data === patternOf(0, size).repeat(times).slice(0, MAX_DATA));
  }),
);

void t.test('what stays behind', (t) =>
  withStreams(t, TINY, async (run) => {
    const one = (fault: keyof typeof FAULTS | undefined, ...actions: Action[]): Promise<Trace> =>
      run({ fds: { ...PAIR, b: { kind: 'pair' } }, main: [stream('a', 's', fault), ...actions] });
    const close: Action = { op: 'closeStream', stream: 's' };
    const isOpen: Action = { op: 'isOpen', fd: 'a' };

    t.equal(leftOver(await one(undefined)), 0, 'a stream that the scenario left open');
    t.equal(leftOver(await one(undefined, stream('b', 's'))), 0, 'and one that has lost its name');
    const before = (await one(undefined, close)).openFds?.before;

    const leaked = await one('leaks', close, isOpen);
    t.same(did(leaked, 'isOpen'), [{ result: 1 }]);
    t.equal(leftOver(leaked), 1, 'a leak shows');
    t.equal((await one('leaks')).openFds?.before, before, 'and is no matter of the next scenario');

    const lingering = await one('lingers', close, isOpen);
    t.same(did(lingering, 'isOpen'), [{ result: 1 }]);
    t.equal(leftOver(lingering), 0, 'a close that takes its time is no leak');
    t.equal(leftOver(await one('lingers')), 0);

    const refused = await one('refuses', isOpen);
    t.match(did(refused, 'stream'), [{ raised: { type: 'Error', text: 'no', errno: 'EINVAL' } }]);
    t.same(did(refused, 'isOpen'), [{ result: 1 }], "it is still the scenario's");
    t.equal(leftOver(refused), 0);
    t.same(
      did(await one('refuses', close), 'closeStream'),
      [{}],
      'a stream that could not be made is nothing',
    );

    const closed = await one(undefined, { op: 'close', fd: 'a' }, isOpen);
    t.same(did(closed, 'isOpen'), [{ result: 0 }], 'a scenario may close what is not its own');
    t.equal(leftOver(closed), 0);
  }),
);

void t.test("a number that is somebody else's by now is left alone", (t) =>
  withStreams(t, TINY, async (run) => {
    const fds: Record<string, FdSpec> = { a: { kind: 'pair' }, b: { kind: 'pair' }, c: { kind: 'pair' } };
    const trace = await run({
      fds,
      main: [
        stream('a', 's'),
        { op: 'closeStream', stream: 's' },
        stream('b', 't', 'keepsAnother'),
        { op: 'isOpen', fd: 'a' },
      ],
    });
    t.same(did(trace, 'isOpen'), [{ result: 1 }], 'the number of a');
    t.equal(leftOver(trace), 1, 'what is kept is open');
    t.match(did(await run({ fds, main: [stream('c', 's', 'needsTheOther')] }), 'stream'), [{}]);
  }),
);

void t.test('net.Socket', (t) =>
  withStreams(t, NODE_NET, async (run) => {
    for (const kind of ['pair', 'tcp', 'tcp6'] as const) {
      const trace = await run({
        fds: { a: { kind } },
        main: [
          stream('a', 's'),
          { op: 'onClose', stream: 's', run: 'closed' },
          { op: 'readSome', stream: 's', run: 'some' },
          { op: 'write', fd: 'a.peer', data: 'é' },
          { op: 'start' },
        ],
        callbacks: {
          some: {
            runs: [
              [
                { op: 'readUntilClose', stream: 's', run: 'all' },
                { op: 'write', fd: 'a.peer', size: 100, from: 100 },
                { op: 'shutdown', fd: 'a.peer', how: 'write' },
              ],
            ],
          },
          all: {
            runs: [
              [
                { op: 'send', stream: 's', size: 100_000, run: 'sent' },
                { op: 'endStream', stream: 's' },
                { op: 'streamState', stream: 's' },
              ],
            ],
          },
          sent: NOTHING,
          closed: { runs: [[{ op: 'collect', fd: 'a.peer' }, { op: 'isOpen', fd: 'a' }, { op: 'done' }]] },
        },
      });
      t.same(
        calls(trace),
        {
          some: { as: 'read', token: 2, data: Buffer.from('é').toString('latin1') },
          all: { as: 'read', token: 3, data: patternOf(100, 100) },
          sent: { as: 'sent', token: 4 },
          closed: { as: 'closed', token: 1 },
        },
        kind,
      );
      t.same(did(trace, 'collect'), [{ result: 100_000, data: patternOf(0, 100_000), eof: true }]);
      t.same(did(trace, 'isOpen'), [{ result: 0 }]);
      t.same(Object.keys((did(trace, 'streamState')[0] as { state: object }).state), ['writing', 'closed']);
      t.equal(leftOver(trace), 0);
    }

    const reset = await run({
      fds: { a: { kind: 'tcp' } },
      main: [
        stream('a', 's'),
        { op: 'onClose', stream: 's', run: 'closed' },
        { op: 'readUntilClose', stream: 's', run: 'all' },
        { op: 'reset', fd: 'a.peer' },
        { op: 'start' },
      ],
      callbacks: { all: NOTHING, closed: END },
    });
    const failed = { type: 'Error', text: 'read ECONNRESET', errno: 'ECONNRESET' };
    t.match(calls(reset), { all: { as: 'read', failed }, closed: { as: 'closed', failed } });
  }),
);

void t.test('a loop that ends before its streams', (t) =>
  withStreams(t, reference(), async (run) => {
    const trace = await run({
      fds: { ...PAIR, b: { kind: 'tcp' }, l: { kind: 'listener', backlog: 0 } },
      main: [
        stream('a', 's'),
        stream('b', 't'),
        { op: 'closeStream', stream: 't' },
        { op: 'isOpen', fd: 'b' },
        // It gets that very number.
        { op: 'connectStream', to: 'l', as: 'u', run: 'end' },
        { op: 'readUntil', stream: 's', delimiter: '\n', run: 'end' },
        { op: 'isOpen', fd: 'a' },
        { op: 'isOpen', fd: 'b' },
      ],
      callbacks: { end: END },
    });
    t.same(did(trace, 'isOpen'), [{ result: 0 }, { result: 1 }, { result: 1 }]);
    t.equal(leftOver(trace), 0);
  }),
);

void t.test('connections', (t) =>
  withStreams(t, NODE_NET, async (run, refusal) => {
    for (const family of ['ipv4', 'ipv6', 'unix'] as const) {
      const trace = await run({
        fds: { l: { kind: 'listener', family, buffer: 4096 } },
        main: [
          { op: 'connectStream', to: 'l', as: 's', run: 'connected' },
          { op: 'connect', to: 'l', as: 'x' },
          { op: 'start' },
        ],
        callbacks: {
          connected: {
            runs: [
              [
                { op: 'accept', fd: 'l', as: 'y' },
                { op: 'accept', fd: 'l', as: 'z' },
                { op: 'fill', fd: 'y' },
                { op: 'close', fd: 'l' },
                { op: 'connectStream', to: 'l', as: 'refused', run: 'refused' },
              ],
            ],
          },
          refused: END,
        },
      });
      t.match(calls(trace), {
        connected: { as: 'connected', token: 1 },
        refused: { as: 'connected', token: 2, failed: { errno: 'ECONNREFUSED' } },
      });
      t.notOk(calls(trace)['connected']?.failed);
      t.ok(did(trace, 'accept').every((record) => 'result' in record));
      const [{ result }] = did(trace, 'fill') as [{ result: number }];
      t.ok(result < 200_000, `what is accepted has the listener's buffers: ${result} bytes fit`);
      t.equal(leftOver(trace), 0, family);
    }
    t.equal(
      await refusal({
        fds: PAIR,
        main: [{ op: 'connectStream', to: 'a', as: 's', run: 'x' }],
        callbacks: { x: NOTHING },
      }),
      "'connectStream' leads to 'a', which is no listener",
    );
  }),
);

void t.test('fds that only streams need', (t) =>
  withStreams(t, reference(), async (run) => {
    const sizes = await run({
      fds: {
        a: { kind: 'pair', buffer: 4096 },
        b: { kind: 'tcp', buffer: 4096 },
        c: { kind: 'tcp6', buffer: 4096 },
        p: { kind: 'pipe', near: 'write', buffer: 4096 },
        u: { kind: 'socket', buffer: 4096 },
        l: { kind: 'listener', family: 'unix', backlog: 0 },
      },
      main: [
        ...['a', 'a.peer', 'b', 'b.peer', 'c', 'c.peer', 'p'].map((fd): Action => ({ op: 'fill', fd })),
        { op: 'write', fd: 'u' },
        { op: 'connect', to: 'l', as: 'x' },
        { op: 'connect', to: 'l', as: 'y' },
      ],
    });
    const filled = did(sizes, 'fill') as { result: number }[];
    t.ok(
      filled.every(({ result }) => result > 0 && result < 20_000),
      filled.map(({ result }) => result).join(),
    );
    t.same(did(sizes, 'write'), [{ errno: 'EPIPE' }]);
    t.match(did(sizes, 'connect'), [{ result: Number }, { errno: 'EAGAIN' }], 'a backlog of none');
    t.equal(leftOver(sizes), 0);

    const much = await run({
      fds: { a: { kind: 'tcp', buffer: 1_048_576 } },
      main: [
        { op: 'write', fd: 'a', size: 900_000, from: 700_000 },
        { op: 'write', fd: 'a', size: 1_000_000, from: 1_000_000 },
        { op: 'collect', fd: 'a.peer' },
      ],
    });
    const [first, second] = did(much, 'write') as [{ result: number }, { result: number }];
    const written = patternOf(700_000, first.result) + patternOf(1_000_000, second.result);
    const [{ result, data }] = did(much, 'collect') as [{ result: number; data: string }];
    t.equal(result, data.length);
    t.ok(written.slice(0, MAX_DATA).startsWith(data));
  }),
);

void t.test('what is impossible', (t) =>
  withStreams(t, TINY, async (_, refusal) => {
    const x = { x: NOTHING };
    const refused: [Program, RegExp][] = [
      [
        { main: [{ op: 'closeStream', stream: 's' }] },
        /^'closeStream' names a stream 's', which the scenario does not make$/,
      ],
      [{ main: [stream('a', 's')] }, /^'stream' names a fd 'a'/],
      [
        { main: [{ op: 'connectStream', to: 'a', as: 's', run: 'x' }], callbacks: x },
        /^'connectStream' names a fd 'a'/,
      ],
      [
        { fds: { g: { kind: 'pair', count: 2 } }, main: [stream('g*', 's')] },
        /^'stream' takes one fd, not the group 'g\*'$/,
      ],
      [
        { fds: PAIR, main: [stream('a', 's'), { op: 'send', stream: 's', run: 'x' }] },
        /^'send' names a callback 'x'/,
      ],
      [
        {
          fds: PAIR,
          main: [stream('a', 's'), { op: 'readUntilRegex', stream: 's', pattern: '(', run: 'x' }],
          callbacks: x,
        },
        /^\/\(\/ is no pattern$/,
      ],
      [{ fds: PAIR, main: [stream('a', 's'), { op: 'endStream', stream: 's' }] }, /^the stream has no end$/],
      [
        {
          fds: { l: { kind: 'listener' } },
          main: [{ op: 'connectStream', to: 'l', as: 's', run: 'x' }],
          callbacks: x,
        },
        /^the subject has no connectStream$/,
      ],
    ];
    for (const [program, sentence] of refused) t.match(await refusal(program), sentence);
  }),
);

void t.test('what a subject claims of streams', async (t) => {
  const helloOf = async (
    module: string,
  ): Promise<{ facets: string[]; unclaimed: Record<string, string> }> => {
    let said: { facets: string[]; unclaimed: Record<string, string> } | undefined;
    await withSubject(t, module, async (_, subject) => void (said = await subject.hello()));
    return said!;
  };
  const tiny = await helloOf(TINY);
  t.same(tiny.facets, ['tasks', 'run', 'streams', 'reading', 'writing', 'limits']);
  const LACKING = 'not in its API';
  t.match(tiny.unclaimed, {
    connecting: LACKING,
    early: LACKING,
    unixConnect: LACKING,
    halfClose: LACKING,
    maxWrite: 'nothing waits to be written',
  });
  t.notOk('readUntil' in tiny.unclaimed);
  const net = await helloOf(NODE_NET);
  t.same(net.facets, ['tasks', 'timers', 'run', 'streams', 'reading', 'writing', 'connecting']);
  t.equal(net.unclaimed['limits'], LACKING, 'all of its limits are disclaimed');
  const whole = await helloOf(reference());
  t.ok(['streams', 'reading', 'writing', 'limits', 'connecting'].every((f) => whole.facets.includes(f)));
  t.same(Object.keys(whole.unclaimed), ['signals']);
  t.notOk((await helloOf(reference('reference-split'))).facets.includes('streams'));
  for (const capability of ['readUntilClose', 'sent', 'closeCallback', 'halfClose', 'streamState', 'early'])
    t.notOk(capability in net.unclaimed, capability);
});

t.teardown(() => {
  const missing = Object.keys(STREAM_ACTIONS).filter((op) => !done.has(op));
  if (missing.length > 0) throw new Error(`never done here: ${missing.join(', ')}`);
});
