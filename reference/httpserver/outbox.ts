/**
 * The outbox: memory in which responses are put together, so that the answers to all requests of one read go out in one write. A
 * server has one. It is empty between two events; whoever is in an event has it for himself.
 */
import { writeText } from './latin1.js';

const OUTBOX_BYTES = 65_536;

export class Outbox {
  readonly bytes = Buffer.allocUnsafeSlow(OUTBOX_BYTES);
  length = 0;
  /** A connection is in its event. */
  busy = false;

  get room(): number {
    return OUTBOX_BYTES - this.length;
  }

  /** Appends text, one byte a character. There has to be room. */
  text(text: string): void {
    this.length += writeText(this.bytes, text, this.length);
  }

  /** Appends bytes. There has to be room. */
  append(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }
}
