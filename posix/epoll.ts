/**
 * epoll: the kernel keeps the set of fds, and one call answers which are ready. (man 7 epoll)
 */
import { EINVAL, type Result } from './errno.js';
import { libc, result } from './libc.js';

/**
 * `struct epoll_event` is a 32-bit mask of events and 64 bits of user data. On x86_64 the kernel's header packs it
 * to 12 bytes (so that 32-bit programs see the same layout); elsewhere the data is aligned and it takes 16. Here is
 * the layout in 32-bit words: which word holds what, and how many words an event takes. User data holds the fd in
 * its lower half and the caller's tag in its upper.
 */
export const EPOLL_LAYOUT = {
  packed: { events: 0, fd: 1, tag: 2, stride: 3 },
  aligned: { events: 0, fd: 2, tag: 3, stride: 4 },
} as const;

const layout = process.arch === 'x64' ? EPOLL_LAYOUT.packed : EPOLL_LAYOUT.aligned;
const { events: EVENTS, fd: FD, tag: TAG, stride: STRIDE } = layout;

/** Room for the answer of `epoll_wait`: made once, filled by each call, read without allocation. */
export class EpollEvents {
  /** How many events one call can answer with. */
  readonly capacity: number;
  /** The array of `struct epoll_event`, as 32-bit words. */
  readonly words: Int32Array;

  /** @param capacity How many events one call can answer with; at least 1. */
  constructor(capacity: number) {
    if (!(capacity >= 1))
      throw new RangeError(`EpollEvents needs a capacity of at least 1 (got ${capacity})`);
    this.capacity = capacity;
    this.words = new Int32Array(capacity * STRIDE);
  }

  /** Of the `i`-th event: EPOLLIN, EPOLLOUT, … or-ed. */
  events(i: number): number {
    return this.words[i * STRIDE + EVENTS] ?? 0;
  }

  /** Of the `i`-th event: the number under which the fd was registered. */
  fd(i: number): number {
    return this.words[i * STRIDE + FD] ?? -1;
  }

  /** Of the `i`-th event: the tag given at its registration, unsigned. */
  tag(i: number): number {
    return (this.words[i * STRIDE + TAG] ?? 0) >>> 0;
  }

  /** Writes the `i`-th event, as the kernel would. */
  set(i: number, events: number, fd: number, tag = 0): void {
    if (!(i >= 0 && i < this.capacity)) throw new RangeError(`event ${i} of ${this.capacity}`);
    this.words[i * STRIDE + EVENTS] = events;
    this.words[i * STRIDE + FD] = fd;
    this.words[i * STRIDE + TAG] = tag;
  }
}

export function epoll_create1(flags: number): Result {
  return result(libc.epoll_create1(flags));
}

/** One `struct epoll_event`, to be copied by the kernel. */
const registration = new EpollEvents(1);

export function epoll_ctl(epfd: number, operation: number, fd: number, events = 0, tag = 0): Result {
  registration.set(0, events, fd, tag);
  return result(libc.epoll_ctl(epfd, operation, fd, registration.words));
}

export function epoll_wait(epfd: number, events: EpollEvents, timeoutMs: number): Result {
  // An int, or nothing: a fraction cut off would wake the caller early, again and again.
  if (timeoutMs !== (timeoutMs | 0)) return -EINVAL;
  return result(libc.epoll_wait(epfd, events.words, events.capacity, timeoutMs));
}
