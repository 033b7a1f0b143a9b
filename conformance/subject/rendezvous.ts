/**
 * Rendezvous: the subject stops itself (SIGSTOP) just before and just after the tested window, so that a tracer can attach and
 * detach around exactly the loop's own calls.
 *
 * The subject announces it, then stops; the announcement arrives before the stop. So the kit looks at the process's state
 * until it says `T`, at once, then at growing intervals; only then does it call the hook, and SIGCONT follows.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { MARK_VARIABLE } from '../../spec/protocol.js';
import { hasInEnvironment, hasProcessTable, processState } from './process-table.js';

export type Moment = 'before' | 'after';
/** What to do while the process `pid` is stopped. */
export type RendezvousHook = (pid: number, moment: Moment) => void | Promise<void>;

/** ms */
const LONGEST_PAUSE = 16;

/** True once the process is stopped; false if it ended instead. */
export async function stopped(pid: number): Promise<boolean> {
  for (let pause = 0; ; pause = Math.min(LONGEST_PAUSE, 2 * pause + 1)) {
    const state = processState(pid)?.state;
    if (state === 'T' || state === 't') return true;
    if (state === undefined || state === 'Z' || state === 'X') return false;
    await sleep(pause);
  }
}

export function resume(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT');
  } catch {
    // It ended meanwhile, which is reported elsewhere.
  }
}

/**
 * Why there can be no rendezvous with the process that a subject names as its own, or undefined. A subject that names another's
 * must not have the kit signal it.
 * @param started the process that the kit started; the subject may be a descendant of it
 */
export function obstacle(pid: number, started: number | undefined, mark: string): string | undefined {
  if (!hasProcessTable) return 'this system has no /proc in which a stopped process shows';
  if (pid === started || (pid !== process.pid && hasInEnvironment(pid, MARK_VARIABLE, mark)))
    return undefined;
  return `the process ${pid}, which the subject's hello names, is not one that the kit started`;
}
