/**
 * The kinds of reads. Each is a small object that says whether the buffer satisfies it, and by how many of its bytes. It is asked
 * again whenever bytes have come; what it needs to go on where it stopped, it keeps.
 *
 *     kind        is done when                          takes                     can't be done when
 *     ----------  ------------------------------------  ------------------------  -------------------------------------
 *     Until       the delimiter is there                all up to its end         `limit` bytes are there without it
 *     UntilMatch  the pattern matches                   all up to the match's end `limit` bytes are there without a match
 *     Exactly     `size` bytes are there                `size`                    `size` is above the limit
 *     Some        a byte is there                       at most `size`            -
 *     UntilClose  the peer's output has ended           all                       more than `limit` bytes are there
 *
 * None can be done any more when the input has ended and it is not done by then.
 */
import type { ReadCallback } from '../../spec/stream-contract.js';
import { DelimiterSearch, NOT_FOUND } from './delimiter-search.js';
import { PatternFailedError } from './errors.js';
import type { ReadBuffer } from './read-buffer.js';

/** More bytes are needed. */
export const WAIT = -1;
/** More bytes are needed than it may take. */
export const OVERFLOW = -2;
/** It can't be said: see {@link Read.failure}. */
export const FAILED = -3;

export interface Read {
  readonly callback: ReadCallback;
  /** The most bytes that it may take. */
  readonly limit: number;
  /** Why it has {@link FAILED}. */
  readonly failure?: Error | undefined;
  /**
   * @param buffer Always the same one, from which nothing was taken since the first call.
   * @param ended No more bytes will come.
   * @returns How many bytes it takes; or {@link WAIT}, {@link OVERFLOW}, {@link FAILED}.
   */
  measure(buffer: ReadBuffer, ended: boolean): number;
}

/** Up to and including the first delimiter. There is one a stream, begun anew for each such read: it is the most frequent. */
export class Until implements Read {
  limit = 0;
  callback: ReadCallback = ignore;
  readonly #search = new DelimiterSearch();

  begin(delimiter: Uint8Array, limit: number, callback: ReadCallback): this {
    this.limit = limit;
    this.callback = callback;
    this.#search.begin(delimiter);
    return this;
  }

  /** O(bytes that came since the last time) */
  measure(buffer: ReadBuffer): number {
    return within(this.limit, this.#search.find(buffer), buffer); // STREAM-READ-3
  }
}

/**
 * Up to the end of the first match. A match depends on what has arrived: /a+/ is content with one a of ten, if the others are still
 * on their way. A pattern whose end can be seen in what it matches, such as /\r?\n/, is found the same however the bytes arrive.
 */
export class UntilMatch implements Read {
  readonly #pattern: RegExp;
  /** How many bytes did not match. */
  #seen = -1;
  failure: PatternFailedError | undefined;

  /** @param pattern Its flags g and y, which make a pattern remember a place, have no meaning here. */
  constructor(
    pattern: RegExp,
    readonly limit: number,
    readonly callback: ReadCallback,
  ) {
    this.#pattern =
      pattern.global || pattern.sticky
        ? new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''))
        : pattern;
  }

  /** O(all bytes): where a match that has not ended may have begun, nobody can say. Set `maxBytes` where messages are long. */
  measure(buffer: ReadBuffer): number {
    if (buffer.length === this.#seen) return WAIT;
    const match = this.#match(buffer);
    if (match === undefined) return FAILED;
    if (match === null) this.#seen = buffer.length;
    return within(this.limit, match === null ? NOT_FOUND : match.index + match[0].length, buffer); // STREAM-READ-5
  }

  /** V8 throws when a pattern backtracks too deeply for its stack, or the text is longer than its strings can be. */
  #match(buffer: ReadBuffer): RegExpExecArray | null | undefined {
    try {
      return this.#pattern.exec(buffer.text());
    } catch (thrown) {
      this.failure = new PatternFailedError(this.#pattern, buffer.length, thrown);
      return undefined;
    }
  }
}

/** So many bytes. */
export class Exactly implements Read {
  constructor(
    readonly size: number,
    readonly limit: number,
    readonly callback: ReadCallback,
  ) {}

  /** O(1) */
  measure(buffer: ReadBuffer): number {
    if (this.size > this.limit) return OVERFLOW;
    return buffer.length >= this.size ? this.size : WAIT; // STREAM-READ-2
  }
}

/** Whatever is there, at least one byte. */
export class Some implements Read {
  constructor(
    readonly limit: number,
    readonly callback: ReadCallback,
  ) {}

  /** O(1) */
  measure(buffer: ReadBuffer): number {
    return buffer.length > 0 ? Math.min(buffer.length, this.limit) : WAIT; // STREAM-READ-15
  }
}

/** Everything. */
export class UntilClose implements Read {
  constructor(
    readonly limit: number,
    readonly callback: ReadCallback,
  ) {}

  /** O(1) */
  measure(buffer: ReadBuffer, ended: boolean): number {
    if (buffer.length > this.limit) return OVERFLOW;
    return ended ? buffer.length : WAIT; // STREAM-READ-14
  }
}

/** What a search has come to, given that a read may take `limit` bytes. */
function within(limit: number, found: number, buffer: ReadBuffer): number {
  if (found !== NOT_FOUND) return found <= limit ? found : OVERFLOW; // STREAM-LIMIT-3, STREAM-LIMIT-4
  return buffer.length >= limit ? OVERFLOW : WAIT;
}

function ignore(): void {}
