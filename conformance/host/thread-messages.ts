/**
 * What the host and its helper thread say to each other.
 *
 * The loop may block the host's thread, so the host never waits for a message: what must be seen at once stands in
 * shared memory, and reports are fetched when the scenario is over.
 */
import type { MessagePort } from 'node:worker_threads';

/** Cells of the shared memory, an Int32Array. */
export const CELLS = {
  /** 1: the scenario is over, nothing more is to be done. */
  over: 0,
  /** How many orders have been carried out. */
  done: 1,
  /** 1: the host's thread sleeps, but not in the loop's poll. */
  busy: 2,
  length: 3,
} as const;

/** Handed to the Worker at its start. */
export interface ThreadSetup {
  readonly module: string;
  /** The thread that runs the loop. */
  readonly tid: number;
  readonly cells: Int32Array;
  readonly port: MessagePort;
}

export type ThreadStep =
  { readonly op: 'wake'; readonly token: unknown } | { readonly op: 'raise'; readonly signal: number };

export interface ThreadOrder {
  readonly when: 'now' | 'idle';
  readonly steps: readonly ThreadStep[];
  readonly times: number;
  /** Between repetitions, ms. */
  readonly every: number;
  /** The monotonic clock when the scenario began, ms. */
  readonly startedAt: number;
}

/** The first message: what it can do. */
export interface ThreadReady {
  /** Why it can't wake the loop. */
  readonly cannotWake?: string;
}
