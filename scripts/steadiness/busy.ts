/** Processes that never rest. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Looks now and then whether its parent is still there: whatever ends that must not leave it behind. */
const SPIN = `
const parent = process.ppid;
process.send('busy');
for (;;) {
  for (let i = 0; i < 1e7; i++);
  if (process.ppid !== parent) process.exit();
}`;

/**
 * Does some work while `count` other processes are kept busy, and ends them.
 * @param work gets their ids
 */
export async function withBusyCores<T>(
  count: number,
  work: (pids: readonly number[]) => Promise<T>,
): Promise<T> {
  const spinners = Array.from({ length: count }, () =>
    spawn(process.execPath, ['-e', SPIN], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }),
  );
  try {
    await Promise.all(spinners.map((spinner) => once(spinner, 'message')));
    return await work(spinners.map(({ pid }) => pid!));
  } finally {
    await Promise.all(
      spinners.map(async (spinner) => {
        if (spinner.exitCode !== null || spinner.signalCode !== null) return;
        const ended = once(spinner, 'exit');
        spinner.kill('SIGKILL');
        await ended;
      }),
    );
  }
}
