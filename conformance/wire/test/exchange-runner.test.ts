/** Servers that deceive a client: each is found out, in words, and none makes the kit wait for ever. */
import type { Socket } from 'node:net';
import t from 'tap';
import { parseExchanges } from '../../../spec/exchange.js';
import { hostOf } from '../ask.js';
import { runExchange, type Endpoint, type ExchangeResult } from '../exchange-runner.js';
import { timesOf } from '../times.js';
import { CLOSING, decent, forEver, OK, requestsIn, wrongServer, type Conduct } from './wrong-server.js';

t.setTimeout(300_000);

/** Times of a fast server, so that what takes a budget takes a short one. */
const times = { ...timesOf(1), responseMs: 600, stepMs: 3000 };

const exchangeOf = (lines: readonly string[]) => parseExchanges('HTTP-X-1', ['# x', ...lines].join('\n'))[0]!;

const GET = '> GET / HTTP/1.1\\r\\nHost: {host}\\r\\n\\r\\n';
const HEAD = '> HEAD / HTTP/1.1\\r\\nHost: {host}\\r\\n\\r\\n';

interface Case {
  readonly title: string;
  readonly exchange: readonly string[];
  readonly conduct: Conduct;
  readonly atOnce?: (socket: Socket) => void;
  /** `passed`, or what the failure says. */
  readonly expected: 'passed' | RegExp;
  readonly limits?: Endpoint['known']['limits'];
}

const once =
  (bytes: string, then: (socket: Socket) => void = () => undefined): Conduct =>
  (socket, _, first) => {
    if (!first) return;
    socket.write(bytes, 'latin1');
    then(socket);
  };
const end = (socket: Socket): void => void socket.end();
/** RST, behind what was written. */
const reset = (socket: Socket): void => void setImmediate(() => socket.resetAndDestroy());

