import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';

/** Far more than it takes: a process and two threads load TypeScript. */
const LIMIT_MS = 120_000;
t.setTimeout(LIMIT_MS);

t.test('a process that sleeps can end', (t) => {
  const program = fileURLToPath(new URL('./exit-asleep.ts', import.meta.url));
  const { status, signal } = spawnSync(process.execPath, [...process.execArgv, program], {
    timeout: LIMIT_MS,
  });
  t.strictSame({ status, signal }, { status: 7, signal: null });
  t.end();
});
