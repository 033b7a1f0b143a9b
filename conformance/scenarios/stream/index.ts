/** All checks of the `stream` profile, in the order of the spec. */
import type { Check } from '../check.js';
import { closingChecks } from './closing.js';
import { connectingChecks } from './connecting.js';
import { limitChecks } from './limits.js';
import { readingChecks } from './reading.js';
import { reentrancyChecks } from './reentrancy.js';
import { writingChecks } from './writing.js';

export const streamChecks: readonly Check[] = [
  ...readingChecks,
  ...writingChecks,
  ...closingChecks,
  ...limitChecks,
  ...reentrancyChecks,
  ...connectingChecks,
];
