/**
 * No process outlives the run.
 *
 * Theory of operation. A subject is started in a process group of its own, so one signal reaches all that stayed in it. A
 * process can leave its group and its session (setsid), and be handed to init when its parent ends; but the environment that
 * it was started with stays readable in /proc, and children inherit it. So every subject gets a mark there, the run's id and
 * its own number (`EVSPEC_MARK=6f0c….3`), and whatever carries the mark is ours to kill, wherever it went.
 * What cleared its environment *and* left its group is found only as long as its parents live: so the descendants of a
 * subject are listed before it is killed. If such a one's parents end by themselves, as a subject does on bye, it survives and is
 * not reported: by then nothing tells it from a stranger. Without /proc (macOS, BSD), the process group is all there is.
 *
 * The same is done when the kit itself ends early: by an uncaught exception, process.exit, SIGINT, SIGTERM or SIGHUP.
 * If it is killed otherwise, the watchdog does it (watchdog.ts).
 */
import { MARK_VARIABLE } from '../../spec/protocol.js';
import { commandOf, hasInEnvironment, ownProcesses, processState } from './process-table.js';
import { excerpt } from './visible.js';
import { watch } from './watchdog.js';

export interface Leftover {
  readonly pid: number;
  readonly command: string;
}

/** Processes that carry the mark and still run. `mark` is a run's or one subject's. */
export function marked(mark: string): Leftover[] {
  return ownProcesses()
    .filter((pid) => hasInEnvironment(pid, MARK_VARIABLE, mark))
    .map((pid) => ({ pid, command: excerpt(commandOf(pid), 120) }));
}

/** Children of a process, their children, and so on. */
export function descendants(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const pid of ownProcesses()) {
    const parent = processState(pid)?.parent;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found: number[] = [];
  const next = [root];
  for (let pid = next.pop(); pid !== undefined; pid = next.pop()) {
    const own = children.get(pid) ?? [];
    found.push(...own);
    next.push(...own);
  }
  return found;
}

/** Sends SIGKILL to a process; true if there was one. */
export function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}

/** Kills a subject that is known to run, with its group and all its descendants. */
export function killTree(root: number): void {
  const below = descendants(root);
  kill(-root);
  kill(root);
  for (const pid of below) kill(pid);
}

/**
 * Kills what carries the mark until nothing does. A process that forks faster than it is found loses in the end, because
 * each round kills all that one look has seen; rounds are bounded all the same.
 * @returns all that was found, and killed
 */
export function killMarked(mark: string): Leftover[] {
  const killed = new Map<number, Leftover>();
  for (let round = 0; round < 100; round++) {
    const found = marked(mark).filter(({ pid }) => !killed.has(pid));
    if (found.length === 0) break;
    for (const leftover of found) {
      killed.set(leftover.pid, leftover);
      kill(leftover.pid);
    }
  }
  return [...killed.values()];
}

/** A run whose subjects must not outlive the kit. */
export interface Guarded {
  readonly mark: string;
  /** Process ids of the subjects, each the leader of its group. */
  readonly leaders: Set<number>;
  /** Called when the kit is being ended, after all was killed. */
  readonly onEnd: () => void;
}

/** Run → what tells its watchdog that all is well. */
const guarded = new Map<Guarded, () => void>();
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** From now on until {@link release}, the run's processes are killed when this process ends. */
export function guard(run: Guarded): void {
  if (guarded.size === 0) {
    process.on('exit', endAll);
    for (const signal of SIGNALS) process.on(signal, onSignal);
  }
  guarded.set(run, watch(run.mark));
}

export function release(run: Guarded): void {
  guarded.get(run)?.();
  if (guarded.delete(run) && guarded.size === 0) uninstall();
}

function uninstall(): void {
  process.off('exit', endAll);
  for (const signal of SIGNALS) process.off(signal, onSignal);
}

function endAll(): void {
  for (const run of guarded.keys()) {
    for (const leader of run.leaders) killTree(leader);
    killMarked(run.mark);
    run.onEnd();
  }
  guarded.clear();
}

function onSignal(signal: NodeJS.Signals): void {
  endAll();
  uninstall();
  // Without another listener, the signal does now what it does to a process that has none.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}
