/** What has come, held against an outcome; and what is done next. */
import t from 'tap';
import { parseOutcome } from '../../../spec/exchange.js';
import { decide, type Situation } from '../decide.js';
import { matchOutcome, saidClose, type Ended, type Heard, type Match } from '../matcher.js';
import { ResponseParser } from '../response-parser.js';

const known = { host: 't:80', limits: { bodyBytes: 5 }, ok: 200, missing: 404 };

function heardOf(bytes: string, ended?: Ended, methods: readonly string[] = []): Heard {
  const parser = new ResponseParser({ method: (nth) => methods[nth] ?? 'GET', keptBody: () => 1000 });
  parser.push(Buffer.from(bytes, 'latin1'));
  if (ended !== undefined) parser.end(ended === 'fin' ? 'fin' : 'rst');
  const { responses, partial, unfinished, malformed, raw } = parser;
  return { responses, current: partial, unfinished, malformed, raw, ended };
}

const response = (status: number, body = '', fields = ''): string =>
  `HTTP/1.1 ${status} x\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;
const interim = (status: number): string => `HTTP/1.1 ${status} x\r\n\r\n`;
const CLOSE = 'Connection: close\r\n';
const CHUNKED = 'HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n';

/** `fits`, `may response`, `cannot`. */
const short = (match: Match): string => (match.is === 'may' ? `may ${match.needs}` : match.is);

type Case = readonly [
  outcome: string,
  bytes: string,
  ended: Ended | undefined,
  expected: string,
  why?: RegExp,
];

void t.test('outcomes', (t) => {
  const cases: readonly Case[] = [
    // Responses.
    ['200', '', undefined, 'may response'],
    ['200', 'HTTP/1.1 2', undefined, 'may response'],
    ['200', response(200, 'x'), undefined, 'fits'],
    ['200', response(404), undefined, 'cannot', /is 404, not 200/],
    ['200', 'HTTP/1.1 404 x\r\nContent-Length: 9\r\n\r\n', undefined, 'cannot', /is 404, not 200/],
    ['200', '', 'fin', 'cannot', /was due, and the server ended the connection/],
    ['200', '', 'rst', 'cannot', /was due, and the server reset/],
    ['200', '', 'refused', 'cannot', /was due, and the connection was refused/],
    ['200', '<html>', undefined, 'cannot', /malformed: what should be a status line is none, at byte 0/],
    ['200', CHUNKED, 'fin', 'cannot', /malformed: the connection ended within a chunked body/],
    ['200, 404', response(200), undefined, 'may response'],
    ['200, 404', response(200) + response(200), undefined, 'cannot', /response 2 is 200, not 404/],
    ['4xx|501', response(501), undefined, 'fits'],
    ['missing', response(404), undefined, 'fits'],
    ['missing', response(200), undefined, 'cannot', /is 200, not missing/],
    ['ok', response(200), undefined, 'fits'],
    ['any', response(503), undefined, 'fits'],
    ['refused', response(302), undefined, 'cannot'],
    ['answered', response(404), undefined, 'fits'],
    ['answered', response(413), undefined, 'cannot'],
    ['answered', response(500), undefined, 'cannot'],
    // Interim responses are passed over, unless they are spoken of.
    ['200', interim(100) + response(200), undefined, 'fits'],
    ['200', interim(100), undefined, 'may response'],
    ['100', interim(100), undefined, 'fits'],
    ['100', response(200), undefined, 'cannot', /is 200, not 100/],
    ['100, 200', interim(100) + response(200), undefined, 'fits'],
    ['200 [no interim]', interim(100) + response(200), undefined, 'cannot', /1 interim/],
    ['200 [no 100]', interim(100) + response(200), undefined, 'cannot', /100 came before it/],
    ['200 [no 100]', interim(103) + response(200), undefined, 'fits'],
    ['200 [at most one 100]', interim(103) + interim(100) + response(200), undefined, 'fits'],
    [
      '200 [at most one 100]',
      interim(100) + interim(103) + interim(100) + response(200),
      undefined,
      'cannot',
      /100 came before it, 2 times/,
    ],
    // Endings.
    ['200 then close', response(200), undefined, 'may end'],
    ['200 then close', response(200), 'fin', 'fits'],
    ['200 then close', response(200), 'rst', 'fits'],
    [
      '200 then close',
      response(200) + response(404),
      'fin',
      'cannot',
      /behind it one more response came: 404/,
    ],
    ['200 then close', `${response(200)}H`, undefined, 'cannot', /bytes came that are no whole response/],
    ['200 then close', `${response(200)}surplus`, undefined, 'cannot', /something malformed came/],
    ['200 then open', response(200), undefined, 'may probe'],
    ['200 then open', response(200), 'fin', 'cannot', /ended the connection/],
    ['200 then open', response(200, '', CLOSE), undefined, 'cannot', /says that the connection ends/],
    ['200 then open', `HTTP/1.0 200 x\r\nContent-Length: 0\r\n\r\n`, undefined, 'cannot', /says that/],
    ['200 then open', response(200) + response(200), undefined, 'cannot', /one more response/],
    ['200 then silence', response(200), undefined, 'may quiet'],
    ['close', '', undefined, 'may end'],
    ['close', '', 'fin', 'fits'],
    ['close', '', 'refused', 'fits'],
    ['close', response(400), 'fin', 'cannot', /one more response came: 400/],
    ['silence', '', undefined, 'may quiet'],
    ['silence', '', 'fin', 'cannot', /FIN/],
    ['silence', 'H', undefined, 'cannot', /no whole response/],
    // Conditions.
    ['200 [body "hello"]', response(200, 'hello'), undefined, 'fits'],
    [
      '200 [body "hello"]',
      response(200, 'hell\x00'),
      undefined,
      'cannot',
      /its body is "hell\\0", not "hello"/,
    ],
    ['200 [body contains "ell"]', response(200, 'hello'), undefined, 'fits'],
    ['200 [body contains "x"]', response(200, 'hello'), undefined, 'cannot', /which lacks "x"/],
    ['200 [body lacks "ell"]', response(200, 'hello'), undefined, 'cannot', /which contains "ell"/],
    ['200 [body of bodyBytes bytes]', response(200, 'hello'), undefined, 'fits'],
    ['200 [body of bodyBytes+1 bytes]', response(200, 'hello'), undefined, 'cannot', /5 bytes, not 6/],
    ['200 [no body]', response(200, 'x'), undefined, 'cannot', /has a body/],
    ['200 [has date]', response(200, '', 'Date: x\r\n'), undefined, 'fits'],
    ['200 [has Date]', response(200), undefined, 'cannot', /no Date/],
    ['200 [lacks Date]', response(200, '', 'date: x\r\n'), undefined, 'cannot', /it has Date: "x"/],
    ['200 [A: 1, 2]', response(200, '', 'A: 1\r\na: 2\r\n'), undefined, 'fits'],
    ['200 [A ~ /^2$/]', response(200, '', 'A: 1\r\n'), undefined, 'cannot', /does not fit/],
    ['200 [version 1.0]', response(200), undefined, 'cannot', /1\.1, not 1\.0/],
    ['200 [framed by chunked]', response(200), undefined, 'cannot', /framed by length, not by chunked/],
    ['200 [json a.0.b = 1]', response(200, '{"a":[{"b":1}]}'), undefined, 'fits'],
    ['200 [json a = 1]', response(200, '{"a":2}'), undefined, 'cannot', /'a' of its JSON is 2, not 1/],
    ['200 [json a = 1]', response(200, 'x'), undefined, 'cannot', /not JSON/],
    ['200 [json toString = 1]', response(200, '{}'), undefined, 'cannot', /missing/],
    ['200 [json h.x = "1, 2"]', response(200, '{"h":[["x","1"],["y","0"],["x","2"]]}'), undefined, 'fits'],
    ['200 [json h lacks "z"]', response(200, '{"h":["zz"]}'), undefined, 'cannot', /which contains/],
    [
      '200, 200 [same A as 1]',
      response(200, '', 'A: 1\r\n') + response(200, '', 'A: 1\r\n'),
      undefined,
      'fits',
    ],
    ['200, 200 [same A as 1]', response(200, '', 'A: 1\r\n') + response(200), undefined, 'cannot', /missing/],
    ['200 [cut]', CHUNKED, 'fin', 'fits'],
    ['200 [cut; body "he"]', CHUNKED, 'rst', 'fits'],
    ['200 [cut]', CHUNKED, undefined, 'may response'],
    ['200 [cut]', response(200), 'fin', 'cannot', /it is whole/],
    ['200 [cut]', `${CHUNKED}zz\r\n`, 'fin', 'cannot', /malformed/],
  ];
  for (const [text, bytes, ended, expected, why] of cases) {
    const match = matchOutcome(parseOutcome(text, false), heardOf(bytes, ended), 0, known);
    t.equal(short(match), expected, `${text} | ${JSON.stringify(bytes)} ${ended ?? ''}`);
    if (why !== undefined) t.match(match.is === 'cannot' ? match.why : '', why);
  }
  t.end();
});

void t.test('what belongs to the step before is not looked at again', (t) => {
  const heard = heardOf(interim(100) + response(200));
  t.match(matchOutcome(parseOutcome('200 then close', false), heard, 1, known), { is: 'may', taken: 2 });
  t.match(matchOutcome(parseOutcome('silence', false), heard, 1, known), { is: 'cannot' });
  t.end();
});

void t.test('what is done next', (t) => {
  type Row = readonly [
    outcomes: readonly string[],
    bytes: string,
    ended: Ended | undefined,
    flags: string,
    does: string,
  ];
  const rows: readonly Row[] = [
    [['200'], '', undefined, '', 'wait'],
    [['200'], response(404), undefined, '', 'fail'],
    [['200'], response(200), undefined, '', 'take 200'],
    [['404', '200'], response(200), undefined, '', 'take 200'],
    // A longer alternative needs quiet to be ruled out.
    [['200', '200, 200'], response(200), undefined, '', 'quiet'],
    [['200', '200, 200'], response(200), undefined, 'quiet', 'take 200'],
    [['200 then open', '200, 200'], response(200), undefined, '', 'quiet'],
    [['200 then open', '200, 200'], response(200), undefined, 'quiet', 'probe 200 then open'],
    [['200 then open', '200 then close'], response(200), undefined, '', 'probe 200 then open'],
    [['200 then open', '200 then close'], response(200, '', CLOSE), undefined, '', 'quiet'],
    // Who has said that it closes may take its time.
    [['200 then close'], response(200), undefined, '', 'wait'],
    [['200 then close'], response(200, '', CLOSE), undefined, '', 'quiet'],
    [['200 then close'], response(200, '', CLOSE), undefined, 'quiet', 'shut'],
    [['200 then close'], response(200, '', CLOSE), undefined, 'shut', 'quiet'],
    [['200 then close'], response(200, '', CLOSE), undefined, 'shut quiet', 'take 200 then close'],
    [['silence'], '', undefined, '', 'quiet'],
    [['400 then close', 'silence'], '', undefined, 'quiet', 'take silence'],
    [['400 then close', 'silence'], '', 'fin', '', 'fail'],
  ];
  for (const [texts, bytes, ended, flags, does] of rows) {
    const heard = heardOf(bytes, ended);
    const candidates = texts.map((text) => {
      const outcome = parseOutcome(text, false);
      return { outcome, match: matchOutcome(outcome, heard, 0, known) };
    });
    const situation: Situation = {
      isQuiet: flags.includes('quiet'),
      isShut: flags.includes('shut'),
      saidClose: (taken) => saidClose(heard, taken),
    };
    const next = decide(candidates, situation);
    t.equal(
      'outcome' in next ? `${next.do} ${next.outcome.text}` : next.do,
      does,
      `${texts.join(' | ')} [${flags}]`,
    );
  }
  t.end();
});
