/**
 * The life of connections: ends, deadlines, pipelines, and clients that go wrong.
 */
import t from 'tap';
import { EMFILE, posix } from '../../../posix/index.js';
import type { HTTPRequest } from '../index.js';
import { echo, serve, statuses } from './help.js';

const get = (path: string, fields = '') => `GET ${path} HTTP/1.1\r\nHost: t\r\n${fields}\r\n`;
const RESPONSE = /HTTP\/1\.1 200 OK\r\nX-Request: [^\r]*\r\nContent-Length: 0\r\n\r\n/;

/** Requests as a handler gets them, to be answered by the test. */
function inbox() {
  const requests: HTTPRequest[] = [];
  let arrived = () => {};
  return {
    handler: (request: HTTPRequest) => {
      requests.push(request);
      arrived();
    },
    requests,
    take: async (): Promise<HTTPRequest> => {
      while (requests.length === 0) await new Promise<void>((resolve) => (arrived = resolve));
      return requests.shift()!;
    },
  };
}

void t.test('a client that has ended its output is answered', async (t) => {
  const { handler, take } = inbox();
  const { client } = serve(t, handler);
  const one = await client();
  one.send(get('/a') + get('/b'));
  one.socket.end();
  (await take()).respond(200, undefined, 'a'.repeat(3_000_000));
  (await take()).respond(200, undefined, 'b');
  const text = await one.rest();
  t.same(statuses(text), [200, 200]);
  t.equal(text.length > 3_000_000 && text.at(-1), 'b', 'everything got out');
});

void t.test('a client that ends its output in the middle of a request is not answered', async (t) => {
  const { client } = serve(t, echo);
  for (const bytes of [
    '',
    'GET / HT',
    'POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhe',
    'POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
  ]) {
    const one = await client();
    one.send(bytes);
    one.socket.end();
    t.equal(await one.rest(), '');
  }
});

void t.test('a client that resets: the handler is told, and nothing is left', async (t) => {
  const { handler, take } = inbox();
  const { client, server, log } = serve(t, handler);
  const one = await client();
  one.send(get('/'));
  const request = await take();
  const closed = new Promise<void>((resolve) => request.onClose(resolve));
  one.socket.resetAndDestroy();
  await closed;
  t.equal(server.connectionCount, 0);
  request.respond(200, undefined, 'nobody reads this');
  const other = await client();
  other.send(get('/other'));
  (await take()).respond(200);
  t.match(await other.until(/\r\n\r\n/), /200/);
  t.same(log, []);
});

void t.test('onClose is not called for a request that was answered', async (t) => {
  let calls = 0;
  const { exchange } = serve(t, (request) => {
    request.onClose(() => calls++);
    request.respond(200);
  });
  await exchange(get('/', 'Connection: close\r\n'));
  t.equal(calls, 0);
});

void t.test('a slow answer does not keep others waiting', async (t) => {
  const { handler, take } = inbox();
  const { client } = serve(t, handler);
  const [slow, quick] = [await client(), await client()];
  slow.send(get('/slow') + get('/behind'));
  const first = await take();
  quick.send(get('/quick'));
  (await take()).respond(200);
  t.match(await quick.until(/\r\n\r\n/), /200/);
  first.respond(200, undefined, 'slow');
  t.equal((await take()).path, '/behind');
});

void t.test('a handler answers a request of another connection', async (t) => {
  const { handler, take, requests } = inbox();
  const { client } = serve(t, (request) => {
    if (request.path !== '/go') return handler(request);
    request.respond(200, undefined, 'go');
    requests.shift()!.respond(200, undefined, 'held');
  });
  const [one, two] = [await client(), await client()];
  one.send(get('/hold') + get('/next'));
  await take().then((request) => requests.push(request));
  two.send(get('/go'));
  t.match(await two.until(/go$/), /Content-Length: 2/);
  t.match(await one.until(/held$/), /Content-Length: 4/);
  t.equal((await take()).path, '/next');
});

void t.test('a client that pipelines and does not read is throttled', async (t) => {
  let calls = 0;
  const { client, server } = serve(t, (request) => {
    calls++;
    request.respond(200, undefined, 'x'.repeat(100_000) + '!');
  });
  const one = await client();
  one.socket.pause();
  for (let i = 0; i < 20; i++) one.send(get('/').repeat(1000));
  const other = await client();
  for (let i = 0; i < 3; i++) {
    other.send(get('/other'));
    await other.until(/!/);
  }
  t.ok(calls < 1000, `${calls} of 20,000 were answered`);
  t.equal(server.connectionCount, 2);
});

