/**
 * The write queue: bytes on their way into the kernel, and who is to be told when they are there.
 *
 * The kernel takes as many bytes as it has room for, from none to all, and says how many: these are *accepted*. Everything else
 * here follows from two counts that only grow, of the bytes that were ever queued and of those that were accepted. A write is done when
 * the second has reached what the first was when it was queued. So it does not matter how the kernel cuts: no byte is lost or repeated,
 * and writes are done in order.
 *
 * Bytes of one write are not kept together. Small ones are copied, one behind the other, into a chunk, from where one system call
 * takes them; large ones stay where they are, in the caller's memory, and several go with one writev. (An entry of writev
 * costs 270 ns, to copy 8 KB half of that: hence the limit.)
 *
 *     what the kernel says     then
 *     -----------------------  ------------------------------------------------------------
 *     all                      the next bytes
 *     fewer, 0, EAGAIN         it is full: *blocked* until the fd is ready for writing
 *     EINTR                    again
 *     any other errno          the answer of flush(): nothing can be written any more
 */
import { EAGAIN, EINTR, type Posix, type Result } from '../../posix/index.js';
import type { DoneCallback } from '../../spec/stream-contract.js';
import { Chunk } from './chunk.js';
import { ChunkQueue } from './chunk-queue.js';
import { Fifo } from './fifo.js';

/** Up to so many bytes are copied. */
const COPIED_BYTES = 8192;
/** The most buffers that one writev gets. */
const MOST_BUFFERS = 64;
/** Bytes after which a flush gives way to others: more than a socket's buffer usually takes at once. */
export const FLUSH_BYTES = 1 << 18;

/** Somebody waits until `end` bytes have been accepted. */
interface Waiting {
  readonly end: number;
  readonly callback: DoneCallback;
}

export class WriteQueue {
  readonly #posix: Posix;
  readonly #fd: number;
  readonly #queue = new ChunkQueue();
  readonly #waiting = new Fifo<Waiting>();
  #queued = 0;
  #accepted = 0;
  #blocked = false;
  /** What writev is to get. Kept for the next time. */
  readonly #buffers: Uint8Array[] = [];

  constructor(posix: Posix, fd: number) {
    this.#posix = posix;
    this.#fd = fd;
  }

  /** How many bytes are not accepted yet. O(1) */
  get length(): number {
    return this.#queued - this.#accepted;
  }

  /** The kernel was full at the last try, and there are bytes for it: to be flushed when the fd is ready for writing. */
  get blocked(): boolean {
    return this.#blocked;
  }

  /**
   * Puts bytes at the end. O(1) for more than 8 KB, O(bytes) otherwise
   * @param bytes More than 8 KB are not to be changed until they are accepted.
   */
  push(bytes: Uint8Array): void {
    this.#queued += bytes.length;
    if (bytes.length > COPIED_BYTES) return this.#queue.append(new Chunk(bytes));
    for (let at = 0; at < bytes.length;) {
      const chunk = this.#queue.roomy();
      const part = Math.min(chunk.room, bytes.length - at);
      chunk.bytes.set(part === bytes.length ? bytes : bytes.subarray(at, at + part), chunk.end);
      chunk.end += part;
      at += part;
      this.#queue.append(chunk);
    }
  }

  /** Has `callback` wait until all that is queued now is accepted. O(1) */
  expect(callback: DoneCallback): void {
    this.#waiting.push({ end: this.#queued, callback });
  }

  /**
   * As {@link push} and {@link flush}; but if nothing is in front of them, the bytes go to the kernel from where they are.
   * @returns As `flush`. After a failure they are in the queue all the same.
   */
  pushNow(bytes: Uint8Array): Result {
    if (this.length > 0) {
      this.push(bytes);
      return this.flush();
    }
    const result = bytes.length === 0 ? 0 : this.#write(bytes, Math.min(bytes.length, FLUSH_BYTES));
    const accepted = Math.max(result, 0);
    this.#queued += accepted;
    this.#accepted += accepted;
    if (accepted < bytes.length) this.push(accepted === 0 ? bytes : bytes.subarray(accepted));
    return this.#outcome(result);
  }

