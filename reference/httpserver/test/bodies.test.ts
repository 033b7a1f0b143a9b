/**
 * Bodies: 100-continue, limits, streams, forms.
 */
import t from 'tap';
import { RequestAbortedError, MalformedBodyError, type Handler } from '../index.js';
import { echo, serve, statuses } from './help.js';

const post = (path: string, fields: string, body = '') =>
  `POST ${path} HTTP/1.1\r\nHost: t\r\n${fields}\r\n${body}`;

void t.test('100 (Continue), when the body is waited for', async (t) => {
  const { client } = serve(t, echo);
  for (const expectation of ['100-continue', '100-Continue']) {
    const one = await client();
    one.send(post('/', `Expect: ${expectation}\r\nContent-Length: 5\r\nConnection: close\r\n`));
    t.equal(await one.until(/\r\n\r\n/), 'HTTP/1.1 100 Continue\r\n\r\n');
    one.send('hello');
    t.match(await one.rest(), /^HTTP\/1.1 200 OK\r\n[^]*hello$/);
  }
});

void t.test('no 100 where it is of no use, or not understood', async (t) => {
  const { exchange } = serve(t, echo, { maxBodyBytes: 10 });
  const body = 'Expect: 100-continue\r\nConnection: close\r\nContent-Length: 5\r\n';
  t.same(statuses(await exchange(post('/', body, 'hello'))), [200], 'the body is there');
  t.same(
    statuses(await exchange('POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello')),
    [200],
  );
  t.same(
    statuses(await exchange(post('/', 'Expect: 100-continue\r\nConnection: close\r\n'))),
    [200],
    'no body',
  );
  t.same(
    statuses(await exchange(post('/', 'Expect: 100-continue\r\nContent-Length: 11\r\n'))),
    [413],
    'too long',
  );
});

void t.test('a body over the limit is refused without being read', async (t) => {
  let calls = 0;
  const { exchange } = serve(t, () => void calls++, { maxBodyBytes: 10 });
  const text = await exchange(post('/', 'Content-Length: 11\r\n'));
  t.same(statuses(text), [413]);
  t.match(text, /Connection: close/);
  t.same(
    statuses(await exchange(post('/', 'Transfer-Encoding: chunked\r\n', '6\r\nabcdef\r\n5\r\n'))),
    [413],
  );
  t.equal(calls, 0);
});

void t.test('a streamed body', async (t) => {
  const sizes: number[] = [];
  const { client, exchange } = serve(
    t,
    async (request) => {
      let text = '';
      for await (const chunk of request.bodyReader!) {
        sizes.push(chunk.length);
        text += Buffer.from(chunk).toString();
      }
      request.respond(200, undefined, text + (request.trailers.get('x') ?? ''));
    },
    { streamBody: () => true },
  );
  const one = await client();
  one.send(post('/', 'Expect: 100-continue\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n'));
  t.match(await one.until(/\r\n\r\n/), /100/);
  one.send('3\r\nabc\r\n');
  one.send('2\r\nde\r\n0\r\nX: y\r\n\r\n');
  t.match(await one.rest(), /abcdey$/);
  t.same(sizes, [3, 2]);
  t.match(
    await exchange(
      post('/', 'Content-Length: 3\r\n', 'abc') +
        post('/', 'Content-Length: 3\r\nConnection: close\r\n', 'def'),
    ),
    /abcHTTP[^]*def$/,
  );
});

void t.test('a streamed body that nobody reads', async (t) => {
  const handler: Handler = (request) => request.respond(200, undefined, 'ignored');
  const { exchange } = serve(t, handler, { streamBody: () => true });
  const small = post('/', 'Content-Length: 5\r\n', 'hello');
  t.same(
    statuses(await exchange(small + post('/', 'Content-Length: 5\r\nConnection: close\r\n', 'hello'))),
    [200, 200],
  );
  const text = await exchange(post('/', 'Content-Length: 1000000\r\n', 'hello'));
  t.match(text, /Connection: close/, 'it would take too long to read it over');
  t.match(
    await exchange(post('/', 'Expect: 100-continue\r\nContent-Length: 5\r\n')),
    /^HTTP\/1.1 200 OK[^]*Connection: close/,
  );
});

