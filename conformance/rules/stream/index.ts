/** All rules of the `stream` profile, by clause id, in the order of the spec. */
import type { RuleSet } from '../rule.js';
import { ofTheLiving } from './alive.js';
import { closingRules } from './closing.js';
import { connectingRules } from './connecting.js';
import { limitRules } from './limits.js';
import { readingRules } from './reading.js';
import { reentrancyRules } from './reentrancy.js';
import { writingRules } from './writing.js';

const rules: RuleSet = {
  ...readingRules,
  ...writingRules,
  ...closingRules,
  ...limitRules,
  ...reentrancyRules,
  ...connectingRules,
};

export const streamRules: RuleSet = Object.fromEntries(
  Object.entries(rules).map(([clause, rule]) => [clause, ofTheLiving(rule)]),
);
