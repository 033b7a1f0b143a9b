/**
 * A queue of chunks: bytes in order, in pieces.
 */
import { acquireChunk, releaseChunk, type Chunk } from './chunk.js';

export class ChunkQueue {
  #head: Chunk | undefined;
  #tail: Chunk | undefined;

  get head(): Chunk | undefined {
    return this.#head;
  }

  /** The last chunk if bytes can be added to it, or an empty one, which is not in the queue yet: see {@link append}. O(1) */
  roomy(): Chunk {
    const tail = this.#tail;
    return tail !== undefined && tail.room > 0 ? tail : acquireChunk();
  }

  /** Puts a chunk at the end, if it isn't there. O(1) */
  append(chunk: Chunk): void {
    if (chunk === this.#tail) return;
    if (this.#tail === undefined) this.#head = chunk;
    else this.#tail.next = chunk;
    this.#tail = chunk;
  }

  /** Takes bytes off the front, and the chunks that are used up with them. O(1), and O(1) for each chunk that goes */
  skip(size: number): void {
    for (let rest = size, head = this.#head; head !== undefined; head = this.#head) {
      const part = Math.min(rest, head.length);
      head.start += part;
      rest -= part;
      if (head.length > 0) return;
      this.#head = head.next;
      if (this.#head === undefined) this.#tail = undefined;
      releaseChunk(head);
      if (rest === 0) return;
    }
  }

  /** Lets go of everything. O(chunks) */
  clear(): void {
    for (let chunk = this.#head; chunk !== undefined;) {
      const { next } = chunk;
      releaseChunk(chunk);
      chunk = next;
    }
    this.#head = this.#tail = undefined;
  }
}
