/**
 * Programs that once broke a real loop, found by generated programs and kept for ever: `fixtures/regressions/*.json`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { packageRoot } from '../../spec/package-root.js';
import { Scenario } from '../../spec/scenario.js';
import type { Check } from './check.js';

const Regression = z.strictObject({
  /** What it must exercise. */
  clauses: z.array(z.string()).min(1),
  /** Whose bug it was, and what happens. */
  why: z.string(),
  scenario: Scenario,
});

/** @throws ZodError if a file is not one */
export function loadRegressions(): Check[] {
  const folder = join(packageRoot(), 'fixtures/regressions');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => {
      const text = readFileSync(join(folder, name), 'utf8');
      const { clauses, scenario } = Regression.parse(JSON.parse(text));
      return { clauses, scenario, needs: [] };
    });
}
