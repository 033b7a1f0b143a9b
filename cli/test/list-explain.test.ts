import t from 'tap';
import { loadSpec } from '../../spec/clauses.js';
import { loadSuite } from '../../conformance/suite.js';
import { evspec } from './command.js';

// Of a host that is busy with other work, only a hang takes so long.
t.setTimeout(300_000);

void t.test('list', async (t) => {
  const { clauses } = loadSpec();
  const text = await evspec('list');
  t.equal(text.code, 0);
  for (const { id } of clauses) t.ok(text.out.includes(`  ${id} `), id);
  t.match(text.out, /^loop\/readiness$/m);

  const timers = await evspec('list', '--only', 'LOOP-TIMER-2', '--json');
  t.match(JSON.parse(timers.out), [{ id: 'LOOP-TIMER-2', level: 'MUST', facet: 'timers' }]);

  const checks = await evspec('list', '--checks');
  t.equal(checks.out.trimEnd().split('\n').length, loadSuite().checks.length + loadSuite().exchanges.length);
  t.match(checks.out, /^LOOP-READY-1\/\S+ +LOOP-READY-1/m);

  const choices = await evspec('list', '--choices', '--json');
  t.equal((JSON.parse(choices.out) as unknown[]).length, loadSpec().choices.length);
  t.match((await evspec('list', '--choices')).out, /^timers\.ties {2}LOOP-/m);
});

void t.test('explain', async (t) => {
  const { code, out } = await evspec('explain', 'loop-timer-2');
  t.equal(code, 0);
  t.match(out, /^LOOP-TIMER-2 {2}MUST {2}facet timers\nA loop MUST NOT /);
  for (const label of ['why', 'kept by', 'observed', 'if it fails', 'checks', 'stands in'])
    t.match(out, new RegExp(`^${label} +\\S`, 'm'));
  t.match(out, /spec\/loop\/timers\.md:\d+/);
  t.match(out, /^ {2}reference\/ioloop\/\S+\.ts:\d+$/m, 'lines of the reference');
  t.notMatch(out, /LOOP-TIMER-2\d/, 'not those of another clause');
});

void t.test('explain: of a sweep, one check stands for all', async (t) => {
  const id = 'STREAM-READ-1';
  const { out } = await evspec('explain', id);
  const checks = loadSuite().checks.filter(({ clauses }) => clauses.includes(id));
  const rows = out
    .split('\n')
    .map((line) => /^(?:checks)? +([A-Z0-9-]+\/\S+)(?: \(1 of (\d+) variants\))?$/.exec(line));
  const shown = rows.flatMap((row) => (row === null ? [] : [{ name: row[1]!, of: Number(row[2] ?? 1) }]));
  t.ok(shown.length < 50, `${shown.length} lines`);
  for (const { name } of shown)
    t.ok(
      checks.some(({ scenario }) => scenario.name === name),
      name,
    );
  t.equal(
    shown.reduce((sum, { of }) => sum + of, 0),
    checks.length,
  );
  t.match(out, new RegExp(`all: evspec list --checks --only ${id}$`, 'm'));
});
