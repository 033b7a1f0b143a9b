import { existsSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import type { Report } from '../../conformance/index.js';
import { packageRoot } from '../../spec/package-root.js';
import { withBusyCores } from '../steadiness/busy.js';
import { differences } from '../steadiness/differences.js';

type Verdict = Report['clauses'][number]['verdict'];

/** As far as it is compared. */
const report = (verdict: Verdict, ties = 'fifo', problems: Report['problems'] = []): Report =>
  ({
    clauses: [
      { id: 'LOOP-TASK-1', verdict: 'pass', violations: [] },
      {
        id: 'LOOP-TASK-2',
        verdict,
        violations: verdict === 'fail' ? [{ check: 'LOOP-TASK-2/some', at: 1, text: 'it ran twice' }] : [],
      },
    ],
    choices: [{ key: 'timers.ties', value: ties }],
    problems,
  }) as unknown as Report;

void t.test('differences between reports', (t) => {
  t.same(differences([report('pass'), report('pass')]), []);
  t.same(differences([report('fail'), report('fail')]), [], 'a loop may be wrong, if it always is');
  t.same(differences([report('pass'), report('fail'), report('pass')]), [
    'LOOP-TASK-2: pass in 2 (run 1, 3); fail in 1 (run 2)\n  run 2, fail: LOOP-TASK-2/some: it ran twice',
  ]);
  t.same(differences([report('pass'), report('pass', 'unspecified')]), [
    'timers.ties: fifo in 1 (run 1); unspecified in 1 (run 2)',
  ]);
  const problem = { kind: 'unsteady', check: 'LOOP-TASK-2/some', text: 'it hung once' };
  t.same(differences([report('pass', 'fifo', [problem]), report('pass', 'fifo', [problem])]), [
    'run 1, unsteady in LOOP-TASK-2/some: it hung once',
    'run 2, unsteady in LOOP-TASK-2/some: it hung once',
  ]);
  const answered = (violationCount: number, notes?: string[]): Report =>
    ({
      clauses: [{ id: 'HTTP-X-1', profile: 'http', verdict: 'fail', violations: [], violationCount, notes }],
      choices: [],
      problems: [],
    }) as unknown as Report;
  t.same(differences([answered(1, ['a']), answered(1, ['a'])]), []);
  t.same(differences([answered(1), answered(2, ['accepted: close'])]), [
    'HTTP-X-1: 1 exchanges fail in 1 (run 1); 2 exchanges fail in 1 (run 2)',
    'HTTP-X-1: notes: none in 1 (run 1); accepted: close in 1 (run 2)',
  ]);
  const shorter = { ...report('pass'), clauses: [] };
  t.match(differences([report('pass'), shorter])[0], 'LOOP-TASK-1: pass in 1 (run 1); absent in 1 (run 2)');
  t.end();
});

void t.test('busy processes end with the work', async (t) => {
  let seen: readonly number[] = [];
  const given = await withBusyCores(2, (pids) => {
    seen = pids;
    t.ok(pids.every((pid) => existsSync(`/proc/${pid}`)));
    return Promise.resolve('done');
  });
  t.equal(given, 'done');
  t.equal(seen.length, 2);
  await t.rejects(
    withBusyCores(1, (pids) => {
      seen = [...seen, ...pids];
      return Promise.reject(new Error('broken'));
    }),
    /broken/,
  );
  t.notOk(seen.some((pid) => existsSync(`/proc/${pid}`)));
});

void t.test('wrong usage is one sentence', (t) => {
  const cases: [words: string[], sentence: RegExp][] = [
    [['--runs', '0'], /^steadiness: --runs takes a whole number from 1, not '0'\n$/],
    [['--idle'], /^steadiness: Unknown option '--idle'/],
    [['--profile', 'nothing'], /^steadiness: there is no profile 'nothing'/],
    [['nothing'], /^steadiness: there is no subject 'nothing'/],
  ];
  for (const [words, sentence] of cases) {
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(packageRoot(), 'dist/scripts/steadiness.js'), ...words],
      { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } },
    );
    t.equal(status, 2, words.join(' '));
    t.match(stderr, sentence);
  }
  t.end();
});
