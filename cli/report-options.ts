/** Options about the report, for the commands that make one: how strict, what is known to fail, where it goes. */
import type { Command } from 'commander';
import { SPEC_VERSION } from '../spec/clauses.js';
import type { Report } from '../spec/report.js';
import {
  applyKnownFailing,
  checkKnownFailing,
  KnownFailingError,
  parseKnownFailing,
  type KnownFailing,
} from '../conformance/report/known-failing.js';
import { plain } from '../conformance/report/paint.js';
import { REPORTERS, type ReporterName } from '../conformance/report/reporters.js';
import { headline } from '../conformance/report/verdict-text.js';
import { loadSuite } from '../conformance/suite.js';
import type { Context } from './context.js';
import { UsageError } from './errors.js';
import { checkWritable, readText, writeText } from './files.js';
import { choiceOption } from './options.js';

export interface ReportOptions {
  readonly knownFailing?: string;
  readonly strict?: true;
  readonly spec?: string;
  readonly reporter: ReporterName;
  readonly output?: string;
}

export function addReportOptions(command: Command): Command {
  return command
    .option('--known-failing <file>', "clauses that are known to fail: one glob a line, '# reason' after it")
    .option('--strict', 'a SHOULD that fails gates like a MUST')
    .option('--spec <version>', `judge by this version of the spec (there is ${SPEC_VERSION})`)
    .addOption(
      choiceOption('--reporter <name>', 'form of the report', Object.keys(REPORTERS)).default('pretty'),
    )
    .option('--output <file>', 'write the report there, and one line here');
}

/** What the options mean, checked before anything runs. */
export interface Delivery {
  readonly strict: boolean;
  /** Marks known failures, writes the report, and sets the exit code. */
  readonly deliver: (report: Report, replay: (check: string) => string) => void;
}

function knownFailingOf(file: string | undefined): KnownFailing[] {
  if (file === undefined) return [];
  const text = readText(file, 'the known failing');
  try {
    const entries = parseKnownFailing(text);
    checkKnownFailing(
      entries,
      loadSuite().spec.clauses.map((clause) => clause.id),
    );
    return entries;
  } catch (error) {
    throw error instanceof KnownFailingError ? new UsageError(`${file}: ${error.message}`) : error;
  }
}

/** @throws UsageError */
export function prepareDelivery(options: ReportOptions, context: Context): Delivery {
  const { output, reporter } = options;
  if (options.spec !== undefined && options.spec !== SPEC_VERSION)
    throw new UsageError(
      `this release knows version ${SPEC_VERSION} of the spec only, not '${options.spec}'`,
    );
  const known = knownFailingOf(options.knownFailing);
  if (output !== undefined) checkWritable(output);
  const strict = options.strict === true;
  const deliver: Delivery['deliver'] = (raw, replay) => {
    const report = applyKnownFailing(raw, known, { strict });
    context.exitCode = report.exitCode;
    const paint = output === undefined ? context.paint : plain;
    const text = REPORTERS[reporter](report, { width: context.width, paint, strict, replay });
    if (output === undefined) context.print(text);
    else {
      writeText(output, text);
      const { word, style, text: answer } = headline(report);
      context.print(`${context.paint(style, word)}  ${answer}: see ${output}\n`);
    }
  };
  return { strict, deliver };
}
