/** Programs that nobody wrote, for the profiles that are judged by traces. */
import type { Clause } from '../../spec/clauses.js';
import type { Generated } from '../../spec/report.js';
import { doesNotClaim } from '../claims.js';
import type { Examination } from '../examination.js';
import type { SubjectSession } from '../subject-session.js';
import { Campaign, type CampaignOptions, type Generator } from './campaign.js';
import { loopPrograms, type LoopProgram } from './loop-program.js';
import { Offer } from './offer.js';
import { renderLoop } from './render-loop.js';
import { renderStream } from './render-stream.js';
import { streamPrograms, type StreamProgram } from './stream-program.js';

export const GENERATORS: readonly Generator[] = [
  {
    profile: 'loop',
    trees: loopPrograms(),
    render: (name, tree, offer) => renderLoop(name, tree as LoopProgram, offer),
  },
  {
    profile: 'stream',
    provisional: true,
    trees: streamPrograms(),
    render: (name, tree, offer) => renderStream(name, tree as StreamProgram, offer),
  },
];

/**
 * Runs and judges programs of each profile of which the subject claims something.
 * @param selected the clauses that are judged
 */
export async function runGenerated(
  session: SubjectSession,
  examination: Examination,
  selected: readonly Clause[],
  options: CampaignOptions,
): Promise<Generated[]> {
  const { hello } = session;
  const clauses = selected.filter((clause) => doesNotClaim(hello, clause) === undefined);
  const claimed = new Set(clauses.map(({ id }) => id));
  const offer = new Offer(hello);
  const results: Generated[] = [];
  for (const generator of GENERATORS) {
    const { profile } = generator;
    if (generator.provisional === true && options.provisional !== true) continue;
    if (!clauses.some((clause) => clause.profile === profile)) continue;
    const campaign = new Campaign(session, examination, offer, generator, claimed);
    results.push({ profile, seed: options.seed, ...(await campaign.run(options)) });
  }
  return results;
}