  /** As {@link push}, of bytes that are only lent: those from `start` up to `end`. O(bytes) */
  pushCopy(bytes: Uint8Array, start: number, end: number): void {
    this.push(new Uint8Array(bytes.subarray(start, end))); // A Buffer's slice() would be no copy.
  }

  /**
   * As {@link pushNow}, of bytes that are only lent: what the kernel does not take is copied. O(1) if it takes all
   * @param length How many bytes of `bytes`, from its first on, are meant.
   */
  pushLent(bytes: Uint8Array, length: number): Result {
    const first = this.length === 0 && length > 0;
    const result = first ? this.#write(bytes, length) : 0;
    const accepted = Math.max(result, 0);
    this.#queued += accepted;
    this.#accepted += accepted;
    if (accepted < length) this.pushCopy(bytes, accepted, length);
    return first ? this.#outcome(result) : this.flush();
  }

  /**
   * Hands the kernel what is queued, until it is full or {@link FLUSH_BYTES} have gone. (man 2 write, man 2 writev)
   * O(bytes accepted)
   * @returns 0; or a negated errno when nothing can be written any more: -EPIPE, -ECONNRESET, …
   */
  flush(): Result {
    let result = 0;
    for (let budget = FLUSH_BYTES; this.length > 0 && budget > 0; budget -= result) {
      const offered = this.#gather(budget);
      result = this.#writeGathered(offered);
      if (result <= 0) break;
      this.#accepted += result;
      this.#queue.skip(result); // STREAM-WRITE-1, STREAM-WRITE-2
      if (result < offered) break;
    }
    return this.#outcome(result);
  }

  /** The callback of the next write that is done; undefined if none is. O(1) */
  takeDone(): DoneCallback | undefined {
    return this.hasDone() ? this.#waiting.shift()?.callback : undefined;
  }

  /** Whether a write is done whose callback has not been taken. O(1) */
  hasDone(): boolean {
    const { first } = this.#waiting;
    return first !== undefined && first.end <= this.#accepted; // STREAM-WRITE-5
  }

  /** Lets go of all bytes. @returns The callbacks that were not taken, in order. O(n) */
  clear(): DoneCallback[] {
    this.#queue.clear();
    this.#accepted = this.#queued;
    this.#blocked = false;
    return this.#waiting.takeAll().map(({ callback }) => callback);
  }

  /** Fills `#buffers` from the front of the queue. @returns How many bytes they have: at most `most`. */
  #gather(most: number): number {
    let gathered = 0;
    this.#buffers.length = 0;
    for (let chunk = this.#queue.head; chunk !== undefined; chunk = chunk.next) {
      const part = Math.min(chunk.length, most - gathered);
      this.#buffers.push(chunk.bytes.subarray(chunk.start, chunk.start + part));
      gathered += part;
      if (gathered === most || this.#buffers.length === MOST_BUFFERS) break;
    }
    return gathered;
  }

  #writeGathered(size: number): Result {
    const buffers = this.#buffers;
    if (buffers.length === 1) return this.#write(buffers[0]!, size);
    for (;;) {
      const result = this.#posix.writev(this.#fd, buffers);
      if (result !== -EINTR) return result;
    }
  }

  #write(bytes: Uint8Array, length: number): Result {
    for (;;) {
      const result = this.#posix.write(this.#fd, bytes, 0, length);
      if (result !== -EINTR) return result;
    }
  }

  /** What the last answer of the kernel means. */
  #outcome(result: Result): Result {
    const outcome = result === -EAGAIN ? 0 : Math.min(result, 0);
    this.#blocked = outcome === 0 && this.length > 0;
    return outcome;
  }
}
