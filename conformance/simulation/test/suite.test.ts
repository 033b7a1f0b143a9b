/** The hand-written checks, on the reference, in the simulation. */
import t from 'tap';
import { simulated } from '../../../fixtures/subjects/simulated.js';
import { examine } from '../examine.js';
import { PLAIN, USUAL, type Liberties } from '../liberties.js';

const KINDS: Readonly<Record<string, Liberties>> = { plain: PLAIN, usual: USUAL };

for (const poller of ['epoll', 'poll', 'select'] as const)
  for (const [kind, liberties] of Object.entries(KINDS))
    void t.test(`${poller}, ${kind}`, async (t) => {
      const { outcomes, failures, problems, scenarios } = await examine(simulated(poller), {
        profiles: ['loop', 'stream'],
        seed: 1,
        liberties,
      });
      t.comment(`${scenarios} scenarios`);
      t.same(problems, []);
      t.same(
        failures.map(({ check, clauses }) => [check, clauses]),
        [],
      );
      for (const { clause, verdict, reason, violations } of outcomes)
        if (verdict !== 'pass' && verdict !== 'unclaimed')
          t.fail(`${clause.id}: ${verdict}: ${reason ?? violations[0]?.text ?? ''}`);
    });
