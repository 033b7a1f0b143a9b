import { visible } from './visible.js';

/** Keeps the last bytes of a stream of any length, in constant memory. */
export class Tail {
  readonly #keep: number;
  readonly #buffer: Buffer;
  #used = 0;
  #dropped = 0;

  /** @param keep bytes */
  constructor(keep = 64 * 1024) {
    this.#keep = keep;
    // Twice as large, so that the kept half is moved once per `keep` bytes and not at every chunk.
    this.#buffer = Buffer.alloc(2 * keep);
  }

  push(chunk: Buffer): void {
    const part = chunk.length > this.#keep ? chunk.subarray(chunk.length - this.#keep) : chunk;
    this.#dropped += chunk.length - part.length;
    if (this.#used + part.length > this.#buffer.length) {
      const surplus = this.#used - (this.#keep - part.length);
      this.#buffer.copyWithin(0, surplus, this.#used);
      this.#used -= surplus;
      this.#dropped += surplus;
    }
    this.#used += part.copy(this.#buffer, this.#used);
  }

  /** The last bytes as text, with escapes made visible. */
  text(): string {
    const from = Math.max(0, this.#used - this.#keep);
    const shown = visible(this.#buffer.toString('utf8', from, this.#used));
    const lost = this.#dropped + from;
    return lost > 0 ? `[${lost} bytes before this were dropped]\n${shown}` : shown;
  }
}