const CASES: readonly Case[] = [
  {
    title: 'an end that the idle timeout brings is no close',
    exchange: [GET, '< ok then close'],
    conduct: (socket) => {
      socket.write(OK);
      setTimeout(() => socket.end(), 300);
    },
    limits: { idleTimeoutMs: 300 },
    expected: /the connection was ended after \d+ ms, when idleTimeoutMs \(300 ms\) was up/,
  },
  { title: 'a decent server', exchange: [GET, '< ok then open'], conduct: decent, expected: 'passed' },
  {
    title: 'a response, byte by byte',
    exchange: [GET, '< ok [body "hi"] then open'],
    conduct: (socket, text) => {
      for (const c of OK) socket.write(c);
      if (/close/.test(text)) socket.end();
    },
    expected: 'passed',
  },
  {
    title: 'surplus bytes behind a response',
    exchange: [GET, '< ok then open'],
    conduct: (socket) => socket.write(`${OK}surplus`),
    expected: /something malformed came: what should be a status line is none, at byte 40/,
  },
  {
    title: 'a surplus response that looks like the answer to the probe',
    exchange: [GET, '< ok then open'],
    conduct: (socket, text) => {
      socket.write(requestsIn(text) === 1 ? OK : OK + OK);
      if (requestsIn(text) > 1) socket.end();
    },
    expected: /one more response came/,
  },
  {
    title: 'the answer to a request that was smuggled',
    exchange: [GET, '< ok then open'],
    conduct: (socket, text) =>
      socket.write(requestsIn(text) === 1 ? OK : `HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n${OK}`),
    expected: /the next thing that came is 404, and not the answer \(200\)/,
  },
  {
    title: 'a connection that answers nothing more',
    exchange: [GET, '< ok then open'],
    conduct: once(OK),
    expected: /one more request on the connection was not answered/,
  },
  {
    title: 'a connection that is said to be open, and is closed',
    exchange: [GET, '< ok then open'],
    conduct: once(OK, end),
    expected: /FIN/,
  },
  {
    title: 'a line that ends with LF alone',
    exchange: [GET, '< ok'],
    conduct: once('HTTP/1.1 200 OK\nContent-Length: 0\n\n'),
    expected: /a line that ends with LF alone, at byte 15/,
  },
  {
    title: 'a Content-Length that is too short',
    exchange: [GET, '< ok then open'],
    conduct: once('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nhi'),
    expected: /malformed/,
  },
  {
    title: 'a Content-Length that is too long',
    exchange: [GET, '< ok then open'],
    conduct: once('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi'),
    expected: /nothing more came within \d+ ms, while others were answered/,
  },
  {
    title: 'a Content-Length that is too long, and an end',
    exchange: [GET, '< ok'],
    conduct: once('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi', end),
    expected: /1 bytes before the end/,
  },
  {
    title: 'chunks that are none',
    exchange: [GET, '< ok'],
    conduct: once('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\nhi\r\n0\r\n\r\n'),
    expected: /size of a chunk/,
  },
  {
    title: 'a body behind the answer to HEAD',
    exchange: [HEAD, '< ok then open'],
    conduct: once(OK),
    expected: /status line/,
  },
  {
    title: 'nothing behind the answer to HEAD',
    exchange: [HEAD, '< ok [no body] then open'],
    conduct: (socket, text) => {
      socket.write(/GET/.test(text) ? OK : 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n');
      if (/GET/.test(text)) socket.end();
    },
    expected: 'passed',
  },
  {
    title: 'FIN is an end',
    exchange: [GET, '< 400 then close'],
    conduct: once(CLOSING, end),
    expected: 'passed',
  },
  {
    title: 'RST is an end',
    exchange: [GET, '< 400 then close'],
    conduct: once(CLOSING, reset),
    expected: 'passed',
  },
  {
    title: 'who lingers has said so',
    exchange: [GET, '< 400 then close'],
    conduct: once(CLOSING),
    expected: 'passed',
  },
  {
    title: 'who stays without having said so does not close',
    exchange: [GET, '< 200 then close'],
    conduct: once(OK),
    expected: /the connection was not ended within/,
  },
  {
    title: 'one more response of a server that lingers',
    exchange: [GET, '< 400 then close'],
    conduct: once(CLOSING, (socket) => {
      // When the client has ended its output, and waits for nothing but the end.
      socket.on('end', () => socket.write(OK));
    }),
    expected: /behind it one more response came: 200/,
  },
  { title: 'silence', exchange: [GET, '< silence'], conduct: () => undefined, expected: 'passed' },
  {
    title: 'no silence',
    exchange: [GET, '< silence'],
    conduct: once(OK),
    expected: /one more response came/,
  },
  {
    title: 'silence that is an end',
    exchange: [GET, '< silence'],
    conduct: once('', end),
    expected: /FIN/,
  },
  {
    title: 'closed at once',
    exchange: [GET, '< ok'],
    conduct: () => undefined,
    atOnce: (socket) => socket.destroy(),
    expected: /ended the connection|reset the connection|refused/,
  },
  {
    title: 'never an answer',
    exchange: [GET, '< ok'],
    conduct: () => undefined,
    expected: /nothing more came within/,
  },
  {
    title: 'a flood of interim responses',
    exchange: [GET, '< ok'],
    conduct: (socket) => {
      forEver(socket, 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(20));
    },
    expected: /more than 100 interim/,
  },
  {
    title: 'a head without an end',
    exchange: [GET, '< ok'],
    conduct: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      forEver(socket, `X: ${'y'.repeat(1000)}\r\n`);
    },
    expected: /a head of more than/,
  },
  {
    title: 'a line without an end',
    exchange: [GET, '< ok'],
    conduct: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nX: ');
      forEver(socket, 'y'.repeat(10_000));
    },
    expected: /a head of more than/,
  },
  {
    title: 'a body without an end',
    exchange: [GET, '< ok'],
    conduct: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      forEver(socket, 'y'.repeat(10_000));
    },
    expected: /a body of more than/,
  },
  {
    title: 'a head that trickles',
    exchange: [GET, '< ok'],
    conduct: (socket, _, first) => {
      if (!first) return;
      socket.write('HTTP/1.1 200 OK\r\nX: ');
      const timer = setInterval(() => socket.write('y'), 20);
      socket.on('close', () => {
        clearInterval(timer);
      });
    },
    expected: /it was not whole after \d+ ms/,
  },
  {
    title: 'a longer alternative is waited for',
    exchange: [GET, '< ok then open', '< ok, 404 then close => both'],
    conduct: once(OK, (socket) => {
      setTimeout(() => socket.end('HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n'), times.quietMs / 3);
    }),
    expected: 'passed',
  },
  {
    title: 'half-close',
    exchange: [GET, 'shutdown', '< ok then close'],
    conduct: (socket) => {
      socket.on('end', () => socket.end(OK));
    },
    expected: 'passed',
  },
  {
    title: 'two connections',
    exchange: [
      'a> GET / HTTP/1.1\\r\\n\\r\\n',
      'b> GET / HTTP/1.1\\r\\n\\r\\n',
      'b< ok then open',
      'a< ok then open',
    ],
    conduct: decent,
    expected: 'passed',
  },
  {
    title: 'a drip until there is an answer',
    exchange: ['> GET / HTTP/1.1\\r\\n', 'drip X: y\\r\\n', '< 408 then close within headTimeoutMs'],
    conduct: once('', (socket) => {
      setTimeout(() => socket.end('HTTP/1.1 408 x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'), 400);
    }),
    limits: { headTimeoutMs: 400 },
    expected: 'passed',
  },
  {
    title: 'a time that is up too soon',
    exchange: ['> GET / HTTP/1.1\\r\\n', '< close within headTimeoutMs'],
    conduct: once('', end),
    limits: { headTimeoutMs: 400 },
    expected: /it came after \d+ ms, and headTimeoutMs is 400 ms/,
  },
  {
    title: 'a time that is never up',
    exchange: ['> GET / HTTP/1.1\\r\\n', '< close within headTimeoutMs'],
    conduct: () => undefined,
    limits: { headTimeoutMs: 100 },
    expected: /within \d+ ms/,
  },
  {
    title: 'pieces of one byte each come by themselves',
    exchange: ['pieces 1', GET, '< 200 [body "hi"]'],
    conduct: (socket, text) => {
      if (text.length < 10) socket.setNoDelay(true);
      if (text.endsWith('\r\n\r\n')) socket.write(OK);
    },
    expected: 'passed',
  },
];

