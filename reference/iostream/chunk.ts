/**
 * Chunks: blocks of memory that bytes pass through, on their way in and on their way out.
 *
 * To make one takes 3.4 µs, most of it for the kernel to find its pages; so those that nobody needs are kept, a few for all
 * streams together. A stream has chunks only while it has bytes: ten thousand idle ones have none.
 *
 * The bytes of a chunk can be *given* to a reader, in place of a copy. From then on they are the reader's: they are never
 * written again, so that chunk is not used a second time.
 */

/** Bytes in a chunk. As much as Tornado and libuv read at once; 16 KB took a fifth longer for bulk, 128 KB were no faster. */
export const CHUNK_BYTES = 65_536;
/** How many unused chunks are kept: 1 MB. */
const MOST_SPARE = 16;

export class Chunk {
  /** The bytes from `start` up to `end` count. */
  start = 0;
  end = 0;
  /** Some of its bytes belong to somebody else: it is not used again. */
  given: boolean;
  /** In a queue: the one behind. */
  next: Chunk | undefined;
  readonly bytes: Uint8Array;
  /** The same memory: Buffer.indexOf takes 15 ns where Uint8Array's takes 40; but slice() of a Buffer takes 87 in place of 46. */
  readonly buffer: Buffer;

  /** @param bytes Somebody's bytes, all of which count. Left out: memory of its own, none of which does. */
  constructor(bytes?: Uint8Array) {
    this.given = bytes !== undefined;
    this.end = bytes?.length ?? 0;
    this.buffer = bytes === undefined ? Buffer.allocUnsafeSlow(CHUNK_BYTES) : asBuffer(bytes);
    const { buffer, byteOffset, length } = this.buffer;
    this.bytes = new Uint8Array(buffer, byteOffset, length);
  }

  /** How many bytes count. */
  get length(): number {
    return this.end - this.start;
  }

  /** How many bytes can be added at the end. */
  get room(): number {
    return this.bytes.length - this.end;
  }
}

function asBuffer({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}

const spare: Chunk[] = [];

/** An empty chunk. */
export function acquireChunk(): Chunk {
  return spare.pop() ?? new Chunk();
}

/** Takes back a chunk that is in no queue any more. */
export function releaseChunk(chunk: Chunk): void {
  if (chunk.given || spare.length >= MOST_SPARE) return;
  chunk.start = chunk.end = 0;
  chunk.next = undefined;
  spare.push(chunk);
}
