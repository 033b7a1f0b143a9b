/**
 * A sleeper: a thread that blocks in poll(2), so that the thread of Node's own loop needn't.
 *
 * Node can watch sockets, pipes and files that it made itself, but offers no way to watch any fd. A thread of its own
 * can wait for what the loop waits for, and a message from it is an event like any other to Node.
 *
 * A thread takes some 40 ms to start. So it is kept when its run() is over, for the next one, and never ends; it keeps
 * the process alive only while somebody sleeps.
 *
 * A Worker may be terminated from outside, or with the process, and is not asked before. Node then waits for its threads, and a poll(2)
 * hears nothing of that. So below a Worker a sleeper looks up once a second.
 *
 * A thread that is ended while it loads a native module can take the process with it: koffi would throw, which Node-API then answers by an
 * abort. So a process that exits waits until a thread that is on its way is up.
 */
import { once } from 'node:events';
import { Worker, isMainThread } from 'node:worker_threads';
import type { PollSet } from '../../posix/index.js';
import type { SleepRequest } from './sleeper-thread.js';

/** The longest that a sleeper is deaf to its end, ms; -1: forever. */
const LONGEST_POLL_MS = isMainThread ? -1 : 1000;
/** The longest that an exit waits for a thread to come up, ms. */
const LONGEST_START_MS = 5000;

/** What a sleeper's thread is told. */
export interface SleeperData {
  readonly longestPollMs: number;
  /** 1 as soon as the thread is up. */
  readonly up: Int32Array;
}

export class Sleeper {
  static readonly #idle: Sleeper[] = [];

  /** A sleeper that nobody else uses, once its thread is up. Give it back by {@link release}. */
  static async acquire(): Promise<Sleeper> {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    const sleeper = new Sleeper();
    const untilUp = () => void Atomics.wait(sleeper.#up, 0, 0, LONGEST_START_MS);
    process.once('exit', untilUp);
    await once(sleeper.#worker, 'message');
    process.off('exit', untilUp);
    sleeper.#worker.unref();
    return sleeper;
  }

  readonly #up = new Int32Array(new SharedArrayBuffer(4));
  readonly #worker = new Worker(new URL('./sleeper-thread.js', import.meta.url), {
    workerData: { longestPollMs: LONGEST_POLL_MS, up: this.#up } satisfies SleeperData,
  });

  /**
   * Sleeps until poll(2) has an answer.
   * @param set What to poll.
   * @param timeoutMs Whole ms; -1: forever.
   * @param awake Called when it is over, whatever the reason, from Node's own loop.
   */
  sleep(set: PollSet, timeoutMs: number, awake: () => void): void {
    const request: SleepRequest = { words: set.words.slice(0, set.length * 2), timeoutMs };
    this.#worker.ref();
    this.#worker.once('message', () => {
      this.#worker.unref();
      awake();
    });
    this.#worker.postMessage(request);
  }

  /** To be called only while it does not sleep. */
  release(): void {
    Sleeper.#idle.push(this);
  }
}
