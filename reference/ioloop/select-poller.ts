/**
 * select: two bit maps, one of fds to read from, one of fds to write to.
 *
 * The oldest of the three, and it says the least. Three things that the others say have to be found out:
 *
 * - *Errors and hang-ups.* select has no word for them (its third set is for urgent data); they make an fd readable or
 *   writable. So every fd is in the first set, whether it is watched for reading or not, and what select found ready is
 *   asked about once more by one poll(2) that does not wait. LOOP-SEED-1, LOOP-READY-7
 * - *Data that nobody asked for* would end each wait at once. An fd that has some, and is not watched for reading, is
 *   *muted*: taken out of the first set. Only a look now and then tells whether it hung up meanwhile, so while there
 *   are muted fds, a wait takes no longer than RECHECK_MS.
 * - *Which fd is not open*, when the answer is EBADF: each is asked. LOOP-READY-25
 */
import { EBADF, FD_SETSIZE, FdSet, POLLIN, PollSet, type Posix, type Result } from '../../posix/index.js';
import { ERROR, READ, WRITE } from '../../spec/contract.js';
import { FdTooLargeError } from './errors.js';
import { OpenFiles } from './open-files.js';
import type { Poller, Watches } from './poller.js';
import { GONE, type Watch } from './watch.js';

/** How long a hang-up behind unread data may go unnoticed: nobody sees 20 ms, and 50 looks a second cost nothing. */
const RECHECK_MS = 20;

export class SelectPoller implements Poller {
  readonly #posix: Posix;
  readonly #watches: Watches;
  readonly #files: OpenFiles;
  /** What to ask for. */
  readonly #readable = new FdSet();
  readonly #writable = new FdSet();
  /** What was answered: select overwrites what it is given. */
  readonly #foundReadable = new FdSet();
  readonly #foundWritable = new FdSet();
  /** Watched, not for reading, and readable. */
  readonly #muted = new Set<Watch>();
  /** What poll(2) is asked about. */
  readonly #doubtful = new PollSet();

  constructor(posix: Posix, watches: Watches) {
    this.#posix = posix;
    this.#watches = watches;
    this.#files = new OpenFiles(posix);
  }

  add(watch: Watch): Result {
    if (watch.fd >= FD_SETSIZE) throw new FdTooLargeError(watch.fd);
    const result = this.#files.add(watch.fd);
    if (result < 0) return result;
    const former = this.#watches.get(watch.fd);
    if (former !== undefined) this.#muted.delete(former); // LOOP-DISPATCH-3
    this.#ask(watch);
    return 0;
  }

  update(watch: Watch): Result {
    const result = this.#files.check(watch.fd);
    if (result === 0) this.#ask(watch);
    return result;
  }

  remove(watch: Watch): void {
    this.#files.remove(watch.fd);
    this.#muted.delete(watch);
    this.#readable.delete(watch.fd);
    this.#writable.delete(watch.fd);
  }

  wait(timeoutMs: number, ready: Watch[]): Result {
    const waitMs = this.#muted.size > 0 && (timeoutMs < 0 || timeoutMs > RECHECK_MS) ? RECHECK_MS : timeoutMs;
    this.#foundReadable.copy(this.#readable);
    this.#foundWritable.copy(this.#writable);
    const count = this.#posix.select(FD_SETSIZE, this.#foundReadable, this.#foundWritable, null, waitMs);
    if (count === -EBADF) return this.#findClosed(ready);
    if (count > 0 || (count === 0 && this.#muted.size > 0)) return this.#findReady(ready);
    return count;
  }

  describe(set: PollSet): void {
    for (const watch of this.#watches.values()) set.push(watch.fd, watch.events);
  }

  close(): void {
    this.#readable.clear();
    this.#writable.clear();
    this.#muted.clear();
  }

  /** Puts a watch into the sets that fit its events. */
  #ask(watch: Watch): void {
    this.#unmute(watch);
    if (watch.events & WRITE) this.#writable.add(watch.fd);
    else this.#writable.delete(watch.fd);
  }

  #mute(watch: Watch): void {
    this.#muted.add(watch);
    this.#readable.delete(watch.fd);
  }

  #unmute(watch: Watch): void {
    this.#muted.delete(watch);
    this.#readable.add(watch.fd);
  }

  /** Asks what exactly those are ready for that select has found, and those that it was not asked about. */
  #findReady(ready: Watch[]): Result {
    const doubtful = this.#doubtful;
    doubtful.clear();
    for (const watch of this.#watches.values()) {
      if (this.#foundReadable.has(watch.fd) || this.#foundWritable.has(watch.fd) || this.#muted.has(watch))
        doubtful.push(watch.fd, watch.events | POLLIN);
    }
    const count = this.#posix.poll(doubtful, 0);
    for (let i = 0; i < doubtful.length; i++) {
      const watch = this.#watches.get(doubtful.fd(i));
      if (watch !== undefined) this.#found(watch, doubtful.revents(i), ready);
    }
    return count;
  }

  #found(watch: Watch, revents: number, ready: Watch[]): void {
    watch.polled = revents & (watch.events | ERROR | GONE); // LOOP-READY-4
    if (watch.polled !== 0) ready.push(watch);
    else if (revents & READ) this.#mute(watch);
    else this.#unmute(watch);
  }

  #findClosed(ready: Watch[]): Result {
    for (const watch of this.#watches.values()) {
      if (this.#files.isOpen(watch.fd)) continue;
      watch.polled = GONE;
      ready.push(watch);
    }
    return 0;
  }
}