void t.test('a request has one response, whatever becomes of its body', async (t) => {
  const handler: Handler = (request) => request.respond(200, undefined, 'early');
  const { client } = serve(t, handler, { streamBody: () => true, bodyTimeoutMs: 50 });
  const cases: readonly (readonly [string, framing: string, body: string])[] = [
    ['the rest does not come', 'Content-Length: 100\r\n', 'hello'],
    ['a chunk is malformed', 'Transfer-Encoding: chunked\r\n', '5\r\nhello\r\nzz\r\n'],
  ];
  for (const [name, framing, body] of cases) {
    const one = await client();
    one.send(post('/', framing, body));
    t.same(statuses(await one.rest()), [200], name);
  }
  const one = await client();
  one.send(post('/', 'Content-Length: 5\r\n', 'hello') + 'bad\r\n\r\n');
  t.same(statuses(await one.rest()), [200, 400], 'the next request has its own');
});

void t.test('a client that leaves in the middle of its body', async (t) => {
  let failed: (error: unknown) => void;
  const failure = new Promise((resolve) => (failed = resolve));
  const { client } = serve(
    t,
    async (request) => {
      try {
        await request.bodyReader!.receive(() => {});
      } catch (error) {
        failed(error);
        throw error;
      }
    },
    { streamBody: () => true },
  );
  const one = await client();
  one.send(post('/', 'Content-Length: 5\r\n', 'he'));
  one.socket.end();
  t.type(await failure, RequestAbortedError);
  t.same(
    statuses(await one.rest()).filter((status) => status < 400),
    [],
  );
});

void t.test('a client that ends its output behind its body, before the handler has read it', async (t) => {
  const { client, loop } = serve(
    t,
    async (request) => {
      let text = '';
      for await (const chunk of request.bodyReader!) {
        text += Buffer.from(chunk).toString();
        await new Promise<void>((resolve) => void loop.callLater(10, () => resolve()));
      }
      request.respond(200, undefined, text);
    },
    { streamBody: () => true },
  );
  const answerTo = async (framing: string, body: string) => {
    const one = await client();
    one.send(post('/', framing, body));
    one.socket.end();
    return one.rest();
  };
  t.match(await answerTo('Content-Length: 5\r\n', 'hello'), /^HTTP\/1.1 200 [^]*\r\n\r\nhello$/);
  const chunked = 'Transfer-Encoding: chunked\r\n';
  t.match(await answerTo(chunked, '2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n'), /^HTTP\/1.1 200 [^]*\r\n\r\nhello$/);
  t.equal(await answerTo(chunked, '2\r\nhe\r\n'), '', 'no last chunk');
  t.equal(await answerTo(chunked, '2\r\nhe\r\n0\r\nX: y\r\n'), '', 'half of the trailers');
});

const form: Handler = (request) => {
  const files = Object.fromEntries(
    [...request.files].map(([name, list]) => [
      name,
      list.map(({ filename, contentType, body }) => [filename, contentType, Buffer.from(body).toString()]),
    ]),
  );
  request.respond(200, undefined, JSON.stringify({ ...Object.fromEntries(request.arguments), files }));
};

