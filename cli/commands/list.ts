/** `evspec list`: the clauses, the checks or the choices. */
import { Command } from 'commander';
import type { Clause } from '../../spec/clauses.js';
import type { Exchange } from '../../spec/exchange.js';
import { columns, fit, wrap } from '../../conformance/report/layout.js';
import { loadSuite, select, type Selected, type Suite } from '../../conformance/suite.js';
import type { Context } from '../context.js';
import { UsageError } from '../errors.js';
import { addSelectionOptions, refuseSubjectCommand, selectionOf, type SelectionOptions } from '../options.js';

const EXAMPLES = `
Examples:
  evspec list                          all clauses, by section
  evspec list --only 'LOOP-TIMER-*'
  evspec list --checks                 what runs, and for which clauses
  evspec list --choices                what respected loops do differently
  evspec list --json`;

type Options = SelectionOptions & { readonly checks?: true; readonly choices?: true; readonly json?: true };

function clauseLines({ clauses }: Selected, { paint, width }: Context): string[] {
  const sections = new Map<string, typeof clauses>();
  for (const clause of clauses) {
    const key = `${clause.profile}/${clause.section}`;
    sections.set(key, [...(sections.get(key) ?? []), clause]);
  }
  const idWidth = Math.max(...clauses.map(({ id }) => id.length));
  const facetWidth = Math.max(...clauses.map(({ facet }) => facet.length));
  const head = idWidth + facetWidth + 12;
  return [...sections].flatMap(([section, all]) => [
    paint('heading', `${section}`),
    ...all.flatMap(({ id, level, facet, text, grammar }) =>
      wrap(grammar ? `${text} (grammar)` : text, width - head - 1).map((line, i) =>
        i === 0
          ? `  ${fit(id, idWidth)}  ${fit(level, 6)}  ${fit(facet, facetWidth)}  ${line}`
          : `${' '.repeat(head + 2)}${line}`,
      ),
    ),
    '',
  ]);
}

const checkLines = ({ checks, exchanges }: Selected): string[] =>
  columns([
    ...checks.map(({ scenario, clauses }) => [scenario.name, clauses.join(' ')]),
    ...exchanges.map(({ name, clause }) => [name, clause]),
  ]);

/** Its exchanges stand among the checks. */
const clauseData = (clause: Clause) => ({ ...clause, exchanges: clause.exchanges.map(({ name }) => name) });

/** An exchange as one of the checks of `--json`. */
const exchangeData = ({ name, clause, text }: Exchange) => ({ exchange: { name, text }, clauses: [clause] });

function choiceLines({ spec }: Suite, { paint, width }: Context): string[] {
  return spec.choices.flatMap(({ key, clause, meaning, values }) => [
    `${paint('heading', key)}  ${clause}`,
    ...wrap(meaning, width - 2).map((line) => `  ${line}`),
    ...values.flatMap(({ value, meaning: text }) =>
      wrap(`${value}: ${text}`, width - 4, '  ').map((line) => `    ${line}`),
    ),
    '',
  ]);
}

function list(options: Options, context: Context): void {
  refuseSubjectCommand(context);
  const { checks, choices, json } = options;
  if (checks === true && choices === true)
    throw new UsageError('list shows one thing at a time: --checks or --choices');
  const suite = loadSuite();
  const selected = select(suite, selectionOf(options));
  if (json === true) {
    const data =
      choices === true
        ? suite.spec.choices
        : checks === true
          ? [...selected.checks, ...selected.exchanges.map(exchangeData)]
          : selected.clauses.map(clauseData);
    context.print(`${JSON.stringify(data, null, 2)}\n`);
    return;
  }
  const lines =
    choices === true
      ? choiceLines(suite, context)
      : checks === true
        ? checkLines(selected)
        : clauseLines(selected, context);
  context.print(`${lines.join('\n').trimEnd()}\n`);
}

export function listCommand(context: Context): Command {
  return addSelectionOptions(new Command('list'))
    .summary('show clauses, checks or choices')
    .description('Shows the clauses of the spec by section: id, level, facet and sentence.')
    .option('--checks', 'the checks, with the clauses that each must exercise')
    .option('--choices', 'the choices, with their values')
    .option('--json', 'as JSON')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => {
      list(options, context);
    });
}
