/**
 * How many bytes it moved, a subject says itself: what can't be true is its error, and costs the kit nothing.
 */
import t from 'tap';
import { check, fill, start } from '../../scenarios/program.js';
import { prepareScenario } from '../../prepare.js';
import { Hello } from '../../../spec/protocol.js';
import { byteCount, ByteLog, MOST_BYTES } from '../byte-log.js';
import { readHistory } from '../history-builder.js';
import { TraceAuditError } from '../timeline.js';

void t.test('a count is a whole number, and no larger than any connection', (t) => {
  t.equal(byteCount('fill', 0), 0);
  t.equal(byteCount('fill', MOST_BYTES), MOST_BYTES);
  t.equal(byteCount('fill', undefined), 0);
  for (const result of [-1, 0.5, MOST_BYTES + 1, 4e9, NaN, Infinity])
    t.throws(() => byteCount('fill', result), { name: TraceAuditError.name, message: /'fill' moved/ });
  t.end();
});

void t.test('and so is the sum of many', (t) => {
  const log = new ByteLog();
  log.add(1, Buffer.alloc(MOST_BYTES));
  t.throws(() => log.add(2, Buffer.alloc(1)), TraceAuditError);
  t.end();
});

void t.test('a trace that says otherwise is refused', (t) => {
  const hello = Hello.parse({
    ...{ protocol: 1, name: 'x', version: '1', language: 'x', pid: 1, facets: ['run'], rounds: 'tasks' },
  });
  const { scenario } = check({
    clauses: ['STREAM-READ-16'],
    name: 'made-up',
    fds: { a: 'pair' },
    main: [fill('a'), start],
    sentinel: false,
  });
  const facts = { timerResolutionMs: 0, interest: 'combined', eventsPerPoll: Infinity, choices: {} } as const;
  const trace = (result: number) => ({
    fds: { a: 3, 'a.peer': 4 },
    records: [
      { k: 'did' as const, t: 1, c: 1, op: 'fill', result },
      { k: 'starting' as const, t: 2, c: 2 },
      { k: 'did' as const, t: 3, c: 3, op: 'start' },
    ],
  });
  const read = (result: number) => () => readHistory(prepareScenario(scenario, hello), trace(result), facts);
  t.equal(read(1000)().fds.length, 2);
  for (const result of [-5, 200_000_000, 4e9]) t.throws(read(result), TraceAuditError);
  t.end();
});
