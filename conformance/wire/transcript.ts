/** What was said on the connections of an exchange, for reports: bounded, and safe to show. */
import type { TranscriptEntry } from '../../spec/report.js';
import { bytesText } from './bytes-text.js';

/** Entries, and bytes of one, that are kept. */
const MOST_ENTRIES = 60;
const MOST_BYTES = 600;

export type Happening = 'fin' | 'rst' | 'refused' | 'silence' | 'stop' | 'flood' | 'cut';

export class Transcript {
  readonly #begin = performance.now();
  readonly #entries: TranscriptEntry[] = [];
  #left = 0;

  #now(): number {
    return Math.round((performance.now() - this.#begin) * 10) / 10;
  }

  bytes(on: string, who: 'client' | 'server', bytes: Buffer): void {
    const shown = bytesText(bytes, MOST_BYTES);
    this.#push({ atMs: this.#now(), on, who, bytes: shown, size: bytes.length });
  }

  event(on: string, who: 'client' | 'server', event: Happening): void {
    this.#push({ atMs: this.#now(), on, who, event });
  }

  /** The first half is kept, and the last. */
  #push(entry: TranscriptEntry): void {
    if (this.#entries.length === MOST_ENTRIES) {
      this.#entries.splice(MOST_ENTRIES / 2, 1);
      this.#left++;
    }
    this.#entries.push(entry);
  }

  entries(): TranscriptEntry[] {
    if (this.#left === 0) return [...this.#entries];
    const half = MOST_ENTRIES / 2;
    const { atMs, on } = this.#entries[half]!;
    const gap: TranscriptEntry = { atMs, on, who: 'client', event: 'cut', size: this.#left };
    return [...this.#entries.slice(0, half), gap, ...this.#entries.slice(half)];
  }
}
