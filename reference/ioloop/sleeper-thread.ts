/**
 * The thread of a {@link Sleeper}: polls what it is told to, and says when that is over.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { PollSet, posix } from '../../posix/index.js';
import type { SleeperData } from './sleeper.js';

/** What to wait for. */
export interface SleepRequest {
  /** The words of a PollSet: see posix/poll.ts. */
  readonly words: Int32Array;
  /** Whole ms; -1: forever. */
  readonly timeoutMs: number;
}

const set = new PollSet();
const { longestPollMs, up } = workerData as SleeperData;

parentPort?.on('message', ({ words, timeoutMs }: SleepRequest) => {
  set.clear();
  for (let i = 0; i < words.length; i += 2) set.push(words[i] ?? -1, (words[i + 1] ?? 0) & 0xffff);
  poll(timeoutMs); // Whatever the answer is: the loop looks for itself.
  parentPort?.postMessage('over');
});

/** A thread that is to end does so between two polls. */
function poll(timeoutMs: number): void {
  if (longestPollMs < 0) return void posix.poll(set, timeoutMs);
  const endMs = timeoutMs < 0 ? Infinity : performance.now() + timeoutMs;
  for (;;) {
    const leftMs = Math.max(Math.ceil(endMs - performance.now()), 0);
    if (posix.poll(set, Math.min(leftMs, longestPollMs)) !== 0 || leftMs <= longestPollMs) return;
  }
}

poll(0); // The first call loads libc.
Atomics.store(up, 0, 1);
Atomics.notify(up, 0);
parentPort?.postMessage('ready');
