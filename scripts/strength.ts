/**
 * How much generated programs find by themselves: each mutant is run by them alone, without any check.
 * `npm run strength -- [--profile loop|stream] [--runs N] [--seed N] [--only NAME,…]`
 *
 * Which clause they show it by is not compared with the mutant's header: that lists what the checks see, and a program that nobody wrote
 * may see more.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Examination } from '../conformance/examination.js';
import { runGenerated } from '../conformance/generated/index.js';
import { measureClaims, withSubject } from '../conformance/subject-session.js';
import { loadSuite, select } from '../conformance/suite.js';
import { buildMutants, type Built } from '../fixtures/mutants/build.js';
import { packageRoot } from '../spec/package-root.js';
import type { Action, Scenario } from '../spec/scenario.js';
import { MUTANTS } from './kill-matrix/mutants.js';

const { values } = parseArgs({
  options: {
    profile: { type: 'string', default: 'loop' },
    runs: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
});

/** What every program has: the sentinel, its end, and the start between them. */
const isFrame = (action: Action): boolean =>
  action.op === 'start' ||
  action.op === 'barrier' ||
  ('run' in action && (action.run === 'sentinel' || action.run === 'end'));

/** Actions of a program, without its frame and without the handlers that are taken away when a callback has nothing left to do. */
const sizeOf = ({ main, callbacks }: Scenario): number =>
  [...main, ...Object.values(callbacks).flatMap(({ runs }) => runs.flat())].filter(
    (action) => !isFrame(action) && action.op !== 'done',
  ).length;

interface Strength {
  readonly name: string;
  readonly clauses: readonly string[];
  /** Actions of the smallest program that was found. */
  readonly size: number;
}

async function strengthAgainst({ mutant, subject }: Built): Promise<Strength> {
  const suite = loadSuite();
  const selected = select(suite, { profiles: [values.profile], only: [], skip: [] });
  const launch = {
    command: process.execPath,
    args: [join(packageRoot(), 'dist/conformance/host/main.js'), subject],
  };
  const { value: failures } = await withSubject(
    launch,
    (problem) => new Error(`${mutant.name}: ${problem.text}`),
    async (session) => {
      const { measured } = await measureClaims(session);
      const examination = new Examination(suite, session.hello, measured);
      const options = { seed: Number(values.seed), runs: Number(values.runs), provisional: true };
      await runGenerated(session, examination, selected.clauses, options);
      return examination.finish(selected).failures;
    },
  );
  const sizes = failures.map((failure) => ('scenario' in failure ? sizeOf(failure.scenario) : Infinity));
  return {
    name: mutant.name,
    clauses: [...new Set(failures.flatMap(({ clauses }) => clauses))],
    size: Math.min(...sizes),
  };
}

const names = values.only?.split(',');
const work = buildMutants(
  MUTANTS[values.profile as 'loop' | 'stream'].filter(({ name }) => names?.includes(name) ?? true),
);
const all: Strength[] = [];
const began = performance.now();
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    for (let next = work.shift(); next !== undefined; next = work.shift()) {
      const strength = await strengthAgainst(next);
      all.push(strength);
      const { name, clauses, size } = strength;
      console.log(clauses.length === 0 ? `${name}: lives` : `${name}: ${size} actions, ${clauses.join(' ')}`);
    }
  }),
);
const sizes = all.flatMap(({ size }) => (size === Infinity ? [] : [size])).sort((a, b) => a - b);
const seconds = ((performance.now() - began) / 1000).toFixed(0);
console.log(
  `${sizes.length} of ${all.length} mutants found by ${values.runs} programs each, in ${seconds} s; ` +
    `the median of the smallest programs has ${sizes[sizes.length >> 1] ?? 0} actions`,
);
