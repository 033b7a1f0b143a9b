/**
 * The read buffer: bytes that have come out of the kernel and not yet gone to a reader.
 *
 * A byte is copied once out of the kernel, into a chunk, and once to its reader. The second copy is left out if the reader
 * takes all of a chunk, and that is at least half of its size: he gets the very memory, which is his from then on (chunk.ts). For fewer bytes a copy is better
 * than a view: 64 bytes cost 46 ns in place of 36, but the chunk can be used again, which saves 3.4 µs for each 64 KB, and whoever
 * keeps a short line does not keep 64 KB with it. So what a reader gets keeps at most twice its size alive.
 *
 * Reads are appended to the last chunk while it has room, so that a message which arrives byte by byte takes one chunk and not
 * one a byte. Nothing is ever moved inside the buffer.
 */
import type { Posix, Result } from '../../posix/index.js';
import { CHUNK_BYTES, releaseChunk, type Chunk } from './chunk.js';
import { ChunkQueue } from './chunk-queue.js';

/** From how many bytes on a reader gets the memory itself: see above. */
const GIVEN_BYTES = CHUNK_BYTES / 2;

const NOTHING = new Uint8Array(0);

export class ReadBuffer {
  readonly #queue = new ChunkQueue();
  #length = 0;
  /** The first bytes as text, as far as they have been asked for. */
  #text = '';

  /** How many bytes are here. O(1) */
  get length(): number {
    return this.#length;
  }

  /** The first chunk, for whoever looks for something. */
  get head(): Chunk | undefined {
    return this.#queue.head;
  }

  /**
   * Reads from the kernel, once. (man 2 read) O(bytes read)
   * @param most How many bytes at most, at least 1. It will be less if the last chunk has not so much room.
   * @param asked Gets how many bytes were asked for: if they were fewer than came, the kernel has no more.
   * @returns As read(2).
   */
  receive(posix: Posix, fd: number, most: number): Result {
    const chunk = this.#queue.roomy();
    const room = Math.min(chunk.room, most);
    const result = posix.read(fd, chunk.bytes, chunk.end, room);
    this.filled = result === room;
    if (result > 0) {
      chunk.end += result;
      this.#length += result;
      this.#queue.append(chunk);
    } else if (chunk.length === 0) {
      releaseChunk(chunk);
    }
    return result;
  }

  /** The last {@link receive} got all that it asked for, so the kernel may have more. */
  filled = false;

  /**
   * Takes bytes off the front. O(size); from half a chunk on, if they lie in one chunk, O(1)
   * @param size At most {@link length}.
   * @returns The caller's own: nobody else will write them.
   */
  take(size: number): Uint8Array {
    const head = this.#queue.head;
    if (size === 0 || head === undefined) return NOTHING.slice();
    const bytes = size <= head.length ? takeFrom(head, size) : this.#gather(size);
    this.#length -= size;
    this.#queue.skip(size);
    if (this.#text !== '') this.#text = this.#text.slice(size);
    return bytes;
  }

  /**
   * All the bytes as text, one character (U+0000 to U+00FF) a byte. O(bytes that were not asked for before); whoever
   * searches the text has to have it in one piece, which is O(length) after each change.
   */
  text(): string {
    let skip = this.#text.length;
    for (let chunk = this.#queue.head; chunk !== undefined; chunk = chunk.next) {
      if (skip < chunk.length) {
        this.#text += chunk.buffer.toString('latin1', chunk.start + skip, chunk.end);
        skip = 0;
      } else {
        skip -= chunk.length;
      }
    }
    return this.#text;
  }

  /** Lets go of everything. O(chunks) */
  clear(): void {
    this.#queue.clear();
    this.#length = 0;
    this.#text = '';
  }

  /** Copies bytes that lie in several chunks. */
  #gather(size: number): Uint8Array {
    const bytes = uninitialised(size);
    let at = 0;
    for (let chunk = this.#queue.head; chunk !== undefined && at < size; chunk = chunk.next) {
      const part = Math.min(chunk.length, size - at);
      bytes.set(chunk.bytes.subarray(chunk.start, chunk.start + part), at);
      at += part;
    }
    return bytes;
  }
}

/** The first bytes of a chunk: a copy, or they themselves. */
function takeFrom(chunk: Chunk, size: number): Uint8Array {
  const { bytes, start } = chunk;
  // Only a whole chunk's: what is still unread must not lie in memory that is somebody else's.
  if (size < GIVEN_BYTES || size < chunk.length) return bytes.slice(start, start + size);
  chunk.given = true;
  return bytes.subarray(start, start + size);
}

/** Memory that is not set to zero first, as all of it is about to be written. */
function uninitialised(size: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
}
