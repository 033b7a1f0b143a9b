/** All rules of the `loop` profile, by clause id, in the order of the spec. */
import type { RuleSet } from '../rule.js';
import { dispatchRules } from './dispatch.js';
import { errorRules } from './errors.js';
import { lifecycleRules } from './lifecycle.js';
import { readinessRules } from './readiness.js';
import { seedRules } from './seed.js';
import { taskRules } from './tasks.js';
import { timerRules } from './timers.js';
import { wakeupRules } from './wakeups.js';

export const loopRules: RuleSet = {
  ...readinessRules,
  ...dispatchRules,
  ...taskRules,
  ...timerRules,
  ...lifecycleRules,
  ...wakeupRules,
  ...errorRules,
  ...seedRules,
};
