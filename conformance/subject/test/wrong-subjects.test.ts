import t from 'tap';
import { describe, type ProblemName } from '../index.js';
import { compileHost } from './kit-process.js';
import { folder, label, PLAIN, scenarios, survey, wrong } from './wrong.js';

/** ms; generous, because all processors may be busy with other work. */
t.setTimeout(300_000);

/** Subject and arguments → the problem of the one scenario in which it goes wrong; all others are answered. */
const inOneScenario: [string, ProblemName, ...string[]][] = [
  ['prints-garbage.mjs', 'garbage'],
  ['floods-stdout.mjs', 'flood', 'records'],
  ['floods-stdout.mjs', 'too-long-line', 'line'],
  ['floods-stdout.mjs', 'garbage', 'text'],
  ['floods-stderr.mjs', 'flood'],
  ['answers-for-another.mjs', 'wrong-id'],
  ['long-line.mjs', 'too-long-line'],
  ['json-bomb.mjs', 'too-complex'],
  ['json-bomb.mjs', 'too-complex', 'wide'],
  ...['type', 'missing', 'huge', 'float', 'kind', 'proto', 'record', 'unfinished', 'list', 'null'].map(
    (manner): [string, ProblemName, string] => ['hostile-trace.mjs', 'trace-invalid', manner],
  ),
  ...['no-id', 'text-id', 'huge-id', 'kind', 'surplus', 'stopping'].map(
    (manner): [string, ProblemName, string] => ['hostile-reply.mjs', 'reply-invalid', manner],
  ),
  ...['number', 'null', 'list', 'empty'].map((manner): [string, ProblemName, string] => [
    'hostile-reply.mjs',
    'garbage',
    manner,
  ]),
  ['hostile-reply.mjs', 'hello-invalid', 'hello'],
];

for (const [file, problem, ...manner] of inOneScenario) {
  void t.test([file, ...manner].join(' '), async (t) => {
    const list = scenarios(12);
    const { labels, left, results } = await survey(wrong(file, 's4', ...manner), list);
    t.same(
      labels,
      list.map(({ name }) => (name === 's4' ? problem : 'ok')),
    );
    const [result] = results.filter((one) => label(one) === problem);
    t.match(result && 'problem' in result && describe(result.problem), /^The subject.*\.$/);
    t.equal(left, 0);
  });
}

/** Subject → the problem that it has from the start. */
const fromTheStart: [string, ProblemName, patience: number][] = [
  ['never-says-hello.mjs', 'no-hello', 0.02],
  ['never-answers.mjs', 'silent', 0.2],
  ['bad-hello.mjs', 'hello-invalid', 1],
  ['refuses.mjs', 'hello-refused', 1],
  ['contradicts-itself.mjs', 'claims-unsupported', 1],
];

for (const [file, problem, patience] of fromTheStart) {
  void t.test(file, async (t) => {
    const { labels, left, problems } = await survey(wrong(file), scenarios(5), { patience, jobs: 2 });
    t.same(labels, Array<string>(5).fill(problem));
    t.same(problems, []);
    t.equal(left, 0);
  });
}

void t.test('claims-what-it-lacks.mjs', async (t) => {
  const list = scenarios(6).map((item, index) =>
    index === 2 ? { ...item, main: [{ op: 'timeout' as const, delay: 1, run: 'go' }, ...item.main] } : item,
  );
  const { labels, results, left } = await survey(wrong('claims-what-it-lacks.mjs'), list);
  t.same(labels, ['ok', 'ok', 'host-error', 'ok', 'ok', 'ok']);
  t.match(results[2], { problem: { text: /no attribute call_later/ } });
  t.equal(left, 0);
});

void t.test('changes-its-mind.mjs', async (t) => {
  const { labels, left } = await survey(wrong('changes-its-mind.mjs', 's2'), scenarios(6));
  t.same(labels, ['ok', 'ok', ...Array<string>(4).fill('hello-changed')]);
  t.equal(left, 0);
});

void t.test('leaves-grandchild.mjs', async (t) => {
  const { labels, problems, left } = await survey(wrong('leaves-grandchild.mjs', 's4'), scenarios(12));
  t.same(labels, Array<string>(12).fill('ok'));
  t.match(problems, [{ name: 'left-behind', processes: [{ pid: Number, command: /setInterval/ }] }]);
  t.match(problems.map(describe)[0], /left one process behind, killed now/);
  t.equal(left, 0);
});

void t.test('ignores-bye.mjs', async (t) => {
  const { labels, problems, left } = await survey(wrong('ignores-bye.mjs'), scenarios(3), { patience: 0.2 });
  t.same(labels, ['ok', 'ok', 'ok']);
  t.match(problems, [{ name: 'no-bye' }]);
  t.equal(left, 0);
});

for (const file of ['null.mjs', 'fabricates.mjs', 'lies-about-rounds.mjs', 'honest.mjs']) {
  void t.test(`${file} speaks the protocol well; that it lies is for the rules to find`, async (t) => {
    const { labels, problems, left } = await survey(wrong(file), scenarios(12));
    t.same(labels, Array<string>(12).fill('ok'));
    t.same(problems, []);
    t.equal(left, 0);
  });
}

const skip = process.platform === 'linux' ? false : 'the host of JavaScript subjects needs Linux';

void t.test('prints-from-callback.mjs', { skip }, async (t) => {
  const host = compileHost(t.testdir());
  const args = [...PLAIN, process.execPath, host, `${folder}prints-from-callback.mjs`];
  const list = scenarios(12).map((item) => ({
    ...item,
    callbacks: { go: { runs: [[{ op: 'done' as const }]] } },
  }));
  const { labels, results, problems, left } = await survey({ command: 'env', args }, list);
  t.same(labels, Array<string>(12).fill('ok'), 'a stray print disturbs nothing');
  t.match(results[5], { trace: { records: { length: 6, 2: { k: 'enter', run: 'go' } } } });
  t.same(problems, []);
  t.equal(left, 0);
});