async function run(t: Parameters<typeof wrongServer>[0], one: Case, beat = () => Promise.resolve(true)) {
  const { address } = await wrongServer(t, one.conduct, one.atOnce);
  const known = { host: hostOf(address), limits: one.limits ?? {}, ok: 200 };
  return runExchange(exchangeOf(one.exchange), { address, known, times, beat });
}

const said = (result: ExchangeResult): string => ('text' in result ? result.text : result.is);

for (const one of CASES)
  void t.test(one.title, async (t) => {
    const result = await run(t, one);
    if (one.expected === 'passed') t.equal(said(result), 'passed');
    else {
      t.equal(result.is, 'failed');
      t.match(said(result), one.expected);
    }
    const { transcript } = result;
    t.ok(transcript.length > 0 && transcript.length <= 61, 'a transcript that is bounded');
    t.notMatch(
      JSON.stringify(transcript.map(({ bytes }) => bytes ?? '')),
      /[^\x20-\x7e…]/,
      'and safe to show',
    );
  });

void t.test('labels and notes are told', async (t) => {
  const result = await run(t, {
    title: '',
    exchange: [GET, '<? ok => there'],
    conduct: decent,
    expected: 'passed',
  });
  t.match(result, { is: 'passed', labels: ['there'], notes: ['accepted: ok => there'] });
});

void t.test('a server that answers nobody any more is told from one that is silent here', async (t) => {
  const silent: Case = { title: '', exchange: [GET, '< ok'], conduct: () => undefined, expected: /./ };
  t.equal((await run(t, silent, () => Promise.resolve(false))).is, 'down');
});

void t.test('an exchange that is interrupted ends', async (t) => {
  const { address } = await wrongServer(t, () => undefined);
  const known = { host: hostOf(address), limits: {}, ok: 200 };
  const abort = new AbortController();
  const beat = (): Promise<boolean> => new Promise(() => undefined);
  const running = runExchange(exchangeOf([GET, '< ok']), { address, known, times, beat }, abort.signal);
  setImmediate(() => {
    abort.abort();
  });
  t.equal((await running).is, 'broken');
});

void t.test('a response cut anywhere is the same response', async (t) => {
  const bytes = `HTTP/1.1 100 Continue\r\n\r\n${OK}`;
  const exchange = [GET, '< ok [body "hi"] then open'];
  for (let cut = 1; cut < bytes.length; cut++) {
    const conduct: Conduct = (socket, text) => {
      socket.setNoDelay(true);
      socket.write(bytes.slice(0, cut));
      setImmediate(() => {
        socket.write(bytes.slice(cut));
        if (/close/.test(text)) socket.end();
      });
    };
    t.equal(said(await run(t, { title: '', exchange, conduct, expected: 'passed' })), 'passed', `at ${cut}`);
  }
});
