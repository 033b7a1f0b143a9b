/**
 * What streams have handed to their readers, looked at again when the scenario is over. It was recorded when it was handed over; a stream
 * that writes the same memory later changes what somebody has kept.
 */
import { MAX_CHANGED, MAX_DATA, SHOWN_OF_CHANGED, type Changed } from '../../spec/trace.js';

/** The most memory that is kept alive for this. What is handed over beyond that is not looked at again. Bytes. */
const MOST_BYTES = 1 << 24;

/** Bytes as a trace has them: one character (U+0000 to U+00FF) a byte, so many at most. */
export function latin1(bytes: Uint8Array): string {
  const length = Math.min(bytes.byteLength, MAX_DATA);
  // There may be no memory any more, if it was given to another thread.
  return length === 0 ? '' : Buffer.from(bytes.buffer, bytes.byteOffset, length).toString('latin1');
}

interface Kept {
  readonly record: number;
  readonly bytes: Uint8Array;
  /** As they were. */
  readonly data: string;
}

export class Delivered {
  private readonly kept: Kept[] = [];
  private readonly memory = new Set<ArrayBufferLike>();
  private size = 0;

  /** @param record position of the record that has them; @param data as it stands there */
  keep(record: number, bytes: Uint8Array, data: string): void {
    const { buffer } = bytes;
    if (!this.memory.has(buffer)) {
      // A few bytes keep the whole alive of which they are a part.
      if (this.size + buffer.byteLength > MOST_BYTES) return;
      this.size += buffer.byteLength;
      this.memory.add(buffer);
    }
    this.kept.push({ record, bytes, data });
  }

  /** Those that are others now, up to {@link MAX_CHANGED}. O(bytes) */
  changed(): Changed[] {
    const changed: Changed[] = [];
    for (const { record, bytes, data } of this.kept) {
      const now = latin1(bytes);
      if (now === data) continue;
      let at = 0;
      while (now[at] === data[at]) at++;
      changed.push({ record, at, data: now.slice(at, at + SHOWN_OF_CHANGED) });
      if (changed.length === MAX_CHANGED) break;
    }
    return changed;
  }
}
