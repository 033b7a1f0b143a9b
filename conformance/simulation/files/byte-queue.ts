/**
 * Bytes on their way: a ring that grows. What goes in at one end comes out at the other.
 */
const SMALLEST = 64;
const NOTHING = new Uint8Array(0);

export class ByteQueue {
  /** How many bytes are in it. */
  length = 0;
  /** Its size is a power of two. */
  private ring: Uint8Array = NOTHING;
  private head = 0;

  push(bytes: Uint8Array, offset: number, length: number): void {
    this.reserve(this.length + length);
    const { ring } = this;
    const start = (this.head + this.length) & (ring.length - 1);
    const first = Math.min(length, ring.length - start);
    copy(bytes, offset, ring, start, first);
    if (first < length) copy(bytes, offset + first, ring, 0, length - first);
    this.length += length;
  }

  /** Copies so many bytes out, and leaves them in. At most {@link length}. */
  peek(bytes: Uint8Array, offset: number, length: number): void {
    const { ring, head } = this;
    const first = Math.min(length, ring.length - head);
    copy(ring, head, bytes, offset, first);
    if (first < length) copy(ring, 0, bytes, offset + first, length - first);
  }

  /** Lets so many bytes go. At most {@link length}. */
  skip(length: number): void {
    this.length -= length;
    this.head = this.length === 0 ? 0 : (this.head + length) & (this.ring.length - 1);
  }

  clear(): void {
    this.length = 0;
    this.head = 0;
  }

  private reserve(length: number): void {
    if (length <= this.ring.length) return;
    let size = Math.max(SMALLEST, this.ring.length);
    while (size < length) size *= 2;
    const larger = new Uint8Array(size);
    this.peek(larger, 0, this.length);
    this.ring = larger;
    this.head = 0;
  }
}

/** Most pieces are a few bytes, for which `set` and `subarray` cost more than they do. */
function copy(from: Uint8Array, start: number, to: Uint8Array, at: number, length: number): void {
  if (length > 32) to.set(from.subarray(start, start + length), at);
  else for (let i = 0; i < length; i++) to[at + i] = from[start + i]!;
}
