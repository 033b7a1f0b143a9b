/**
 * A check: a scenario, and the clauses that it must exercise.
 *
 * Checks are data. The name of a check is `<clause>/<what it does>`, by the first clause that it must exercise; it is the
 * argument of `evspec replay` and stands in every report.
 */
import type { Capability } from '../../spec/protocol.js';
import type { Scenario } from '../../spec/scenario.js';

/** A capability; or `split`, which is to have no handlers of one mask an fd, but a reader and a writer. */
export type Need = Capability | 'split';

export interface Check {
  readonly scenario: Scenario;
  /** Clauses for which this check counts. If the trace exercises none of a clause's situations, the check proved nothing for it. */
  readonly clauses: readonly string[];
  /** What it needs beyond what its actions show. */
  readonly needs: readonly Need[];
  /** It is one of many that differ only in how the bytes come: what they have in common, for whoever lists them. */
  readonly sweep?: string;
}
