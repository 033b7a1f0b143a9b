/** Servers that break: the right exchange is blamed, and the rest goes on. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import t from 'tap';
import { parseExchanges } from '../../../spec/exchange.js';
import type { Calibration } from '../calibrate.js';
import { ExchangePool, type PoolResult } from '../exchange-pool.js';
import { ServerProblem, type Servers } from '../servers.js';
import { timesOf } from '../times.js';
import { OK, wrongServer, type Conduct, type WrongServer } from './wrong-server.js';

t.setTimeout(300_000);

const times = { ...timesOf(1), responseMs: 400, aliveMs: 400 };

const exchangeOf = (path: string, n: number, outcome = 'ok then open') =>
  parseExchanges(
    'HTTP-X-1',
    `# ${path} ${n}\n> GET /${path} HTTP/1.1\\r\\nHost: {host}\\r\\n\\r\\n\n< ${outcome}`,
  )[0]!;

/** Exchanges that go well, with others among them at these places. */
const many = (count: number, others: Readonly<Record<number, string>> = {}) =>
  Array.from({ length: count }, (_, n) => exchangeOf(others[n] ?? 'well', n));

/** A server whose process the test is. */
class Process implements Servers {
  readonly takesOptions = false;
  readonly canStop = false;
  isGone = false;
  starts = 1;
  /** Answers nobody. */
  isHung = false;
  server!: WrongServer;

  constructor(
    readonly canRestart: boolean,
    readonly restarts = true,
  ) {}

  die(): void {
    this.isGone = true;
    this.server.end();
  }

  serve() {
    return Promise.resolve({ address: this.server.address, end: () => Promise.resolve() });
  }

  async restart(): Promise<void> {
    if (!this.restarts) throw new ServerProblem('start-failed', 'it does not start any more');
    this.server.end();
    await this.server.again();
    this.isHung = false;
    this.isGone = false;
    this.starts++;
  }

  condition(): string {
    return this.isGone ? 'its process ended' : 'its process is alive, but silent';
  }

  stderr(): string {
    return '';
  }

  close() {
    return Promise.resolve([]);
  }
}

async function runAll(
  t: Parameters<typeof wrongServer>[0],
  process: Process,
  exchanges: ReturnType<typeof many>,
  conduct: Conduct = () => undefined,
): Promise<{ readonly result: PoolResult; readonly said: readonly string[] }> {
  process.server = await wrongServer(t, (socket, text, first) => {
    if (process.isHung || process.isGone) return;
    if (text.includes('/hang')) process.isHung = true;
    else if (text.includes('/die')) process.die();
    else if (/\/(once|silent)/.test(text)) conduct(socket, text, first);
    else {
      conduct(socket, text, first);
      if (process.isHung) return;
      socket.write(OK);
      if (/connection: close/i.test(text)) socket.end();
    }
  });
  const { address } = process.server;
  const base: Calibration = {
    times,
    known: { host: `127.0.0.1:${address.port}`, limits: {}, ok: 200 },
    manifest: undefined,
    noManifest: '',
    server: undefined,
  };
  const result = await new ExchangePool(process, base).run(exchanges);
  const said = exchanges.map((exchange) => {
    const verdict = result.verdicts.get(exchange)!;
    return verdict.is === 'passed' ? 'passed' : `${verdict.is}: ${verdict.text}`;
  });
  return { result, said };
}

void t.test('all is well', async (t) => {
  const process = new Process(true);
  const { result, said } = await runAll(t, process, many(100));
  t.same(new Set(said), new Set(['passed']));
  t.same(result.problems, []);
  t.equal(process.starts, 1);
});

for (const [how, condition] of [
  ['hang', 'its process is alive, but silent'],
  ['die', 'its process ended'],
] as const)
  void t.test(`a server that can be started again, and breaks: ${how}`, async (t) => {
    const process = new Process(true);
    const places = { 3: how, 40: how, 41: how, 99: how };
    const { result, said } = await runAll(t, process, many(100, places));
    for (const [n, text] of said.entries())
      if (n in places) t.equal(text, `failed: after it, the server answered nobody (${condition})`);
      else t.equal(text, 'passed', `${n}`);
    t.same(result.problems, []);
    t.equal(result.partial, false);
  });

