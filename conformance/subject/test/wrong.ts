/** Subjects that are wrong, and scenarios to run them with. */
import { fileURLToPath } from 'node:url';
import type { Scenario } from '../../../spec/scenario.js';
import { SubjectPool, type Launch, type PoolOptions, type Problem, type Result } from '../index.js';
import { marked } from '../offspring.js';

/** Of the wrong subjects; ends with a slash. */
export const folder = fileURLToPath(new URL('../../../fixtures/wrong-subjects/', import.meta.url));

/**
 * Arguments of env(1), for what a test runner adds to its children: it slows them down and listens to their signals, and
 * it is added again in `spawn`, so that leaving it out of the environment there would not do.
 */
export const PLAIN = ['-u', 'NODE_OPTIONS', '-u', 'NODE_V8_COVERAGE'];

/** One of `fixtures/wrong-subjects/`. Its second argument says in which scenario it goes wrong. */
export function wrong(file: string, ...args: string[]): Launch {
  return { command: 'env', args: [...PLAIN, process.execPath, folder + file, ...args] };
}

/** A scenario of one callback. */
export function scenario(name: string): Scenario {
  return {
    name,
    fds: { a: { kind: 'pair' } },
    main: [{ op: 'schedule', run: 'go' }, { op: 'start' }],
    callbacks: { go: { runs: [[{ op: 'write', fd: 'a', data: 'x' }, { op: 'done' }]] } },
  };
}

/** Scenarios named `s0`, `s1`, … */
export function scenarios(count: number): Scenario[] {
  return Array.from({ length: count }, (_, index) => scenario(`s${index}`));
}

/** `ok`, how it is unfinished, or the name of the problem. */
export function label(result: Result): string {
  return 'problem' in result ? result.problem.name : (result.trace.unfinished ?? 'ok');
}

export interface Survey {
  readonly results: Result[];
  readonly labels: string[];
  /** Of {@link SubjectPool.close}. */
  readonly problems: Problem[];
  /** Processes that carry the run's mark after the end. */
  readonly left: number;
}

/** Runs scenarios through a pool, and ends it. */
export async function survey(launch: Launch, list: Scenario[], options: PoolOptions = {}): Promise<Survey> {
  const pool = new SubjectPool(launch, options);
  const results = await Promise.all(list.map((item) => pool.run(item)));
  const problems = await pool.close();
  return { results, labels: results.map(label), problems, left: marked(pool.mark).length };
}
