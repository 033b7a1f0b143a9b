/** A rule that wants one particular answer to a choice that another clause leaves open. */
import type { Rule } from './rule.js';

/**
 * @param owner the rule of the clause that owns the choice
 * @param wanted the observation that keeps this clause
 */
export const settles =
  (owner: Rule, wanted: string): Rule =>
  (h, say) => {
    owner(h, {
      kept: () => undefined,
      // What is none of the ways is the owner's to report.
      broken: () => undefined,
      excused: (reason) => say.excused(reason),
      chose: (label, at) => {
        if (label === wanted) say.kept();
        else say.broken(at, `the loop chose '${label}', where '${wanted}' is asked for`);
      },
    });
  };
