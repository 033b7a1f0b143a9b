/**
 * The processes of this machine, as /proc shows them: Linux only; elsewhere nothing is known of a process.
 * Source: proc_pid_stat(5), proc_pid_environ(5).
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';

export interface ProcessState {
  /** One letter: R running, S sleeping, D in the kernel, T stopped, t stopped by a tracer, Z dead but not yet waited for. */
  readonly state: string;
  readonly parent: number;
  readonly group: number;
}

export const hasProcessTable = process.platform === 'linux';

/** Undefined when the process is gone. */
export function processState(pid: number): ProcessState | undefined {
  const text = read(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The name of the program, in parentheses, may hold parentheses and spaces itself.
  const [state = '?', parent, group] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state, parent: Number(parent), group: Number(group) };
}

/** Processes of the same user, this one left out. */
export function ownProcesses(): number[] {
  if (!hasProcessTable) return [];
  const user = process.getuid?.();
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid && owner(pid) === user);
}

/** Whether the environment with which a process was started holds `variable=value`; a value may go on after a dot. */
export function hasInEnvironment(pid: number, variable: string, value: string): boolean {
  const environment = read(`/proc/${pid}/environ`);
  if (environment === undefined) return false;
  const start = `\0${environment}`.indexOf(`\0${variable}=${value}`);
  if (start < 0) return false;
  const after = environment[start + variable.length + 1 + value.length];
  return after === '\0' || after === '.' || after === undefined;
}

/** The command line, its words separated by spaces; empty if it is gone. */
export function commandOf(pid: number): string {
  return (read(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ').trim();
}

function owner(pid: number): number | undefined {
  return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
