/** The parser of responses: what it takes, what it refuses, and that the way in which bytes were cut makes no difference. */
import fc from 'fast-check';
import t from 'tap';
import { ResponseParser, saysClose, type Malformed, type Response } from '../response-parser.js';

interface Parsed {
  readonly responses: readonly Response[];
  readonly malformed: Malformed | undefined;
  readonly unfinished: boolean;
  readonly raw: number;
}

const KEPT_BODY = 1000;
/** Of a body that is read over. */
const MAX_BODY = 4 * 1024 * 1024;

function parse(pieces: readonly string[], methods: readonly string[] = [], end?: 'fin' | 'rst'): Parsed {
  const parser = new ResponseParser({ method: (nth) => methods[nth] ?? 'GET', keptBody: () => KEPT_BODY });
  for (const piece of pieces) parser.push(Buffer.from(piece, 'latin1'));
  if (end !== undefined) parser.end(end);
  const { responses, malformed, unfinished, raw } = parser;
  return { responses, malformed, unfinished, raw };
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const CHUNKED =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a="b"\r\nhel\r\n2\r\nlo\r\n0\r\nX-T: 1\r\n\r\n';

void t.test('framing', (t) => {
  const bodies: readonly (readonly [string, string, string, (readonly string[])?, ('fin' | 'rst')?])[] = [
    [OK, 'hello', 'length'],
    [CHUNKED, 'hello', 'chunked'],
    ['HTTP/1.1 200 OK\r\n\r\nhello', 'hello', 'close', [], 'fin'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', '', 'length'],
    ['HTTP/1.1 204 \r\n\r\n', '', 'none'],
    ['HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', '', 'none'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', '', 'none', ['HEAD']],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', '', 'none', ['HEAD']],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc', 'abc', 'close', [], 'fin'],
  ];
  for (const [bytes, body, framing, methods, end] of bodies) {
    const { responses, malformed, unfinished } = parse([bytes], methods, end);
    t.same([responses.length, malformed, unfinished], [1, undefined, false], bytes);
    t.same([responses[0]?.body, responses[0]?.framing], [body, framing], bytes);
  }
  const large = 'x'.repeat(KEPT_BODY);
  t.same(
    parse([`HTTP/1.1 200 OK\r\nContent-Length: ${2 * KEPT_BODY}\r\n\r\n${large}${large}${OK}`]).responses.map(
      ({ body }) => body,
    ),
    [large, 'hello'],
    'what is not kept is read over',
  );
  t.same(parse([CHUNKED]).responses[0]?.trailers, [['X-T', '1']]);
  t.end();
});

void t.test('one response is never read into the next', (t) => {
  t.same(
    parse([OK + CHUNKED + OK]).responses.map(({ body }) => body),
    ['hello', 'hello', 'hello'],
  );
  t.match(
    parse(['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'], ['HEAD']).malformed?.what,
    /status line/,
    'a body behind the answer to HEAD is none of a response',
  );
  t.match(
    parse([`HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhello${OK}`]).malformed,
    { what: /status line/, at: 42 },
    'a body that is longer than it says',
  );
  const short = parse([`HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello${OK}`]);
  t.equal(short.responses[0]?.body, 'helloH', 'one that is shorter takes from the next');
  t.match(short.malformed?.what, /status line/);
  const switched = parse(['HTTP/1.1 101 Switching Protocols\r\n\r\n\x00\x01binary']);
  t.same([switched.responses.length, switched.raw, switched.malformed], [1, 8, undefined]);
  t.equal(parse(['HTTP/1.1 200 OK\r\n\r\nxy'], ['CONNECT']).raw, 2);
  t.end();
});

void t.test('interim responses stand by themselves', (t) => {
  const { responses } = parse(
    [`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 \r\nLink: x\r\n\r\n${OK}`],
    ['POST'],
  );
  t.same(
    responses.map(({ status, interim }) => [status, interim]),
    [
      [100, true],
      [103, true],
      [200, false],
    ],
  );
  t.match(parse(['HTTP/1.1 100 \r\n\r\n'.repeat(1000)]).malformed?.what, /more than 100 interim/);
  t.end();
});

void t.test('what is malformed, and where', (t) => {
  const head = 'HTTP/1.1 200 OK\r\n';
  const cases: readonly (readonly [string, RegExp, number])[] = [
    ['<html>', /should be a status line/, 0],
    ['HTTP/2.0 200 OK\r\n', /should be a status line/, 5],
    ['HTTP/1.1 2000 OK\r\n', /should be a status line/, 12],
    ['HTTP/1.1 200\r\n', /without the space/, 12],
    ['HTTP/1.1 099 x\r\n', /below 100/, 9],
    ['HTTP/1.1 200 O\x01K\r\n', /control character in a reason/, 13],
    ['HTTP/1.1 200 OK\n', /LF alone/, 15],
    [`${head}A: b\n`, /LF alone/, 21],
    [`${head}A : b\r\n`, /no token/, 17],
    [`${head}A\r\n`, /without a colon/, 17],
    [`${head} A: b\r\n`, /folded/, 17],
    [`${head}A: b\x00\r\n`, /control character in the value/, 19],
    [`${head}A: b\rc\r\n`, /control character in the value/, 19],
    [`${head}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`, /both/, 0],
    [`${head}Content-Length: 1, 1\r\n\r\n`, /not one number/, 0],
    [`${head}Content-Length: +1\r\n\r\n`, /not one number/, 0],
    [`${head}Transfer-Encoding: chunked\r\n\r\nxyz\r\n`, /size of a chunk/, 47],
    [`${head}Transfer-Encoding: chunked\r\n\r\n-5\r\n`, /size of a chunk/, 47],
    [`${head}Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n`, /longer than its size/, 51],
    [`${head}Transfer-Encoding: chunked\r\n\r\n1\n`, /LF alone/, 48],
    [`${head}${'A: b\r\n'.repeat(50_000)}`, /a head of more than/, 256 * 1024],
    [`${head}A: ${'b'.repeat(300_000)}`, /a head of more than/, 256 * 1024],
    [`${head}\r\n${'b'.repeat(MAX_BODY + 1)}`, /a body of more than 4194304 bytes/, 19 + MAX_BODY],
    [
      `${head}Transfer-Encoding: chunked\r\n\r\n1;${'b'.repeat(70_000)}`,
      /a line of more than/,
      47 + 64 * 1024,
    ],
  ];
  for (const [bytes, what, at] of cases) {
    const { malformed, responses } = parse([bytes]);
    t.match(malformed?.what, what, JSON.stringify(bytes.slice(0, 60)));
    t.equal(malformed?.at, at);
    t.same(responses, []);
    t.same(
      parse([...bytes.slice(0, 3000)], []).malformed,
      parse([bytes.slice(0, 3000)]).malformed,
      'byte by byte',
    );
  }
  t.end();
});

void t.test('an end before its time is a cut', (t) => {
  const cases: readonly (readonly [string, 'fin' | 'rst', RegExp])[] = [
    ['HTTP/1.1 2', 'fin', /ended within a status line/],
    ['HTTP/1.1 200 OK\r\nA', 'fin', /within the fields/],
    ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe', 'fin', /3 bytes before the end/],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n', 'fin', /within a chunked body/],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n', 'fin', /within a chunked body/],
    ['HTTP/1.1 200 OK\r\n\r\nhe', 'rst', /was reset within a body that the end/],
  ];
  for (const [bytes, end, what] of cases)
    t.match(parse([bytes], [], end).malformed, { what, cut: true }, bytes);
  t.equal(parse([OK], [], 'rst').malformed, undefined, 'nothing is cut behind a whole one');
  t.equal(parse([], [], 'fin').malformed, undefined);
  t.end();
});

void t.test('what says that the connection ends', (t) => {
  const says = (head: string): boolean =>
    saysClose(parse([`${head}\r\nContent-Length: 0\r\n\r\n`]).responses[0]!);
  t.ok(says('HTTP/1.1 200 \r\nConnection: close'));
  t.ok(says('HTTP/1.1 200 \r\nConnection: x, CLOSE'));
  t.ok(says('HTTP/1.0 200 \r\nServer: x'));
  t.notOk(says('HTTP/1.1 200 \r\nConnection: keep-alive'));
  t.notOk(says('HTTP/1.0 200 \r\nConnection: Keep-Alive'));
  t.end();
});

/** Bytes near to those of responses, so that every state is met. */
const fragment = fc.constantFrom(
  OK,
  CHUNKED,
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 204 \r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
  'HTTP/1.1 200 OK\r\n',
  'A: b\r\n',
  '\r\n',
  '\n',
  '\r',
  'abc',
  '3\r\n',
  '0\r\n\r\n',
  '\x00',
);

void t.test('property: any way to cut the bytes gives the same', (t) => {
  fc.assert(
    fc.property(
      fc.array(fragment, { maxLength: 8 }),
      fc.array(fc.nat({ max: 400 }), { maxLength: 12 }),
      fc.array(fc.constantFrom('GET', 'HEAD', 'CONNECT'), { maxLength: 4 }),
      fc.constantFrom(undefined, 'fin' as const, 'rst' as const),
      (fragments, cuts, methods, end) => {
        const bytes = fragments.join('');
        const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length].sort(
          (a, b) => a - b,
        );
        const pieces = places.slice(1).map((place, i) => bytes.slice(places[i], place));
        const whole = parse([bytes], methods, end);
        t.strictSame(parse(pieces, methods, end), whole);
        t.strictSame(parse([...bytes], methods, end), whole);
      },
    ),
    { numRuns: 500 },
  );
  t.end();
});
