import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Reply } from '../../../spec/protocol.js';
import { hello, scenarioOf, SubjectProcess, withSubject, type Test } from './subject-process.js';

/** Starting a subject takes long on a machine that is busy. */
t.setTimeout(300_000);

/**
 * A server on Node's own loop, and a loop beside it: answers with its options; `/hold` when `/release` is asked for; `/crash` throws where
 * nobody catches it.
 */
const SUBJECT = `
import http from 'node:http';
export default {
  name: 'served', version: '1', facets: ['tasks', 'run', 'http', 'server'], unclaimed: { manyLoops: 'one' },
  createLoop: () => {
    let stopped;
    return {
      addCallback: (callback) => setImmediate(callback),
      start: () => new Promise((resolve) => (stopped = resolve)),
      stop: () => stopped(),
      close() {},
    };
  },
  serve(options) {
    if (options.backlog === 1) throw new RangeError('no such backlog');
    if (options.backlog === 2) return { host: 'here', port: 0, stop() {}, close() {} };
    if (options.backlog === 3) return Promise.reject(new TypeError('later'));
    let held;
    const server = http.createServer((request, response) => {
      if (request.url === '/hold') held = response;
      else if (request.url === '/crash') setImmediate(() => { throw new Error('crashed'); });
      else {
        if (request.url === '/release') held.end('released');
        response.end(JSON.stringify(options));
      }
    });
    const ended = () => new Promise((resolve) => server.close(resolve));
    return new Promise((resolve) =>
      server.listen(0, '127.0.0.1', () =>
        resolve({
          host: '127.0.0.1',
          port: server.address().port,
          stop: options.backlog === 4 ? () => Promise.reject(new Error('stuck')) : ended,
          close: () => { const done = ended(); server.closeAllConnections(); return done; },
        })));
  },
};
`;
const ONLY_SERVES = `
export default { name: 'only serves', version: '1', facets: ['http', 'server'], unclaimed: { server: 'not yet' },
  serve: () => ({ host: 'here', port: 1, stop() {}, close() {} }) };
`;
const WANTS_A_LOOP = `export default { name: 'x', version: '1', facets: ['http', 'tasks'], serve() {} };`;
const NO_FUNCTION = `export default { name: 'x', version: '1', facets: ['http'], serve: 1 };`;
const NO_SERVE = SUBJECT.replace('serve(options)', 'other(options)');

function moduleOf(t: Test, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'evspec-test-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'subject.mjs');
  writeFileSync(file, text);
  return file;
}

type Address = Extract<Reply, { serving: unknown }>['serving'];

async function served(subject: SubjectProcess, options: object): Promise<Address & { id: number }> {
  const reply = await subject.ask({ serve: options });
  if (!('serving' in reply)) throw new Error(JSON.stringify(reply));
  return { id: reply.id, ...reply.serving };
}

const bodyOf = async ({ host, port }: Address, path = '/'): Promise<string> =>
  (await fetch(`http://${host}:${port}${path}`)).text();

/** A connection that has sent a request whose answer is held back. */
async function holding({ host, port }: Address): Promise<Socket> {
  const socket = connect(port, host);
  await new Promise((resolve) => socket.write('GET /hold HTTP/1.1\r\nHost: x\r\n\r\n', resolve));
  return socket;
}

