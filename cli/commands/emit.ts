/** `evspec emit`: writes scenarios, for a program of the user's to run; `evspec judge` reads what it recorded. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import type { Scenario } from '../../spec/scenario.js';
import { cannotRun, needsOf } from '../../conformance/claims.js';
import { claimScenarios } from '../../conformance/measured-claims.js';
import { prepareScenario } from '../../conformance/prepare.js';
import { loadSuite, select } from '../../conformance/suite.js';
import { ABLE } from '../able.js';
import type { Context } from '../context.js';
import { UsageError } from '../errors.js';
import { writeText } from '../files.js';
import {
  addSelectionOptions,
  refuseSubjectCommand,
  tracedSelectionOf,
  type SelectionOptions,
} from '../options.js';
import { readHello } from '../scenario-files.js';

const EXAMPLES = `
Examples:
  evspec emit > scenarios.ndjson                     one scenario a line
  evspec emit --only 'LOOP-TIMER-*' --output scenarios/    one file each
  evspec emit --hello hello.json > scenarios.ndjson  only what this subject can run

hello.json is what the subject would say to the kit (spec/protocol.md): its facets say which scenarios it can run, its
limits how many rounds a barrier takes. Run each scenario, write {"name": …, "trace": …} for each on a line, then
  evspec judge --hello hello.json --traces traces.ndjson`;

type Options = SelectionOptions & { readonly hello?: string; readonly output: string };

/** `LOOP-TIMER-2/several-delays` → `LOOP-TIMER-2.several-delays.json`. */
const fileName = (scenario: Scenario): string => `${scenario.name.replaceAll('/', '.')}.json`;

function emit(options: Options, context: Context): void {
  refuseSubjectCommand(context);
  const hello = options.hello === undefined ? ABLE : readHello(options.hello);
  const checks = select(loadSuite(), tracedSelectionOf(options)).checks.filter(
    (check) => cannotRun(hello, needsOf(check)) === undefined,
  );
  if (checks.length === 0)
    throw new UsageError(`the subject of ${options.hello} claims nothing that these checks need`);
  const scenarios = [...claimScenarios(hello), ...checks.map((check) => check.scenario)].map((scenario) =>
    prepareScenario(scenario, hello),
  );
  if (options.output === '-') {
    context.print(scenarios.map((scenario) => `${JSON.stringify(scenario)}\n`).join(''));
    return;
  }
  try {
    mkdirSync(options.output, { recursive: true });
  } catch (error) {
    throw new UsageError(`can't make the folder '${options.output}': ${(error as Error).message}`);
  }
  for (const scenario of scenarios)
    writeText(join(options.output, fileName(scenario)), `${JSON.stringify(scenario, null, 2)}\n`);
  context.print(`${scenarios.length} scenarios written to ${options.output}\n`);
}

export function emitCommand(context: Context): Command {
  return addSelectionOptions(new Command('emit'))
    .summary('write scenarios as files')
    .description('Writes scenarios as JSON, so that any program can run them.')
    .option(
      '--hello <file>',
      'what the subject says of itself; without it, all scenarios, for one without limits',
    )
    .option(
      '--output <folder>',
      "one file each in this folder; '-' writes one a line to standard output",
      '-',
    )
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => {
      emit(options, context);
    });
}
