/** How the command ends early: each error is one sentence for standard error, and an exit code. */
import type { ProblemReport } from '../spec/report.js';

export const EXIT_USAGE = 2;
export const EXIT_PROBLEM = 3;
export const EXIT_INCOMPLETE = 4;

/** Wrong usage. The message says what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The subject, its adapter or the kit broke, so that nothing could be judged. */
export class BrokenError extends Error {
  override readonly name = 'BrokenError';
}

/** How the pool words what a host answers to hello when it can't load the subject. */
const REFUSED = /^The subject could not be loaded: (.*?)\.?\.?$/s;

/**
 * What a problem at hello means for the one who typed the command: an adapter that can't be loaded, or a command that can't
 * be started, is wrong usage; everything else broke.
 */
export function helloError({ kind, text, stderr }: ProblemReport, subject: string): UsageError | BrokenError {
  // The diagnostics of a compiler have many lines; the sentence has one.
  const why = (REFUSED.exec(text)?.[1] ?? text).replaceAll('\\n', ' ');
  if (kind === 'hello-refused') return new UsageError(`${subject} can't be used as a subject: ${why}`);
  if (kind === 'spawn-failed') return new UsageError(`${subject}: ${text}`);
  const said = stderr === undefined ? '' : `\nIts standard error said:\n${stderr}`;
  return new BrokenError(`${subject}: ${text}${said}`);
}
