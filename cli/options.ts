/** Options that several commands share. */
import { Option, type Command } from 'commander';
import { PROFILES } from '../spec/clauses.js';
import type { Selection } from '../conformance/suite.js';
import type { Context } from './context.js';
import { UsageError } from './errors.js';
import { chooseSubject, DEFAULT_SUBJECT, SUBJECT_NAMES, type Subject } from './subjects.js';

const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

export interface SubjectOptions {
  readonly subject?: string;
  readonly asyncio?: string;
  readonly python?: string;
}

export function addSubjectOptions(command: Command): Command {
  return command
    .option(
      '--subject <which>',
      `${SUBJECT_NAMES.join(', ')}, or a TypeScript, JavaScript or Python file (default: ${DEFAULT_SUBJECT})`,
    )
    .option('--asyncio <module:factory>', 'a loop that plugs into asyncio, such as uvloop:new_event_loop')
    .option('--python <path>', 'the interpreter for Python subjects (default: $EVSPEC_PYTHON, or python3)');
}

/** @throws UsageError */
export const subjectOf = (options: SubjectOptions, context: Context): Subject =>
  chooseSubject({ ...options, command: context.subjectCommand });

/** For commands that start no subject. @throws UsageError */
export function refuseSubjectCommand(context: Context): void {
  if (context.subjectCommand !== undefined)
    throw new UsageError(`this command starts no subject: take away the '--' and what follows`);
}

export interface SelectionOptions {
  readonly profile?: string;
  readonly only?: string[];
  readonly skip?: string[];
}

export function addSelectionOptions(command: Command): Command {
  return command
    .option('--profile <list>', `profiles, joined by commas (default: ${PROFILES.join(',')})`)
    .option('--only <glob>', 'only these clauses or checks, such as LOOP-TIMER-*; may be repeated', collect)
    .option('--skip <glob>', 'all but these clauses or checks; may be repeated', collect);
}

export function selectionOf({ profile, only = [], skip = [] }: SelectionOptions): Selection {
  const profiles = profile === undefined ? PROFILES : profile.split(',').map((name) => name.trim());
  return { profiles, only, skip };
}

/** A whole number from 1. @throws UsageError */
export function positive(option: string, text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text))
    throw new UsageError(`${option} takes a whole number from 1, not '${text}'`);
  return Number(text);
}

/** `--format <a|b>`: commander names the choices when it refuses another. */
export const choiceOption = (flags: string, text: string, choices: readonly string[]): Option =>
  new Option(flags, text).choices(choices);
