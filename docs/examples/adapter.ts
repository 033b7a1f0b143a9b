import type { Callback, Handle, Loop, LoopSubject } from 'evspec/contract';
import { TinyLoop } from './tiny-loop.js';

/** TinyLoop by the names of the contract. Each method is one call of it. */
class Adapter implements Loop {
  readonly #loop = new TinyLoop();

  addReader(fd: number, callback: Callback): void {
    this.#loop.on(fd, 'read', callback as () => void);
  }
  removeReader(fd: number): void {
    this.#loop.off(fd, 'read');
  }
  addWriter(fd: number, callback: Callback): void {
    this.#loop.on(fd, 'write', callback as () => void);
  }
  removeWriter(fd: number): void {
    this.#loop.off(fd, 'write');
  }

  addCallback(callback: Callback): void {
    this.#loop.soon(callback as () => void);
  }

  callLater(delayMs: number, callback: Callback): Handle {
    return this.#loop.after(delayMs, callback as () => void);
  }
  removeTimeout(handle: Handle): void {
    this.#loop.forget(handle as ReturnType<TinyLoop['after']>);
  }

  start(): void {
    this.#loop.run();
  }
  stop(): void {
    this.#loop.halt();
  }
  close(): void {
    // Nothing to call: see closeLoop below.
  }
}

const subject: LoopSubject = {
  name: 'tiny-loop',
  version: '1.0',
  facets: ['ready', 'tasks', 'timers', 'run'],
  unclaimed: {
    closeLoop: 'it owns nothing that could be closed',
    exceptions: 'a callback must not throw: the run would end',
  },
  createLoop: () => new Adapter(),
};
export default subject;
