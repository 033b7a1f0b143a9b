/**
 * Which requests are taken, and which are refused. The names in the table are those of the clauses' list: SL start line, HD fields,
 * HO Host, CL Content-Length, CH chunks, TE Transfer-Encoding, KA connection.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { RequestParser } from '../request-parser.js';

const LIMITS = { maxRequestLineBytes: 8192, maxHeadBytes: 65_536, maxHeaderCount: 100, maxBodyBytes: 1000 };
const H = 'Host: t\r\n';

interface Parsed {
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly body: string;
  readonly trailers: string;
  readonly keepAlive: boolean;
}

/** What a parser makes of bytes that come in these pieces: requests, and a status if it refuses. */
function parse(pieces: readonly string[], limits = LIMITS): (Parsed | number)[] {
  const parser = new RequestParser(limits);
  const found: (Parsed | number)[] = [];
  let held = Buffer.alloc(0);
  let body = '';
  for (const piece of pieces) {
    held = Buffer.concat([held, Buffer.from(piece, 'latin1')]);
    for (let at = 0; ;) {
      const next = parser.next(held, at, held.length);
      at = parser.at;
      if (typeof next === 'object') return [...found, next.status];
      if (next === 'data') body += held.toString('latin1', parser.dataStart, at);
      if (next === 'end') {
        const { method, target, host, keepAlive } = parser.head!;
        found.push({ method, target, host, body, keepAlive, trailers: parser.trailers });
        body = '';
      }
      if (next === 'more') {
        held = held.subarray(at);
        break;
      }
    }
  }
  return found;
}

const gist = (found: (Parsed | number)[]) =>
  found.map((each) => (typeof each === 'number' ? each : `${each.method} ${each.target}|${each.body}`));

