/**
 * What a subject offers to generated programs: they leave out what it lacks, where a check that was written by hand isn't run.
 */
import { FACETS } from '../../spec/contract.js';
import type { Capability, Hello } from '../../spec/protocol.js';
import type { Action } from '../../spec/scenario.js';
import { cannotRun, needsOf } from '../claims.js';

export class Offer {
  readonly #known = new Map<string, boolean>();

  constructor(readonly hello: Hello) {}

  /** A facet, or a capability. */
  has(word: Capability | (typeof FACETS)[number]): boolean {
    const isFacet = FACETS.some((facet) => facet === word);
    return isFacet ? this.hello.facets.some((facet) => facet === word) : !(word in this.hello.unclaimed);
  }

  /** O(1) after the first action of its sort. */
  allows(action: Action): boolean {
    const sort = action.op === 'throw' ? `throw ${action.kind}` : action.op;
    let allowed = this.#known.get(sort);
    if (allowed === undefined) {
      const scenario = { name: sort, fds: {}, main: [action], callbacks: {} };
      allowed = cannotRun(this.hello, needsOf({ scenario, clauses: [], needs: [] })) === undefined;
      this.#known.set(sort, allowed);
    }
    return allowed;
  }
}
