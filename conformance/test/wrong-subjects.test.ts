/**
 * Wrong subjects, judged: each gets its named message and its verdict, what it did not spoil is still judged, and nothing
 * passes that was not shown. Budgets, memory and left-over processes are the pool's tests.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { packageRoot } from '../../spec/package-root.js';
import type { Report } from '../../spec/report.js';
import { runConformance } from '../run.js';

/** ms; generous, because all processors may be busy with other work. */
t.setTimeout(300_000);

const folder = join(packageRoot(), 'fixtures/wrong-subjects');
const SELECTION = [
  'LOOP-READY-1',
  'LOOP-READY-2',
  'LOOP-READY-3',
  'LOOP-READY-10',
  'LOOP-TASK-*',
  'LOOP-TIMER-3',
];

const judge = (file: string, args: readonly string[] = [], only = SELECTION): Promise<Report> =>
  runConformance({
    launch: { command: process.execPath, args: [join(folder, file), ...args] },
    reference: undefined,
    strict: false,
    jobs: 2,
    profiles: ['loop'],
    only,
    skip: [],
  });

const kinds = (report: Report): string[] => [...new Set(report.problems.map((problem) => problem.kind))];

/** Spoil one scenario: an error for the clauses that it had to exercise, verdicts for the others. */
const once: [file: string, kind: string, ...args: string[]][] = [
  ['dies.mjs', 'unsteady', '7'],
  ['prints-garbage.mjs', 'garbage', '7'],
  ['floods-stdout.mjs', 'flood', '7', 'records'],
  ['floods-stderr.mjs', 'flood', '7'],
  ['answers-for-another.mjs', 'wrong-id', '7'],
];
for (const [file, kind, ...args] of once) {
  t.test([file, ...args].join(' '), async (t) => {
    const report = await judge(file, args);
    t.ok(kinds(report).includes(kind), kinds(report).join());
    t.equal(report.exitCode, 3);
    t.ok(report.summary.error > 0, 'an error');
    t.ok(report.summary.pass > 0, 'the others are judged');
    t.equal(report.summary.fail, 0, 'never a fail');
  });
}

/** Can't be judged at all. */
const always: [file: string, kind: string][] = [
  ['never-answers.mjs', 'silent'],
  ['dies-at-start.mjs', 'died'],
  ['lies-about-rounds.mjs', 'false-claim'],
  ['fabricates.mjs', 'trace-invalid'],
];
for (const [file, kind] of always) {
  t.test(file, async (t) => {
    const report = await judge(file);
    t.ok(kinds(report).includes(kind), kinds(report).join());
    t.equal(report.exitCode, 3);
    t.equal(report.summary.pass, 0, 'nothing passes');
    t.equal(report.summary.fail, 0, 'and nothing fails');
  });
}

t.test('claims what it lacks: an error for what it claimed, verdicts for the rest', async (t) => {
  const report = await judge('claims-what-it-lacks.mjs');
  t.ok(kinds(report).includes('host-error'), kinds(report).join());
  t.equal(report.exitCode, 3);
  t.equal(report.clauses.find((clause) => clause.id === 'LOOP-TIMER-3')?.verdict, 'error');
  t.equal(report.summary.fail, 0);
});

t.test('a grandchild in a session of its own is killed and told', async (t) => {
  const report = await judge('leaves-grandchild.mjs');
  t.ok(kinds(report).includes('left-behind'), kinds(report).join());
  t.equal(report.exitCode, 3);
  t.equal(marked(), 0, 'nothing is left');
});

t.test('the null subject passes no clause', async (t) => {
  const report = await judge('null.mjs', [], []);
  t.equal(report.summary.pass, 0);
  t.not(report.exitCode, 0);
});

t.test('streams that accept all and do nothing pass no clause, on a loop that works', async (t) => {
  const host = join(packageRoot(), 'dist/conformance/host/main.js');
  const report = await runConformance({
    launch: { command: process.execPath, args: [host, join(folder, 'null-streams.mjs')] },
    reference: undefined,
    strict: false,
    jobs: 1,
    profiles: ['stream'],
    only: [],
    skip: [],
  });
  t.same(report.problems, []);
  t.equal(report.summary.pass, 0);
  t.equal(report.exitCode, 1);
});

t.test('printing from a callback breaks nothing', async (t) => {
  const host = join(packageRoot(), 'dist/conformance/host/main.js');
  const report = await runConformance({
    launch: { command: process.execPath, args: [host, join(folder, 'prints-from-callback.mjs')] },
    reference: undefined,
    strict: false,
    jobs: 1,
    profiles: ['loop'],
    only: ['LOOP-READY-1', 'LOOP-TASK-2'],
    skip: [],
  });
  t.same(report.problems, []);
  t.equal(report.exitCode, 0);
});

/** Processes that carry the mark of a kit. */
function marked(): number {
  return readdirSync('/proc').filter((pid) => {
    try {
      const environment = /^\d+$/.test(pid) ? readFileSync(`/proc/${pid}/environ`, 'utf8') : '';
      return environment.includes('EVSPEC_MARK=') && environment.includes('leaves-grandchild');
    } catch {
      return false;
    }
  }).length;
}