/** Bytes, and what comes of them. */
const CASES: Readonly<Record<string, readonly [bytes: string, ...found: (string | number)[]]>> = {
  'SL01 a request': [`GET / HTTP/1.1\r\n${H}\r\n`, 'GET /|'],
  'SL02 empty lines before it': [`\r\n\r\nGET / HTTP/1.1\r\n${H}\r\n`, 'GET /|'],
  'SL02 too many of them': [`${'\r\n'.repeat(9)}GET / HTTP/1.1\r\n${H}\r\n`, 400],
  'SL04 no request': ['asdf\r\n\r\n', 400],
  'SL04 a TLS ClientHello': ['\x16\x03\x01\x02\x00\x01', 400],
  'SL06 an unknown method': [`BREW / HTTP/1.1\r\n${H}\r\n`, 'BREW /|'],
  'SL07 no token': [`G(T / HTTP/1.1\r\n${H}\r\n`, 400],
  'SL08 two spaces': [`GET  / HTTP/1.1\r\n${H}\r\n`, 400],
  'SL08 a tab': [`GET\t/ HTTP/1.1\r\n${H}\r\n`, 400],
  'SL09 a space in the target': [`GET /a b HTTP/1.1\r\n${H}\r\n`, 400],
  'SL10 a fragment': [`GET /a#b HTTP/1.1\r\n${H}\r\n`, 400],
  'SL11 no target': [`GET HTTP/1.1\r\n${H}\r\n`, 400],
  'SL12 no version': ['GET /\r\n\r\n', 400],
  'SL13 HTTP/1.2': [`GET / HTTP/1.2\r\n${H}\r\n`, 'GET /|'],
  'SL14 HTTP/2.0': [`GET / HTTP/2.0\r\n${H}\r\n`, 505],
  'SL15 http/1.1': [`GET / http/1.1\r\n${H}\r\n`, 400],
  'SL15 HTTP/01.1': [`GET / HTTP/01.1\r\n${H}\r\n`, 400],
  'SL15 HTTP/1': [`GET / HTTP/1\r\n${H}\r\n`, 400],
  'SL15 HTTP/1.10': [`GET / HTTP/1.10\r\n${H}\r\n`, 400],
  'SL16 NUL': [`GET /\0 HTTP/1.1\r\n${H}\r\n`, 400],
  'SL16 a bare CR': [`GET /\rx HTTP/1.1\r\n${H}\r\n`, 400],
  'SL17 8000 octets': [`GET /${'a'.repeat(7985)} HTTP/1.1\r\n${H}\r\n`, `GET /${'a'.repeat(7985)}|`],
  'SL18 a long target': [`GET /${'a'.repeat(200_000)}`, 414],
  'SL19 a long method': ['G'.repeat(9000), 501],
  'SL20 absolute form': [`GET http://t/a HTTP/1.1\r\n${H}\r\n`, 'GET http://t/a|'],
  'SL20 of another scheme': [`GET ftp://t/a HTTP/1.1\r\n${H}\r\n`, 400],
  'SL20 with a user': [`GET http://u@t/a HTTP/1.1\r\n${H}\r\n`, 400],
  'SL20 without a host': [`GET http:///a HTTP/1.1\r\n${H}\r\n`, 400],
  'SL22 OPTIONS *': [`OPTIONS * HTTP/1.1\r\n${H}\r\n`, 'OPTIONS *|'],
  'SL22 GET *': [`GET * HTTP/1.1\r\n${H}\r\n`, 400],
  'SL23 an authority': [`GET t:80 HTTP/1.1\r\n${H}\r\n`, 400],
  'SL24 CONNECT': [`CONNECT t:80 HTTP/1.1\r\n${H}\r\n`, 501],
  'SL24 CONNECT to a path': [`CONNECT / HTTP/1.1\r\n${H}\r\n`, 501],
  'SL25 the HTTP/2 preface': ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],

  'HD01 case': ['GET / HTTP/1.1\r\nhOsT: t\r\n\r\n', 'GET /|'],
  'HD02 whitespace around a value': [
    `POST / HTTP/1.1\r\n${H}Content-Length: \t5 \t\r\n\r\nhello`,
    'POST /|hello',
  ],
  'HD03 a space before the colon': [`GET / HTTP/1.1\r\n${H}X : v\r\n\r\n`, 400],
  'HD03 a tab before the colon': [`GET / HTTP/1.1\r\n${H}X\t: v\r\n\r\n`, 400],
  'HD04 whitespace before the first field': [`GET / HTTP/1.1\r\n ${H}\r\n`, 400],
  'HD05 a folded line': [`GET / HTTP/1.1\r\n${H}X: a\r\n b\r\n\r\n`, 400],
  'HD06 a folded coding': [`POST / HTTP/1.1\r\n${H}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n`, 400],
  'HD07 no name': [`GET / HTTP/1.1\r\n${H}: v\r\n\r\n`, 400],
  'HD08 no colon': [`GET / HTTP/1.1\r\n${H}X\r\n\r\n`, 400],
  'HD09 brackets in a name': [`GET / HTTP/1.1\r\n${H}X[]: v\r\n\r\n`, 400],
  'HD09 a space in a name': [`GET / HTTP/1.1\r\n${H}X Y: v\r\n\r\n`, 400],
  'HD09 an octet above ASCII in a name': [`GET / HTTP/1.1\r\n${H}\xefX: v\r\n\r\n`, 400],
  'HD10 NUL in a value': [`GET / HTTP/1.1\r\n${H}X: a\0b\r\n\r\n`, 400],
  'HD10 a bare CR in a value': [`GET / HTTP/1.1\r\n${H}X: a\rb\r\n\r\n`, 400],
  'HD11 BEL in a value': [`GET / HTTP/1.1\r\n${H}X: \x07\r\n\r\n`, 400],
  'HD12 obs-text in a value': [`GET / HTTP/1.1\r\n${H}X: \xe9\r\n\r\n`, 'GET /|'],
  'HD13 a no-break space before a coding': [
    `POST / HTTP/1.1\r\n${H}Transfer-Encoding: \xa0chunked\r\n\r\n`,
    400,
  ],
  'HD13 NEL behind a length': [`POST / HTTP/1.1\r\n${H}Content-Length: 5\x85\r\n\r\n`, 400],
  'HD13 a no-break space behind a length': [`POST / HTTP/1.1\r\n${H}Content-Length: 5\xa0\r\n\r\n`, 400],
  'HD14 LF alone': ['GET / HTTP/1.1\nHost: t\n\n', 400],
  'HD14 LF alone in a field': ['GET / HTTP/1.1\r\nHost: t\n\r\n', 400],
  'HD15 CR before a name': [`GET / HTTP/1.1\r\n${H}\rZ: v\r\n\r\n`, 400],
  'HD17 a long field': [`GET / HTTP/1.1\r\n${H}X: ${'a'.repeat(200_000)}`, 431],
  'HD17 many fields': [`GET / HTTP/1.1\r\n${H}${'X: v\r\n'.repeat(20_000)}`, 431],
  'HD18 an underscore': [`GET / HTTP/1.1\r\n${H}Content_Length: 5\r\n\r\n`, 'GET /|'],
  'HD19 90 fields': [`GET / HTTP/1.1\r\n${H}${'X: v\r\n'.repeat(90)}\r\n`, 'GET /|'],

  'HO01 no Host': ['GET / HTTP/1.1\r\n\r\n', 400],
  'HO02 two': [`GET / HTTP/1.1\r\n${H}${H}\r\n`, 400],
  'HO03 a space in it': ['GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 400],
  'HO03 a slash in it': ['GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', 400],
  'HO03 a user in it': ['GET / HTTP/1.1\r\nHost: u@a\r\n\r\n', 400],
  'HO03 no port': ['GET / HTTP/1.1\r\nHost: a:b\r\n\r\n', 400],
  'HO03 no address': ['GET / HTTP/1.1\r\nHost: [1::2::3]\r\n\r\n', 400],
  'HO03 no address in the target': [`GET http://[.]/ HTTP/1.1\r\n${H}\r\n`, 400],
  'HO04 empty': ['GET / HTTP/1.1\r\nHost:\r\n\r\n', 'GET /|'],
  'HO05 1.0 without': ['GET / HTTP/1.0\r\n\r\n', 'GET /|'],
  'HO06 IPv6': ['GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n', 'GET /|'],

  'CL01 a body': [
    `POST / HTTP/1.1\r\n${H}Content-Length: 3\r\n\r\nabcGET /n HTTP/1.1\r\n${H}\r\n`,
    'POST /|abc',
    'GET /n|',
  ],
  'CL02 an empty one': [`POST / HTTP/1.1\r\n${H}Content-Length: 0\r\n\r\n`, 'POST /|'],
  'CL03 a plus': [`POST / HTTP/1.1\r\n${H}Content-Length: +5\r\n\r\n`, 400],
  'CL03 a minus': [`POST / HTTP/1.1\r\n${H}Content-Length: -5\r\n\r\n`, 400],
  'CL03 an underscore': [`POST / HTTP/1.1\r\n${H}Content-Length: 0_5\r\n\r\n`, 400],
  'CL03 hex': [`POST / HTTP/1.1\r\n${H}Content-Length: 0x5\r\n\r\n`, 400],
  'CL03 a fraction': [`POST / HTTP/1.1\r\n${H}Content-Length: 5.0\r\n\r\n`, 400],
  'CL03 a space': [`POST / HTTP/1.1\r\n${H}Content-Length: 5 5\r\n\r\n`, 400],
  'CL03 nothing': [`POST / HTTP/1.1\r\n${H}Content-Length:\r\n\r\n`, 400],
  'CL04 a list': [`POST / HTTP/1.1\r\n${H}Content-Length: 5, 6\r\n\r\n`, 400],
  'CL05 two': [`POST / HTTP/1.1\r\n${H}Content-Length: 5\r\nContent-Length: 6\r\n\r\n`, 400],
  'CL06 two alike': [`POST / HTTP/1.1\r\n${H}Content-Length: 5\r\nContent-Length: 5\r\n\r\n`, 400],
  'CL06 a list of two alike': [`POST / HTTP/1.1\r\n${H}Content-Length: 5, 5\r\n\r\n`, 400],
  'CL07 2^64 + 5': [`POST / HTTP/1.1\r\n${H}Content-Length: 18446744073709551621\r\n\r\n`, 413],
  'CL07 2^53': [`POST / HTTP/1.1\r\n${H}Content-Length: 9007199254740992\r\n\r\n`, 413],
  'CL08 a leading zero': [
    `POST / HTTP/1.1\r\n${H}Content-Length: 010\r\n\r\n0123456789`,
    'POST /|0123456789',
  ],
  'CL08 many leading zeros': [
    `POST / HTTP/1.1\r\n${H}Content-Length: ${'0'.repeat(60_000)}3\r\n\r\nabc`,
    'POST /|abc',
  ],
  'LM01 over the limit': [`POST / HTTP/1.1\r\n${H}Content-Length: 1001\r\n\r\n`, 413],
  'LM01 at the limit': [
    `POST / HTTP/1.1\r\n${H}Content-Length: 1000\r\n\r\n${'x'.repeat(1000)}`,
    `POST /|${'x'.repeat(1000)}`,
  ],

  ...chunkCases({
    'CH01 chunks': ['3\r\nabc\r\n00A\r\n0123456789\r\n000\r\n\r\n', 'POST /|abc0123456789'],
    'CH03 an extension': ['5;a=b\r\nhello\r\n0\r\n\r\n', 'POST /|hello'],
    'CH03 a quoted one': ['5;a="b;c"\r\nhello\r\n0;x\r\n\r\n', 'POST /|hello'],
    'CH04 trailers': [`1\r\na\r\n0\r\nX: y\r\n\r\nGET /n HTTP/1.1\r\n${H}\r\n`, 'POST /|a', 'GET /n|'],
    'CH06 0x': ['0x5\r\nhello\r\n0\r\n\r\n', 400],
    'CH06 a plus': ['+5\r\nhello\r\n0\r\n\r\n', 400],
    'CH06 a minus': ['-5\r\nhello\r\n0\r\n\r\n', 400],
    'CH06 an underscore': ['0_5\r\nhello\r\n0\r\n\r\n', 400],
    'CH06 a space before': [' 5\r\nhello\r\n0\r\n\r\n', 400],
    'CH06 g': ['5g\r\nhello\r\n0\r\n\r\n', 400],
    'CH06 nothing': ['\r\nhello\r\n0\r\n\r\n', 400],
    'CH07 a space behind': ['5 \r\nhello\r\n0\r\n\r\n', 400],
    'CH08 2^64 + 5': ['10000000000000005\r\nhello\r\n0\r\n\r\n', 413],
    'CH08 2^32 + 5': ['100000005\r\nhello\r\n0\r\n\r\n', 413],
    'CH08 many leading zeros': [`${'0'.repeat(60)}5\r\nhello\r\n${'0'.repeat(60)}\r\n\r\n`, 'POST /|hello'],
    'CH12 zeros without end': [`${'0'.repeat(65_536)}5\r\nhello\r\n0\r\n\r\n`, 400],
    'CH12 zeros in every chunk': [`${'0'.repeat(100)}1\r\nx\r\n`.repeat(200), 400],
    'CH09 longer than its size': ['3\r\nhello\r\n0\r\n\r\n', 400],
    'CH09 ended by LF': ['5\r\nhello\n0\r\n\r\n', 400],
    'CH10 a size ended by LF': ['5\nhello\r\n0\r\n\r\n', 400],
    'CH10 CR and no LF': ['5\rXhello\r\n0\r\n\r\n', 400],
    'CH11 LF in an extension': ['5;a\nb\r\nhello\r\n0\r\n\r\n', 400],
    'CH11 CR in an extension': ['5;a\rb\r\nhello\r\n0\r\n\r\n', 400],
    'CH11 NUL in an extension': ['5;a\0\r\nhello\r\n0\r\n\r\n', 400],
    'CH12 a long extension': [`5;${'a'.repeat(65_536)}\r\nhello\r\n0\r\n\r\n`, 400],
    'CH12 many extensions': [`1;${'a'.repeat(100)}\r\nx\r\n`.repeat(200), 400],
    'CH13 no end': [`0\r\nXXGET /n HTTP/1.1\r\n${H}\r\n`, 400],
    'CH15 no size': ['ZZ\r\n', 400],
    'LM02 over the limit': ['1f4\r\n' + 'x'.repeat(500) + '\r\n1f5\r\n' + 'x'.repeat(501), 413],
    'LM02 at the limit': ['3e8\r\n' + 'x'.repeat(1000) + '\r\n0\r\n\r\n', `POST /|${'x'.repeat(1000)}`],
  }),

  'CH02 case': [`POST / HTTP/1.1\r\n${H}Transfer-Encoding: ChUnKeD\r\n\r\n0\r\n\r\n`, 'POST /|'],
  'TE01 and a length': [
    `POST / HTTP/1.1\r\n${H}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
  ],
  'TE01 the other way round': [
    `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`,
    400,
  ],
  'TE02 gzip, chunked': [`POST / HTTP/1.1\r\n${H}Transfer-Encoding: gzip, chunked\r\n\r\n`, 501],
  'TE02 with a parameter': [
    `POST / HTTP/1.1\r\n${H}Transfer-Encoding: x;a=b ; c="\\"d", chunked\r\n\r\n`,
    501,
  ],
  'TE02 in quotes': [`POST / HTTP/1.1\r\n${H}Transfer-Encoding: "gzip", chunked\r\n\r\n`, 400],
  'TE02 two words': [`POST / HTTP/1.1\r\n${H}Transfer-Encoding: gz ip, chunked\r\n\r\n`, 400],
  'TE03 chunked, gzip': [`POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked, gzip\r\n\r\n`, 400],
  'TE04 chunked, chunked': [`POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked, chunked\r\n\r\n`, 400],
  'TE04 two lines': [`POST / HTTP/1.1\r\n${H}${'Transfer-Encoding: chunked\r\n'.repeat(2)}\r\n`, 400],
  'TE05 xchunked': [`POST / HTTP/1.1\r\n${H}Transfer-Encoding: xchunked\r\n\r\n`, 400],
  'TE05 identity': [`POST / HTTP/1.1\r\n${H}Transfer-Encoding: identity\r\n\r\n`, 400],
  'TE06 an empty element': [`POST / HTTP/1.1\r\n${H}Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n`, 'POST /|'],
  'TE07 in HTTP/1.0': [`POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  'TE08 a parameter': [`POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked;a=b\r\n\r\n`, 400],
  'TE09 nothing': [`POST / HTTP/1.1\r\n${H}Transfer-Encoding:\r\n\r\n`, 400],
  'TE10 VT': [`POST / HTTP/1.1\r\n${H}Transfer-Encoding: \x0bchunked\r\n\r\n`, 400],
  'TE11 whitespace': [`POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked \t\r\n\r\n0\r\n\r\n`, 'POST /|'],
  'EX06 another expectation': [`GET / HTTP/1.1\r\n${H}Expect: foo\r\n\r\n`, 417],
  'EX03 in HTTP/1.0': ['GET / HTTP/1.0\r\nExpect: foo\r\n\r\n', 'GET /|'],
  'PL03 a good one, then a bad one': [`GET / HTTP/1.1\r\n${H}\r\nbad\r\n\r\n`, 'GET /|', 400],
  'PL04 an empty line between': [
    `GET / HTTP/1.1\r\n${H}\r\n\r\nGET /n HTTP/1.1\r\n${H}\r\n`,
    'GET /|',
    'GET /n|',
  ],
};

function chunkCases(
  cases: Readonly<Record<string, readonly [string, ...(string | number)[]]>>,
): Record<string, [string, ...(string | number)[]]> {
  const head = `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n`;
  return Object.fromEntries(
    Object.entries(cases).map(([name, [bytes, ...found]]) => [name, [head + bytes, ...found]]),
  );
}

for (const [name, [bytes, ...found]] of Object.entries(CASES)) {
  void t.test(name, (t) => {
    t.same(gist(parse([bytes])), found, 'at once');
    // Dripping a case of 200 KB would take longer than all others.
    if (bytes.length < 10_000) t.same(gist(parse([...bytes])), found, 'byte by byte');
    t.end();
  });
}

void t.test('however the bytes are cut, the same comes of them', (t) => {
  const cases = Object.values(CASES).filter(([bytes]) => bytes.length < 2000);
  fc.assert(
    fc.property(
      fc.constantFrom(...cases),
      fc.array(fc.nat(2000), { maxLength: 8 }),
      ([bytes, ...found], cuts) => {
        const places = [0, ...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length];
        const pieces = places.slice(1).map((place, i) => bytes.slice(places[i], place));
        t.same(gist(parse(pieces)), found);
      },
    ),
    { numRuns: 300 },
  );
  t.end();
});

void t.test('any bytes are requests, or a refusal, or wait; and nothing is thrown', (t) => {
  fc.assert(
    fc.property(
      fc.array(
        fc.constantFrom(
          'GET ',
          '/ ',
          'HTTP/1.1',
          '\r\n',
          '\n',
          'Host: t',
          ':',
          ' ',
          '\0',
          '5',
          'x',
          'Content-Length: 1',
        ),
      ),
      (words) => {
        parse([words.join('')]);
      },
    ),
    { numRuns: 500 },
  );
  t.end();
});

void t.test('the host of an absolute target wins', (t) => {
  const [request] = parse([`GET http://u:8/a HTTP/1.1\r\n${H}\r\n`]);
  t.match(request, { host: 'u:8' });
  t.end();
});