/** All that comes until the end. */
async function textOf(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

const PING = { main: [{ op: 'schedule' as const, run: 'end' }, { op: 'start' as const }] };
const CALLBACKS = { callbacks: { end: { runs: [[{ op: 'done' as const }]] } } };
const PONG = { trace: { records: Array } };

void t.test('several servers live, while requests are answered, and end', async (t) => {
  await withSubject(t, moduleOf(t, SUBJECT), async (run, subject) => {
    t.match(await subject.hello(), { facets: ['tasks', 'run', 'http', 'server'] });
    await run({ ...PING, ...CALLBACKS });
    const plain = await served(subject, {});
    const limited = await served(subject, { bodyBytes: 7 });
    t.equal(await bodyOf(plain), '{}');
    t.equal(await bodyOf(limited), '{"bodyBytes":7}');
    t.match(await subject.hello(), { name: 'served' }, 'and requests are answered meanwhile');
    t.match(await subject.ask({ run: scenarioOf(PING) }), { error: /only be run when no server lives/ });

    t.match(await subject.ask({ end: { serve: plain.id, gracefully: false } }), { ended: {} });
    await t.rejects(bodyOf(plain));
    t.equal(await bodyOf(limited), '{"bodyBytes":7}');
    t.match(await subject.ask({ end: { serve: plain.id, gracefully: false } }), { error: /no server/ });
    t.match(await subject.ask({ end: { serve: limited.id, gracefully: true } }), { ended: {} });
    t.match(
      await subject.ask({ run: scenarioOf({ ...PING, ...CALLBACKS }) }),
      PONG,
      'scenarios are run again',
    );
    const again = await served(subject, {});
    t.equal(await bodyOf(again), '{}');
  });
});

void t.test('a graceful end takes its time, and others do not wait for it', async (t) => {
  await withSubject(t, moduleOf(t, SUBJECT), async (_, subject) => {
    const server = await served(subject, {});
    const other = await served(subject, {});
    const socket = await holding(server);
    await bodyOf(server);
    const released = textOf(socket);
    const first = subject.send({ end: { serve: server.id, gracefully: true } });
    t.match(await subject.hello(), { name: 'served' }, 'which is answered before');
    t.equal(await bodyOf(other), '{}');
    const second = subject.send({ end: { serve: server.id, gracefully: true } });
    const third = subject.send({ end: { serve: server.id, gracefully: false } });
    const replies = [await subject.reply(), await subject.reply(), await subject.reply()];
    t.same(
      replies.map(({ id }) => id).sort((a, b) => a - b),
      [first, second, third],
      'all are answered when it is closed',
    );
    for (const reply of replies) t.match(reply, { ended: {} });
    t.equal(await released, '', 'what was held is cut off');
  });
});

void t.test('what can not be done is an error in one sentence', async (t) => {
  await withSubject(t, moduleOf(t, SUBJECT), async (_, subject) => {
    t.match(await subject.ask({ serve: { backlog: 1 } }), {
      error: /^serve\(\) failed: RangeError: no such backlog$/,
    });
    t.match(await subject.ask({ serve: { backlog: 2 } }), { error: /a Serving, but its 'port' is not/ });
    t.match(await subject.ask({ serve: { backlog: 3 } }), { error: /TypeError: later$/ });
    t.match(await subject.ask({ end: { serve: 1, gracefully: true } }), { error: /by request 1$/ });
    const server = await served(subject, { backlog: 4 });
    t.match(await subject.ask({ end: { serve: server.id, gracefully: true } }), {
      error: /^stop\(\) of the server failed: Error: stuck$/,
    });
    t.equal(await bodyOf(server), '{"backlog":4}', 'it lives on');
  });
});

void t.test('bye comes with whatever lives', async (t) => {
  const subject = new SubjectProcess(moduleOf(t, SUBJECT));
  await served(subject, {});
  t.match(await subject.ask({ bye: {} }), { bye: {} });
  t.equal(await subject.exited, 0);
});

void t.test('what a server lets through ends the process', async (t) => {
  const subject = new SubjectProcess(moduleOf(t, SUBJECT));
  const server = await served(subject, {});
  await t.rejects(bodyOf(server, '/crash'));
  t.equal(await subject.exited, 1);
  t.match(subject.stderr, /crashed/);
});

void t.test('a subject without a loop', async (t) => {
  await withSubject(t, moduleOf(t, ONLY_SERVES), async (_, subject) => {
    t.match(await subject.hello(), { facets: ['http'], unclaimed: { server: 'not yet' } });
    t.match(await subject.ask({ run: scenarioOf(PING) }), { error: /has no loop/ });
    const server = await served(subject, {});
    t.match(await subject.ask({ end: { serve: server.id, gracefully: true } }), { ended: {} });
  });
});

void t.test('claims without what they need', async (t) => {
  for (const [text, message] of [
    [WANTS_A_LOOP, /'createLoop' is missing, .* its facet "tasks" is about a loop$/],
    [NO_FUNCTION, /'serve' is of type number, not a function$/],
  ] as const) {
    const subject = new SubjectProcess(moduleOf(t, text));
    t.match(await subject.ask(hello), { error: message });
    await subject.end();
  }
  await withSubject(t, moduleOf(t, NO_SERVE), async (_, subject) => {
    t.match(await subject.hello(), { facets: ['tasks', 'run'], unclaimed: { http: String, server: String } });
    t.match(await subject.ask({ serve: {} }), { error: /has no 'serve'/ });
  });
});
