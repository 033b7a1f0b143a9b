/** All checks of the `loop` profile, in the order of the spec. */
import type { Check } from '../check.js';
import { dispatchChecks } from './dispatch.js';
import { errorChecks } from './errors.js';
import { lifecycleChecks } from './lifecycle.js';
import { readinessChecks } from './readiness.js';
import { seedChecks } from './seed.js';
import { taskChecks } from './tasks.js';
import { timerChecks } from './timers.js';
import { signalChecks, wakeupChecks } from './wakeups.js';

export const loopChecks: readonly Check[] = [
  ...readinessChecks,
  ...dispatchChecks,
  ...taskChecks,
  ...timerChecks,
  ...lifecycleChecks,
  ...wakeupChecks,
  ...signalChecks,
  ...errorChecks,
  ...seedChecks,
];