void t.test('forms', async (t) => {
  const { port } = serve(t, form);
  const url = `http://127.0.0.1:${port}/?a=1&a=%C3%A9&b=&c&=d&e=1%2b1+2%zz`;
  const simple = await fetch(url, { method: 'POST', body: new URLSearchParams({ a: '&=', f: 'x y' }) });
  t.same(await simple.json(), {
    a: ['1', 'é', '&='],
    b: [''],
    c: [''],
    '': ['d'],
    e: ['1+1 2%zz'],
    f: ['x y'],
    files: {},
  });
  const data = new FormData();
  data.append('a', 'one\r\ntwo');
  data.append('a', '');
  data.append('file', new Blob(['\r\n--content'], { type: 'text/x' }), 'ä.txt');
  const multi = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: data });
  t.same(await multi.json(), {
    a: ['one\r\ntwo', ''],
    files: { file: [['ä.txt', 'text/x', '\r\n--content']] },
  });
});

const part = (head: string, content: string) => `--b c\r\n${head}\r\n\r\n${content}\r\n`;
const named = part('Content-Disposition: form-data; name="a"', '1');
const FORMS: Readonly<Record<string, readonly [type: string, body: string, status: number, text?: RegExp]>> =
  {
    'a quoted boundary': ['multipart/form-data; boundary="b c"', `${named}--b c--`, 200, /"a":\["1"\]/],
    'something around it': [
      'multipart/form-data; boundary="b c"',
      `pre\r\n${named}--b c--\r\npost`,
      200,
      /"a":\["1"\]/,
    ],
    'an extended file name': [
      'multipart/form-data; boundary="b c"',
      `${part("Content-Disposition: form-data; name=f; filename=x; filename*=UTF-8''%e2%82%ac", '1')}--b c--`,
      200,
      /€/,
    ],
    'no parts': ['multipart/form-data; boundary="b c"', '--b c--', 200],
    'no last boundary': ['multipart/form-data; boundary="b c"', named, 400],
    'a boundary that is cut off': ['multipart/form-data; boundary="b c"', `${named}--b c`, 400],
    'no boundary': ['multipart/form-data', named, 400],
    'no body': ['multipart/form-data; boundary="b c"', '', 400],
    'no name': ['multipart/form-data; boundary="b c"', `${part('X: y', '1')}--b c--`, 400],
    'CR in the head of a part': [
      'multipart/form-data; boundary="b c"',
      `${part('Content-Disposition: form-data; name="a\rb"', '1')}--b c--`,
      400,
    ],
    'too many parts': ['multipart/form-data; boundary="b c"', `${named.repeat(4)}--b c--`, 400],
    'a type that is malformed': ['multipart/form-data; boundary="b', named, 400],
    'another type': ['text/plain', 'a=1', 200, /^[^]*\{"files":\{\}\}$/],
  };

void t.test('forms, strictly', async (t) => {
  const { exchange, log } = serve(t, form, { maxParts: 3 });
  for (const [name, [type, body, status, text]] of Object.entries(FORMS)) {
    const fields = `Content-Type: ${type}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n`;
    const answer = await exchange(post('/', fields, body));
    t.same(statuses(answer), [status], name);
    if (text !== undefined) t.match(Buffer.from(answer, 'latin1').toString(), text, name);
  }
  t.same(log, [], 'a client’s mistake is no failure of the handler');
});

void t.test('an urlencoded form has no more fields than it may', async (t) => {
  const { exchange } = serve(t, form, { maxParts: 3 });
  const answer = (body: string) =>
    exchange(
      post(
        '/',
        `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\nConnection: close\r\n`,
        body,
      ),
    );
  t.match(await answer('a=1&&b=%41+&a=2'), /"a":\["1","2"\],"b":\["A "\]/);
  t.same(statuses(await answer('a&b&c&')), [200]);
  t.same(statuses(await answer('a&b&c&d')), [400]);
});

void t.test('a handler may answer a malformed form itself', async (t) => {
  const { exchange } = serve(t, (request) => {
    try {
      t.notOk(request.files);
    } catch (error) {
      t.type(error, MalformedBodyError);
      request.respond(422);
    }
  });
  const fields = 'Content-Type: multipart/form-data\r\nContent-Length: 1\r\nConnection: close\r\n';
  t.same(statuses(await exchange(post('/', fields, 'x'))), [422]);
});
