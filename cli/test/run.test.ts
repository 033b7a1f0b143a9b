import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Parser } from 'tap-parser';
import t from 'tap';
import { Report } from '../../spec/report.js';
import { evspec, fixture, STUBBORN } from './command.js';

// Of a host that is busy with other work, only a hang takes so long.
t.setTimeout(300_000);

const ONLY = ['--only', 'LOOP-READY-1'];

void t.test('the reference, one clause', async (t) => {
  const { code, out, err } = await evspec('run', ...ONLY);
  t.equal(code, 0, err);
  t.match(out, /^PASS: every claimed MUST of the selection holds/);
  t.match(out, /partial/);
});

void t.test('json fits its schema', async (t) => {
  const { code, out } = await evspec('run', ...ONLY, '--reporter', 'json', '--jobs', '1');
  const report = Report.parse(JSON.parse(out));
  t.equal(code, report.exitCode);
  t.ok(report.selection.partial);
  t.match(report.clauses, [{ id: 'LOOP-READY-1', verdict: 'pass' }]);
});

void t.test('tap is accepted, and its verdict is the exit code', async (t) => {
  const { code, out } = await evspec('run', ...ONLY, '--reporter', 'tap');
  const parser = new Parser({ strict: true });
  parser.end(out);
  t.ok(parser.results?.ok);
  t.equal(code, 0);
});

void t.test('a report in a file, a line on the terminal', async (t) => {
  const output = join(t.testdir(), 'report.json');
  const { code, out } = await evspec('run', ...ONLY, '--reporter', 'json', '--output', output);
  t.equal(code, 0);
  t.equal(out, `PASS  every claimed MUST of the selection holds: see ${output}\n`);
  t.ok(Report.safeParse(JSON.parse(readFileSync(output, 'utf8'))).success);
});

void t.test('a subject that passes nothing', async (t) => {
  const command = [process.execPath, fixture('wrong-subjects/null.mjs')];
  const { code, out } = await evspec('run', ...ONLY, '--', ...command);
  t.not(code, 0);
  t.notMatch(out, /\d+ pass/);
});

void t.test('a failure shows both traces and the command that replays it', async (t) => {
  const adapter = join(t.testdir({ 'adapter.mjs': STUBBORN }), 'adapter.mjs');
  const { code, out } = await evspec('run', '--only', 'LOOP-TIMER-3', '--subject', adapter);
  t.equal(code, 1);
  t.match(out, /^FAIL LOOP-TIMER-3 MUST$/m);
  t.match(out, /subject +│ reference/);
  const command = /Replay with: evspec (.*)$/m.exec(out)?.[1] ?? '';
  t.match(command, /^replay LOOP-[A-Z]+-\d+\/\S+ --subject /);
  const replayed = await evspec(...command.split(' '));
  t.equal(replayed.code, 1, replayed.err);
  t.match(replayed.out, /✗ LOOP-TIMER-3, record \d+: /);
});

void t.test('known failures', async (t) => {
  const folder = t.testdir({ 'adapter.mjs': STUBBORN, 'known.txt': 'LOOP-TIMER-3 # it is stubborn\n' });
  const words = ['--only', 'LOOP-TIMER-3', '--known-failing', join(folder, 'known.txt')];
  const { out } = await evspec(
    'run',
    ...words,
    '--reporter',
    'json',
    '--subject',
    join(folder, 'adapter.mjs'),
  );
  const report = Report.parse(JSON.parse(out));
  t.match(
    report.clauses.find(({ id }) => id === 'LOOP-TIMER-3'),
    { verdict: 'fail', knownFailing: 'it is stubborn' },
  );
  t.not(report.exitCode, 1);

  const stale = await evspec('run', ...words);
  t.equal(stale.code, 1);
  t.match(stale.out, /^FAIL: 1 clause passes and is known to fail$/m);
  t.match(stale.out, /LOOP-TIMER-3 passes, but line 1 of the known failing/);
});

void t.test('what breaks outside the loop is exit 3', async (t) => {
  const { code, out } = await evspec(
    'run',
    ...ONLY,
    '--',
    process.execPath,
    fixture('wrong-subjects/bad-hello.mjs'),
  );
  t.equal(code, 3);
  t.match(out, /^ERROR: /);
});
