/** `evspec explain`: one clause, with everything that is known of it. */
import { Command } from 'commander';
import type { Choice, Clause } from '../../spec/clauses.js';
import type { Exchange } from '../../spec/exchange.js';
import type { Check } from '../../conformance/scenarios/check.js';
import { wrap } from '../../conformance/report/layout.js';
import { loadSuite } from '../../conformance/suite.js';
import type { Context } from '../context.js';
import { UsageError } from '../errors.js';
import { refuseSubjectCommand } from '../options.js';
import { referenceLines } from '../reference-lines.js';
import { didYouMean } from '../suggest.js';

const EXAMPLES = `
Example:
  evspec explain LOOP-TIMER-2`;

const LABEL = 14;

function choiceLines(choice: Choice | undefined): string[] {
  return (choice?.values ?? []).map(({ value, meaning }) => `${value}: ${meaning}`);
}

/** The first of those that differ in their variables alone. */
const isFirst = ({ title }: Exchange, at: number, all: readonly Exchange[]): boolean =>
  all.findIndex((one) => one.title === title) === at;

/** `HTTP-LENGTH-2/no-number.1 to .6`: variants in one line. */
const rangesOf = (exchanges: readonly Exchange[]): string[] =>
  exchanges.filter(isFirst).map(({ name, title }) => {
    const { length } = exchanges.filter((one) => one.title === title);
    return length === 1 ? name : `${name} to .${length}`;
  });

/** Their names; of those that belong to one sweep, the first, and how many there are. */
function checkLines(clause: Clause, checks: readonly Check[]): string[] {
  const sweeps = new Map<string, string[]>();
  for (const { scenario, sweep } of checks) {
    const key = sweep ?? scenario.name;
    sweeps.set(key, [...(sweeps.get(key) ?? []), scenario.name]);
  }
  const folded = [...sweeps.values()].map(([first, ...others]) =>
    others.length === 0 ? first! : `${first!} (1 of ${others.length + 1} variants)`,
  );
  folded.push(...rangesOf(clause.exchanges));
  if (checks.length > sweeps.size) folded.push(`all: evspec list --checks --only ${clause.id}`);
  return folded.length === 0 ? ['none'] : folded;
}

function lines(clause: Clause, context: Context): string[] {
  const { paint, width } = context;
  const suite = loadSuite();
  const checks = suite.checks.filter((check) => check.clauses.includes(clause.id));
  const choice = suite.spec.choices.find(({ key }) => key === clause.choice);
  const row = (label: string, texts: readonly string[]): string[] =>
    texts
      .flatMap((text) => wrap(text, width - LABEL, '  '))
      .map((line, i) => `${paint('dim', (i === 0 ? label : '').padEnd(LABEL))}${line}`);
  const code = referenceLines(clause.id).flatMap(({ file, line, excerpt }) => [
    `  ${paint('heading', `${file}:${line}`)}`,
    ...excerpt.map((text) => `    ${text}`.trimEnd()),
  ]);
  return [
    `${paint('heading', clause.id)}  ${clause.level}${clause.grammar ? ' (grammar)' : ''}  facet ${clause.facet}`,
    ...wrap(clause.text, width),
    '',
    ...row('source', clause.rfc === undefined ? [] : [clause.rfc]),
    ...row('why', [clause.why]),
    ...row('kept by', clause.keptBy.length === 0 ? [] : [clause.keptBy.join(', ')]),
    ...row('observed', [clause.observed]),
    ...row('if it fails', [clause.hint]),
    ...row('requires', clause.requires.length === 0 ? [] : [clause.requires.join(', ')]),
    ...row('transports', clause.transports.length === 0 ? [] : [clause.transports.join(', ')]),
    ...row(
      'choice',
      choice === undefined ? [] : [`${choice.key}: ${choice.meaning}`, ...choiceLines(choice)],
    ),
    ...row('checks', checkLines(clause, checks)),
    ...row('stands in', [`${clause.source.file}:${clause.source.line}`]),
    ...(code.length === 0
      ? row('reference', ['no line of it names this clause'])
      : ['', 'The reference keeps it in', ...code]),
    ...clause.exchanges
      .filter(isFirst)
      .flatMap(({ text }) => ['', ...text.split('\n').map((line) => `  ${line}`)]),
  ];
}

function explain(id: string, context: Context): void {
  refuseSubjectCommand(context);
  const { clauses } = loadSuite().spec;
  const clause = clauses.find((one) => one.id === id.toUpperCase());
  if (clause === undefined) {
    const names = clauses.map((one) => one.id);
    throw new UsageError(
      `there is no clause '${id}'${didYouMean(id, names) || ": 'evspec list' shows what there is"}`,
    );
  }
  context.print(`${lines(clause, context).join('\n')}\n`);
}

export function explainCommand(context: Context): Command {
  return new Command('explain')
    .summary('show all about one clause')
    .description(
      'Shows a clause, why it stands in the spec, who keeps it, how it is checked, and where the reference keeps it.',
    )
    .argument('<clause>', 'its id')
    .addHelpText('after', EXAMPLES)
    .action((id: string) => {
      explain(id, context);
    });
}
