/**
 * The line to the kit: requests in, replies out, both NDJSON.
 *
 * It lies on high fds, out of the way of the fds under test, and is read and written with blocking calls, never on
 * Node's own loop: on this thread, or, while a server of the subject's needs it, on one of libuv's pool.
 */
import { read, readSync, writeSync } from 'node:fs';
import { check, F_GETFL, F_SETFL, O_NONBLOCK, type Posix } from '../../posix/index.js';
import { MAX_LINE_BYTES, type Reply } from '../../spec/protocol.js';
import { moveUp } from './high-fds.js';
import { textOf } from './raised.js';

const CHUNK = 65536;
const NEWLINE = 10;

export class ControlChannel {
  private chunk = Buffer.allocUnsafe(CHUNK);
  /** Read, and not given out yet. */
  private pending: Buffer = Buffer.alloc(0);
  /** No newline stands before this position of `pending`. */
  private searched = 0;

  private constructor(
    private readonly input: number,
    private readonly output: number,
  ) {}

  /** Takes stdin and stdout over. */
  static open(posix: Posix): ControlChannel {
    const input = moveUp(posix, 0);
    const output = moveUp(posix, 1);
    for (const fd of [input, output]) {
      const flags = check(posix.fcntl(fd, F_GETFL), 'fcntl');
      if ((flags & O_NONBLOCK) !== 0) check(posix.fcntl(fd, F_SETFL, flags & ~O_NONBLOCK), 'fcntl');
    }
    return new ControlChannel(input, output);
  }

  /** The next line; undefined at the end. Blocks. */
  read(): string | undefined {
    for (;;) {
      const line = this.line();
      if (line !== undefined) return line;
      if (!this.take(readSync(this.input, this.chunk, 0, CHUNK, null))) return undefined;
    }
  }

  /** The same without blocking this thread. Nothing else may read until it has called back. */
  readLater(callback: (line: string | undefined) => void): void {
    const line = this.line();
    if (line !== undefined) return void setImmediate(callback, line);
    read(this.input, this.chunk, 0, CHUNK, null, (error, got) => {
      // Nobody is at the other end any more, whatever the reason.
      if (error !== null || !this.take(got)) callback(undefined);
      else this.readLater(callback);
    });
  }

  /** A line that has been read already. */
  private line(): string | undefined {
    const end = this.pending.indexOf(NEWLINE, this.searched);
    if (end < 0) {
      this.searched = this.pending.length;
      return undefined;
    }
    const line = this.pending.toString('utf8', 0, end);
    this.pending = this.pending.subarray(end + 1);
    this.searched = 0;
    return line;
  }

  /** Takes over what was read into the chunk; false at the end. */
  private take(got: number): boolean {
    if (got === 0) return false;
    if (this.pending.length === 0) {
      this.pending = this.chunk.subarray(0, got);
      this.chunk = Buffer.allocUnsafe(CHUNK);
    } else this.pending = Buffer.concat([this.pending, this.chunk.subarray(0, got)]);
    return true;
  }

  /** Sends a reply; one that is too long is replaced by an error. */
  write(reply: Reply): void {
    let line = Buffer.from(`${JSON.stringify(reply)}\n`);
    if (line.length > MAX_LINE_BYTES) {
      const error = `the reply is ${line.length} bytes long, where ${MAX_LINE_BYTES} are allowed`;
      line = Buffer.from(`${JSON.stringify({ id: reply.id, error })}\n`);
    }
    try {
      for (let sent = 0; sent < line.length;) sent += writeSync(this.output, line, sent);
    } catch (error) {
      // Nobody listens any more.
      process.stderr.write(`the control channel is broken: ${textOf(error)}
`);
      process.exit(1);
    }
  }
}
