/** What a simulation promises: the same trace from the same seed, virtual time, and an end to what has none. */
import fc from 'fast-check';
import t from 'tap';
import { simulated } from '../../../fixtures/subjects/simulated.js';
import type { Scenario } from '../../../spec/scenario.js';
import { loadSuite } from '../../suite.js';
import { cannotRun, needsOf } from '../../claims.js';
import {
  add,
  check,
  drain,
  done,
  fill,
  periodic,
  raise,
  schedule,
  start,
  thread,
  timeout,
  wakeup,
  write,
} from '../../scenarios/program.js';
import { PLAIN, UNRULY, USUAL } from '../liberties.js';
import { ScenarioError, simulate, Simulation } from '../simulation.js';

const POLLERS = ['epoll', 'poll', 'select'] as const;
const HOUR_MS = 3_600_000;

const program = (source: Omit<Parameters<typeof check>[0], 'clauses' | 'name'>): Scenario =>
  check({ clauses: ['TEST'], name: 'test', ...source }).scenario;

void t.test('the same seed gives the same trace, bit for bit', async () => {
  const hello = await new Simulation(simulated('epoll')).hello();
  const scenarios = loadSuite()
    .checks.filter((one) => cannotRun(hello, needsOf(one)) === undefined)
    .map(({ scenario }) => scenario)
    .filter(({ fds }) => Object.values(fds).every(({ count = 1 }) => count <= 100));
  for (const poller of POLLERS)
    for (const liberties of [USUAL, UNRULY]) {
      const first = new Simulation(simulated(poller), { liberties });
      const second = new Simulation(simulated(poller), { liberties });
      fc.assert(
        fc.property(fc.constantFrom(...scenarios), fc.integer({ min: 0 }), (scenario, seed) => {
          const expected = JSON.stringify(first.run(scenario, seed));
          // Also on a machine that has run something else before.
          second.run(scenarios[seed % scenarios.length]!, seed);
          return JSON.stringify(second.run(scenario, seed)) === expected;
        }),
        { numRuns: 100 },
      );
    }
});

void t.test('seeds differ', (t) => {
  const scenario = program({
    fds: { a: { kind: 'pair', count: 5 } },
    main: [add('a*', 'read', 'reader'), write('a*.peer'), timeout(20, 'end'), start],
    callbacks: { reader: { rest: [drain('a*')] }, end: [done] },
  });
  const traces = (liberties: typeof PLAIN): Set<string> =>
    new Set(
      Array.from({ length: 20 }, (_, seed) =>
        JSON.stringify(simulate(simulated('epoll'), scenario, seed, { liberties })),
      ),
    );
  t.ok(traces(USUAL).size > 10);
  t.equal(traces(PLAIN).size, 1, 'without liberties there is nothing to draw');
  t.end();
});

void t.test('a day of timers', (t) => {
  const scenario = program({
    sentinel: false,
    main: [periodic('p', HOUR_MS, 'hourly'), timeout(24.5 * HOUR_MS, 'end'), start],
    callbacks: { hourly: { rest: [] }, end: [done] },
  });
  for (const poller of POLLERS) {
    const began = performance.now();
    const { records, unfinished } = simulate(simulated(poller), scenario, 1);
    t.equal(unfinished, undefined);
    const hours = records.filter((record) => record.k === 'enter' && record.run === 'hourly');
    t.same(
      hours.map((record) => Math.round(record.t / 1000 / HOUR_MS)),
      Array.from({ length: 24 }, (_, i) => i + 1),
    );
    for (const [i, record] of hours.entries()) t.ok(record.t >= (i + 1) * HOUR_MS * 1000, 'not early');
    const last = records[records.length - 1]!;
    t.ok(last.c < 10_000, 'and hardly any work, µs');
    t.ok(performance.now() - began < 1000, 'in no time');
  }
  t.end();
});

void t.test('a loop that sleeps for ever is found out at once', (t) => {
  const scenario = program({
    sentinel: false,
    fds: { a: 'pair' },
    main: [add('a', 'read', 'reader'), start],
    callbacks: { reader: [done] },
  });
  for (const poller of POLLERS) {
    const trace = simulate(simulated(poller), scenario, 1);
    t.equal(trace.unfinished, 'hung');
    t.same(
      trace.records.map(({ k }) => k),
      ['did', 'starting'],
    );
  }
  t.end();
});

void t.test('one that never waits is cut off, and is seen to spin', (t) => {
  const scenario = program({
    sentinel: false,
    maxRecords: 1_000_000,
    main: [schedule('again'), start],
    callbacks: { again: { rest: [schedule('again')] } },
  });
  const trace = simulate(simulated('epoll'), scenario, 1, { mostCalls: 1000 });
  t.equal(trace.unfinished, 'hung');
  const last = trace.records[trace.records.length - 1]!;
  t.ok(last.c > 5000 && Math.abs(last.t - last.c) < 10, 'CPU time passes as time does, µs');
  t.end();
});

void t.test('a thread acts in the sleep of the loop, and a signal interrupts it', (t) => {
  const scenario = program({
    main: [
      wakeup('w', 'woken'),
      thread('idle', [{ op: 'raise', signal: 'SIGUSR2' }]),
      thread('idle', [{ op: 'wake', id: 'w' }]),
      start,
    ],
    callbacks: { woken: [raise('SIGUSR2', 'process'), done] },
  });
  for (const poller of POLLERS) {
    const { threads = [], records } = simulate(simulated(poller), scenario, 7, { liberties: USUAL });
    t.same(
      threads.map(({ slept }) => slept),
      [true, true],
    );
    const woken = records.find((record) => record.k === 'enter' && record.run === 'woken');
    t.ok(woken !== undefined && woken.t >= threads[1]!.startedAt);
  }
  t.end();
});

void t.test('what a scenario can not have is an error', (t) => {
  const scenario = program({ main: [write('nothing'), start] });
  t.throws(() => simulate(simulated('epoll'), scenario, 1), ScenarioError);
  t.end();
});

void t.test('unruly kernels are survived', (t) => {
  const scenario = program({
    fds: { a: 'tcp', b: 'pipe', c: 'pair' },
    main: [
      add('a', 'read', 'reader'),
      add('b', 'read', 'reader'),
      add('c', 'read', 'reader'),
      fill('a.peer'),
      timeout(50, 'end'),
      start,
    ],
    callbacks: {
      reader: { rest: [drain('a'), drain('b'), write('b.peer'), write('c.peer'), drain('c')] },
      end: [done],
    },
  });
  for (const poller of POLLERS) {
    const simulation = new Simulation(simulated(poller), { liberties: UNRULY });
    for (let seed = 0; seed < 50; seed++) t.equal(simulation.run(scenario, seed).unfinished, undefined);
  }
  t.end();
});
