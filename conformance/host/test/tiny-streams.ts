/**
 * A subject for the tests of the host: streams as simple as can be, which look for bytes once in each turn of Node's own loop.
 *
 * Their limits mean nothing to them, and so are used to ask for what a stream should not do: see {@link FAULTS}.
 */
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import type {
  Callback,
  DoneCallback,
  LoopSubject,
  ReadCallback,
  Stream,
  StreamOptions,
} from '../../../spec/contract.js';

/** By the `maxRead` of a `stream` operation. */
export const FAULTS = {
  /** createStream throws. */
  refuses: 1,
  /** The stream closes everything but its fd. */
  leaks: 2,
  /** The fd is closed three turns of the loop later. */
  lingers: 3,
  /** With the stream, something else is opened, which is nobody else's business. */
  keepsAnother: 4,
  /** createStream throws, unless that is open still. */
  needsTheOther: 5,
  /** What a read was given is overwritten when its callback has returned. */
  overwrites: 6,
} as const;

let another: number | undefined;

/** How many of the bytes a read takes; undefined: it waits for more. */
type Taker = (bytes: Buffer) => number | undefined;

class TinyStream implements Stream {
  #buffer = Buffer.alloc(0);
  #read: { readonly take: Taker; readonly callback: ReadCallback; readonly all: boolean } | undefined;
  #closed: DoneCallback | undefined;
  #open = true;

  constructor(
    private readonly fd: number,
    private readonly fault: number | undefined,
  ) {}

  readUntil(delimiter: Uint8Array, callback: ReadCallback, maxBytes = Infinity): void {
    this.#want(callback, (bytes) => {
      const at = bytes.indexOf(delimiter);
      if (at + delimiter.length > maxBytes) throw new RangeError(`more than ${maxBytes} bytes`);
      return at < 0 ? undefined : at + delimiter.length;
    });
  }
  readUntilRegex(pattern: RegExp, callback: ReadCallback): void {
    this.#want(callback, (bytes) => {
      const match = pattern.exec(bytes.toString('latin1'));
      return match === null ? undefined : match.index + match[0].length;
    });
  }
  readBytes(size: number, callback: ReadCallback): void {
    this.#want(callback, (bytes) => (bytes.length < size ? undefined : size));
  }
  readSome(size = Infinity, callback: ReadCallback): void {
    this.#want(callback, (bytes) => (bytes.length === 0 ? undefined : Math.min(size, bytes.length)));
  }
  readUntilClose(callback: ReadCallback): void {
    this.#want(callback, () => undefined, true);
  }

  write(bytes: Uint8Array, callback?: DoneCallback): void {
    if (!this.#open) throw Object.assign(new Error('the stream is closed'), { code: 'EPIPE' });
    writeSync(this.fd, bytes);
    if (callback !== undefined) setImmediate(callback);
  }

  setCloseCallback(callback: DoneCallback): void {
    this.#closed = callback;
  }
  close(cause?: Error): void {
    if (!this.#open) return;
    this.#open = false;
    if (this.fault === FAULTS.lingers) later(3, () => closeSync(this.fd));
    else if (this.fault !== FAULTS.leaks) closeSync(this.fd);
    setImmediate(() => {
      this.#done(cause ?? new Error('closed'));
      this.#closed?.(cause);
    });
  }

  reading(): boolean {
    return this.#read !== undefined;
  }
  closed(): boolean {
    return !this.#open;
  }

  #want(callback: ReadCallback, take: Taker, all = false): void {
    this.#read = { take, callback, all };
    this.#look();
  }

  #look(): void {
    setImmediate(() => {
      if (!this.#open || this.#read === undefined) return;
      try {
        const ended = this.#fill();
        const size = ended && this.#read.all ? this.#buffer.length : this.#read.take(this.#buffer);
        if (size !== undefined) return this.#done(undefined, size);
        if (ended) return this.close();
        this.#look();
      } catch (error) {
        this.#done(error as Error);
      }
    });
  }

  #fill(): boolean {
    const chunk = Buffer.alloc(65536);
    try {
      const got = readSync(this.fd, chunk);
      this.#buffer = Buffer.concat([this.#buffer, chunk.subarray(0, got)]);
      return got === 0;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false;
      throw error;
    }
  }

  #done(error: Error | undefined, size = 0): void {
    const read = this.#read;
    this.#read = undefined;
    if (error === undefined) {
      const bytes = this.#buffer.subarray(0, size);
      this.#buffer = this.#buffer.subarray(size);
      read?.callback(undefined, bytes);
      if (this.fault === FAULTS.overwrites) bytes.fill('?');
    } else read?.callback(error, undefined);
  }
}

function later(turns: number, callback: () => void): void {
  setImmediate(() => {
    if (turns <= 1) callback();
    else later(turns - 1, callback);
  });
}

function createStream(fd: number, { maxReadBytes: fault }: StreamOptions): Stream {
  if (fault === FAULTS.refuses) throw Object.assign(new Error('no'), { code: 'EINVAL' });
  if (fault === FAULTS.keepsAnother) another = openSync('/dev/zero', 'r');
  if (fault === FAULTS.needsTheOther) fstatSync(another!);
  return new TinyStream(fd, fault);
}

const subject: LoopSubject = {
  name: 'tiny streams',
  version: '1',
  facets: ['tasks', 'run', 'streams', 'reading', 'writing', 'limits', 'connecting'],
  unclaimed: {
    manyLoops: 'there is one',
    closeLoop: 'it is always there',
    maxWrite: 'nothing waits to be written',
  },
  createLoop() {
    let stopped: () => void = () => undefined;
    return {
      addCallback: (callback: Callback) => setImmediate(() => void callback()),
      start: () => new Promise<void>((resolve) => (stopped = resolve)),
      stop: () => stopped(),
      close: () => undefined,
    };
  },
  createStream: (_loop, fd, options) => createStream(fd, options),
};
export default subject;
