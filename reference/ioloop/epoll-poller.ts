/**
 * epoll: the kernel keeps the set of watched fds, and a wait costs what is ready, not what is watched.
 *
 * Some facts about epoll (man 7 epoll):
 *
 * - What is registered is the pair of *number and open file*, and it goes when the open file goes, which is when its
 *   last fd is closed. So a watched fd that is simply closed is forgotten, in silence. But if it has a duplicate
 *   (dup, fork), it lives on as a ghost: it is reported under its old number, and no call can remove it, since the
 *   number means something else by now, or nothing.
 * - Hence remove() before close(2), always. For those who forgot: each registration carries its generation, which the
 *   kernel hands back. An event whose generation is not that of the number's present watch is a ghost's. It would
 *   end every wait, so the epoll instance is thrown away and another one filled: O(watched), once a ghost.
 * - EPOLLERR and EPOLLHUP can't be masked out: LOOP-READY-5 and LOOP-SEED-1 come for free.
 * - Level-triggered fds that were reported go to the end of the kernel's list, so if more are ready than one wait can
 *   report, the others come first the next time: LOOP-READY-20.
 */
import {
  EEXIST,
  EPOLLIN,
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EpollEvents,
  check,
  type PollSet,
  type Posix,
  type Result,
} from '../../posix/index.js';
import type { Poller, Watches } from './poller.js';
import type { Watch } from './watch.js';

/** The most fds that one wait reports. libuv takes 1024, too. */
export const EVENTS_PER_POLL = 1024;

/** 12 KiB for all loops of a thread: what a wait fills is read at once, before anything else can happen. */
const EVENTS = new EpollEvents(EVENTS_PER_POLL);

export class EpollPoller implements Poller {
  readonly #posix: Posix;
  readonly #watches: Watches;
  readonly #events = EVENTS;
  #epfd: number;

  constructor(posix: Posix, watches: Watches) {
    this.#posix = posix;
    this.#watches = watches;
    this.#epfd = this.#create();
  }

  add(watch: Watch): Result {
    const result = this.#control(EPOLL_CTL_ADD, watch);
    // Nobody here watches it, yet the kernel does: the ghost of this very number and file. It is taken over.
    if (result === -EEXIST && !this.#watches.has(watch.fd)) return this.#control(EPOLL_CTL_MOD, watch);
    return result;
  }

  update(watch: Watch): Result {
    return this.#control(EPOLL_CTL_MOD, watch);
  }

  remove(watch: Watch): void {
    this.#control(EPOLL_CTL_DEL, watch); // A failure means that it is gone, or a ghost. LOOP-READY-26
  }

  wait(timeoutMs: number, ready: Watch[]): Result {
    const events = this.#events;
    const count = this.#posix.epoll_wait(this.#epfd, events, timeoutMs);
    let haunted = false;
    for (let i = 0; i < count; i++) {
      const watch = this.#watches.get(events.fd(i));
      if (watch?.generation === events.tag(i)) {
        watch.polled = events.events(i);
        ready.push(watch);
      } else {
        haunted = true;
      }
    }
    if (haunted) this.#renew();
    return count;
  }

  describe(set: PollSet): void {
    set.push(this.#epfd, EPOLLIN); // An epoll instance is readable while it has something to report.
  }

  close(): void {
    this.#posix.close(this.#epfd);
  }

  /** Makes an epoll instance without ghosts. The old one is closed first, as there may be no fd left for a second. */
  #renew(): void {
    this.close();
    this.#epfd = this.#create();
    for (const watch of this.#watches.values()) this.#control(EPOLL_CTL_ADD, watch);
  }

  #create(): number {
    return check(this.#posix.epoll_create1(EPOLL_CLOEXEC), 'epoll_create1');
  }

  #control(operation: number, watch: Watch): Result {
    // READ and WRITE are EPOLLIN and EPOLLOUT. Without EPOLLRDHUP, the end of a peer's output is READ: LOOP-READY-6
    return this.#posix.epoll_ctl(this.#epfd, operation, watch.fd, watch.events, watch.generation);
  }
}
