/**
 * Generated programs that broke something, saved where `evspec replay` finds them.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isGenerated } from '../conformance/generated/campaign.js';
import { unpreparedScenario } from '../conformance/prepare.js';
import { exchangeFile } from '../spec/exchange-file.js';
import type { Failure, Report } from '../spec/report.js';
import type { Scenario } from '../spec/scenario.js';
import { UsageError } from './errors.js';
import { writeText } from './files.js';

/** In the folder where the command was started. */
export const FOLDER = 'evspec-counterexamples';

/** Where the program of a check is saved: a scenario as JSON, a pipeline as the Markdown of the spec. */
export function fileOf(check: string): string {
  const name = check.slice(check.indexOf('/') + 1).replace(/[^\w-]/g, '_');
  return join(FOLDER, `${name}.${name.startsWith('http-') ? 'md' : 'json'}`);
}

/**
 * Writes one file for each generated program that the report shows: what it broke, or what went wrong while it ran.
 * @returns the files
 * @throws UsageError if the folder can't be written
 */
export function saveCounterexamples({ failures, problems }: Report): string[] {
  const texts = new Map<string, string>();
  for (const { check, scenario } of problems)
    if (check !== undefined && scenario !== undefined) texts.set(check, jsonOf(scenario));
  for (const failure of failures) texts.set(failure.check, textOf(failure));
  const found = [...texts].filter(([check]) => isGenerated(check));
  if (found.length === 0) return [];
  try {
    mkdirSync(FOLDER, { recursive: true });
  } catch (error) {
    throw new UsageError(`can't make the folder '${FOLDER}' for what was found: ${(error as Error).message}`);
  }
  return found.map(([check, text]) => {
    const file = fileOf(check);
    writeText(file, text);
    return file;
  });
}

const jsonOf = (scenario: Scenario): string => `${JSON.stringify(unpreparedScenario(scenario), null, 2)}\n`;

const textOf = (failure: Failure): string =>
  'scenario' in failure ? jsonOf(failure.scenario) : exchangeFile(failure.clauses[0] ?? '', failure.exchange);
