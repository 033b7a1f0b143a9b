/**
 * How many small scenarios a second go through one process of a subject, and how long a whole run of each profile takes.
 * `npm run throughput [SUBJECT]`; docs/performance.md shows its output.
 */
import { chooseSubject, DEFAULT_SUBJECT } from '../cli/subjects.js';
import { prepareScenario } from '../conformance/prepare.js';
import { runConformance } from '../conformance/run.js';
import { add, barrier, check, done, drain, start, write } from '../conformance/scenarios/program.js';
import { withSubject } from '../conformance/subject-session.js';
import { PROFILES } from '../spec/clauses.js';

const SCENARIOS = 5000;
/** The first few hundred are slower: the subject's code is not compiled yet. */
const WARM_UP = 500;

/** A pair, a handler, a barrier: 15 records. */
const { scenario } = check({
  clauses: ['LOOP-READY-1'],
  name: 'throughput',
  fds: { a: 'pair' },
  main: [add('a', 'read', 'reader'), write('a.peer'), barrier('end'), start],
  callbacks: { reader: [drain('a')], end: [done] },
});

const { launch, label } = chooseSubject({ subject: process.argv[2] ?? DEFAULT_SUBJECT });

const { value: perSecond } = await withSubject(
  launch,
  (problem) => new Error(problem.text),
  async ({ hello, run }) => {
    const small = prepareScenario(scenario, hello);
    const batch = (count: number) => Promise.all(Array.from({ length: count }, () => run(small)));
    await batch(WARM_UP);
    const began = performance.now();
    const results = await batch(SCENARIOS);
    const seconds = (performance.now() - began) / 1000;
    const lost = results.filter((result) => 'problem' in result).length;
    if (lost > 0) throw new Error(`${lost} scenarios gave no trace`);
    return SCENARIOS / seconds;
  },
);
console.log(`${label}: ${Math.round(perSecond)} scenarios a second through one process`);

for (const profile of PROFILES) {
  const report = await runConformance({
    launch,
    reference: undefined,
    strict: false,
    jobs: 2,
    profiles: [profile],
    only: [],
    skip: [],
  });
  const seconds = (report.durationMs / 1000).toFixed(1);
  console.log(`${label}: ${profile} profile in ${seconds} s, exit code ${report.exitCode}`);
}
