/**
 * Servers: where they listen, their options, and what proxies say.
 */
import { request as httpRequest } from 'node:http';
import t from 'tap';
import { AF_INET, F_GETFD, F_GETFL, O_NONBLOCK, SOCK_STREAM, check, posix } from '../../../posix/index.js';
import { makeLoop } from '../../ioloop/test/help.js';
import {
  AddressInUseError,
  HTTPServer,
  InvalidListenAddressError,
  InvalidOptionError,
  ListenError,
  ServerStoppedError,
  StopEverything,
} from '../../index.js';
import { echo, serve, statuses } from './help.js';

const last = (path: string, fields = '') =>
  `GET ${path} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n${fields}\r\n`;

void t.test('addresses', (t) => {
  const { loop } = makeLoop(t);
  for (const [asked, answered] of [
    ['127.0.0.1', ['127.0.0.1']],
    ['::1', ['::1']],
    ['0.0.0.0', ['0.0.0.0']],
    ['localhost', ['127.0.0.1']],
    ['', ['::', '0.0.0.0']],
  ] as const) {
    const server = new HTTPServer(loop, echo);
    server.listen(0, asked);
    t.ok((answered as readonly string[]).includes(server.address), `${asked} is ${server.address}`);
    t.ok(server.port > 0);
    server.stop();
    t.equal(server.port, 0);
  }
  t.end();
});

void t.test('an address that is taken', (t) => {
  const { loop } = makeLoop(t);
  const first = new HTTPServer(loop, echo);
  first.listen();
  const second = new HTTPServer(loop, echo);
  t.throws(() => second.listen(first.port), AddressInUseError);
  t.throws(() => second.listen(first.port), { code: 'EADDRINUSE', message: /choose another port/ });
  first.stop();
  second.listen(second.port);
  second.stop();
  t.end();
});

void t.test('reusePort: two servers at one port', (t) => {
  const { loop } = makeLoop(t);
  const servers = [1, 2].map(() => new HTTPServer(loop, echo, { reusePort: true }));
  servers[0]!.listen();
  servers[1]!.listen(servers[0]!.port);
  t.equal(servers[0]!.port, servers[1]!.port);
  for (const server of servers) server.stop();
  t.end();
});

void t.test('addresses that are none', (t) => {
  const { loop } = makeLoop(t);
  const server = new HTTPServer(loop, echo);
  t.throws(() => server.listen(0, 'example.org'), InvalidListenAddressError);
  t.throws(() => server.listen(70_000), InvalidListenAddressError);
  t.throws(() => server.listen(0, '192.0.2.1'), ListenError);
  server.stop();
  t.throws(() => server.listen(), ServerStoppedError);
  t.throws(() => server.start(), ServerStoppedError);
  t.throws(() => server.addSocket(0), ServerStoppedError);
  t.end();
});

void t.test('options that are none', (t) => {
  const { loop } = makeLoop(t);
  const wrong: Record<string, unknown>[] = [
    { maxBodyBytes: -1 },
    { headTimeoutMs: 0 },
    { backlog: Infinity },
    { maxParts: 1.5 },
    { protocol: 'ftp' },
    { maxBodyByte: 1 },
  ];
  for (const options of wrong) t.throws(() => new HTTPServer(loop, echo, options), InvalidOptionError);
  t.doesNotThrow(() => new HTTPServer(loop, echo, { maxConnections: Infinity, maxBodyBytes: 0 }));
  t.end();
});

void t.test('a listener of the program’s own; fds are closed on exec and don’t block', async (t) => {
  const accepted: number[] = [];
  const kernel: typeof posix = {
    ...posix,
    accept4: (...args) => {
      const fd = posix.accept4(...args);
      if (fd >= 0) accepted.push(posix.fcntl(fd, F_GETFD), posix.fcntl(fd, F_GETFL) & O_NONBLOCK);
      return fd;
    },
  };
  const { server, exchange } = serve(t, echo, {}, kernel);
  await exchange(last('/'));
  t.same(accepted, [1, O_NONBLOCK]);
  const fd = check(posix.socket(AF_INET, SOCK_STREAM | O_NONBLOCK, 0), 'socket');
  check(posix.bind(fd, { family: 'ipv4', host: '127.0.0.1', port: 0 }), 'bind');
  check(posix.listen(fd, 1), 'listen');
  server.addSocket(fd);
  t.ok(server.port > 0);
});

void t.test('a request', async (t) => {
  const { port, exchange } = serve(t, (request) => {
    const { method, uri, path, query, version, host, remoteIp, protocol, headers } = request;
    const fields = {
      get: headers.get('X-A'),
      all: headers.getAll('x-a'),
      has: headers.has('x-b'),
      list: [...headers],
      size: headers.size,
    };
    request.respond(
      200,
      {},
      JSON.stringify({ method, uri, path, query, version, host, remoteIp, protocol, fields }),
    );
  });
  const text = await exchange('GET //a%20b?c=d?e HTTP/1.0\r\nX-A: 1 \r\nx-a:\t2\r\nY:\r\n\r\n');
  t.same(JSON.parse(text.split('\r\n\r\n')[1]!), {
    method: 'GET',
    uri: '//a%20b?c=d?e',
    path: '//a%20b',
    query: 'c=d?e',
    version: 'HTTP/1.0',
    host: '',
    remoteIp: '127.0.0.1',
    protocol: 'http',
    fields: {
      get: '1, 2',
      all: ['1', '2'],
      has: false,
      list: [
        ['X-A', '1'],
        ['x-a', '2'],
        ['Y', ''],
      ],
      size: 3,
    },
  });
  const absolute = await exchange(`GET http://u:${port}?q HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n`);
  t.match(JSON.parse(absolute.split('\r\n\r\n')[1]!), { path: '/', query: 'q', host: `u:${port}` });
});

