/** The text of the protocol says what the schemas say, and its examples are of the protocol. */
import t from 'tap';
import type { z } from 'zod';
import { readHistory } from '../../conformance/trace/history-builder.js';
import { blocksOf, tableRows } from '../../test/markdown.js';
import { FACETS } from '../contract.js';
import { CAPABILITIES, Hello, Reply, Request } from '../protocol.js';
import { Action, FdSpec, REGISTERING, type Scenario } from '../scenario.js';
import { Changed, Did, Enter, ThreadReport, TraceRecord, type Trace } from '../trace.js';

const FILE = 'spec/protocol.md';
const blocks = blocksOf(FILE);
const rows = tableRows(FILE);
/** Names in backticks of one cell. */
const names = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!);
/** The rows whose first cell holds just names. */
const rowsOf = (...keys: string[]): string[][] =>
  rows.filter(([first]) => names(first!).some((name) => keys.includes(name)));

const FACTS = { timerResolutionMs: 0, interest: 'combined', eventsPerPoll: Infinity, choices: {} } as const;

function exchange(
  requests: z.infer<typeof Request>[],
  replies: z.infer<typeof Reply>[],
): [Scenario, Trace][] {
  return requests.flatMap((request) => {
    const reply = replies.find(({ id }) => id === request.id);
    return 'run' in request && reply !== undefined && 'trace' in reply
      ? [[request.run, reply.trace] as [Scenario, Trace]]
      : [];
  });
}

void t.test('examples are of the protocol', (t) => {
  const schemas: Record<string, z.ZodType> = {
    request: Request,
    reply: Reply,
    threadReport: ThreadReport,
    changed: Changed,
  };
  const parsed: Record<string, unknown[]> = { request: [], reply: [], threadReport: [], changed: [] };
  const examples = blocks.filter(({ language }) => language === 'json');
  t.ok(examples.length >= 10);
  for (const { line, mark, text } of examples) {
    const kind = mark.replace('json: ', '');
    const result = schemas[kind]?.safeParse(JSON.parse(text));
    t.ok(result?.success, `${FILE}:${line} ${mark}`, { message: result?.error?.message });
    parsed[kind]?.push(result?.data);
  }
  const pairs = exchange(
    parsed['request'] as z.infer<typeof Request>[],
    parsed['reply'] as z.infer<typeof Reply>[],
  );
  t.equal(pairs.length, 1);
  for (const [scenario, trace] of pairs) t.ok(readHistory(scenario, trace, FACTS).complete);
  t.end();
});

void t.test('the session', (t) => {
  const text = blocks.find(({ mark }) => mark === 'session')!.text;
  const lines = (sign: string): unknown[] =>
    text
      .split('\n')
      .filter((line) => line.startsWith(sign))
      .map((line) => JSON.parse(line.slice(1)) as unknown);
  const requests = lines('→').map((line) => Request.parse(line));
  const replies = lines('←').map((line) => Reply.parse(line));
  t.same(
    replies.map(({ id }) => id),
    requests.map(({ id }) => id),
  );
  const pairs = exchange(requests, replies);
  t.equal(pairs.length, 2);
  for (const [scenario, trace] of pairs) t.ok(readHistory(scenario, trace, FACTS).complete);
  t.end();
});

void t.test('every operation is described, with its fields', (t) => {
  const described = new Map<string, { fields: Map<string, boolean>; registers: boolean }>();
  for (const [first, second] of rows)
    for (const op of names(first!)) {
      const fields = [...second!.matchAll(/`(\w+)`(\?)?/g)].map(([, name, optional]) => [
        name!,
        optional === '?',
      ]);
      described.set(op, {
        fields: new Map(fields as [string, boolean][]),
        registers: first!.includes('●'),
      });
    }
  for (const option of Action.options) {
    const { op, ...shape } = option.shape;
    const found = described.get(op.value);
    t.ok(found, op.value);
    const fields = Object.entries(shape).map(([name, field]) => [
      name,
      (field as z.ZodType).safeParse(undefined).success,
    ]);
    t.same(Object.fromEntries(found?.fields ?? []), Object.fromEntries(fields), `fields of ${op.value}`);
    t.equal(found?.registers, REGISTERING.has(op.value), `${op.value} registers`);
  }
  t.end();
});

void t.test('capabilities, facets, kinds of fds and fields are all there', (t) => {
  for (const [name, meaning] of Object.entries(CAPABILITIES)) {
    const cell = rowsOf(name)[0]?.[1];
    t.ok(cell?.startsWith(meaning.split(' (')[0]!), `${name}: ${meaning}`);
  }
  const hello = rowsOf('facets')[0]![1]!;
  t.same(names(hello), [...FACETS]);
  const keys = rows.flatMap(([first]) => names(first!));
  for (const key of Object.keys(Hello.shape).filter((key) => key !== 'limits'))
    t.ok(keys.includes(key), `hello.${key}`);
  for (const kind of FdSpec.shape.kind.options) t.ok(keys.includes(kind), `kind ${kind}`);
  for (const option of TraceRecord.options) t.ok(keys.includes(option.shape.k.value), option.shape.k.value);
  const clocks = ['k', 't', 'c'];
  for (const key of Object.keys(Did.shape).filter((key) => !clocks.includes(key)))
    t.ok(keys.includes(key), `did.${key}`);
  const enter = names(rowsOf('enter')[0]![2]!);
  for (const key of Object.keys(Enter.shape).filter((key) => !clocks.includes(key)))
    t.ok(enter.includes(key), `enter.${key}`);
  t.end();
});
