/** What this host costs at this moment: the measures from which budgets are made. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

let measured: Promise<number> | undefined;

/** How long a Node process that does nothing takes from spawn to exit, ms; measured once. */
export function spawnCost(): Promise<number> {
  measured ??= new Promise((resolve) => {
    const begin = performance.now();
    const child = spawn(process.execPath, ['-e', '0'], { stdio: 'ignore', env: {} });
    const end = () => {
      resolve(performance.now() - begin);
    };
    child.once('exit', end);
    child.once('error', end);
  });
  return measured;
}

/**
 * How long the first thread of a process was ready to run but had no CPU, ms since it began.
 * Source: the second number of /proc/PID/schedstat, ns (Documentation/scheduler/sched-stats.rst). 0 where there is none.
 */
export function waitedForCpu(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ')[1]) / 1e6 || 0;
  } catch {
    return 0;
  }
}
