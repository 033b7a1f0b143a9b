import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import t from 'tap';

/** Far more than it takes: a process and two threads load TypeScript. */
const LIMIT_MS = 120_000;
t.setTimeout(LIMIT_MS);

for (const [name, file] of [
  ['a process that sleeps can end', 'exit-asleep.ts'],
  ['a process that ends while its sleeper comes up waits for it', 'exit-at-once.ts'],
] as const) {
  t.test(name, (t) => {
    const program = fileURLToPath(new URL(`./${file}`, import.meta.url));
    const { status, signal } = spawnSync(process.execPath, [...process.execArgv, program], {
      timeout: LIMIT_MS,
    });
    t.strictSame({ status, signal }, { status: 7, signal: null });
    t.end();
  });
}

t.test('a Worker that sleeps can be terminated', async (t) => {
  const worker = new Worker(new URL('./asleep-thread.ts', import.meta.url));
  t.strictSame(await once(worker, 'message'), ['asleep']);
  t.equal(await worker.terminate(), 1);
});
