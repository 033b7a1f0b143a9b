/** One connection of an exchange: what was sent and heard on it so far, and a way to wait for more. */
import type { Ended, Heard } from './matcher.js';
import { Connection, type Address, type WireEvent } from './connection.js';
import { RequestScan } from './request-scan.js';
import { ResponseParser } from './response-parser.js';
import { after } from './times.js';
import type { Transcript } from './transcript.js';

/** So much of a body is kept even if nothing was sent; what was sent may come back, escaped as JSON. Bytes. */
const BODY = 1024 * 1024;
const ESCAPED = 6;

export class Line {
  readonly on: string;
  readonly #connection: Connection;
  readonly #transcript: Transcript;
  readonly #scan = new RequestScan();
  readonly #parser: ResponseParser;
  #sentBytes = 0;
  #ended: Ended | undefined;
  /** Why it never came to be, if it is not the server's refusal. */
  broken: string | undefined;
  readonly #waiters = new Set<() => void>();
  #eventCount = 0;
  /** Responses that belong to what was expected before. */
  taken = 0;
  /** performance.now() of moments from which declared times are counted. */
  readonly at: { opened: number; lastSend: number; firstSend: number; lastResponse: number };
  /** When the last byte, or the end, came. */
  heardAt = 0;
  /** What is sent has been handed over. */
  #sending = 0;

  constructor(on: string, address: Address, transcript: Transcript) {
    this.on = on;
    this.#transcript = transcript;
    const now = performance.now();
    this.at = { opened: now, lastSend: now, firstSend: now, lastResponse: now };
    this.#parser = new ResponseParser({
      method: (nth) => this.#scan.methods[nth] ?? 'GET',
      keptBody: () => BODY + ESCAPED * this.#sentBytes,
    });
    this.#connection = new Connection(address, (event) => {
      this.#onEvent(event);
    });
  }

  get heard(): Heard {
    const { responses, partial, unfinished, malformed, raw } = this.#parser;
    return { responses, current: partial, unfinished, malformed, raw, ended: this.#ended };
  }

  /** All that was sent has been taken by the kernel. */
  get isSent(): boolean {
    return this.#sending === 0;
  }

  /** Changes with each event, and with each part of what is sent that the kernel took. */
  get progress(): number {
    return this.#eventCount + this.#connection.progress;
  }

  get eventCount(): number {
    return this.#eventCount;
  }

  /** @param quietly it does not count as the beginning of what a declared time is measured from */
  send(bytes: Buffer, pieces: number | undefined, quietly = false): void {
    this.#scan.push(bytes);
    this.#sentBytes += bytes.length;
    this.#transcript.bytes(this.on, 'client', bytes);
    const now = performance.now();
    if (!quietly) {
      if (this.at.firstSend <= this.at.lastResponse) this.at.firstSend = now;
      this.at.lastSend = now;
    }
    this.#sending++;
    void this.#connection.send(bytes, pieces).then(() => {
      this.#sending--;
      this.#wake();
    });
  }

  shutdown(): void {
    this.#transcript.event(this.on, 'client', 'fin');
    this.#connection.shutdown();
  }

  reset(): Promise<void> {
    this.#transcript.event(this.on, 'client', 'rst');
    return this.#connection.reset();
  }

  destroy(): void {
    this.#connection.destroy();
    this.#wake();
  }

  /**
   * Waits for something to happen.
   * @param ms for so long without progress
   * @returns false if nothing did
   */
  wait(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const before = this.progress;
      const done = (woken: boolean): void => {
        stop();
        this.#waiters.delete(wake);
        resolve(woken || this.progress !== before);
      };
      const wake = (): void => {
        done(true);
      };
      const stop = after(ms, () => {
        done(false);
      });
      this.#waiters.add(wake);
    });
  }

  /** Ends all waits. */
  #wake(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }

  #onEvent(event: WireEvent): void {
    this.#eventCount++;
    const now = performance.now();
    switch (event.is) {
      case 'connected':
        this.at.opened = now;
        break;
      case 'bytes': {
        this.#transcript.bytes(this.on, 'server', event.bytes);
        const before = this.#parser.responses.length;
        this.#parser.push(event.bytes);
        if (this.#parser.responses.length > before) this.at.lastResponse = now;
        break;
      }
      case 'fin':
      case 'rst':
        this.#transcript.event(this.on, 'server', event.is);
        this.#end(event.is, now);
        break;
      case 'flood':
        this.#transcript.event(this.on, 'server', 'flood');
        this.#end('rst', now);
        break;
      case 'failed':
        if (event.code === 'ECONNREFUSED' || event.code === 'ECONNRESET') {
          this.#transcript.event(this.on, 'server', 'refused');
          this.#end('refused', now);
        } else {
          this.broken = event.text;
          this.#end('rst', now);
        }
        break;
    }
    this.heardAt = now;
    this.#wake();
  }

  #end(how: Ended, now: number): void {
    const before = this.#parser.responses.length;
    this.#parser.end(how === 'fin' ? 'fin' : 'rst');
    if (this.#parser.responses.length > before) this.at.lastResponse = now;
    this.#ended ??= how;
  }
}
