/**
 * The thread of a {@link Sleeper}: polls what it is told to, and says when that is over.
 */
import { parentPort } from 'node:worker_threads';
import { PollSet, posix } from '../../posix/index.js';

/** What to wait for. */
export interface SleepRequest {
  /** The words of a PollSet: see posix/poll.ts. */
  readonly words: Int32Array;
  /** Whole ms; -1: forever. */
  readonly timeoutMs: number;
}

const set = new PollSet();

parentPort?.on('message', ({ words, timeoutMs }: SleepRequest) => {
  set.clear();
  for (let i = 0; i < words.length; i += 2) set.push(words[i] ?? -1, (words[i + 1] ?? 0) & 0xffff);
  posix.poll(set, timeoutMs); // Whatever the answer is: the loop looks for itself.
  parentPort?.postMessage('over');
});

parentPort?.postMessage('ready');
