import t from 'tap';
import { SubjectPool } from '../index.js';
import { marked } from '../offspring.js';
import { label, scenario, scenarios, survey, wrong, PLAIN } from './wrong.js';

/** ms; generous, because all processors may be busy with other work. */
t.setTimeout(300_000);

void t.test('a subject that is right: all are answered, in no more processes than asked for', async (t) => {
  const pool = new SubjectPool(wrong('honest.mjs'), { jobs: 2 });
  t.match(await pool.hello(), { name: 'honest.mjs', facets: ['ready', 'tasks', 'timers', 'run', 'errors'] });
  const running = Promise.all(scenarios(300).map((item) => pool.run(item)));
  const results = await running;
  t.ok(results.every((result) => label(result) === 'ok'));
  const [first] = results;
  t.match(first, {
    trace: { fds: { a: Number }, records: [{ k: 'did', op: 'schedule' }, { k: 'starting' }] },
  });
  t.ok(marked(pool.mark).length <= 2);
  t.same(await pool.close(), []);
  t.same(marked(pool.mark), []);
  t.match(await pool.run(scenario('late')), { problem: { name: 'closed' } });
  t.same(await pool.close(), [], 'closing twice does nothing');
});

void t.test('a pool that is closed at once, or in the middle', async (t) => {
  const unused = new SubjectPool(wrong('honest.mjs'));
  t.same(await unused.close(), []);
  const early = new SubjectPool(wrong('honest.mjs'));
  const hello = early.hello();
  t.same(await early.close(), []);
  t.match(await hello, { name: 'closed' });
  const pool = new SubjectPool(wrong('spins.mjs', 's3'), { jobs: 2, patience: Infinity });
  const running = Promise.all(scenarios(30).map((item) => pool.run(item)));
  await pool.hello();
  await pool.run(scenario('after'));
  t.same(await pool.close(), []);
  const labels = (await running).map(label);
  t.equal(labels[3], 'closed');
  t.ok(labels.every((name) => name === 'ok' || name === 'closed'));
  t.same(marked(pool.mark), []);
});

void t.test('a subject that can not be started', async (t) => {
  for (const launch of [
    { command: '/no/such/program', args: [] },
    { command: 'env', args: [], cwd: '/no/such/folder' },
    { command: 'with a \0 inside', args: [] },
  ]) {
    const pool = new SubjectPool(launch);
    t.match(await pool.hello(), { name: 'spawn-failed' });
    t.match(await pool.run(scenario('s')), { problem: { name: 'spawn-failed' } });
    t.same(await pool.close(), []);
  }
});

void t.test('a crash costs one scenario', async (t) => {
  const { labels, problems, left, results } = await survey(wrong('dies.mjs', 's7'), scenarios(40), {
    jobs: 2,
  });
  t.same(
    labels,
    scenarios(40).map(({ name }) => (name === 's7' ? 'died' : 'ok')),
  );
  t.match(results[7], { trace: { fds: { a: 20 }, records: [{ k: 'starting' }], unfinished: 'died' } });
  t.same(problems, []);
  t.equal(left, 0);
});

void t.test('a crash that does not come again is a problem', async (t) => {
  const { labels, results, left } = await survey(wrong('dies.mjs', '7'), scenarios(20));
  t.equal(labels[6], 'unsteady');
  t.ok(labels.every((name) => name === 'ok' || name === 'unsteady'));
  t.match(results[6], { problem: { first: 'died', cause: /SIGKILL/, stderr: /dying \\x1b\[31mnow/ } });
  t.equal(left, 0);
});

void t.test('a hang costs one scenario', async (t) => {
  for (const file of ['hangs.mjs', 'spins.mjs']) {
    const { labels, left } = await survey(wrong(file, 's3'), scenarios(20), { jobs: 2, patience: 0.25 });
    t.same(
      labels,
      scenarios(20).map(({ name }) => (name !== 's3' ? 'ok' : file === 'hangs.mjs' ? 'hung' : 'silent')),
    );
    t.equal(left, 0);
  }
});

void t.test('a subject that gets nowhere is given up', async (t) => {
  const { labels, results, left } = await survey(wrong('dies-at-start.mjs'), scenarios(50), { jobs: 2 });
  t.ok(labels.filter((name) => name === 'given-up').length >= 46);
  t.ok(labels.every((name) => name === 'given-up' || name === 'died'));
  t.match(
    results.find((result) => label(result) === 'given-up'),
    { problem: { after: 3, last: /exit code 3/ } },
  );
  t.equal(left, 0);
});

void t.test('a subject that never finishes a scenario is given up, later', async (t) => {
  const all = scenarios(30).map((item) => ({ ...item, name: 'always' }));
  const { labels } = await survey(wrong('dies.mjs', 'always'), all, { jobs: 2 });
  t.ok(labels.filter((name) => name === 'died').length >= 20);
  t.ok(labels.includes('given-up'));
});

void t.test('a subject that ends while nothing is asked of it', async (t) => {
  const script = `
    process.stdin.once('data', () => {
      console.log(JSON.stringify({ id: 1, hello: { protocol: 1, name: 'x', version: '1', language: 'js',
        pid: process.pid, facets: [], rounds: 'tasks' } }));
      process.stdin.once('data', () => {
        process.stdout.write('{"id":2,"error":"no"}\\n', () => process.exit(9));
      });
    });
  `;
  const pool = new SubjectPool({ command: 'env', args: [...PLAIN, process.execPath, '-e', script] });
  t.match(await pool.hello(), { name: 'x' });
  while (marked(pool.mark).length > 0) await new Promise(setImmediate);
  await pool.close();
  t.same(marked(pool.mark), []);
});
