/**
 * Signals: an operating system's signal as an ordinary callback.
 *
 * The kernel runs a signal handler on any thread of the process, in the middle of anything. Node's handler does the one
 * thing that is safe there, it writes to a pipe, and Node's own loop, on the main thread, reads the pipe and emits an
 * event. Here the event becomes a task. (signalfd would be the direct way, but needs the signal blocked in every
 * thread, and Node's own threads don't block it: posix/index.ts.)
 *
 * So signals need Node's own loop to turn:
 *
 *     run()                             delivered
 *     start() on the main thread        not until it returns: start() refuses (SignalsBlockedError)
 *     start() in a Worker               process.on is the main thread's: addSignalHandler refuses; let the main
 *                                       thread's process.on signal a wakeup of the loop
 *
 * Without a handler a signal still interrupts the poll, and that is survived: LOOP-ERROR-1. SIGPIPE kills nobody, as Node
 * ignores it from its start: LOOP-SEED-18.
 */
import { isMainThread } from 'node:worker_threads';
import type { Callback } from '../../spec/contract.js';
import { HandlerExistsError, SignalsBlockedError } from './errors.js';

export class Signals {
  readonly #schedule: (callback: Callback) => void;
  readonly #listeners = new Map<NodeJS.Signals, () => void>();

  /** @param schedule Makes a task of a callback: LOOP-SIGNAL-3. */
  constructor(schedule: (callback: Callback) => void) {
    this.#schedule = schedule;
  }

  get size(): number {
    return this.#listeners.size;
  }

  /** @throws {HandlerExistsError | SignalsBlockedError} Node's own error for SIGKILL, SIGSTOP and what is no signal. */
  add(signal: NodeJS.Signals, callback: Callback): void {
    if (!isMainThread) throw new SignalsBlockedError('in a Worker');
    if (this.#listeners.has(signal)) throw new HandlerExistsError(signal);
    const listener = () => this.#schedule(task); // Ends a sleep: LOOP-SIGNAL-1, LOOP-SIGNAL-2. LOOP-SIGNAL-4
    const task = () => (this.#listeners.get(signal) === listener ? callback() : undefined); // LOOP-SIGNAL-5
    process.on(signal, listener);
    this.#listeners.set(signal, listener);
  }

  /** Nothing happens if there is none. */
  remove(signal: NodeJS.Signals): void {
    const listener = this.#listeners.get(signal);
    if (listener === undefined) return;
    process.off(signal, listener);
    this.#listeners.delete(signal);
  }

  clear(): void {
    for (const signal of this.#listeners.keys()) this.remove(signal);
  }
}
