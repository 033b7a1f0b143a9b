/**
 * What a run needs of its process beyond system calls. For a subject in its own process these are threads, /proc and
 * Node's loop (this-process.ts); a simulated machine has others.
 */
import type { ThreadReport } from '../../spec/trace.js';
import type { Outcome } from './recorder.js';
import type { ThreadOrder } from './thread-messages.js';

/** Carries out `thread` actions, one after the other. */
export interface Threads {
  /** A scenario begins. */
  begin(): void;
  /** Never waits. @throws Impossible */
  order(order: ThreadOrder): void;
  /** The scenario is over: ends what is still under way, and returns what was done. */
  end(): ThreadReport[];
}

/** The fds of the process, and the limit to their number. */
export interface FdCount {
  count(): number;
  /** Leaves so many fds that may still be opened. Returns how many these are. @throws Impossible */
  limit(spare: number): number;
  restore(): void;
}

export interface Surroundings {
  readonly threads: Threads;
  readonly openFds: FdCount;
  /** After a scenario that took the number 0, 1 or 2. */
  restoreStandardFds(): void;
  /** Keeps signals from ending the process, until it is called. */
  guardSignals(names: Iterable<NodeJS.Signals>): () => void;
  /** Has another process send a signal to this one; it is sent when this returns. @throws Impossible */
  raiseFromProcess(signal: string): Outcome | undefined;
  /** Keeps the thread busy. */
  burn(ms: number): void;
  /** Calls back when whatever shares the thread with the loop has had a turn. */
  afterTurn(callback: () => void): void;
}
