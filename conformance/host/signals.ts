/**
 * Signals by name, and the guard that keeps them from ending the process.
 *
 * The default action of most signals is the end of the process, so each one that a scenario raises gets an empty handler while it
 * runs. That also makes a signal interrupt the loop's poll (EINTR), whether the loop handles it or not.
 */
import { constants } from 'node:os';

const NUMBERS = new Map<string, number>(Object.entries(constants.signals));
/** Those for which no handler can be set. */
const UNGUARDED = new Set(['SIGKILL', 'SIGSTOP']);

const nothing = (): void => undefined;

export function signalNumber(name: string): number | undefined {
  return NUMBERS.get(name);
}

export function isSignal(name: string): name is NodeJS.Signals {
  return NUMBERS.has(name) && !UNGUARDED.has(name);
}

/** Guards the signals until it is called. */
export function guardSignals(names: Iterable<NodeJS.Signals>): () => void {
  const guarded = [...names];
  for (const name of guarded) process.on(name, nothing);
  return () => {
    for (const name of guarded) process.off(name, nothing);
  };
}

/** Node opens a pipe for signals with the first handler; let that be before fds are counted. */
export function prepareSignals(): void {
  guardSignals(['SIGWINCH'])();
}
