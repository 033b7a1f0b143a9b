/**
 * What goes out: framing, order, and what becomes of the connection.
 */
import t from 'tap';
import { serve, echo, statuses } from './help.js';
import {
  ContentLengthError,
  InvalidHeaderError,
  InvalidStatusError,
  MalformedResponseError,
  ResponseStateError,
  UnexpectedBodyError,
  refuseMethod,
  type Handler,
} from '../index.js';

const get = (path: string, fields = '') => `GET ${path} HTTP/1.1\r\nHost: t\r\n${fields}\r\n`;
const last = (path: string) => get(path, 'Connection: close\r\n');

void t.test('requests of one connection are answered in order', async (t) => {
  const slow: Handler = async (request) => {
    if (request.path === '/p0') await new Promise((resolve) => setImmediate(resolve));
    request.respond(200, undefined, request.path);
  };
  const { exchange } = serve(t, slow);
  const text = await exchange(Array.from({ length: 10 }, (_, i) => get(`/p${i}`)).join('') + last('/p10'));
  t.same(
    text.match(/\/p\d+/g),
    Array.from({ length: 11 }, (_, i) => `/p${i}`),
  );
  t.equal(text.match(/Connection: close/g)?.length, 1, 'only the last says that it is the last');
});

void t.test('nothing is served behind a close', async (t) => {
  let calls = 0;
  const { exchange } = serve(t, (request) => {
    calls++;
    request.respond(200);
  });
  t.same(statuses(await exchange(last('/a') + get('/b'))), [200]);
  t.equal(calls, 1);
});

void t.test('a body goes and comes, at once and dripped', async (t) => {
  const { exchange, client } = serve(t, echo);
  const request = 'POST /x?y HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello';
  const response =
    'HTTP/1.1 200 OK\r\nX-Request: POST /x?y\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello';
  t.equal(await exchange(request), response);
  const one = await client();
  await one.drip(request);
  t.equal(await one.rest(), response);
});

void t.test('HEAD, 204, 304', async (t) => {
  const { exchange } = serve(t, (request) => {
    const code = Number(request.path.slice(1));
    request.respond(code, { X: 'y' }, code === 200 ? 'body' : '');
  });
  const text = await exchange(
    `HEAD /200 HTTP/1.1\r\nHost: t\r\n\r\n${get('/204')}${get('/304')}${last('/200')}`,
  );
  t.equal(
    text,
    'HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 4\r\n\r\n' +
      'HTTP/1.1 204 No Content\r\nX: y\r\n\r\n' +
      'HTTP/1.1 304 Not Modified\r\nX: y\r\n\r\n' +
      'HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody',
  );
});

void t.test('a body in pieces: chunks, a declared length, HTTP/1.0, HEAD', async (t) => {
  const { exchange } = serve(t, async (request) => {
    const headers = request.path === '/sized' ? { 'Content-Length': '6' } : undefined;
    const writer = request.start(200, headers);
    await writer.write('one');
    await writer.write('');
    await writer.write(Buffer.from('two'));
    writer.end(undefined, { 'X-Trailer': 'z' });
  });
  const chunks = '3\r\none\r\n3\r\ntwo\r\n0\r\nX-Trailer: z\r\n\r\n';
  t.equal(
    await exchange(get('/') + get('/sized') + last('/')),
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}` +
      'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nonetwo' +
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${chunks}`,
  );
  t.equal(
    await exchange('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'),
    'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nonetwo',
  );
  t.equal(
    await exchange(
      `HEAD / HTTP/1.1\r\nHost: t\r\n\r\nHEAD /sized HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n`,
    ),
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\n',
  );
});

void t.test('HTTP/1.0: closed, or kept and said so', async (t) => {
  const { exchange } = serve(t, echo);
  t.match(await exchange('GET / HTTP/1.0\r\n\r\n'), /Connection: close/);
  const text = await exchange('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n');
  t.same(text.match(/Connection: .*/g), ['Connection: keep-alive', 'Connection: close']);
});

void t.test('noKeepAlive; and a program that wants the connection closed', async (t) => {
  const { exchange } = serve(t, echo, { noKeepAlive: true });
  t.match(await exchange(get('/')), /Connection: close/);
  const other = serve(t, (request) => request.respond(200, { Connection: 'foo, Close' }));
  t.match(await other.exchange(get('/')), /Connection: close/);
});

