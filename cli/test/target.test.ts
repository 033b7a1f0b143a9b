/** `evspec run --target`: bad input in one sentence, and a server that is judged by its address. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import type { Report } from '../../spec/report.js';
import { evspec, fixture } from './command.js';

t.setTimeout(300_000);

/** What a command may take that has nothing to judge, ms. */
const SOON = 10_000;

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const raw = (conduct: (socket: Socket) => void): Promise<number> =>
  listening(
    createServer((socket) => {
      socket.on('error', () => undefined);
      t.teardown(() => socket.destroy());
      conduct(socket);
    }),
  );

/** A port at which nobody listens. */
async function vacant(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const plain = (): Promise<number> =>
  listening(
    createHttp((request, response) => {
      response.statusCode = request.url === '/' ? 200 : 404;
      response.end('here');
    }),
  );

const answering = (status: number, body: string): Promise<number> =>
  listening(
    createHttp((_, response) => response.writeHead(status, { 'Content-Type': 'application/json' }).end(body)),
  );

void t.test('what can not be judged is told in one sentence, soon', async (t) => {
  const nobody = await vacant();
  const cases: readonly (readonly [sentence: RegExp, ...words: string[]])[] = [
    [/nothing listens at http:\/\/127\.0\.0\.1:\d+: start the server first/, `http://127.0.0.1:${nobody}`],
    [/there is no host 'no-such-host\.invalid'/, 'http://no-such-host.invalid'],
    [/does not speak TLS: say http:\/\//, `https://127.0.0.1:${await plain()}`],
    [/accepts connections and ends them/, `http://127.0.0.1:${await raw((socket) => socket.destroy())}`],
    [/accepts connections and does not answer/, `http://127.0.0.1:${await raw(() => undefined)}`],
    [
      /accepts connections and does not answer a TLS handshake within 6 s: say http:\/\//,
      `https://127.0.0.1:${await raw(() => undefined)}`,
    ],
    [
      /accepts connections and ends them/,
      `http://127.0.0.1:${await raw((socket) => void setTimeout(() => socket.destroy(), 5500))}`,
    ],
    [
      /is not HTTP\/1: what should be a status line is none/,
      `http://127.0.0.1:${await raw((socket) => socket.write('220 mail\r\n'))}`,
    ],
    [
      /answers GET \/ by 503, so it is not in working order/,
      `http://127.0.0.1:${await answering(503, 'no')}`,
    ],
    [
      /the manifest at \/evspec is broken: it is said to be JSON/,
      `http://127.0.0.1:${await answering(200, '{"evspec":1,')}`,
    ],
    [
      /'exit 5' ended with exit code 5, and nothing listens/,
      `http://127.0.0.1:${nobody}`,
      '--start',
      'exit 5',
    ],
    [
      /something listens at http:\/\/127\.0\.0\.1:\d+ already/,
      `http://127.0.0.1:${await plain()}`,
      '--start',
      'sleep 60',
    ],
  ];
  // What a busy machine needs to start the command at all is not what is judged.
  const start = performance.now();
  await evspec('list', '--choices');
  const startMs = performance.now() - start;
  for (const [sentence, ...words] of cases) {
    const begin = performance.now();
    const { code, out, err } = await evspec('run', '--target', ...words);
    t.equal(code, 3, words.join(' '));
    t.match(err, sentence);
    t.match(err, /^evspec: [^\n]+\n$/, 'one line');
    t.equal(out, '', 'and nothing else');
    t.ok(performance.now() - begin < SOON + 2 * startMs, 'soon');
  }
});

void t.test('wrong usage', async (t) => {
  const url = 'http://127.0.0.1:1';
  const cases: readonly (readonly [sentence: RegExp, ...words: string[]])[] = [
    [/'nonsense' is no URL: say for example/, '--target', 'nonsense'],
    [/neither http:\/\/ nor https:\/\//, '--target', 'ftp://x'],
    [/takes a server, without a path: 'http:\/\/x:1'/, '--target', 'http://x:1/path'],
    [/--start needs --target/, '--start', 'x'],
    [/--insecure needs --target/, '--insecure'],
    [/http:\/\/ has none/, '--target', url, '--insecure'],
    [/choose between --target and --subject/, '--target', url, '--subject', 'reference'],
    [/choose between --target and --asyncio/, '--target', url, '--asyncio', 'a:b'],
    [/choose between --target and a command after '--'/, '--target', url, '--', 'x'],
    [/judged by the profile http alone: 'loop' needs/, '--target', url, '--profile', 'http,loop'],
    [/judged by the profile http alone: 'server' needs/, '--target', url, '--profile', 'server'],
    [/there is no profile 'htp'/, '--target', url, '--profile', 'htp'],
    [/'LOOP-READY-1' matches no clause/, '--target', url, '--only', 'LOOP-READY-1'],
    [/--jobs is about subjects/, '--target', url, '--jobs', '2'],
  ];
  for (const [sentence, ...words] of cases) {
    const { code, err } = await evspec('run', ...words);
    t.equal(code, 2, words.join(' '));
    t.match(err, sentence);
    t.match(err, /^evspec: [^\n]+\n$/, 'one line');
  }
  const { code, err } = await evspec('replay', 'LOOP-READY-1/pair-becomes-readable', '--target', url);
  t.equal(code, 2);
  t.match(err, /is no exchange, and --target takes nothing else/);
  const emitted = await evspec('emit', '--only', 'HTTP-START-1');
  t.equal(emitted.code, 2);
  t.match(emitted.err, /no clause of loop or stream, .* it is of the profile http/);
  for (const command of ['emit', 'judge']) {
    const more = command === 'judge' ? ['--hello', 'x', '--traces', 'x'] : [];
    const wrong = await evspec(command, '--profile', 'http', ...more);
    t.equal(wrong.code, 2);
    t.match(wrong.err, command === 'emit' ? /'http' is judged over connections/ : /'http'|can't read/);
  }
});

void t.test('a server without an application', async (t) => {
  const { code, out, err } = await evspec(
    'run',
    '--target',
    `http://127.0.0.1:${await plain()}`,
    ...['--only', 'HTTP-LENGTH-*', '--only', 'HTTP-RESPONSE-16', '--reporter', 'json'],
  );
  t.equal(err, '');
  const report = JSON.parse(out) as {
    clauses: { verdict: string; reason?: string }[];
    subject: { name: string };
  };
  t.match(report.subject.name, /^http:\/\/127/, 'who says nothing of itself has its address for a name');
  t.ok(report.clauses.some(({ verdict }) => verdict === 'pass'));
  t.match(
    report.clauses.find(({ verdict }) => verdict === 'unclaimed')?.reason,
    /has not the application of/,
  );
  t.ok(code === 0 || code === 1);
});

void t.test('a server with a large front page', async (t) => {
  const page = 'x'.repeat(1_300_000);
  const port = await listening(createHttp((_, response) => response.end(page)));
  const url = `http://127.0.0.1:${port}`;
  const { code, out, err } = await evspec(
    ...['run', '--target', url, '--only', 'HTTP-CONN-3', '--reporter', 'json'],
  );
  t.same([code, err], [0, '']);
  const { clauses, problems } = JSON.parse(out) as Report;
  t.match(clauses, [{ id: 'HTTP-CONN-3', verdict: 'pass', violationCount: 0 }], 'it is judged, as any other');
  t.ok(clauses[0]!.exercised > 0);
  t.same(problems, []);
});

void t.test('a server that has an answer to everything', async (t) => {
  for (const status of [200, 302, 401]) {
    const port = await listening(
      createHttp((_, response) => response.writeHead(status, { Location: '/login' }).end('everywhere')),
    );
    const url = `http://127.0.0.1:${port}`;
    const { code, out } = await evspec(
      ...['run', '--target', url, '--only', 'HTTP-CONN-3', '--only', 'HTTP-PIPE-*', '--reporter', 'json'],
    );
    const { clauses } = JSON.parse(out) as {
      clauses: { id: string; verdict: string; reason?: string }[];
    };
    const of = (id: string) => clauses.find((clause) => clause.id === id)!;
    t.equal(code, 0, `${status}`);
    t.equal(of('HTTP-PIPE-1').verdict, 'unclaimed', 'the order does not show');
    t.match(of('HTTP-PIPE-1').reason, new RegExp(`answers GET /nx as it answers GET /, by ${status}`));
    t.equal(of('HTTP-PIPE-4').verdict, 'pass', 'how many answers there are does');
  }
});

void t.test('a server that the kit starts, and ends', async (t) => {
  const port = await vacant();
  const url = `http://127.0.0.1:${port}`;
  const start = `exec '${process.execPath}' '${fixture('subjects/http/node-http.mjs')}' ${port}`;
  const { code, out, err } = await evspec(
    'run',
    '--target',
    url,
    '--start',
    start,
    '--only',
    'HTTP-LENGTH-1',
  );
  t.equal(err, '');
  t.match(out, /subject {3}node:http/);
  t.match(out, /^PASS/);
  t.equal(code, 0);
  const again = await evspec('run', '--target', url);
  t.equal(again.code, 3, 'nothing listens there any more');
});

void t.test('a failure shows what was said', async (t) => {
  // Takes everything for a request, and closes.
  const port = await raw((socket) => {
    socket.on('data', () =>
      socket.end('HTTP/1.1 200 OK\r\nX: \x9b31m\r\nContent-Length: 0\r\n\r\n', 'latin1'),
    );
  });
  const url = `http://127.0.0.1:${port}`;
  const words = ['--target', url, '--only', 'HTTP-HOST-1'];
  const { code, out } = await evspec('run', ...words);
  t.equal(code, 1);
  t.match(out, /FAIL HTTP-HOST-1 MUST \(RFC 9112/);
  t.match(out, /> GET \/ HTTP\/1\.1\\r\\n/, 'what was sent');
  t.match(out, /< X: \\x9b31m\\r\\n/, 'what came, escaped');
  t.match(out, /Expected\n\s+400/);
  t.match(out, /Replay with: evspec replay HTTP-HOST-1\/\S+ --target http:\/\/127/);
  t.notMatch(out, /\x9b/);
  const [, check = ''] = /evspec replay (\S+) --target/.exec(out)!;
  const replayed = await evspec('replay', check, '--target', url);
  t.equal(replayed.code, 1);
  t.match(replayed.out, /What was said/);
  const tap = await evspec('run', ...words, '--reporter', 'tap');
  t.match(tap.out, /not ok 1 - HTTP-HOST-1/);
  t.match(tap.out, /said: \[".*GET/);
});

void t.test('TLS', async (t) => {
  const folder = t.testdir({});
  const made = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost'],
    ...['-keyout', join(folder, 'key'), '-out', join(folder, 'cert')],
  ]);
  if (made.status !== 0) return void t.pass('there is no openssl here');
  const server = createHttps(
    { key: readFileSync(join(folder, 'key')), cert: readFileSync(join(folder, 'cert')) },
    (_, response) => response.end('here'),
  );
  const url = `https://127.0.0.1:${await listening(server)}`;
  const clear = await evspec('run', '--target', url.replace('https:', 'http:'));
  t.equal(clear.code, 3);
  t.match(clear.err, /^evspec: what listens at http:\S+ speaks TLS: say https:/);
  const refused = await evspec('run', '--target', url);
  t.equal(refused.code, 3);
  t.match(
    refused.err,
    /^evspec: the certificate of https:\S+ is not to be trusted .*: --insecure does without\n$/,
  );
  const taken = await evspec(
    'run',
    '--target',
    url,
    '--insecure',
    '--only',
    'HTTP-LENGTH-*',
    '--only',
    'HTTP-START-1',
  );
  t.equal(taken.err, '');
  t.match(taken.out, /pass/);
});