void t.test('a head has a deadline that bytes don’t put off', async (t) => {
  const { client } = serve(t, echo, { headTimeoutMs: 60 });
  const one = await client();
  one.send('GET / HTTP/1.1\r\nHost: t\r\n');
  const dripping = setInterval(() => one.send('X: y\r\n'), 5);
  t.same(statuses(await one.rest()), [408]);
  clearInterval(dripping);
});

void t.test('a body, too', async (t) => {
  const { client } = serve(t, echo, { bodyTimeoutMs: 60 });
  const one = await client();
  one.send('POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1000\r\n\r\n');
  const dripping = setInterval(() => one.send('x'), 5);
  t.same(statuses(await one.rest()), [408]);
  clearInterval(dripping);
});

void t.test('a streamed body that has come, and is not read yet, has no deadline', async (t) => {
  const { exchange } = serve(
    t,
    async (request) => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      let text = '';
      for await (const chunk of request.bodyReader!) text += Buffer.from(chunk).toString();
      request.respond(200, { Connection: 'close' }, text);
    },
    { streamBody: () => true, bodyTimeoutMs: 40 },
  );
  const head = 'POST / HTTP/1.1\r\nHost: t\r\n';
  t.match(await exchange(`${head}Content-Length: 5\r\n\r\nhello`), /\r\n\r\nhello$/);
  t.match(
    await exchange(`${head}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`),
    /\r\n\r\nhello$/,
  );
});

void t.test('the deadline of a streamed body is not put off by what is sent meanwhile', async (t) => {
  const { client } = serve(
    t,
    async (request) => {
      const writer = request.start(200);
      // Each is more than the kernel takes.
      await request.bodyReader!.receive(async () => void (await writer.write('x'.repeat(4_000_000))));
    },
    { streamBody: () => true, bodyTimeoutMs: 200, lingerMs: 40 },
  );
  const one = await client();
  one.send('POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n');
  const dripping = setInterval(() => one.send('x'), 30);
  t.match(await one.rest(), /^HTTP\/1\.1 200 /);
  clearInterval(dripping);
});

void t.test('an idle connection is closed without a word', async (t) => {
  const { client } = serve(t, echo, { idleTimeoutMs: 60 });
  const [fresh, used] = [await client(), await client()];
  used.send(get('/'));
  t.match(await used.until(/\r\n\r\n/), RESPONSE);
  t.equal(await used.rest(), '');
  t.equal(await fresh.rest(), '');
});

void t.test('a response that refuses is not lost: the server lingers, but not for ever', async (t) => {
  const { client, server } = serve(t, echo, { maxBodyBytes: 10, lingerMs: 100 });
  const one = await client();
  one.send('POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000\r\n\r\n');
  for (let i = 0; i < 10; i++) one.send('x'.repeat(100_000));
  t.same(statuses(await one.until(/allows\.\n/)), [413]);
  t.equal(one.error, undefined, 'no RST');
  await one.rest();
  while (server.connectionCount > 0) await new Promise((resolve) => setImmediate(resolve));
  t.equal(server.connectionCount, 0);
});

void t.test('a download may take longer than any limit, while it goes on', async (t) => {
  const limits = { idleTimeoutMs: 40, lingerMs: 40, sendTimeoutMs: 1000 };
  const { client } = serve(
    t,
    (request) => request.respond(200, { Connection: request.query }, 'x'.repeat(20_000_000)),
    limits,
  );
  for (const connection of ['keep-alive', 'close']) {
    const one = await client();
    let length = 0;
    const start = performance.now();
    one.socket.on('data', (text: string) => {
      length += text.length;
      // Reads so slowly that it takes three times the limits.
      if (performance.now() - start > 120) return;
      one.socket.pause();
      setTimeout(() => one.socket.resume(), 4);
    });
    one.send(get(`/?${connection}`));
    await one.rest();
    t.ok(length > 20_000_000, `${connection}: ${length} bytes`);
  }
});

void t.test('a client that does not read is given up', async (t) => {
  const { client, server } = serve(t, (request) => request.respond(200, {}, 'x'.repeat(20_000_000)), {
    sendTimeoutMs: 40,
  });
  const one = await client();
  one.socket.pause();
  one.send(get('/'));
  while (server.connectionCount === 0) await new Promise((resolve) => setImmediate(resolve));
  while (server.connectionCount > 0) await new Promise((resolve) => setImmediate(resolve));
  t.pass();
});

