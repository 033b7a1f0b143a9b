/**
 * A pipe, and its two ends. (man 7 pipe; fs/pipe.c)
 *
 * Its room is counted in pages, not bytes: a write fills the last page up only if what it has beyond whole pages fits there, and
 * takes pages of its own for the rest. It is full when it has no page left, whatever is in the others. Writes of up to a
 * page are all or nothing for this reason.
 */
import {
  EAGAIN,
  EBUSY,
  EINVAL,
  EPERM,
  EPIPE,
  O_RDONLY,
  O_WRONLY,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  S_IFIFO,
  type Result,
} from '../../../posix/index.js';
import type { Machine } from '../machine.js';
import { ByteQueue } from './byte-queue.js';
import { OpenFile, WRONG_WAY } from './open-file.js';

const PAGE = 4096;
const PAGES = 16;
/** /proc/sys/fs/pipe-max-size: what F_SETPIPE_SZ gives a user at most. */
const MOST = 1_048_576;

/** One page of a pipe that has something in it. */
interface Page {
  /** Bytes that are in it. */
  length: number;
  /** Where they end in the page: what was read before them leaves no room. */
  end: number;
}

/** What the two ends share. */
class Pipe {
  readonly bytes = new ByteQueue();
  readonly pages: Page[] = [];
  most = PAGES;
  reader: ReadEnd | undefined;
  writer: WriteEnd | undefined;

  get full(): boolean {
    return this.pages.length >= this.most;
  }

  resize(bytes: number): Result {
    if (!(bytes >= 0)) return -EINVAL;
    let pages = 1;
    while (pages * PAGE < bytes) pages *= 2;
    if (pages * PAGE > MOST && pages > this.most) return -EPERM;
    if (pages < this.pages.length) return -EBUSY;
    this.most = pages;
    return pages * PAGE;
  }

  /** Puts in as much as there is room for. @returns How many bytes. */
  put(bytes: Uint8Array, offset: number, length: number): number {
    let rest = length;
    const odd = rest % PAGE;
    const last = this.pages[this.pages.length - 1];
    if (last !== undefined && odd > 0 && last.end + odd <= PAGE) {
      last.end += odd;
      last.length += odd;
      rest -= odd;
    }
    while (rest > 0 && !this.full) {
      const part = Math.min(rest, PAGE);
      this.pages.push({ length: part, end: part });
      rest -= part;
    }
    const put = length - rest;
    this.bytes.push(bytes, offset, put);
    return put;
  }

  take(length: number): void {
    this.bytes.skip(length);
    let rest = length;
    let emptied = 0;
    for (; rest > 0; emptied++) {
      const page = this.pages[emptied]!;
      if (page.length > rest) {
        page.length -= rest;
        break;
      }
      rest -= page.length;
    }
    if (emptied > 0) this.pages.splice(0, emptied);
  }
}

abstract class PipeEnd extends OpenFile {
  constructor(
    machine: Machine,
    flags: number,
    protected readonly pipe: Pipe,
  ) {
    super(machine, flags);
  }

  get type(): number {
    return S_IFIFO;
  }

  override available(): Result {
    return this.pipe.bytes.length;
  }

  /** Its capacity in bytes. */
  get size(): number {
    return this.pipe.most * PAGE;
  }

  /** @returns The size that it got, bytes. -EBUSY: it holds more; -EPERM: too large; -EINVAL. */
  resize(bytes: number): Result {
    return this.pipe.resize(bytes);
  }

  /** The other end is gone. */
  left(): void {
    this.notify(POLLIN | POLLOUT | POLLERR | POLLHUP);
  }
}

class ReadEnd extends PipeEnd {
  ready(): number {
    const { bytes, writer } = this.pipe;
    return (bytes.length > 0 ? POLLIN : 0) | (writer === undefined ? POLLHUP : 0);
  }

  read(bytes: Uint8Array, offset: number, length: number): Result {
    const { pipe } = this;
    if (length === 0) return 0;
    const there = Math.min(length, pipe.bytes.length);
    if (there === 0) return pipe.writer === undefined ? 0 : -EAGAIN;
    const part = this.machine.share(there);
    pipe.bytes.peek(bytes, offset, part);
    const wasFull = pipe.full;
    pipe.take(part);
    if (wasFull && !pipe.full) pipe.writer?.hasRoom();
    return part;
  }

  write(): Result {
    return WRONG_WAY;
  }

  hasBytes(): void {
    this.notify(POLLIN);
  }

  protected released(): void {
    this.pipe.reader = undefined;
    this.pipe.writer?.left();
  }
}

class WriteEnd extends PipeEnd {
  ready(): number {
    const { full, reader } = this.pipe;
    return (full ? 0 : POLLOUT) | (reader === undefined ? POLLERR : 0);
  }

  read(): Result {
    return WRONG_WAY;
  }

  write(bytes: Uint8Array, offset: number, length: number): Result {
    const { pipe } = this;
    if (length === 0) return 0;
    if (pipe.reader === undefined) return -EPIPE;
    // Up to PIPE_BUF, which is a page, a write is whole. (man 7 pipe)
    const put = pipe.put(bytes, offset, length <= PAGE ? length : this.machine.share(length));
    if (put === 0) return -EAGAIN;
    pipe.reader.hasBytes();
    return put;
  }

  hasRoom(): void {
    this.notify(POLLOUT);
  }

  protected released(): void {
    this.pipe.writer = undefined;
    this.pipe.reader?.left();
  }
}

export type { PipeEnd };

export function isPipeEnd(file: OpenFile): file is PipeEnd {
  return file instanceof PipeEnd;
}

/** @param flags O_NONBLOCK, for both ends, or 0. */
export function makePipe(
  machine: Machine,
  flags: number,
): { readonly reads: OpenFile; readonly writes: OpenFile } {
  const pipe = new Pipe();
  pipe.reader = new ReadEnd(machine, O_RDONLY | flags, pipe);
  pipe.writer = new WriteEnd(machine, O_WRONLY | flags, pipe);
  return { reads: pipe.reader, writes: pipe.writer };
}
