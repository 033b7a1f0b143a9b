/**
 * The body of a request as it comes, for programs that don't want to wait for all of it, or to keep it.
 *
 *     for await (const chunk of request.bodyReader) …          the client is throttled while the loop's body is busy
 *     request.bodyReader.receive((chunk) => …)                 … until the promise that the callback returns is settled
 *
 * Bytes are read while somebody waits for them, and no further: what came in one read is handed over as one chunk, or a few.
 * Whoever never asks has the body read over after the response, or the connection closed, if that would take too long.
 */
import { RequestAbortedError } from './errors.js';

/** Gets each piece; undefined: that was the last. */
export type ChunkCallback = (chunk: Uint8Array | undefined) => void | Promise<void>;

/** What a reader needs of its connection. */
export interface BodySource {
  /** Somebody waits for bytes. */
  wanted(): void;
}

export class BodyReader implements AsyncIterable<Uint8Array> {
  readonly #source: BodySource;
  /** What came before anybody asked. */
  readonly #chunks: Uint8Array[] = [];
  #waiting: { resolve(result: IteratorResult<Uint8Array>): void; reject(error: Error): void } | undefined;
  #ended = false;
  #error: Error | undefined;

  constructor(source: BodySource) {
    this.#source = source;
  }

  /** Somebody waits for bytes that have not come. */
  get hungry(): boolean {
    return this.#waiting !== undefined;
  }

  /** The next piece, or the end. Rejects with a {@link RequestAbortedError}. One at a time. */
  next(): Promise<IteratorResult<Uint8Array>> {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) return Promise.resolve({ done: false, value: chunk });
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#source.wanted();
    });
  }

  /**
   * Calls back with each piece, one after the other.
   * @returns A promise of the end; rejects with a {@link RequestAbortedError}, or with what the callback throws.
   */
  async receive(callback: ChunkCallback): Promise<void> {
    for await (const chunk of this) await callback(chunk);
    await callback(undefined);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return { next: () => this.next() };
  }

  /** For the connection: bytes have come, which are the reader's. */
  push(chunk: Uint8Array): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#chunks.push(chunk);
    else waiting.resolve({ done: false, value: chunk });
  }

  /** For the connection: that was all. */
  end(): void {
    this.#ended = true;
    this.#waiting?.resolve({ done: true, value: undefined });
    this.#waiting = undefined;
  }

  /** For the connection: there will be no end. */
  abort(): void {
    if (this.#ended) return;
    this.#error = new RequestAbortedError();
    this.#waiting?.reject(this.#error);
    this.#waiting = undefined;
  }
}
