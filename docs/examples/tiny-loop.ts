import { PollSet, POLLIN, POLLOUT, posix } from 'evspec/posix';

type Callback = () => void;
interface Timer {
  readonly due: number;
  readonly callback: Callback;
}

/** A loop as one writes it in an evening. */
export class TinyLoop {
  readonly #watched = new Map<number, { read?: Callback; write?: Callback }>();
  #tasks: Callback[] = [];
  #timers: Timer[] = [];
  #running = false;

  on(fd: number, direction: 'read' | 'write', callback: Callback): void {
    this.#watched.set(fd, { ...this.#watched.get(fd), [direction]: callback });
  }

  off(fd: number, direction: 'read' | 'write'): void {
    const callbacks = this.#watched.get(fd);
    if (callbacks !== undefined) delete callbacks[direction];
  }

  soon(callback: Callback): void {
    this.#tasks.push(callback);
  }

  after(ms: number, callback: Callback): Timer {
    const timer = { due: performance.now() + ms, callback };
    this.#timers.push(timer);
    this.#timers.sort((a, b) => a.due - b.due);
    return timer;
  }

  forget(timer: Timer): void {
    this.#timers = this.#timers.filter((other) => other !== timer);
  }

  run(): void {
    for (this.#running = true; this.#running; this.#once());
  }

  halt(): void {
    this.#running = false;
  }

  #once(): void {
    for (const task of this.#tasks.splice(0)) task();
    while (this.#timers[0] !== undefined && this.#timers[0].due <= performance.now()) this.#timers.shift()!.callback();
    const set = new PollSet();
    for (const [fd, { read, write }] of this.#watched)
      set.push(fd, (read ? POLLIN : 0) | (write ? POLLOUT : 0));
    posix.poll(set, this.#patience());
    for (let i = 0; i < set.length; i++) {
      const callbacks = this.#watched.get(set.fd(i));
      if ((set.revents(i) & ~POLLOUT) !== 0) callbacks?.read?.();
      if ((set.revents(i) & ~POLLIN) !== 0) callbacks?.write?.();
    }
  }

  /** How long there is nothing to do, ms; -1: for ever. */
  #patience(): number {
    if (!this.#running || this.#tasks.length > 0) return 0;
    const next = this.#timers[0];
    return next === undefined ? -1 : Math.max(0, Math.floor(next.due - performance.now()));
  }
}
