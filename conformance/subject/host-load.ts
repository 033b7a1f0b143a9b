/**
 * What this host costs at this moment: the measures from which budgets are made.
 *
 * All of them leave out the time in which a process was ready to run but had no CPU: on a busy host that is most of the
 * time, and says nothing about the process. Linux reports it exactly; elsewhere it counts.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

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

/** Measures how long another process took for something, less the time for which it, or this process, had no CPU. */
export class Stopwatch {
  readonly #pid: number;
  readonly #begin = performance.now();
  readonly #waited: number;
  readonly #waitedHere = waitedForCpu(process.pid);

  constructor(pid: number) {
    this.#pid = pid;
    this.#waited = waitedForCpu(pid);
  }

  /** ms */
  read(): number {
    const waited = Math.max(
      waitedForCpu(this.#pid) - this.#waited,
      waitedForCpu(process.pid) - this.#waitedHere,
    );
    return Math.max(0, performance.now() - this.#begin - waited);
  }
}

let measured: Promise<number> | undefined;

/** How long a Node process that does nothing takes from spawn to exit, ms; measured once. */
export function spawnCost(): Promise<number> {
  measured ??= new Promise((resolve) => {
    // It says itself how long it waited: when it has ended, nobody can know.
    const script = `try { fs.writeSync(1, fs.readFileSync('/proc/self/schedstat')) } catch {}`;
    const begin = performance.now();
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'], env: {} });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString('latin1')));
    const end = () => {
      const waited = Number(said.split(' ')[1]) / 1e6 || 0;
      resolve(Math.max(1, performance.now() - begin - waited));
    };
    child.once('close', end);
    child.once('error', end);
  });
  return measured;
}
