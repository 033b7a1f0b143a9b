/**
 * poll: an array of fds, handed to the kernel as a whole with each wait.
 *
 * The kernel writes its answer into the same array, next to each fd, and only how many there are is known: so the
 * array is searched, until all are found. An fd that was closed behind the loop's back is answered with POLLNVAL, each
 * time and at once; it would spin the loop, so it is reported as GONE. LOOP-READY-25
 */
import { PollSet, type Posix, type Result } from '../../posix/index.js';
import { OpenFiles } from './open-files.js';
import type { Poller, Watches } from './poller.js';
import type { Watch } from './watch.js';

export class PollPoller implements Poller {
  readonly #posix: Posix;
  readonly #watches: Watches;
  readonly #files: OpenFiles;
  readonly #set = new PollSet();
  /** Where each fd is in the set. */
  readonly #index = new Map<number, number>();

  constructor(posix: Posix, watches: Watches) {
    this.#posix = posix;
    this.#watches = watches;
    this.#files = new OpenFiles(posix);
  }

  add(watch: Watch): Result {
    const result = this.#files.add(watch.fd);
    if (result < 0) return result;
    const index = this.#index.get(watch.fd);
    if (index === undefined) this.#index.set(watch.fd, this.#set.push(watch.fd, watch.events));
    else this.#set.setEvents(index, watch.events); // LOOP-DISPATCH-3
    return 0;
  }

  update(watch: Watch): Result {
    const result = this.#files.check(watch.fd);
    const index = this.#index.get(watch.fd);
    if (result === 0 && index !== undefined) this.#set.setEvents(index, watch.events);
    return result;
  }

  remove(watch: Watch): void {
    this.#files.remove(watch.fd);
    const index = this.#index.get(watch.fd);
    if (index === undefined) return;
    this.#index.delete(watch.fd);
    this.#set.removeAt(index);
    if (index < this.#set.length) this.#index.set(this.#set.fd(index), index); // The last has taken its place.
  }

  wait(timeoutMs: number, ready: Watch[]): Result {
    const count = this.#posix.poll(this.#set, timeoutMs);
    for (let i = 0, found = 0; found < count; i++) {
      const revents = this.#set.revents(i);
      if (revents === 0) continue;
      found++;
      const watch = this.#watches.get(this.#set.fd(i));
      if (watch === undefined) continue;
      watch.polled = revents; // POLLIN, POLLOUT, POLLERR, POLLHUP are READ, WRITE, ERROR; POLLNVAL is GONE.
      ready.push(watch);
    }
    return count;
  }

  describe(set: PollSet): void {
    for (const watch of this.#watches.values()) set.push(watch.fd, watch.events);
  }

  close(): void {
    this.#set.clear();
    this.#index.clear();
  }
}
