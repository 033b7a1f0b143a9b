/**
 * Bytes in the order in which they passed a place, each with the step at which it did.
 */
import { patternByte } from '../../spec/scenario.js';
import { TraceAuditError } from './timeline.js';

/** More than a connection can take that nobody reads, many times over. How much it was, the subject says: it may be anything. Bytes. */
export const MOST_BYTES = 67_108_864;

/** What a write says that it writes. */
export interface Payload {
  readonly data?: string | undefined;
  readonly size?: number | undefined;
  readonly from?: number | undefined;
}

interface Piece {
  readonly at: number;
  /** Position of its first byte. */
  readonly from: number;
  readonly bytes: Buffer;
}

/** The pattern, as far as scenarios reach. Made when it is first needed. */
let pattern: Buffer = Buffer.alloc(0);

function patternOf(from: number, size: number): Buffer {
  const end = from + size;
  if (pattern.length < end) {
    pattern = Buffer.allocUnsafe(Math.max(end, 2 * pattern.length, 65_536));
    for (let i = 0; i < pattern.length; i++) pattern[i] = patternByte(i);
  }
  return pattern.subarray(from, end);
}

/** @param encoding of `data`: utf8 for the host's own writes, latin1 for a stream's */
export function payloadBytes({ data, size, from = 0 }: Payload, encoding: 'utf8' | 'latin1'): Buffer {
  if (data !== undefined) return Buffer.from(data, encoding);
  return patternOf(from, size ?? 1);
}

/**
 * How many bytes a subject says that it moved.
 * @throws TraceAuditError if that can't be
 */
export function byteCount(op: string, result = 0): number {
  if (!Number.isInteger(result) || result < 0 || result > MOST_BYTES)
    throw new TraceAuditError(`says that '${op}' moved ${result} bytes`);
  return result;
}

export class ByteLog {
  private readonly pieces: Piece[] = [];
  private whole: Buffer | undefined;
  size = 0;

  /** O(1). @throws TraceAuditError beyond {@link MOST_BYTES} */
  add(at: number, bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (this.size + bytes.length > MOST_BYTES)
      throw new TraceAuditError(`moves more than ${MOST_BYTES} bytes through one end of a connection`);
    this.pieces.push({ at, from: this.size, bytes });
    this.size += bytes.length;
    this.whole = undefined;
  }

  /** All bytes. O(size) the first time after an addition. */
  get bytes(): Buffer {
    return (this.whole ??= Buffer.concat(this.pieces.map((piece) => piece.bytes)));
  }

  /** How many bytes had passed before a step. O(log n). */
  sizeBefore(step: number): number {
    const after = this.firstPiece((piece) => piece.at >= step);
    return after === undefined ? this.size : after.from;
  }

  /** The step at which the byte at a position passed. O(log n). */
  stepOf(position: number): number | undefined {
    return position >= this.size
      ? undefined
      : this.firstPiece((piece) => piece.from + piece.bytes.length > position)?.at;
  }

  private firstPiece(wanted: (piece: Piece) => boolean): Piece | undefined {
    let low = 0;
    let high = this.pieces.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (wanted(this.pieces[middle]!)) high = middle;
      else low = middle + 1;
    }
    return this.pieces[low];
  }
}