void t.test('what a program must not say is refused, and it can say something else', async (t) => {
  const errors: unknown[] = [];
  const attempts: ((request: Parameters<Handler>[0]) => void)[] = [
    (request) => request.respond(200, { 'X-Injected': 'a\r\nX-Evil: 1' }),
    (request) => request.respond(200, { 'X-In\r\nX-Evil': '1' }),
    (request) => request.respond(200, { X: 'a\0' }),
    (request) => request.respond(200, { X: '\u20ac' }),
    (request) => request.respond({ code: 200, reason: 'OK\r\nX-Evil: 1' }),
    (request) => request.respond(99),
    (request) => request.respond(100),
    (request) => request.respond(200, { 'Transfer-Encoding': 'chunked' }),
    (request) => request.respond(200, { 'Content-Length': '5' }, 'four'),
    (request) => request.respond(200, { 'Content-Length': 'x' }),
    (request) => request.respond(204, {}, 'body'),
    (request) => request.finish(),
  ];
  const { exchange } = serve(t, (request) => {
    for (const attempt of attempts) {
      try {
        attempt(request);
        errors.push('no error');
      } catch (error) {
        errors.push((error as Error).constructor);
      }
    }
    request.respond(
      { code: 200, reason: 'Fine' },
      { 'Set-Cookie': ['a=1', 'b=2'], Date: 'never' },
      'caf\u00e9',
    );
    t.throws(() => request.respond(200), ResponseStateError);
  });
  t.equal(
    await exchange(last('/')),
    'HTTP/1.1 200 Fine\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 5\r\nConnection: close\r\n\r\ncaf\xc3\xa9',
  );
  t.same(errors, [
    ...Array<unknown>(4).fill(InvalidHeaderError),
    InvalidStatusError,
    InvalidStatusError,
    InvalidStatusError,
    InvalidHeaderError,
    ContentLengthError,
    InvalidHeaderError,
    UnexpectedBodyError,
    ResponseStateError,
  ]);
});

