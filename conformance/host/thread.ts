/**
 * The host's side of its helper thread. One is kept for the life of the host.
 */
import { MessageChannel, receiveMessageOnPort, Worker, type MessagePort } from 'node:worker_threads';
import type { Posix } from '../../posix/index.js';
import type { ThreadReport } from '../../spec/trace.js';
import { Impossible } from './impossible.js';
import { textOf } from './raised.js';
import type { Threads } from './surroundings.js';
import { CELLS, type ThreadOrder, type ThreadReady, type ThreadSetup } from './thread-messages.js';

export class HelperThread implements Threads {
  private readonly cells = new Int32Array(new SharedArrayBuffer(CELLS.length * Int32Array.BYTES_PER_ELEMENT));
  /** Has no listener, so that messages stay in it until they are fetched. */
  private readonly port: MessagePort;
  private readonly worker: Worker;
  private ordered = 0;

  /** @param module the subject's, so that the thread can wake its loops */
  constructor(posix: Posix, module: string) {
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    const setup: ThreadSetup = { module, tid: posix.gettid(), cells: this.cells, port: port2 };
    this.worker = new Worker(new URL('./thread-worker.js', import.meta.url), {
      workerData: setup,
      transferList: [port2],
      name: 'evspec-helper',
    });
  }

  /** What it can do. Rejected if it can't be started. */
  async ready(): Promise<ThreadReady> {
    return new Promise((resolve, reject) => {
      this.worker.on('error', reject);
      this.worker.once('message', resolve);
    });
  }

  begin(): void {
    this.ordered = 0;
    Atomics.store(this.cells, CELLS.done, 0);
    Atomics.store(this.cells, CELLS.over, 0);
  }

  order(order: ThreadOrder): void {
    try {
      this.port.postMessage(order);
    } catch (error) {
      throw new Impossible(`the token of a wake-up does not survive postMessage: ${textOf(error)}`);
    }
    this.ordered++;
  }

  /** Does something for which this thread sleeps outside of the loop's poll. */
  whileBusy<T>(work: () => T): T {
    Atomics.store(this.cells, CELLS.busy, 1);
    try {
      return work();
    } finally {
      Atomics.store(this.cells, CELLS.busy, 0);
    }
  }

  end(): ThreadReport[] {
    Atomics.store(this.cells, CELLS.over, 1);
    Atomics.notify(this.cells, CELLS.over);
    for (;;) {
      const done = Atomics.load(this.cells, CELLS.done);
      if (done >= this.ordered) break;
      Atomics.wait(this.cells, CELLS.done, done);
    }
    const reports: ThreadReport[] = [];
    for (let i = 0; i < this.ordered; i++)
      reports.push(receiveMessageOnPort(this.port)?.message as ThreadReport);
    return reports;
  }
}
