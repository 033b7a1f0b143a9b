import fc from 'fast-check';
import t from 'tap';
import { complexity } from '../complexity.js';
import { parseReply } from '../reply-parser.js';

const hello = {
  protocol: 1,
  name: 'x',
  version: '1',
  language: 'C',
  pid: 1,
  facets: ['tasks'],
  rounds: 'tasks',
};
const trace = {
  fds: { a: 5, 'a.peer': 6, x10: 7 },
  records: [
    { k: 'did', t: 1, c: 1, op: 'schedule', token: 1 },
    { k: 'enter', t: 2, c: 1, run: 'go', nth: 1, as: 'task', token: 1 },
    { k: 'exit', t: 3, c: 2 },
  ],
  openFds: { before: 3, after: 3 },
};

function parse(value: unknown, values = 10_000) {
  return parseReply(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), values);
}

void t.test('each kind of reply', (t) => {
  t.match(parse({ id: 1, hello }), { id: 1, answer: { kind: 'hello', hello: { name: 'x', limits: {} } } });
  t.same(parse({ id: 2, trace }), { id: 2, answer: { kind: 'trace', trace } });
  t.match(parse({ id: 3, records: trace.records }), { answer: { kind: 'records', records: trace.records } });
  t.match(parse({ id: 3, records: [], fds: { a: 1 } }), { answer: { kind: 'records', fds: { a: 1 } } });
  t.match(parse({ id: 4, stopping: 'after' }), { answer: { kind: 'stopping', stopping: 'after' } });
  t.match(parse({ id: 5, error: 'no \u001b' }), { answer: { kind: 'error', text: 'no \\x1b' } });
  t.match(parse({ id: 6, bye: {} }), { answer: { kind: 'bye' } });
  t.end();
});

void t.test('what is no reply ends the conversation', (t) => {
  for (const line of ['', '42', 'null', '[]', '"x"', '{', '\u0000', 'loop started', '{"id":1}{}']) {
    t.match(parse(line), { problem: { name: 'garbage' } }, line);
  }
  for (const line of [
    '{"trace":{}}',
    '{"id":"1","bye":{}}',
    '{"id":1.5,"bye":{}}',
    '{"id":1e999,"bye":{}}',
    '{"id":1}',
    '{"id":1,"toString":1}',
    '{"id":1,"bye":{},"trace":{}}',
    '{"id":1,"bye":{},"fds":{}}',
    '{"id":1,"bye":{},"__proto__":{}}',
  ]) {
    t.match(parse(line), { problem: { name: 'reply-invalid' } }, line);
  }
  t.end();
});

void t.test('what a reply holds is checked', (t) => {
  const invalid = (name: string) => ({ answer: { kind: 'invalid', problem: { name } } });
  for (const wrong of [
    null,
    [],
    7,
    {},
    { fds: {} },
    { ...trace, records: {} },
    { ...trace, records: [null] },
    { ...trace, records: [{ ...trace.records[2], extra: 1 }] },
    { ...trace, records: [{ ...trace.records[1], as: '__proto__' }] },
    { ...trace, fds: { 'not a name': 1 } },
    { ...trace, fds: { a: 1e300 } },
    { ...trace, threads: [{}] },
    { ...trace, unfinished: 'died' },
  ]) {
    t.match(parse({ id: 1, trace: wrong }), invalid('trace-invalid'), JSON.stringify(wrong));
  }
  t.match(parse('{"id":1,"trace":{"records":[],"fds":{"__proto__":1}}}'), invalid('trace-invalid'));
  t.match(
    parse('{"id":1,"trace":{"records":[{"k":"exit","t":1e999,"c":1}],"fds":{}}}'),
    invalid('trace-invalid'),
  );
  t.match(parse({ id: 1, hello: { ...hello, protocol: 2 } }), invalid('hello-invalid'));
  t.match(parse({ id: 1, hello: { ...hello, unclaimed: { flying: 'no' } } }), invalid('hello-invalid'));
  t.match(parse({ id: 1, hello: { ...hello, unclaimed: { tasks: 'no' } } }), invalid('claims-unsupported'));
  t.match(parse({ id: 1, stopping: 'now' }), invalid('reply-invalid'));
  t.end();
});

void t.test('any JSON gets an answer, never an exception', (t) => {
  const kinds = fc.constantFrom('hello', 'trace', 'records', 'stopping', 'error', 'bye', 'id', '__proto__');
  fc.assert(
    fc.property(fc.dictionary(kinds, fc.jsonValue()), fc.integer(), (content, id) => {
      parse({ id, ...content });
      return true;
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      parseReply(Buffer.from(bytes), 100);
      return true;
    }),
  );
  t.end();
});

void t.test('JSON bombs are counted, not parsed', (t) => {
  t.same(complexity(Buffer.from('{"a":[1,2,{"b":"[[,,\\"{"}],"c":3}')), { depth: 3, values: 7 });
  t.match(parse('['.repeat(100_000)), { problem: { name: 'too-complex' } });
  t.match(parse(`{"id":1,"trace":[${'{},'.repeat(50_000)}{}]}`), { problem: { name: 'too-complex' } });
  t.match(
    parse({ id: 1, error: '[,'.repeat(100_000) }),
    { answer: { kind: 'error' } },
    'strings do not count',
  );
  t.end();
});