void t.test('more and fewer bytes than declared', async (t) => {
  const { exchange, log } = serve(t, (request) => {
    const writer = request.start(200, { 'Content-Length': '4' });
    void writer.write('abc');
    if (request.path === '/more') t.throws(() => writer.write('de'), ContentLengthError);
    else writer.end();
  });
  t.equal(await exchange(get('/more') + get('/')), 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd');
  t.same(log, []);
  t.equal(await exchange(get('/fewer') + get('/')), 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc');
  t.match(log, [{ error: ContentLengthError }]);
});

void t.test('a handler that fails', async (t) => {
  const { exchange, log } = serve(t, async (request) => {
    if (request.path === '/throw') throw new Error('thrown');
    if (request.path === '/late') await Promise.resolve();
    if (request.path === '/midway') void request.start(200, { 'Content-Length': '10' }).write('ab');
    if (request.path === '/after') request.respond(200);
    throw new Error(request.path);
  });
  t.same(statuses(await exchange(get('/throw') + get('/'))), [500]);
  t.same(statuses(await exchange(get('/late') + get('/'))), [500]);
  t.equal(await exchange(get('/midway')), 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab');
  t.same(statuses(await exchange(last('/after'))), [200]);
  t.equal(log.length, 4);
  t.match(log[0], { level: 'error', text: 'The handler of GET /throw has failed' });
});

void t.test('a handler that fails in a body without a length, to HTTP/1.0', async (t) => {
  let fail = () => {};
  const { client } = serve(t, async (request) => {
    if (request.path === '/raw') request.write('HTTP/1.0 200 OK\r\n\r\nab');
    else void request.start(200).write('ab');
    await new Promise<void>((resolve) => (fail = resolve));
    throw new Error('midway');
  });
  for (const path of ['/', '/raw']) {
    const one = await client();
    one.send(`GET ${path} HTTP/1.0\r\n\r\n`);
    await one.until(/ab$/); // Node takes a reset that comes with bytes for an end.
    fail();
    await t.rejects(one.rest(), { code: 'ECONNRESET' }, 'no end of file, which would complete it');
  }
  const head = await client();
  head.send('HEAD / HTTP/1.0\r\n\r\n');
  await head.until(/\r\n\r\n/);
  fail();
  t.equal(await head.rest(), '');
  t.equal(head.error, undefined, 'there the head is all');
});

void t.test('a refusal of the parser closes', async (t) => {
  const { exchange } = serve(t, echo);
  const text = await exchange(`${get('/')}bad\r\n\r\n${get('/')}`);
  t.same(statuses(text), [200, 400]);
  t.match(
    text,
    /400 Bad Request\r\nContent-Type: text\/plain\r\nContent-Length: \d+\r\nConnection: close\r\n/,
  );
});

void t.test('a refusal of HEAD has no content, however early it is', async (t) => {
  const { exchange, client } = serve(t, echo, { maxBodyBytes: 10, headTimeoutMs: 40 });
  for (const [rest, status] of [
    [' / HTTP/1.1\r\n\r\n', 400],
    [' / HTTP/1.1\r\nHost: t\r\nX : y\r\n\r\n', 400],
    [' / HTTP/1.1\r\nHost: t\r\nExpect: much\r\n\r\n', 417],
    [' / HTTP/1.1\r\nHost: t\r\nContent-Length: 11\r\n\r\n', 413],
    [' / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n', 413],
    [' / HTTP/1.1\r\n', 408],
  ] as const) {
    const text = await exchange(`HEAD${rest}`);
    t.same(statuses(text), [status], rest);
    t.match(text, /\r\nContent-Length: \d\d\r\nConnection: close\r\n\r\n$/);
    t.match(await exchange(`GET${rest}`), /\.\n$/, 'any other has some');
  }
  const one = await client();
  one.send('HEAD / HTTP/1.1\r\nHost: t\r\n\r\n');
  await one.until(/\r\n\r\n/);
  one.send('\r!');
  t.match(await one.rest(), /\.\n$/, 'what comes behind it is no HEAD');
});

void t.test('methods that are not there', async (t) => {
  const { exchange } = serve(t, (request) => refuseMethod(request, ['GET', 'HEAD']));
  const text = await exchange(
    `PUT / HTTP/1.1\r\nHost: t\r\n\r\nBREW / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n`,
  );
  t.match(text, /^HTTP\/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\n/);
  t.same(statuses(text), [405, 501]);
});

void t.test('raw: the seed’s manner', async (t) => {
  const { exchange, log } = serve(t, (request) => {
    const message = `You requested ${request.uri}\n`;
    request.write(`HTTP/1.1 200 OK\r\nContent-Length: ${message.length}\r\n\r\n${message}`, () => {});
    request.finish();
  });
  const text = await exchange(get('/a') + last('/b'));
  t.equal(
    text,
    'HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\nYou requested /a\nHTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\nYou requested /b\n',
  );
  t.same(log, []);
});

void t.test('raw: what is written is held against what it declares', async (t) => {
  const pieces: Record<string, readonly string[]> = {
    '/pieces': ['HTTP/1.1 2', '00 OK\r\nContent-Le', 'ngth: 4\r\n\r', '\nab', 'cd'],
    '/fewer': ['HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc'],
    '/chunks': ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n', 'abc\r\n0\r\n', '\r\n'],
    '/chunks-without-end': ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'],
    '/until-close': ['HTTP/1.1 200 OK\r\n\r\nabc'],
    '/continue': ['HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n', 'HTTP/1.1 204 No Content\r\n\r\n'],
  };
  const { exchange, log } = serve(t, (request) => {
    for (const piece of pieces[request.path] ?? [
      'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
    ])
      request.write(piece);
    request.finish();
  });
  const answers = async (path: string) => statuses(await exchange(get(path) + get('/end'))).length;
  t.equal(await answers('/pieces'), 2);
  t.equal(await answers('/chunks'), 2);
  t.equal(await answers('/continue'), 3);
  t.same(log, []);
  t.equal(await answers('/until-close'), 1, 'a body without a length ends with the connection');
  t.same(log, []);
  t.equal(await answers('/fewer'), 1);
  t.equal(await answers('/chunks-without-end'), 1);
  t.match(log, [{ error: ContentLengthError }, { error: MalformedResponseError }]);
});

void t.test('raw: where no other response can follow, the head says so', async (t) => {
  const raw = (options: { noKeepAlive?: boolean }, fields: string) =>
    serve(
      t,
      (request) => {
        request.write(`HTTP/1.1 200 OK\r\n${fields}\r\n`);
        request.finish();
      },
      options,
    );
  const kept = raw({}, 'Content-Length: 0\r\n');
  t.notMatch(await kept.exchange(last('/')), /Connection/, 'the client has said so');
  t.notMatch(await kept.exchange('GET / HTTP/1.0\r\n\r\n'), /Connection/, 'a 1.0 client knows');
  t.match(await raw({}, '').exchange(get('/')), /Connection: close/, 'a body without a length');
  const once = raw({ noKeepAlive: true }, 'Content-Length: 0\r\n');
  t.match(await once.exchange(get('/')), /Connection: close/);
  const said = raw({ noKeepAlive: true }, 'Content-Length: 0\r\nConnection: close\r\n');
  t.equal((await said.exchange(get('/'))).match(/close/g)?.length, 1);
  const promised = raw({ noKeepAlive: true }, 'Content-Length: 0\r\nConnection: keep-alive\r\n');
  t.match(
    await promised.exchange('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'),
    /keep-alive\r\nConnection: close\r\n\r\n$/,
  );
});

void t.test('raw: no 101', async (t) => {
  const { exchange } = serve(t, (request) => {
    t.throws(
      () => request.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
      MalformedResponseError,
    );
    request.finish();
  });
  t.equal(await exchange(get('/', 'Upgrade: x\r\n')), '');
});

void t.test('raw: more than declared, and nonsense', async (t) => {
  const { exchange } = serve(t, (request) => {
    const text =
      request.path === '/more' ? 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabcd' : 'nonsense\r\n\r\n';
    t.throws(
      () => request.write(text),
      request.path === '/more' ? ContentLengthError : MalformedResponseError,
    );
    request.finish();
  });
  t.equal(await exchange(get('/more') + get('/')), 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab');
  t.equal(await exchange(get('/nonsense') + get('/')), '');
});

void t.test('raw: what comes behind the last chunk', async (t) => {
  const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
  const second = 'HTTP/1.1 200 OK\r\nX-Evil: 1\r\nContent-Length: 0\r\n\r\n';
  let pieces: readonly string[] = [];
  const { exchange } = serve(t, (request) => {
    if (request.path === '/end') return request.respond(204);
    try {
      for (const piece of pieces) request.write(piece);
    } catch (error) {
      t.type(error, MalformedResponseError);
    }
    request.finish();
  });
  const cases: readonly (readonly [written: readonly string[], sent: string, reused: boolean])[] = [
    [['2\r\nok\r\n0\r\n\r\n'], '2\r\nok\r\n0\r\n\r\n', true],
    [['0\r\nX: y\r', '\n', '\r\n', ''], '0\r\nX: y\r\n\r\n', true],
    [[`0\r\n\r\n${second}`], '0\r\n\r\n', false],
    [['0\r\n\r\n', second], '0\r\n\r\n', false],
    [['0\r\nX: y\r\n', `\r\n${second}`], '0\r\nX: y\r\n\r\n', false],
    [['0\r\n', second], '0\r\n', false],
    [['0\r\nX: y\r\n'], '0\r\nX: y\r\n', false],
  ];
  for (const [written, sent, reused] of cases) {
    pieces = [head, ...written];
    const text = await exchange(get('/') + last('/end'));
    t.equal(text.slice(0, head.length + sent.length), head + sent);
    t.match(text.slice(head.length + sent.length), reused ? /^HTTP\/1.1 204 / : /^$/);
  }
});

void t.test('every response has a Date', async (t) => {
  const { port, client } = serve(t, echo);
  const response = await fetch(`http://127.0.0.1:${port}/`);
  t.ok(Math.abs(Date.parse(response.headers.get('Date')!) - Date.now()) < 5000);
  const one = await client();
  const raw = new Promise<string>((resolve) => one.socket.once('data', resolve as (chunk: unknown) => void));
  one.send('bad\r\n\r\n');
  t.match(await raw, /\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/);
});

void t.test('a large body comes whole, to a client that waits', async (t) => {
  const body = Buffer.alloc(3_000_000, 'abcdefg');
  const { port } = serve(t, async (request) => {
    if (request.path === '/whole') return request.respond(200, undefined, body);
    const writer = request.start(200);
    let waits = 0;
    for (let at = 0; at < body.length; at += 50_000) {
      const room = writer.write(body.subarray(at, at + 50_000));
      if (room !== undefined) waits++;
      await room;
    }
    t.ok(waits > 0, 'the kernel was full');
    writer.end();
  });
  for (const path of ['/whole', '/pieces']) {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    t.ok(Buffer.from(await response.arrayBuffer()).equals(body), path);
  }
});
