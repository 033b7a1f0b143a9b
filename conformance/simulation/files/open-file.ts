/**
 * An open file: what the kernel calls an open file description. One or more fds stand for it, and so do its entries in epoll
 * instances. (man 2 open, "Open file descriptions")
 *
 * Kinds of files differ in what they do with a call; what they don't do is answered here, as Linux answers it. Each says
 * what it is ready for *now* (`ready`), and tells those who watch it when that may have come to be more (`notify`).
 */
import { EBADF, EINVAL, ENOTTY, O_ACCMODE, O_RDONLY, O_WRONLY, type Result } from '../../../posix/index.js';
import type { Machine } from '../machine.js';
import type { Registration } from './registration.js';

const NOBODY: readonly Registration[] = [];

export abstract class OpenFile {
  readonly inode: number;
  /** How many fds stand for it. */
  refs = 0;
  /** Entries in epoll instances. */
  watchers: readonly Registration[] = NOBODY;

  /** @param flags O_RDONLY, O_WRONLY or O_RDWR, and status flags. */
  constructor(
    protected readonly machine: Machine,
    public flags: number,
  ) {
    this.inode = machine.nextInode();
  }

  /** The type of file, as in `st_mode`; 0 for files that are none of the types. */
  abstract get type(): number;

  /** False: epoll refuses it, and poll calls it ready. */
  get pollable(): boolean {
    return true;
  }

  /** What it is ready for: POLLIN, POLLOUT, …, whoever asks and for whatever. */
  abstract ready(): number;

  /** As read(2), without waiting. `peek` leaves the bytes where they are. */
  abstract read(bytes: Uint8Array, offset: number, length: number, peek?: boolean): Result;

  /** As write(2), without waiting. */
  abstract write(bytes: Uint8Array, offset: number, length: number): Result;

  /** Bytes that can be read. */
  available(): Result {
    return -ENOTTY;
  }

  /** The last fd that stood for it was closed. */
  protected abstract released(): void;

  /** An fd less stands for it. */
  release(): void {
    if (--this.refs > 0) return;
    for (const watcher of this.watchers) watcher.gone = true;
    this.watchers = NOBODY;
    this.released();
  }

  watch(watcher: Registration): void {
    this.watchers = [...this.watchers, watcher];
  }

  unwatch(watcher: Registration): void {
    this.watchers = this.watchers.filter((other) => other !== watcher);
  }

  get readable(): boolean {
    return (this.flags & O_ACCMODE) !== O_WRONLY;
  }

  get writable(): boolean {
    return (this.flags & O_ACCMODE) !== O_RDONLY;
  }

  /** It may have become ready for these. */
  protected notify(events: number): void {
    const { watchers } = this;
    for (let i = 0; i < watchers.length; i++) watchers[i]!.notice(events);
  }
}

/** What a kind of file answers whose fds can't be read or written at all. */
export const NO_SUCH_CALL = -EINVAL;
/** What an end of a pipe answers that goes the other way. */
export const WRONG_WAY = -EBADF;
