import t from 'tap';
import { SubjectPool } from '../index.js';
import { marked } from '../offspring.js';
import { hasProcessTable, processState } from '../process-table.js';
import { label, scenario, scenarios, wrong } from './wrong.js';

/** ms; generous, because all processors may be busy with other work. */
t.setTimeout(300_000);

void t.test('on Linux', { skip: hasProcessTable ? false : 'needs /proc' }, async (t) => {
  await t.test('the hook is called while the subject is stopped, before and after', async (t) => {
    const pool = new SubjectPool(wrong('rendezvous.mjs'), { jobs: 2 });
    const moments: string[] = [];
    const one = async (name: string) => {
      const result = await pool.run(scenario(name), {
        rendezvous: (pid, moment) => {
          moments.push(`${name} ${moment} ${processState(pid)?.state}`);
        },
      });
      t.equal(label(result), 'ok');
    };
    const plain = Promise.all(scenarios(20).map((item) => pool.run(item)));
    await Promise.all([one('x'), one('y')]);
    t.same((await plain).map(label), Array<string>(20).fill('ok'));
    t.same(moments.sort(), ['x after T', 'x before T', 'y after T', 'y before T']);
    for (let round = 0; round < 50; round++) await one(`r${round}`);
    t.equal(moments.length, 104);
    t.same(await pool.close(), []);
  });

  await t.test('a hook that waits does not use up the budget', async (t) => {
    const pool = new SubjectPool(wrong('rendezvous.mjs'), { patience: 0.1 });
    const never = new SubjectPool(wrong('hangs.mjs', 's0'), { patience: 0.2 });
    const hung = never.run(scenario('s0'));
    const result = await pool.run(scenario('r'), { rendezvous: async () => void (await hung) });
    t.equal(label(result), 'ok', 'stopped for as long as another takes to hang twice, with more patience');
    t.same(await pool.close(), []);
    await never.close();
  });

  const failing: [string, string[], string][] = [
    ['announces it and never stops', ['rendezvous.mjs', '1', 'never'], 'silent'],
    ['does not know of it', ['rendezvous.mjs', '1', 'deaf'], 'rendezvous-failed'],
    ['names another process', ['names-another-process.mjs'], 'rendezvous-failed'],
  ];
  for (const [what, [file = '', ...args], problem] of failing) {
    await t.test(`a subject that ${what}`, async (t) => {
      const pool = new SubjectPool(wrong(file, ...args), { patience: 0.2 });
      let calls = 0;
      const result = await pool.run(scenario('r'), { rendezvous: () => void calls++ });
      t.equal(label(result), problem);
      t.equal(calls, 0);
      t.equal(label(await pool.run(scenario('s'))), 'ok', 'goes on');
      await pool.close();
      t.same(marked(pool.mark), []);
    });
  }

  await t.test('a hook that fails', async (t) => {
    const pool = new SubjectPool(wrong('rendezvous.mjs'));
    const result = await pool.run(scenario('r'), {
      rendezvous: () => Promise.reject(new Error('no strace')),
    });
    t.match(result, { problem: { name: 'rendezvous-failed', reason: 'no strace' } });
    t.equal(label(await pool.run(scenario('s'))), 'ok');
    await pool.close();
    t.same(marked(pool.mark), []);
  });
});
