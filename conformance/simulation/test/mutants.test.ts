/** Wrong loops fail in the simulation, too, and by the same clauses. */
import t from 'tap';
import { buildMutants } from '../../../fixtures/mutants/build.js';
import { LOOP_MUTANTS } from '../../../fixtures/mutants/loop-mutants.js';
import { examine } from '../examine.js';
import type { SubjectFactory } from '../simulation.js';

/** Each in another way: stale events, a lost wake-up (a loop that sleeps for ever), a spin, a timer that is late, … */
const SOME: readonly string[] = [
  'edge-triggered',
  'eintr-ends-the-run',
  'exception-ends-the-batch',
  'idle-loop-spins',
  'one-wakeup-a-wake',
  'oversleeping',
  'removed-handler-called',
  'stale-event-for-a-new-owner',
  'tasks-in-no-order',
  'timeout-rounded-down',
  'waker-never-ready',
];

void t.test('mutants of the loop', async (t) => {
  const mutants = LOOP_MUTANTS.filter(({ name }) => SOME.includes(name));
  t.equal(mutants.length, SOME.length);
  for (const { mutant, subject } of buildMutants(mutants)) {
    const { simulated } = (await import(subject)) as { simulated: SubjectFactory };
    const { outcomes } = await examine(simulated, {
      profiles: ['loop'],
      only: [...new Set(mutant.fails.map((id) => id.replace(/\d+$/, '*')))],
      seed: 1,
    });
    const failed = outcomes.filter(({ verdict }) => verdict === 'fail').map(({ clause }) => clause.id);
    t.same(failed.sort(), [...mutant.fails].sort(), mutant.name);
  }
});
