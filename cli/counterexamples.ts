/**
 * Generated programs that broke something, saved where `evspec replay` finds them.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isGenerated } from '../conformance/generated/campaign.js';
import { exchangeFile } from '../spec/exchange-file.js';
import type { Report } from '../spec/report.js';
import type { Action, Scenario } from '../spec/scenario.js';
import { UsageError } from './errors.js';
import { writeText } from './files.js';

/** In the folder where the command was started. */
export const FOLDER = 'evspec-counterexamples';

/** Where the program of a check is saved: a scenario as JSON, a pipeline as the Markdown of the spec. */
export function fileOf(check: string): string {
  const name = check.slice(check.indexOf('/') + 1).replace(/[^\w-]/g, '_');
  return join(FOLDER, `${name}.${name.startsWith('http-') ? 'md' : 'json'}`);
}

/** Without what was filled in for one subject, so that it can be run on any. */
function forAll(scenario: Scenario): Scenario {
  const plain = (action: Action): Action =>
    action.op === 'barrier' ? { op: action.op, run: action.run } : action;
  const callbacks = Object.entries(scenario.callbacks).map(([name, { runs, rest }]) => [
    name,
    { runs: runs.map((run) => run.map(plain)), ...(rest === undefined ? {} : { rest: rest.map(plain) }) },
  ]);
  return {
    ...scenario,
    main: scenario.main.map(plain),
    callbacks: Object.fromEntries(callbacks) as Scenario['callbacks'],
  };
}

/**
 * Writes one file for each generated program that the report shows.
 * @returns the files
 * @throws UsageError if the folder can't be written
 */
export function saveCounterexamples({ failures }: Report): string[] {
  const found = failures.filter(({ check }) => isGenerated(check));
  if (found.length === 0) return [];
  try {
    mkdirSync(FOLDER, { recursive: true });
  } catch (error) {
    throw new UsageError(`can't make the folder '${FOLDER}' for what was found: ${(error as Error).message}`);
  }
  return found.flatMap((failure) => {
    const file = fileOf(failure.check);
    const text =
      'scenario' in failure
        ? `${JSON.stringify(forAll(failure.scenario), null, 2)}\n`
        : exchangeFile(failure.clauses[0] ?? '', failure.exchange);
    writeText(file, text);
    return [file];
  });
}
