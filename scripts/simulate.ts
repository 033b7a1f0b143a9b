/**
 * How many scenarios a second the simulation runs, on one core: `npm run simulate -- [--programs N] [--seconds N]`.
 *
 * The programs are small ones, made at random beforehand: two or three fds, a handful of actions in main, handlers that read,
 * write, close, and change each other's registrations, and an end. Each run boots a machine, makes a loop and the fds, runs
 * to its end, and closes all.
 */
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { judgeTrace } from '../conformance/judge.js';
import { prepareScenario } from '../conformance/prepare.js';
import {
  add,
  barrier,
  close,
  done,
  drain,
  read,
  remove,
  schedule,
  start,
  timeout,
  update,
  write,
} from '../conformance/scenarios/program.js';
import { Simulation, USUAL } from '../conformance/simulation/index.js';
import { factsOf } from '../conformance/subject-session.js';
import { loadSuite } from '../conformance/suite.js';
import { simulated } from '../fixtures/subjects/simulated.js';
import type { Action, Scenario } from '../spec/scenario.js';

const { values } = parseArgs({
  options: { programs: { type: 'string', default: '2000' }, seconds: { type: 'string', default: '3' } },
});
const PROGRAMS = Math.ceil(Number(values.programs) / 100) * 100;
const SECONDS = Number(values.seconds);

const near = fc.constantFrom('a', 'b', 'c');
const far = near.map((name) => `${name}.peer`);
const events = fc.constantFrom('read' as const, 'write' as const, 'both' as const);
const handler = fc.constantFrom('one', 'two');
const anAction: fc.Arbitrary<Action> = fc.oneof(
  fc.tuple(near, events, handler).map(([fd, mask, run]) => add(fd, mask, run)),
  far.map((fd) => write(fd)),
  near.map((fd) => read(fd)),
  near.map((fd) => drain(fd)),
  near.map((fd) => remove(fd)),
  fc.tuple(near, events).map(([fd, mask]) => update(fd, mask)),
  fc.oneof(near, far).map((fd) => close(fd)),
  fc.constant(schedule('task')),
  fc.integer({ min: 0, max: 5 }).map((ms) => timeout(ms, 'timer')),
);
const actions = (maxLength: number): fc.Arbitrary<Action[]> =>
  fc.array(anAction, { minLength: 1, maxLength });

const programs: fc.Arbitrary<Scenario> = fc
  .record({ main: actions(6), one: actions(3), two: actions(3), task: actions(3), timer: actions(2) })
  .map(({ main, one, two, task, timer }) => ({
    name: 'small',
    fds: { a: { kind: 'pair' }, b: { kind: 'pipe' }, c: { kind: 'pair' } },
    main: [...main, add('a', 'read', 'one'), write('a.peer'), barrier('end'), start],
    callbacks: {
      one: { runs: [one] },
      two: { runs: [two] },
      task: { runs: [task] },
      timer: { runs: [timer] },
      end: { runs: [[done]] },
    },
  }));

/** Programs between two looks at the clock. */
const BATCH = 100;

/**
 * Each batch begins in a macrotask. A loop's `start()` that is called after an `await` can't run microtasks, and the one by which
 * it finds that out stays behind: millions of them are most of the garbage there is.
 * @returns How many a second of CPU time.
 */
function rate(work: (i: number) => void): Promise<number> {
  let count = 0;
  let began = process.cpuUsage();
  return new Promise((resolve) => {
    const batch = (): void => {
      // The first ones, until the code is compiled, don't count.
      if (count === PROGRAMS) began = process.cpuUsage();
      for (let i = 0; i < BATCH; i++) work(count++);
      const { user, system } = process.cpuUsage(began);
      const seconds = (user + system) / 1e6;
      if (count > PROGRAMS && seconds > SECONDS) resolve((count - PROGRAMS) / seconds);
      else setImmediate(batch);
    };
    setImmediate(batch);
  });
}

const { rules } = loadSuite();
for (const poller of ['epoll', 'poll', 'select'] as const) {
  const simulation = new Simulation(simulated(poller), { liberties: USUAL });
  const hello = await simulation.hello();
  const facts = factsOf(hello, {});
  const scenarios = fc
    .sample(programs, { numRuns: PROGRAMS, seed: 1 })
    .map((scenario) => prepareScenario(scenario, hello));
  const traces = scenarios.map((scenario, seed) => simulation.run(scenario, seed));
  const records = traces.reduce((sum, trace) => sum + trace.records.length, 0) / traces.length;
  const alone = await rate((i) => void simulation.run(scenarios[i % PROGRAMS]!, i));
  const judged = await rate((i) => {
    const scenario = scenarios[i % PROGRAMS]!;
    judgeTrace(rules, scenario, simulation.run(scenario, i), facts);
  });
  process.stdout.write(
    `${poller}: ${alone.toFixed(0)} programs a second of CPU time (${records.toFixed(1)} records each), ` +
      `${judged.toFixed(0)} with all ${Object.keys(rules).length} rules\n`,
  );
}
