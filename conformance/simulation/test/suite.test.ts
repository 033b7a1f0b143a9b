/** The hand-written checks, on the reference, in the simulation. */
import t from 'tap';
import { simulated } from '../../../fixtures/subjects/simulated.js';
import type { PollerName } from '../../../reference/ioloop/index.js';
import { examine } from '../examine.js';
import { PLAIN, USUAL, type Liberties } from '../liberties.js';

const KINDS: readonly [poller: PollerName, kind: string, liberties: Liberties][] = [
  ['epoll', 'plain', PLAIN],
  ['epoll', 'usual', USUAL],
  ['poll', 'usual', USUAL],
  ['select', 'usual', USUAL],
];

for (const [poller, kind, liberties] of KINDS)
  void t.test(`${poller}, ${kind}`, async (t) => {
    const { outcomes, failures, problems, scenarios } = await examine(simulated(poller), {
      profiles: poller === 'epoll' ? ['loop', 'stream'] : ['loop'],
      seed: 1,
      liberties,
    });
    t.comment(`${scenarios} scenarios`);
    t.ok(scenarios > 100);
    t.same(problems, []);
    t.same(
      failures.map(({ check, clauses }) => [check, clauses]),
      [],
    );
    for (const { clause, verdict, reason, violations } of outcomes)
      if (verdict !== 'pass' && verdict !== 'unclaimed')
        t.fail(`${clause.id}: ${verdict}: ${reason ?? violations[0]?.text ?? ''}`);
  });