void t.test('what a client has pipelined before it ended its output is answered', async (t) => {
  const { handler, take } = inbox();
  const { client } = serve(t, handler);
  const one = await client();
  one.send(get('/a') + get('/b') + get('/c'));
  const first = await take();
  one.socket.end();
  await new Promise((resolve) => one.socket.once('finish', resolve));
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  first.respond(200);
  (await take()).respond(200);
  (await take()).respond(200);
  const text = await one.rest();
  t.same(statuses(text), [200, 200, 200]);
  t.equal(text.match(/Connection: close/g)?.length, 1);
});

void t.test('drain: idle ones are closed, busy ones answered', async (t) => {
  const { handler, take } = inbox();
  const { client, server } = serve(t, handler);
  const [idle, busy] = [await client(), await client()];
  idle.send(get('/'));
  (await take()).respond(200);
  await idle.until(/\r\n\r\n/);
  busy.send(get('/busy') + get('/behind'));
  const request = await take();
  const drained = server.drain();
  t.equal(await idle.rest(), '');
  request.respond(200, undefined, 'late');
  t.match(await busy.rest(), /Connection: close\r\n\r\nlate$/);
  await drained;
  t.equal(server.connectionCount, 0);
  await t.rejects(client(), { code: 'ECONNREFUSED' });
});

void t.test('drain: a response that is complete and on its way ends its connection', async (t) => {
  const { client, server } = serve(t, (request) => request.respond(200, {}, 'x'.repeat(20_000_000)));
  const one = await client();
  one.socket.pause();
  one.send(get('/'));
  while (one.socket.bytesWritten === 0 || server.connectionCount === 0)
    await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => one.socket.once('readable', resolve));
  const drained = server.drain();
  one.socket.resume();
  t.equal((await one.rest()).replace(/^[^]*?\r\n\r\n/, '').length, 20_000_000);
  await drained;
  t.equal(server.connectionCount, 0);
});

void t.test('drain: called by the handler that has just answered', async (t) => {
  for (const inEvent of [true, false]) {
    let drained: Promise<void> | undefined;
    const { exchange, server } = serve(t, async (request) => {
      if (!inEvent) await new Promise((resolve) => setImmediate(resolve));
      request.respond(200);
      drained = server.drain();
    });
    t.same(statuses(await exchange(get('/'))), [200]);
    await drained;
    t.equal(server.connectionCount, 0);
  }
});

void t.test('drain has an end', async (t) => {
  const { handler, take } = inbox();
  const { client, server } = serve(t, handler);
  const one = await client();
  one.send(get('/'));
  await take();
  await server.drain(20);
  t.equal(await one.rest(), '');
});

void t.test('stop: open connections go on', async (t) => {
  const { client, server } = serve(t, echo);
  const one = await client();
  one.send(get('/'));
  await one.until(/\r\n\r\n/);
  server.stop();
  server.stop();
  await t.rejects(client(), { code: 'ECONNREFUSED' });
  one.send(get('/'));
  t.match(await one.until(/\r\n\r\n/), RESPONSE);
  server.closeAllConnections();
  t.equal(await one.rest(), '');
});

void t.test('maxConnections: others wait', async (t) => {
  const { client, server } = serve(t, echo, { maxConnections: 1 });
  const [one, two] = [await client(), await client()];
  one.send(get('/one'));
  await one.until(/\r\n\r\n/);
  two.send(get('/two'));
  t.equal(server.connectionCount, 1);
  one.socket.end();
  t.match(await two.until(/\r\n\r\n/), /two/);
});

void t.test('out of fds: the listener rests, does not spin, and recovers', async (t) => {
  let failures = 0;
  let short = true;
  const { client } = serve(
    t,
    echo,
    {},
    { ...posix, accept4: (...args) => (short ? (failures++, -EMFILE) : posix.accept4(...args)) },
  );
  const one = await client();
  one.send(get('/'));
  await new Promise((resolve) => setImmediate(resolve));
  while (failures < 2) await new Promise((resolve) => setTimeout(resolve, 1)); // Rests twice.
  t.equal(failures, 2);
  short = false;
  t.match(await one.until(/\r\n\r\n/), RESPONSE);
  t.ok(failures <= 4, `${failures} tries in a few rests`);
});

void t.test('a connection that was given up is nobody’s concern', async (t) => {
  const failures = [-103, -4, -71];
  const { exchange, log } = serve(
    t,
    echo,
    {},
    { ...posix, accept4: (...args) => failures.pop() ?? posix.accept4(...args) },
  );
  t.same(statuses(await exchange(get('/', 'Connection: close\r\n'))), [200]);
  t.same(log, []);
});
