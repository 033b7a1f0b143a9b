/** `evspec run`: judges a subject. */
import { availableParallelism } from 'node:os';
import { Command } from 'commander';
import { isGenerated } from '../../conformance/generated/campaign.js';
import { runConformance } from '../../conformance/run.js';
import { runTarget } from '../../conformance/run-target.js';
import { loadSuite, select } from '../../conformance/suite.js';
import type { Context } from '../context.js';
import { addCampaignOptions, campaignOf, type CampaignWords } from '../campaign-options.js';
import { fileOf, saveCounterexamples } from '../counterexamples.js';
import { BrokenError, helloError, UsageError } from '../errors.js';
import {
  addSelectionOptions,
  addSubjectOptions,
  addTargetOptions,
  positive,
  selectionOf,
  subjectOf,
  targetOf,
  targetSelectionOf,
  type SelectionOptions,
  type SubjectOptions,
} from '../options.js';
import { ServerProblem } from '../../conformance/wire/servers.js';
import type { ChosenTarget, TargetWords } from '../targets.js';
import { addReportOptions, prepareDelivery, type ReportOptions } from '../report-options.js';
import { chooseSubject, DEFAULT_SUBJECT, referenceFor } from '../subjects.js';

const EXAMPLES = `
Examples:
  evspec run                                        the reference, by all clauses
  evspec run --subject ./adapter.ts                 a loop of yours
  evspec run --asyncio uvloop:new_event_loop        a loop that plugs into asyncio
  evspec run --only 'LOOP-TIMER-*' -- ./my-subject --fast
  evspec run --target http://127.0.0.1:8080         a server that runs, in whatever language
  evspec run --target http://127.0.0.1:8080 --start 'python3 server.py'
  evspec run --subject ./adapter.ts --budget 10m --seed 7    many programs that nobody wrote
  evspec run --subject ./driver.py --reporter tap --output report.tap
  evspec run --subject ./adapter.ts --known-failing known-failing.txt

Options stand before '--'; after it comes a command that speaks the subject protocol (spec/protocol.md).`;

/** More processes side by side only wait for each other's CPU, and disturb each other's clocks. */
const MOST_JOBS = 4;

type Options = SubjectOptions &
  TargetWords &
  SelectionOptions &
  CampaignWords &
  ReportOptions & { readonly jobs?: string };

/** What replay is told of a check: a generated one is in a file. */
const wordFor = (check: string): string => (isGenerated(check) ? fileOf(check) : check);

async function judgeTarget(
  { target, words }: ChosenTarget,
  options: Options,
  context: Context,
): Promise<void> {
  if (options.jobs !== undefined)
    throw new UsageError('--jobs is about subjects that the kit starts, and --target is one server');
  const selection = targetSelectionOf(options);
  select(loadSuite(), selection);
  const delivery = prepareDelivery(options, context);
  try {
    const reference = chooseSubject({ subject: DEFAULT_SUBJECT }).launch;
    const generated = campaignOf(options, selection);
    const report = await runTarget({ ...selection, target, strict: delivery.strict, reference, generated });
    saveCounterexamples(report);
    delivery.deliver(report, (check) => `evspec replay ${wordFor(check)} ${words}`);
  } catch (error) {
    throw error instanceof ServerProblem ? new BrokenError(error.message) : error;
  }
}

async function run(options: Options, context: Context): Promise<void> {
  const chosen = targetOf(options, context);
  if (chosen !== undefined) return judgeTarget(chosen, options, context);
  const subject = subjectOf(options, context);
  const selection = selectionOf(options);
  // Wrong usage is told before anything is started.
  select(loadSuite(), selection);
  const delivery = prepareDelivery(options, context);
  const generated = campaignOf(options, selection);
  const jobs =
    options.jobs === undefined
      ? Math.min(MOST_JOBS, availableParallelism())
      : positive('--jobs', options.jobs);
  const report = await runConformance({
    ...selection,
    launch: subject.launch,
    reference: referenceFor(subject),
    strict: delivery.strict,
    generated,
    jobs,
  });
  const [problem] = report.problems;
  if (report.clauses.length === 0 && problem !== undefined) {
    const error = helloError(problem, subject.label);
    if (error instanceof UsageError) throw error;
  }
  saveCounterexamples(report);
  delivery.deliver(report, (check) => `evspec replay ${wordFor(check)} ${subject.words}`);
}

export function runCommand(context: Context): Command {
  const command = new Command('run')
    .summary('judge a subject')
    .description('Runs the checks of the suite on a subject and says which clauses it keeps.')
    .usage('[options] [-- command args…]');
  addReportOptions(addCampaignOptions(addSelectionOptions(addTargetOptions(addSubjectOptions(command)))))
    .option('--jobs <n>', `subjects side by side (default: the CPUs, at most ${MOST_JOBS})`)
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => run(options, context));
  return command;
}
