/** `evspec judge`: verdicts on traces that were recorded elsewhere. */
import { Command } from 'commander';
import type { Context } from '../context.js';
import {
  addSelectionOptions,
  refuseSubjectCommand,
  tracedSelectionOf,
  type SelectionOptions,
} from '../options.js';
import { judgeRecorded } from '../../conformance/recorded.js';
import { addReportOptions, prepareDelivery, type ReportOptions } from '../report-options.js';
import { readHello, readScenarios, readTraces } from '../scenario-files.js';

const EXAMPLES = `
Example:
  evspec emit --hello hello.json > scenarios.ndjson
  ./my-runner < scenarios.ndjson > traces.ndjson     # {"name": "LOOP-TIMER-2/several-delays", "trace": {…}} on each line
  evspec judge --hello hello.json --scenarios scenarios.ndjson --traces traces.ndjson

Without --scenarios, the traces are those of the suite's own scenarios. Scenarios of your own are judged by every rule too.
Files may be NDJSON, JSON (one document, ending in .json), a folder of such, or '-' for standard input.`;

type Options = SelectionOptions &
  ReportOptions & { readonly hello: string; readonly scenarios?: string; readonly traces: string };

function judge(options: Options, context: Context): void {
  refuseSubjectCommand(context);
  const delivery = prepareDelivery(options, context);
  const report = judgeRecorded({
    hello: readHello(options.hello),
    scenarios: options.scenarios === undefined ? undefined : readScenarios(options.scenarios),
    traces: readTraces(options.traces),
    selection: tracedSelectionOf(options),
    strict: delivery.strict,
  });
  delivery.deliver(report, (check) => `evspec replay ${check} --subject …`);
}

export function judgeCommand(context: Context): Command {
  const command = new Command('judge')
    .summary('judge traces that were recorded elsewhere')
    .description('Applies the rules to recorded traces, and reports as a run does.')
    .requiredOption('--hello <file>', 'what the subject says of itself (spec/protocol.md)')
    .option('--scenarios <file>', 'the scenarios that were run (default: those of the suite)')
    .requiredOption('--traces <file>', 'their traces, {"name": …, "trace": …} on each line');
  return addReportOptions(addSelectionOptions(command))
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => {
      judge(options, context);
    });
}
