/**
 * poll: the caller keeps the set of fds and hands over all of it with each call. (man 2 poll)
 */
import { EINVAL, type Result } from './errno.js';
import { libc, result } from './libc.js';

// struct pollfd { int fd; short events; short revents; }: two 32-bit words.
const STRIDE = 2;

/**
 * An array of `struct pollfd` that grows. Elements are known by their index, which `removeAt` changes for the last
 * one: finding the index of an fd is the caller's business.
 */
export class PollSet {
  #length = 0;
  #words: Int32Array;

  /** @param capacity How many fds it takes before it first grows. */
  constructor(capacity = 64) {
    this.#words = new Int32Array(Math.max(1, capacity) * STRIDE);
  }

  /** How many fds there are. */
  get length(): number {
    return this.#length;
  }

  /** The array of `struct pollfd`, as 32-bit words: fd, then events in the lower half and revents in the upper. */
  get words(): Int32Array {
    return this.#words;
  }

  /**
   * Appends an fd.
   * @param fd The fd; the kernel skips a negative one, with revents 0.
   * @param events POLLIN, POLLOUT, … or-ed; 0 leaves POLLERR, POLLHUP and POLLNVAL.
   * @returns Its index.
   */
  push(fd: number, events: number): number {
    const i = this.#length;
    if (i * STRIDE === this.#words.length) {
      const larger = new Int32Array(this.#words.length * 2);
      larger.set(this.#words);
      this.#words = larger;
    }
    this.#length = i + 1;
    this.#words[i * STRIDE] = fd;
    this.#words[i * STRIDE + 1] = events & 0xffff;
    return i;
  }

  /** Takes the `i`-th element out and moves the last one to its place. */
  removeAt(i: number): void {
    this.bounds(i);
    const last = this.#length - 1;
    this.#words[i * STRIDE] = this.#words[last * STRIDE] ?? -1;
    this.#words[i * STRIDE + 1] = this.#words[last * STRIDE + 1] ?? 0;
    this.#length = last;
  }

  /** Takes all elements out. */
  clear(): void {
    this.#length = 0;
  }

  /** The `i`-th fd. */
  fd(i: number): number {
    return this.#words[i * STRIDE] ?? -1;
  }

  /** What to wait for on the `i`-th fd. */
  events(i: number): number {
    return (this.#words[i * STRIDE + 1] ?? 0) & 0xffff;
  }

  /** What the last `poll` found on the `i`-th fd: 0, or POLLIN, POLLOUT, POLLERR, POLLHUP, POLLNVAL or-ed. */
  revents(i: number): number {
    return (this.#words[i * STRIDE + 1] ?? 0) >>> 16;
  }

  /** Changes what to wait for on the `i`-th fd. */
  setEvents(i: number, events: number): void {
    this.bounds(i);
    this.#words[i * STRIDE + 1] = events & 0xffff;
  }

  /** Writes what was found on the `i`-th fd, as the kernel would. */
  setRevents(i: number, revents: number): void {
    this.bounds(i);
    this.#words[i * STRIDE + 1] = this.events(i) | (revents << 16);
  }

  private bounds(i: number): void {
    if (!(i >= 0 && i < this.#length)) throw new RangeError(`element ${i} of a PollSet of ${this.#length}`);
  }
}

export function poll(set: PollSet, timeoutMs: number): Result {
  // An int, or nothing: a fraction cut off would wake the caller early, again and again.
  if (timeoutMs !== (timeoutMs | 0)) return -EINVAL;
  return result(libc.poll(set.words, set.length, timeoutMs));
}
