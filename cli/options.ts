/** Options that several commands share. */
import { Option, type Command } from 'commander';
import { PROFILES } from '../spec/clauses.js';
import type { Selection } from '../conformance/suite.js';
import type { Context } from './context.js';
import { UsageError } from './errors.js';
import { chooseTarget, type ChosenTarget, type TargetWords } from './targets.js';
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

export function addTargetOptions(command: Command): Command {
  return command
    .option(
      '--target <url>',
      'a server that listens there, such as http://127.0.0.1:8080; judged by the profile http',
    )
    .option(
      '--start <command>',
      'with --target: what starts it, so that it can be started again when it breaks',
    )
    .option('--insecure', 'with --target https://…: whatever its certificate');
}

/** The server that was named, if one was. @throws UsageError */
export function targetOf(options: SubjectOptions & TargetWords, context: Context): ChosenTarget | undefined {
  const chosen = chooseTarget(options);
  const other =
    options.subject !== undefined
      ? '--subject'
      : options.asyncio !== undefined
        ? '--asyncio'
        : options.python !== undefined
          ? '--python'
          : context.subjectCommand !== undefined
            ? "a command after '--'"
            : undefined;
  if (chosen !== undefined && other !== undefined)
    throw new UsageError(`there can be one subject only: choose between --target and ${other}`);
  return chosen;
}

/** Profiles that need nothing of a server but its address. */
const OF_A_TARGET = ['http'];

/** @throws UsageError */
export function targetSelectionOf(options: SelectionOptions): Selection {
  const selection = selectionOf(options, OF_A_TARGET);
  const other = selection.profiles.find(
    (profile) => PROFILES.some((p) => p === profile) && !OF_A_TARGET.includes(profile),
  );
  if (other !== undefined)
    throw new UsageError(
      `--target is judged by the profile http alone: '${other}' needs a subject that the kit can start with options, or calls (--subject, --asyncio, or a command after '--')`,
    );
  return selection;
}

/** Profiles that are judged by traces, which can be recorded elsewhere. */
const TRACED = ['loop', 'stream'];

/** For commands about scenarios and traces. @throws UsageError */
export function tracedSelectionOf(options: SelectionOptions): Selection {
  const selection = selectionOf(options, TRACED);
  const other = selection.profiles.find(
    (profile) => PROFILES.some((p) => p === profile) && !TRACED.includes(profile),
  );
  if (other !== undefined)
    throw new UsageError(
      `the profile '${other}' is judged over connections, and has no scenarios: 'evspec run --profile ${other}' runs it`,
    );
  return selection;
}

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

/** @param byDefault profiles, where none is named */
export function selectionOf(
  { profile, only = [], skip = [] }: SelectionOptions,
  byDefault: readonly string[] = PROFILES,
): Selection {
  const profiles = profile === undefined ? byDefault : profile.split(',').map((name) => name.trim());
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
