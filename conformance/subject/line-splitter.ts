/**
 * Cuts a stream of bytes into lines, in bounded memory.
 *
 * A line that lies within one chunk is passed on without a copy. One that spans chunks is gathered in a single growing
 * buffer and not in a list of chunks: a subject that drips single bytes would else cost a hundred times its bytes.
 */
const LINE_FEED = 0x0a;
/** Gathered lines larger than this give their memory back, bytes. */
const KEPT = 256 * 1024;

export class LineSplitter {
  readonly #max: number;
  readonly #onLine: (line: Buffer) => void;
  readonly #onTooLong: (start: Buffer) => void;
  #gathered = Buffer.alloc(16 * 1024);
  #length = 0;
  #stopped = false;

  /**
   * @param max bytes of the longest line
   * @param onLine gets each line without its line feed; the buffer is only valid during the call
   * @param onTooLong called once, with the start of the line; nothing is passed on after it
   */
  constructor(max: number, onLine: (line: Buffer) => void, onTooLong: (start: Buffer) => void) {
    this.#max = max;
    this.#onLine = onLine;
    this.#onTooLong = onTooLong;
  }

  push(chunk: Buffer): void {
    let from = 0;
    while (!this.#stopped && from < chunk.length) {
      const end = chunk.indexOf(LINE_FEED, from);
      const part = chunk.subarray(from, end < 0 ? chunk.length : end);
      from += part.length + 1;
      if (this.#length + part.length > this.#max) {
        this.stop();
        const start = this.#length > 0 ? this.#gathered.subarray(0, this.#length) : part;
        this.#onTooLong(start);
      } else if (end < 0) {
        this.#gather(part);
      } else if (this.#length === 0) {
        this.#onLine(part);
      } else {
        this.#gather(part);
        const line = this.#gathered.subarray(0, this.#length);
        this.#length = 0;
        if (this.#gathered.length > KEPT) this.#gathered = Buffer.alloc(16 * 1024);
        this.#onLine(line);
      }
    }
  }

  /** Ignores all that comes from now on. */
  stop(): void {
    this.#stopped = true;
  }

  #gather(part: Buffer): void {
    const needed = this.#length + part.length;
    if (needed > this.#gathered.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(Math.max(needed, 2 * this.#gathered.length), this.#max));
      this.#gathered.copy(larger, 0, 0, this.#length);
      this.#gathered = larger;
    }
    part.copy(this.#gathered, this.#length);
    this.#length = needed;
  }
}
