/** Scenarios go out as files, traces come back as files, and the verdicts are those of a run. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { SubjectPool } from '../../conformance/subject/index.js';
import { Report } from '../../spec/report.js';
import { Scenario } from '../../spec/scenario.js';
import { chooseSubject } from '../subjects.js';
import { checkOf, evspec } from './command.js';

// Of a host that is busy with other work, only a hang takes so long.
t.setTimeout(300_000);

const SELECTION = ['--only', 'LOOP-READY-*', '--only', 'LOOP-TASK-*'];

interface Files {
  readonly hello: string;
  readonly scenarios: string;
  readonly traces: string;
}

/** A runner of the user's own: here the reference, through the pool. */
async function record(folder: string): Promise<Files> {
  const file = (name: string): string => join(folder, name);
  const files = {
    hello: file('hello.json'),
    scenarios: file('scenarios.ndjson'),
    traces: file('traces.ndjson'),
  };
  const pool = new SubjectPool(chooseSubject({}).launch);
  const hello = await pool.hello();
  writeFileSync(files.hello, JSON.stringify({ id: 1, hello }));
  const { out } = await evspec('emit', '--hello', files.hello, ...SELECTION);
  writeFileSync(files.scenarios, out);
  const lines: string[] = [];
  for (const line of out.trimEnd().split('\n')) {
    const scenario = Scenario.parse(JSON.parse(line));
    const result = await pool.run(scenario);
    if ('trace' in result) lines.push(JSON.stringify({ name: scenario.name, trace: result.trace }));
  }
  await pool.close();
  writeFileSync(files.traces, `${lines.join('\n')}\n`);
  return files;
}

const verdicts = (text: string): string[] =>
  Report.parse(JSON.parse(text)).clauses.map(({ id, verdict }) => `${id} ${verdict}`);

void t.test('the same verdicts as a run', async (t) => {
  const files = await record(t.testdir());
  const judged = await evspec(
    ...['judge', '--hello', files.hello, '--scenarios', files.scenarios, '--traces', files.traces],
    ...[...SELECTION, '--reporter', 'json'],
  );
  const run = await evspec('run', ...SELECTION, '--reporter', 'json');
  t.same(verdicts(judged.out), verdicts(run.out));
  t.equal(judged.code, run.code);
});

void t.test('what is missing or was changed is no pass', async (t) => {
  const files = await record(t.testdir());
  const words = ['--hello', files.hello, '--only', 'LOOP-READY-1', '--reporter', 'json'];
  const traces = readFileSync(files.traces, 'utf8').split('\n');

  const missing = traces.filter((line) => !line.includes('LOOP-READY-1/'));
  writeFileSync(files.traces, missing.join('\n'));
  const without = Report.parse(JSON.parse((await evspec('judge', ...words, '--traces', files.traces)).out));
  t.match(without.clauses, [{ id: 'LOOP-READY-1', verdict: 'error' }]);
  t.ok(without.problems.every(({ kind }) => kind === 'no-trace'));
  t.equal(without.exitCode, 3);

  writeFileSync(files.traces, traces.map((line) => line.replace('"k":"exit"', '"k":"exti"')).join('\n'));
  const garbled = Report.parse(JSON.parse((await evspec('judge', ...words, '--traces', files.traces)).out));
  t.match(garbled.clauses, [{ id: 'LOOP-READY-1', verdict: 'error' }]);
  t.ok(garbled.problems.some(({ kind }) => kind === 'trace-invalid'));

  writeFileSync(files.traces, traces.join('\n'));
  const scenarios = readFileSync(files.scenarios, 'utf8');
  writeFileSync(files.scenarios, scenarios.replaceAll('"op":"drain"', '"op":"read"'));
  const both = ['--scenarios', files.scenarios, '--traces', files.traces];
  const changed = Report.parse(JSON.parse((await evspec('judge', ...words, ...both)).out));
  t.match(changed.clauses, [{ id: 'LOOP-READY-1', verdict: 'error' }]);
  t.ok(changed.problems.some(({ kind }) => kind === 'scenario-changed'));
});

void t.test('one file each', async (t) => {
  const folder = join(t.testdir(), 'scenarios');
  const { code, out } = await evspec('emit', '--only', 'LOOP-READY-1', '--output', folder);
  t.equal(code, 0);
  const names = readdirSync(folder);
  t.match(out, `${names.length} scenarios written`);
  t.ok(names.includes(`${checkOf('LOOP-READY-1').replace('/', '.')}.json`));
  for (const name of names)
    t.ok(Scenario.safeParse(JSON.parse(readFileSync(join(folder, name), 'utf8'))).success, name);
});