void t.test('limits are the options’', async (t) => {
  const { exchange } = serve(t, echo, { maxRequestLineBytes: 20, maxHeadBytes: 80, maxHeaderCount: 3 });
  const line = (target: string) => `GET ${target} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n`;
  t.same(statuses(await exchange(`${line('/234567')}\r\n`)), [200], 'a request line of just 20 bytes');
  t.same(statuses(await exchange(`${line('/2345678')}\r\n`)), [414]);
  t.same(statuses(await exchange(`${line('/')}X: y\r\n\r\n`)), [200]);
  t.same(statuses(await exchange(`${line('/')}X: y\r\nX: y\r\n\r\n`)), [431]);
  t.same(statuses(await exchange(`${line('/')}X: ${'y'.repeat(80)}\r\n\r\n`)), [431]);
});

void t.test('xheaders', async (t) => {
  const { client } = serve(
    t,
    (request) => request.respond(200, {}, `${request.remoteIp} ${request.protocol}.`),
    {
      xheaders: true,
      trustedProxies: ['5.5.5.5', '5.5.5.6', '0:0:0:0:0:0:0:1', '::ffff:5.5.5.7'],
      protocol: 'https',
    },
  );
  const one = await client();
  for (const [fields, who] of [
    ['', '127.0.0.1 https'],
    ['X-Real-IP: 4.4.4.4\r\n', '4.4.4.4 https'],
    ['X-Real-IP: 2620:0:1cfe:face:b00c::3\r\n', '2620:0:1cfe:face:b00c::3 https'],
    ['X-Forwarded-For: 127.0.0.1, 4.4.4.4\r\n', '4.4.4.4 https'],
    ['X-Forwarded-For: 4.4.4.4, 5.5.5.5, 5.5.5.6\r\n', '4.4.4.4 https'],
    ['X-Forwarded-For: 5.5.5.5\r\n', '127.0.0.1 https'],
    ['X-Forwarded-For: 4.4.4.4, ::ffff:5.5.5.5, ::1, 5.5.5.7\r\n', '4.4.4.4 https'],
    ['X-Real-IP: 4.4.4.4\r\nX-Forwarded-For: 4.4.4.5\r\n', '4.4.4.4 https'],
    ['X-Real-IP: 4.4.4.4<script>\r\n', '127.0.0.1 https'],
    ['X-Real-IP: example.org\r\n', '127.0.0.1 https'],
    ['X-Real-IP: 4.4.4.4\xa0\r\n', '127.0.0.1 https'],
    ['X-Forwarded-For: 4.4.4.4, \xa05.5.5.5\r\n', '127.0.0.1 https'],
    ['X-Scheme: \xa0http\r\n', '127.0.0.1 https'],
    ['X-Scheme: http\r\n', '127.0.0.1 http'],
    ['X-Forwarded-Proto: https, http\r\n', '127.0.0.1 http'],
    ['X-Forwarded-Proto: gopher\r\n', '127.0.0.1 https'],
    ['', '127.0.0.1 https'],
  ] as const) {
    one.send(`GET / HTTP/1.1\r\nHost: t\r\n${fields}\r\n`);
    t.ok((await one.until(/[a-z]\.$/)).endsWith(`\r\n\r\n${who}.`), `${fields.trim()} is ${who}`);
  }
  const plain = serve(t, (request) => request.respond(200, {}, request.remoteIp));
  t.match(await plain.exchange(last('/', 'X-Real-IP: 4.4.4.4\r\n')), /127\.0\.0\.1$/, 'only if asked for');
});

void t.test('StopEverything of a handler leaves the loop', async (t) => {
  const { loop } = makeLoop(t);
  const server = new HTTPServer(loop, () => {
    throw new StopEverything();
  });
  server.listen();
  const request = httpRequest({ port: server.port });
  request.on('error', () => {});
  request.end();
  await t.rejects(loop.run(), { name: 'StopEverything' });
  server.stop();
  server.closeAllConnections();
});

void t.test('an async handler where no promise can be settled', (t) => {
  // Inside a microtask, start() can't run microtasks: the client gets 500, and does not wait for ever.
  queueMicrotask(() => {
    const { loop, log, start } = makeLoop(t);
    const server = new HTTPServer(loop, async () => {});
    server.listen();
    const fd = check(posix.socket(AF_INET, SOCK_STREAM, 0), 'socket');
    check(posix.connect(fd, { family: 'ipv4', host: '127.0.0.1', port: server.port }), 'connect');
    posix.write(fd, Buffer.from(last('/')));
    loop.callLater(0, function look(): void {
      if (log.length === 0) loop.callLater(1, look);
      else loop.stop();
    });
    start();
    const response = Buffer.alloc(1000);
    t.match(response.toString('latin1', 0, Math.max(posix.read(fd, response), 0)), /^HTTP\/1.1 500/);
    t.match(log, [{ error: { name: 'MicrotasksBlockedError' } }]);
    posix.close(fd);
    server.stop();
    server.closeAllConnections();
    t.end();
  });
});
