/**
 * What the kit and a subject send each other arrives as it was sent, and what is not of the protocol does not.
 */
import { deepStrictEqual } from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import type { z } from 'zod';
import { fromSchema } from '../../test/from-schema.js';
import { Hello, Reply, Request } from '../protocol.js';
import { Report } from '../report.js';
import { Action, FdName, Scenario } from '../scenario.js';
import { Trace, TraceRecord } from '../trace.js';

const CODECS = {
  action: Action,
  scenario: Scenario,
  record: TraceRecord,
  trace: Trace,
  request: Request,
  hello: Hello,
  reply: Reply,
  report: Report,
} satisfies Record<string, z.ZodType>;

const overTheWire = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

for (const [name, schema] of Object.entries<z.ZodType>(CODECS))
  void t.test(`a ${name} arrives as it was sent`, (t) => {
    fc.assert(
      fc.property(fromSchema(schema), (sent) => {
        // Fields with a default may be left out; from then on nothing is added and nothing is lost.
        const full = schema.parse(sent);
        const received = schema.parse(overTheWire(full));
        deepStrictEqual(received, full);
        if (name !== 'hello' && name !== 'reply') deepStrictEqual(full, sent);
      }),
      { numRuns: name === 'report' ? 20 : 100 },
    );
    t.pass();
    t.end();
  });

void t.test('a key that the schema does not know is refused, at any depth', (t) => {
  const scenarios = fromSchema(Scenario).filter(({ main }) => main.length > 0);
  fc.assert(
    fc.property(scenarios, fc.nat(), (scenario, n) => {
      const main = scenario.main.map((action, i) =>
        i === n % scenario.main.length ? { ...action, extra: 1 } : action,
      );
      return !Scenario.safeParse({ ...scenario, main }).success;
    }),
  );
  fc.assert(
    fc.property(fromSchema(TraceRecord), (record) => !TraceRecord.safeParse({ ...record, extra: 1 }).success),
  );
  t.pass();
  t.end();
});

void t.test('every operation and every kind of record is generated', (t) => {
  const ops = new Set(fc.sample(fromSchema(Action), 3000).map(({ op }) => op));
  t.same([...ops].sort(), Action.options.map((option) => option.shape.op.value).sort());
  const kinds = new Set(fc.sample(fromSchema(TraceRecord), 500).map(({ k }) => k));
  t.same([...kinds].sort(), TraceRecord.options.map((option) => option.shape.k.value).sort());
  t.end();
});

void t.test('names of fds', (t) => {
  for (const name of ['a', 'a.peer', 'x12', 'x12.peer', 'x*', 'x*.peer', 'abc'])
    t.ok(FdName.safeParse(name).success, name);
  for (const name of ['', 'A', '1', 'a.far', 'x1*', 'a b', 'a.peer.peer', '*', 'a*b'])
    t.notOk(FdName.safeParse(name).success, name || 'the empty name');
  t.end();
});
