/**
 * Bytes that a connection holds back: the beginning of a head, or requests that came while an earlier one is being answered. It has
 * memory only while it has bytes, so ten thousand idle connections have none.
 */
const NOTHING = Buffer.alloc(0);
/** The least memory that is made. */
const LEAST_BYTES = 1024;

export class HeldBytes {
  /** The bytes from {@link start} up to {@link end} are held. */
  bytes: Buffer = NOTHING;
  start = 0;
  end = 0;

  get length(): number {
    return this.end - this.start;
  }

  /** Puts bytes at the end. O(bytes), amortised */
  append(bytes: Uint8Array, start: number, end: number): void {
    const more = end - start;
    if (this.bytes.length - this.end < more) this.#makeRoom(more);
    this.bytes.set(bytes.subarray(start, end), this.end);
    this.end += more;
  }

  /** Lets go of the bytes before a place. O(1) */
  dropUntil(place: number): void {
    this.start = place;
    if (this.start < this.end) return;
    this.bytes = NOTHING;
    this.start = this.end = 0;
  }

  #makeRoom(more: number): void {
    const { length } = this;
    // Twice what is needed: so the bytes are moved seldom, and at the front it is emptied, too.
    const memory = Buffer.allocUnsafeSlow(Math.max(LEAST_BYTES, 2 * (length + more)));
    this.bytes.copy(memory, 0, this.start, this.end);
    this.bytes = memory;
    this.start = 0;
    this.end = length;
  }
}
