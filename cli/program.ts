/** The whole command: its subcommands, and what becomes of errors. */
import { Command, CommanderError } from 'commander';
import { KnownFailingError } from '../conformance/report/known-failing.js';
import { SelectionError } from '../conformance/suite.js';
import { packageVersion } from '../spec/package-root.js';
import { doctorCommand } from './commands/doctor.js';
import { emitCommand } from './commands/emit.js';
import { explainCommand } from './commands/explain.js';
import { judgeCommand } from './commands/judge.js';
import { listCommand } from './commands/list.js';
import { replayCommand } from './commands/replay.js';
import { runCommand } from './commands/run.js';
import { processContext, type Context } from './context.js';
import { BrokenError, EXIT_PROBLEM, EXIT_USAGE, UsageError } from './errors.js';

const EXIT_CODES = `
Exit codes:
  0  every claimed MUST that was run passes
  1  a claimed MUST fails (with --strict, a SHOULD), or what is known to fail passes
  2  wrong usage
  3  the subject's adapter, its process or the kit broke
  4  nothing failed, but the run is incomplete`;

function makeProgram(context: Context): Command {
  const program = new Command('evspec')
    .description('Checks event loops against a spec of numbered clauses.')
    .version(packageVersion())
    .addHelpText('after', EXIT_CODES);
  for (const make of [
    runCommand,
    listCommand,
    explainCommand,
    replayCommand,
    doctorCommand,
    emitCommand,
    judgeCommand,
  ])
    program.addCommand(make(context));
  // Errors are thrown, and worded in one place. Subcommands that were added do not inherit this by themselves.
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ writeErr: () => undefined, writeOut: context.print });
    command.allowExcessArguments(false);
  }
  return program;
}

/** `error: unknown option '--x'\n(Did you mean --y?)` as one sentence. */
const sentence = (message: string): string =>
  message
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ')
    .replace(/\.$/, '');

function say(text: string): void {
  process.stderr.write(`evspec: ${text}\n`);
}

function exitCodeOf(error: unknown, program: Command): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    // Commander's own answer to an empty command line is its help; nothing was judged, so it is not a success.
    if (error.code === 'commander.help') process.stderr.write(program.helpInformation());
    else say(`${sentence(error.message)}: 'evspec help' and 'evspec help COMMAND' say what there is`);
    return EXIT_USAGE;
  }
  if (error instanceof UsageError || error instanceof SelectionError || error instanceof KnownFailingError) {
    say(error.message);
    return EXIT_USAGE;
  }
  if (error instanceof BrokenError) say(error.message);
  else
    say(
      `this is a bug of evspec: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
  return EXIT_PROBLEM;
}

/** `evspec run | head` closes the pipe: not an error, and nothing is left to say. */
function toleratePipes(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

/** @param words the command line without `node` and the script */
export async function runCli(words: readonly string[]): Promise<number> {
  toleratePipes();
  // What stands after `--` is the subject's command line, whatever it looks like; commander never sees it.
  const dashes = words.indexOf('--');
  const context = processContext(dashes < 0 ? undefined : words.slice(dashes + 1));
  const program = makeProgram(context);
  try {
    await program.parseAsync(dashes < 0 ? words : words.slice(0, dashes), { from: 'user' });
    return context.exitCode;
  } catch (error) {
    return exitCodeOf(error, program);
  }
}