void t.test('trailers are kept apart', (t) => {
  const [request] = parse([
    `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n`,
  ]);
  t.match(request, { trailers: 'Content-Length: 5\r\n\r\n', body: '' });
  t.end();
});

void t.test('KA who wants to go on', (t) => {
  const keeps = (version: string, fields: string) =>
    (parse([`GET / ${version}\r\n${H}${fields}\r\n`])[0] as Parsed).keepAlive;
  t.ok(keeps('HTTP/1.1', ''));
  t.notOk(keeps('HTTP/1.1', 'Connection: close\r\n'));
  t.notOk(keeps('HTTP/1.1', 'Connection: CLOSE\r\n'));
  t.notOk(keeps('HTTP/1.1', 'Connection: foo, close\r\n'));
  t.notOk(keeps('HTTP/1.1', 'Connection: foo\r\nConnection: close\r\n'));
  t.ok(keeps('HTTP/1.1', 'Connection: closed\r\n'));
  t.notOk(keeps('HTTP/1.0', ''));
  t.ok(keeps('HTTP/1.0', 'Connection: Keep-Alive\r\n'));
  t.notOk(keeps('HTTP/1.0', 'Connection: keep-alive, close\r\n'));
  t.end();
});

void t.test('a byte is looked at once', (t) => {
  // A megabyte of fields, dripped: if each look began anew, this would take hours.
  const limits = { ...LIMITS, maxHeadBytes: 1 << 20, maxHeaderCount: 1 << 20 };
  const parser = new RequestParser(limits);
  const bytes = Buffer.from(`GET / HTTP/1.1\r\n${H}${'X: v\r\n'.repeat(170_000)}`);
  for (let end = 1; end <= bytes.length; end++) assert.equal(parser.next(bytes, 0, end), 'more');
  t.ok(parser.insideHead);
  t.end();
});