void t.test('a server that serves one connection at a time', async (t) => {
  // As wsgiref: who comes meanwhile waits until the one before has left.
  const waiting: (() => void)[] = [];
  let current: Socket | undefined;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    const serve = (): void => {
      if (socket.destroyed) return void waiting.shift()?.();
      current = socket;
      let text = '';
      socket.on('close', () => {
        current = undefined;
        waiting.shift()?.();
      });
      socket.on('data', (bytes) => {
        text += bytes.toString('latin1');
        if (!text.endsWith('\r\n\r\n')) return;
        socket.end('HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi');
      });
      socket.on('end', () => socket.end());
    };
    if (current === undefined) serve();
    else waiting.push(serve);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const address = { host: '127.0.0.1', port, tls: false, insecure: false };
  const none = (): Promise<never> => Promise.reject(new Error('it is not to be started again'));
  const servers: Servers = {
    canRestart: false,
    takesOptions: false,
    canStop: false,
    isGone: false,
    serve: () => Promise.resolve({ address, end: () => Promise.resolve() }),
    restart: none,
    condition: () => 'the test is its process',
    stderr: () => '',
    close: () => Promise.resolve([]),
  };
  const cut = parseExchanges(
    'HTTP-X-1',
    '# cut\neach a: 1 | 2 | 3\n> GET /{a} HT\npause\n> TP/1.1\\r\\n\\r\\n\n< 200 then close',
  );
  const base: Calibration = {
    times,
    known: { host: `127.0.0.1:${port}`, limits: {}, ok: 200 },
    manifest: undefined,
    noManifest: '',
    server: undefined,
  };
  const { verdicts, problems } = await new ExchangePool(servers, base).run(cut);
  t.same(problems, []);
  t.same(
    [...verdicts.values()].map(({ is }) => is),
    ['passed', 'passed', 'passed'],
  );
});

void t.test('a server that can not be started again', async (t) => {
  const { result, said } = await runAll(t, new Process(false), many(60, { 30: 'hang' }));
  t.equal(said[0], 'passed', 'what was done is done');
  t.match(said[30], /^error: server down since HTTP-X-1\/\S+/);
  t.match(said[59], /^error: server down since HTTP-X-1\/\S+/);
  t.match(result.problems, [{ kind: 'server-down', text: /alive, but silent.*with --start, or an adapter/ }]);
  t.equal(result.partial, true);
});

void t.test('a server that is not to be started again when it should be', async (t) => {
  const { result, said } = await runAll(t, new Process(true, false), many(40, { 20: 'die' }));
  t.match(said[39], /^error: server down since .*: it could not be started again/);
  t.match(result.problems, [{ kind: 'start-failed', text: 'it does not start any more' }]);
  t.equal(result.partial, true);
});

void t.test('a server that breaks again and again is given up', async (t) => {
  const every = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [n, 'die']));
  const { result, said } = await runAll(t, new Process(true), many(60, every));
  t.notOk(said.includes('passed'));
  t.ok(said.some((text) => /^error: .*it was started 25 times, and is given up/.test(text)));
  t.ok(result.problems.some(({ kind }) => kind === 'given-up'));
  t.equal(result.partial, true);
});

void t.test('what breaks a server only beside others is a problem', async (t) => {
  const process = new Process(true);
  let requests = 0;
  const { result, said } = await runAll(t, process, many(60), () => {
    if (++requests === 50) process.isHung = true;
  });
  t.same(new Set(said), new Set(['passed']));
  t.match(result.problems, [{ kind: 'unsteady', text: /did not break at any of them alone/ }]);
});

void t.test('a failure that has to do with time is looked at again', async (t) => {
  const asked = new Map<string, number>();
  const conduct: Conduct = (socket, text) => {
    const path = /\/(\w+)/.exec(text)![1]!;
    asked.set(path, (asked.get(path) ?? 0) + 1);
    // The first time it is silent, then it answers.
    if (path === 'once' && asked.get(path)! > 1) socket.write(OK);
  };
  const { said } = await runAll(t, new Process(true), many(20, { 5: 'once', 7: 'silent' }), conduct);
  t.match(
    said[5],
    /^error: it failed among others, and passed when it was run again: /,
    'unsteady is no pass',
  );
  t.match(said[7], /^failed: .*nothing more came/);
  t.equal(asked.get('silent'), 2);
  t.equal(said.filter((text) => text === 'passed').length, 18);
});
