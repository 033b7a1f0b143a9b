/** `evspec doctor`: is the adapter sound? The loop behind it is not judged. */
import { Command } from 'commander';
import { wrap } from '../../conformance/report/layout.js';
import type { Style } from '../../conformance/report/paint.js';
import { excerpt } from '../../conformance/subject/visible.js';
import type { Context } from '../context.js';
import { examine } from '../doctor/examine.js';
import type { Finding, State } from '../doctor/finding.js';
import { EXIT_PROBLEM, helloError } from '../errors.js';
import { addSubjectOptions, subjectOf, type SubjectOptions } from '../options.js';
import { withSubject } from '../../conformance/subject-session.js';

const EXAMPLES = `
Examples:
  evspec doctor --subject ./adapter.ts
  evspec doctor --asyncio uvloop:new_event_loop
  evspec doctor -- ./my-subject

Exit codes: 0 the adapter is sound, 3 it is not.`;

type Options = SubjectOptions & { readonly json?: true };

const MARKS = {
  sound: ['✓', 'good'],
  broken: ['✗', 'bad'],
  advice: ['!', 'warning'],
  skipped: ['-', 'dim'],
} as const satisfies Record<State, readonly [string, Style]>;

function lines(findings: readonly Finding[], { paint, width }: Context): string[] {
  const column = Math.max(...findings.map(({ name }) => name.length)) + 2;
  return findings.flatMap(({ name, state, text }) => {
    const [mark, style] = MARKS[state];
    return wrap(text, width - column - 2).map((line, i) =>
      i === 0 ? `${paint(style, mark)} ${name.padEnd(column)}${line}` : `${' '.repeat(column + 2)}${line}`,
    );
  });
}

async function doctor(options: Options, context: Context): Promise<void> {
  const subject = subjectOf(options, context);
  const { value, problems } = await withSubject(
    subject.launch,
    (problem) => helloError(problem, subject.label),
    async (session) => ({ hello: session.hello, findings: await examine(session, subject.launch) }),
  );
  const leaving: Finding =
    problems[0] === undefined
      ? { name: 'bye', state: 'sound', text: 'it ends when it is told to, and leaves nothing behind' }
      : { name: 'bye', state: 'broken', text: excerpt(problems[0].text, 600) };
  const findings = [...value.findings, leaving];
  const broken = findings.filter(({ state }) => state === 'broken').length;
  if (options.json === true) {
    const { name, version } = value.hello;
    context.print(
      `${JSON.stringify({ subject: { name, version }, sound: broken === 0, findings }, null, 2)}\n`,
    );
  } else {
    const answer =
      broken === 0
        ? context.paint('good', 'The adapter is sound.')
        : context.paint('bad', 'The adapter is not sound.');
    context.print(`${[...lines(findings, context), '', answer].join('\n')}\n`);
  }
  context.exitCode = broken === 0 ? 0 : EXIT_PROBLEM;
}

export function doctorCommand(context: Context): Command {
  return addSubjectOptions(new Command('doctor'))
    .summary('check an adapter')
    .description('Looks whether an adapter is sound, without judging its loop.')
    .usage('[options] [-- command args…]')
    .option('--json', 'as JSON')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => doctor(options, context));
}
