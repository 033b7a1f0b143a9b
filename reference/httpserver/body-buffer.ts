/**
 * Collects the body of a request. It grows with what has come, not with what was announced: an announcement costs the client nothing.
 */

/** Room for the first bytes; then it doubles. */
const FIRST_BYTES = 1024;

export class BodyBuffer {
  #bytes: Uint8Array;
  #length = 0;

  /** @param announced Bytes that are to come; Infinity if that is unknown. */
  constructor(announced: number) {
    this.#bytes = new Uint8Array(Math.min(announced, FIRST_BYTES));
  }

  /** O(bytes), amortised */
  append(bytes: Uint8Array, start: number, end: number): void {
    const length = this.#length + end - start;
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(length, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes.subarray(start, end), this.#length);
    this.#length = length;
  }

  /** All of it. */
  take(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}
