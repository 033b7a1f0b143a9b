/**
 * Where reports go unless the program says otherwise.
 */
import type { LogEntry } from '../../spec/contract.js';

/** Writes to stderr: the text, and the stack of the exception. */
export function logToConsole({ level, text, error }: LogEntry): void {
  if (error === undefined) console.error(`${level}: ${text}`);
  else console.error(`${level}: ${text}:`, error);
}
