/** Servers of Python drivers: each in a thread of its own, while requests are answered. */
import { join } from 'node:path';
import t from 'tap';
import type { Reply } from '../../../spec/protocol.js';
import { noPeers, noPython, PythonSubject, root, scenarioOf, TORNADO } from './python-subject.js';
import { hello, withSubject } from './with-subject.js';

const SERVES = join(root, 'conformance/adapters/test/serving.py');
const NOTHING = scenarioOf({ main: [] });

type Server = Extract<Reply, { serving: unknown }>['serving'] & { id: number };

async function served(subject: PythonSubject, options: object): Promise<Server> {
  const reply = await subject.ask({ serve: options });
  if (!('serving' in reply)) throw new Error(JSON.stringify(reply));
  return { id: reply.id, ...reply.serving };
}

const bodyOf = async ({ host, port }: Server, path = '/'): Promise<string> =>
  (await fetch(`http://${host}:${port}${path}`, { headers: { Connection: 'close' } })).text();

void t.test('the host', { skip: noPython }, async (t) => {
  await t.test('several servers live, while requests are answered, and end', async (t) => {
    await withSubject(t, [SERVES], async (_, subject) => {
      const reply = await subject.ask(hello);
      t.match(reply, { hello: { name: 'serves', facets: ['http'], unclaimed: { server: String } } });
      const plain = await served(subject, {});
      const limited = await served(subject, { bodyBytes: 7 });
      t.equal(await bodyOf(plain), '{}');
      t.equal(await bodyOf(limited), '{"bodyBytes": 7}');
      t.match(await subject.ask({ run: NOTHING }), { error: /only be run when no server lives/ });
      t.match(await subject.ask({ end: { serve: plain.id, gracefully: true } }), { ended: {} });
      t.match(await subject.ask({ end: { serve: plain.id, gracefully: true } }), { error: /no server/ });
      t.match(await subject.ask({ end: { serve: limited.id, gracefully: false } }), { ended: {} });
      await t.rejects(bodyOf(limited));
      t.match(await subject.ask({ run: NOTHING }), { error: /new_loop/ }, 'it has no loop');
    });
  });

  await t.test('a graceful end takes its time, and others do not wait for it', async (t) => {
    await withSubject(t, [SERVES], async (_, subject) => {
      const { id } = await served(subject, { backlog: 3 });
      const first = subject.send({ end: { serve: id, gracefully: true } });
      const second = subject.send({ end: { serve: id, gracefully: true } });
      t.match(await subject.ask(hello), { hello: Object }, 'which is answered before');
      const third = subject.send({ end: { serve: id, gracefully: false } });
      t.same(
        [await subject.reply(), await subject.reply(), await subject.reply()],
        [first, second, third].map((id) => ({ id, ended: {} })),
      );
    });
  });

  await t.test('what can not be done is an error in one sentence', async (t) => {
    await withSubject(t, [SERVES], async (_, subject) => {
      t.match(await subject.ask({ serve: { backlog: 1 } }), {
        error: /^serve failed: ValueError: no such backlog$/,
      });
      t.match(await subject.ask({ serve: { backlog: 2 } }), { error: /returned before it listened$/ });
      t.match(await subject.ask({ end: { serve: 1, gracefully: true } }), { error: /by request 1$/ });
    });
    await withSubject(t, ['--asyncio', 'asyncio:new_event_loop'], async (_, subject) => {
      t.match(await subject.ask({ serve: {} }), { error: /the driver has no serve/ });
    });
  });

  await t.test('a server that fails ends the process', async (t) => {
    const subject = new PythonSubject(SERVES);
    await served(subject, { backlog: 4 });
    t.equal(await subject.exited, 1);
    t.match(subject.stderr, /RuntimeError: broken/);
  });

  await t.test('bye comes with whatever lives', async (t) => {
    const subject = new PythonSubject(SERVES);
    await served(subject, {});
    t.match(await subject.ask({ bye: {} }), { bye: {} });
    t.equal(await subject.exited, 0);
  });
});

void t.test('Tornado', { skip: noPeers }, async (t) => {
  await withSubject(t, [TORNADO], async (_, subject) => {
    const small = await served(subject, { bodyBytes: 1000, noKeepAlive: true, idleTimeoutMs: 700 });
    t.match(JSON.parse(await bodyOf(small, '/evspec')), {
      evspec: 1,
      limits: { bodyBytes: 1000, idleTimeoutMs: 700 },
      unclaimed: { gracefulStop: String },
    });
    t.match(await subject.ask({ end: { serve: small.id, gracefully: false } }), { ended: {} });
    await t.rejects(bodyOf(small));
    t.match(await subject.ask({ run: NOTHING }), { trace: Object }, 'scenarios are run again');
  });
});
