/**
 * The search for a delimiter in a buffer that grows. It resumes where it stopped: every byte is looked at once, and those that
 * may be the beginning of a delimiter of which the rest has not arrived a second time. So a message of any size costs O(size), in
 * however many pieces it arrives.
 *
 * Inside of a chunk, Buffer.indexOf searches: it is native, and several bytes at a time. Two things have to be seen to.
 *
 * - *It searches to the end of the memory*, and behind the chunk's last byte there are stale ones: up to 64 KB to look at for
 *   nothing each time that a few bytes arrive. A subarray would end the search, for 50 ns; the sentinel does it for 2: the
 *   delimiter itself is written behind the last byte, where the next read will put something else.
 * - *A delimiter may begin in one chunk and end in the next*, or even later. The last bytes of a chunk are compared one by one,
 *   across the border, and the search stops at the first place where the bytes run out before they differ.
 */
import type { Chunk } from './chunk.js';
import type { ReadBuffer } from './read-buffer.js';

/** Not there yet. */
export const NOT_FOUND = -1;

const NOTHING = new Uint8Array(0);

/** What comparing at one place says. */
const DIFFERS = 0;
const MATCHES = 1;
const RUNS_OUT = 2;

export class DelimiterSearch {
  /** How many bytes it has looked at so far, some of them twice. */
  scannedBytes = 0;
  #delimiter: Uint8Array = NOTHING;
  /** Where to go on: in this chunk (undefined: in the buffer's first), */
  #chunk: Chunk | undefined;
  /** at this index of its bytes, */
  #index = 0;
  /** and how many bytes the buffer has in front of the chunk's first. */
  #before = 0;
  /** What it has found. */
  #found = NOT_FOUND;

  /**
   * Begins a search from the start of a buffer. One object does for all searches, one after the other. O(1)
   * @param delimiter One byte or more, not to be changed meanwhile.
   */
  begin(delimiter: Uint8Array): void {
    this.#delimiter = delimiter;
    this.#chunk = undefined;
    this.#before = 0;
    this.#found = NOT_FOUND;
  }

  /**
   * Looks for the first delimiter. O(bytes that came since the last look + delimiter, for each chunk). For a delimiter of d bytes,
   * which could begin at every place near the border of two chunks, O(d²) there at worst.
   * @param buffer Always the same one, from which nothing was taken since the last look.
   * @returns How many bytes there are up to the delimiter's end; or {@link NOT_FOUND}.
   */
  find(buffer: ReadBuffer): number {
    if (this.#found !== NOT_FOUND || buffer.head === undefined) return this.#found;
    if (this.#chunk === undefined) {
      this.#chunk = buffer.head;
      this.#index = this.#chunk.start;
    }
    this.#found = this.#search(this.#chunk);
    if (this.#found !== NOT_FOUND) this.#chunk = undefined; // Nobody is to be kept alive by a search that is over.
    return this.#found;
  }

  #search(chunk: Chunk): number {
    const size = this.#delimiter.length;
    for (;;) {
      const inside = this.#findInside(chunk);
      if (inside !== NOT_FOUND) return this.#before + inside + size - chunk.start;
      // What is left are the places too near to the chunk's end for a whole delimiter.
      for (; this.#index < chunk.end; this.#index++) {
        const compared = this.#compare(chunk, this.#index);
        if (compared === MATCHES) return this.#before + this.#index + size - chunk.start;
        if (compared === RUNS_OUT) return NOT_FOUND; // STREAM-READ-4
      }
      if (chunk.next === undefined) return NOT_FOUND;
      this.#before += chunk.length;
      this.#chunk = chunk = chunk.next;
      this.#index = chunk.start;
    }
  }

  /** Searches the places of a chunk where a whole delimiter has room, from `#index` on, and puts `#index` behind them. */
  #findInside(chunk: Chunk): number {
    const { buffer, end } = chunk;
    const delimiter = this.#delimiter;
    const size = delimiter.length;
    const last = end - size;
    if (this.#index > last) return NOT_FOUND;
    if (end + size <= buffer.length) for (let i = 0; i < size; i++) buffer[end + i] = delimiter[i]!; // the sentinel
    const found = buffer.indexOf(size === 1 ? delimiter[0]! : delimiter, this.#index);
    const ended = found === -1 || found > last;
    this.scannedBytes += (ended ? end : found + size) - this.#index;
    if (!ended) return found;
    this.#index = last + 1;
    return NOT_FOUND;
  }

  /** Compares the delimiter with the bytes at one place, into the next chunks if need be. */
  #compare(chunk: Chunk, index: number): typeof DIFFERS | typeof MATCHES | typeof RUNS_OUT {
    for (const byte of this.#delimiter) {
      while (index === chunk.end) {
        if (chunk.next === undefined) return RUNS_OUT;
        chunk = chunk.next;
        index = chunk.start;
      }
      this.scannedBytes++;
      if (chunk.bytes[index++] !== byte) return DIFFERS;
    }
    return MATCHES;
  }
}
