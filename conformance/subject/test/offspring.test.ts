import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { MARK_VARIABLE } from '../../../spec/protocol.js';
import { descendants, killMarked, killTree, marked } from '../offspring.js';
import { hasProcessTable, processState } from '../process-table.js';
import { compileKit, runWithKit } from './kit-process.js';
import { wrong } from './wrong.js';

/** ms; generous, because all processors may be busy with other work. */
t.setTimeout(300_000);

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

void t.test('on Linux', { skip: hasProcessTable ? false : 'needs /proc' }, async (t) => {
  await t.test('what carries the mark is found, wherever it went', async (t) => {
    const mark = `test-${process.pid}`;
    const env = { ...process.env, [MARK_VARIABLE]: `${mark}.1` };
    const child = spawn('setsid', ['--fork', 'sleep', '1000'], { env, stdio: 'ignore' });
    await once(child, 'exit');
    await until(() => marked(mark).some(({ command }) => command === 'sleep 1000'));
    t.same(marked(`${mark}.2`), [], 'another subject of the run has none');
    t.same(marked(mark.slice(0, -1)), [], 'a mark that begins alike is another mark');
    t.equal(killMarked(mark).length, 1);
    await until(() => marked(mark).length === 0);
    t.same(killMarked(mark), []);
  });

  await t.test('descendants are found without a mark', async (t) => {
    const child = spawn('sh', ['-c', 'env -i setsid sleep 1000 & wait'], { stdio: 'ignore', detached: true });
    await once(child, 'spawn');
    const root = child.pid ?? 0;
    await until(() => descendants(root).length === 1);
    const [below = 0] = descendants(root);
    killTree(root);
    await once(child, 'exit');
    await until(() => [undefined, 'Z'].includes(processState(below)?.state));
    t.pass('both are gone');
  });

  const kit = compileKit(t.testdir());
  const { command, args } = wrong('leaves-grandchild.mjs', 's0');
  const script = `
    const { SubjectPool } = await import(KIT);
    const pool = new SubjectPool(${JSON.stringify({ command, args })}, { jobs: 2 });
    const scenario = { name: 's0', fds: {}, main: [], callbacks: {} };
    await pool.run(scenario);
    console.log(pool.mark);
    ENDING
  `;
  for (const [how, ending, status] of [
    ['SIGTERM', 'setInterval(() => {}, 1e6);', 'SIGTERM'],
    ['SIGINT', 'setInterval(() => {}, 1e6);', 'SIGINT'],
    ['SIGKILL', 'setInterval(() => {}, 1e6);', 'SIGKILL'],
    ['process.exit', 'process.exit(7);', 7],
    ['an exception', 'setImmediate(() => { process.exitCode = 1; throw undefined; });', 1],
  ] as const) {
    await t.test(`no process outlives a kit that is ended by ${how}`, async (t) => {
      const child = runWithKit(kit, script.replace('ENDING', ending));
      const exit = once(child, 'exit') as Promise<[number | null, string | null]>;
      const lines = createInterface({ input: child.stdout });
      const [mark] = (await once(lines, 'line')) as [string];
      if (how.startsWith('SIG')) {
        await until(() => marked(mark).length >= 2);
        child.kill(how as NodeJS.Signals);
      }
      const [code, signal] = await exit;
      t.equal(signal ?? code, status, 'it ends as it would have without subjects');
      await until(() => marked(mark).length === 0);
      t.pass('none is left');
    });
  }
});
