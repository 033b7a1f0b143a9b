/**
 * A contestant: a process that does what it is told to, again and again, and says how long it took. One for each library: so none runs
 * on the other's warm code or in its garbage, and while one runs the others sleep.
 *
 *     → {"work": "lines", "transport": "tcp", "count": 100000}
 *     ← {"wallSeconds": 0.21, "cpuSeconds": 0.2}
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Job {
  readonly work: string;
  readonly transport: 'unix' | 'tcp';
  /** What it counts is the work's affair: blocks, messages, bytes. */
  readonly count: number;
}

export interface Reading {
  readonly wallSeconds: number;
  /** Of all threads of the process. */
  readonly cpuSeconds: number;
}

export class Contestant {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  /** @param environment Variables besides this process's own. */
  constructor(name: string, command: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    this.name = name;
    const env = { ...process.env, ...environment };
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env });
    this.#answers = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  async run(job: Job): Promise<Reading> {
    this.#child.stdin!.write(`${JSON.stringify(job)}\n`);
    const answer: IteratorResult<string, unknown> = await this.#answers.next();
    if (answer.done === true) throw new Error(`${this.name} has died in ${JSON.stringify(job)}`);
    return JSON.parse(answer.value) as Reading;
  }

  end(): void {
    this.#child.stdin!.end();
  }
}

/** The other side, in TypeScript: does a job a line until there are no more. */
export async function answerJobs(run: (job: Job) => Promise<Reading>): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const reading = await run(JSON.parse(line) as Job);
    process.stdout.write(`${JSON.stringify(reading)}\n`);
  }
}

/** Begins to measure. @returns Ends it. */
export function stopwatch(): () => Reading {
  const began = performance.now();
  const used = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(used);
    return { wallSeconds: (performance.now() - began) / 1000, cpuSeconds: (user + system) / 1e6 };
  };
}
