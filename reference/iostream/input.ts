/**
 * The reading half of a stream: what has come, who waits for it, and whether more can come.
 *
 * It is *hungry* when more bytes from the kernel would be of use: the pending read was measured and has not enough; or nobody reads
 * and nothing is here, and one look ahead is the way to learn of the peer's end. Otherwise it takes nothing out of the kernel, whose
 * buffer fills up, and so the peer is throttled: without a reader there is one chunk of bytes in here at most.
 *
 * It has *ended* when the kernel has no more, by end of file or by an error. What has come stays readable: see iostream.ts. When the output
 * has failed, what the kernel has is *final*: then EAGAIN is an end as well.
 */
import { EAGAIN, EINTR, PosixError, type Posix, type Result } from '../../posix/index.js';
import { ReadBuffer } from './read-buffer.js';
import { WAIT, type Read } from './reads.js';

export class Input {
  readonly #posix: Posix;
  readonly #fd: number;
  readonly #buffer = new ReadBuffer();
  /** The most bytes that are kept. */
  readonly #limit: number;
  #read: Read | undefined;
  /** The pending read was measured, and needs more bytes than are here. */
  #starving = false;
  #ended = false;
  #final = false;
  #cause: Error | undefined;

  constructor(posix: Posix, fd: number, limit: number) {
    this.#posix = posix;
    this.#fd = fd;
    this.#limit = limit;
  }

  /** The pending read. */
  get read(): Read | undefined {
    return this.#read;
  }

  /** Bytes that have come and are unread. */
  get length(): number {
    return this.#buffer.length;
  }

  get hungry(): boolean {
    return !this.#ended && (this.#read === undefined ? this.#buffer.length === 0 : this.#starving);
  }

  /** No more bytes come from the kernel. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Why it ended; undefined if by end of file, or not at all. */
  get cause(): Error | undefined {
    return this.#cause;
  }

  /** Nobody reads, and there is nothing to read. */
  get idle(): boolean {
    return this.#read === undefined && this.#buffer.length === 0;
  }

  /** All that came has been read, and no more will come. */
  get exhausted(): boolean {
    return this.#ended && this.idle;
  }

  /** What the kernel has is all that will come. */
  get final(): boolean {
    return this.#final;
  }

  finalise(): void {
    this.#final = true;
  }

  /** Takes on a read; there is none pending. */
  begin(read: Read): void {
    this.#read = read;
    this.#starving = false;
  }

  /** How many bytes the pending read is owed now; WAIT, or OVERFLOW. WAIT of an ended input is for ever. */
  measure(): number {
    const size = this.#read?.measure(this.#buffer, this.#ended) ?? WAIT;
    this.#starving = size === WAIT;
    return size;
  }

  /** Ends the pending read with its first `size` bytes. */
  take(size: number): Uint8Array {
    this.#read = undefined; // STREAM-REENTRY-4
    return this.#buffer.take(size); // STREAM-READ-1
  }

  /**
   * Takes bytes out of the kernel, once. Only if {@link hungry}.
   * @returns How many; 0 if there were none, or it has ended.
   */
  receive(): number {
    // One more than may be kept, for a read: a message of just the limit is to be told from a longer one.
    const most = this.#limit - this.#buffer.length + (this.#read === undefined ? 0 : 1);
    for (;;) {
      const result = this.#buffer.receive(this.#posix, this.#fd, most);
      if (result > 0) return result;
      if (result === -EINTR) continue;
      return this.#nothing(result);
    }
  }

  /**
   * Takes bytes out of the kernel, once, past the buffer. Only if {@link ended} is false.
   * @param memory Gets them.
   * @returns As {@link receive}.
   */
  receiveInto(memory: Uint8Array): number {
    for (;;) {
      const result = this.#posix.read(this.#fd, memory, 0, memory.length);
      if (result > 0) return result;
      if (result === -EINTR) continue;
      return this.#nothing(result);
    }
  }

  #nothing(result: Result): 0 {
    if (result !== -EAGAIN)
      this.end(result === 0 ? undefined : new PosixError(result, 'read')); // STREAM-READ-18
    else if (this.#final) this.end(undefined);
    return 0;
  }

  /** The last {@link receive} got all that it asked for, so there may be more; or the end is to be found. */
  get filled(): boolean {
    return this.#final || this.#buffer.filled;
  }

  /** No more bytes are to come. */
  end(cause: Error | undefined): void {
    this.#ended = true;
    this.#cause = cause;
  }

  /** Lets go of all bytes. @returns The pending read, if there is one. */
  clear(): Read | undefined {
    const read = this.#read;
    this.#read = undefined;
    this.#ended = true;
    this.#buffer.clear();
    return read;
  }
}
