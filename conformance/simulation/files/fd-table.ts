/**
 * The fds of a process: numbers that stand for open files. A new one is the lowest that is free. (man 2 open, man 2 getrlimit)
 */
import { EBADF, EMFILE, type Result, type Rlimit } from '../../../posix/index.js';
import type { OpenFile } from './open-file.js';

/** What a process has of RLIMIT_NOFILE at first: the hard limit that systemd gives, and the usual soft one above select's reach. */
const SOFT = 65_536;
const HARD = 1_048_576;

export class FdTable {
  readonly limit: Rlimit = { soft: SOFT, hard: HARD };
  private readonly files: (OpenFile | undefined)[] = [];
  /** Bit of FD_CLOEXEC, by number. */
  private readonly closeOnExec: boolean[] = [];
  /** No number below is free. */
  private lowest = 0;
  /** How many are open. */
  count = 0;

  reset(): void {
    this.files.length = 0;
    this.closeOnExec.length = 0;
    this.lowest = 0;
    this.count = 0;
    this.limit.soft = SOFT;
    this.limit.hard = HARD;
  }

  get(fd: number): OpenFile | undefined {
    return this.files[fd];
  }

  isCloseOnExec(fd: number): boolean {
    return this.closeOnExec[fd] === true;
  }

  setCloseOnExec(fd: number, on: boolean): void {
    this.closeOnExec[fd] = on;
  }

  /** @returns The lowest free number from `from` on. -EMFILE. */
  free(from = 0): Result {
    let fd = Math.max(from, this.lowest);
    while (this.files[fd] !== undefined) fd++;
    if (from <= this.lowest) this.lowest = fd;
    return fd < this.limit.soft ? fd : -EMFILE;
  }

  /** Has a free number stand for a file. */
  put(fd: number, file: OpenFile, closeOnExec = false): void {
    // Without holes, or V8 would keep the list as a dictionary from then on.
    while (this.files.length < fd) {
      this.files.push(undefined);
      this.closeOnExec.push(false);
    }
    this.files[fd] = file;
    this.closeOnExec[fd] = closeOnExec;
    this.count++;
    file.refs++;
  }

  /** Gives a file the lowest free number. @returns It. -EMFILE. */
  open(file: OpenFile, closeOnExec: boolean, from = 0): Result {
    const fd = this.free(from);
    if (fd >= 0) this.put(fd, file, closeOnExec);
    return fd;
  }

  close(fd: number): Result {
    const file = this.files[fd];
    if (file === undefined) return -EBADF;
    this.files[fd] = undefined;
    this.count--;
    if (fd < this.lowest) this.lowest = fd;
    file.release();
    return 0;
  }

  /** How many of the first numbers are open: those below `end`. */
  openBelow(end: number): number {
    let count = 0;
    for (let fd = 0; fd < end && fd < this.files.length; fd++) if (this.files[fd] !== undefined) count++;
    return count;
  }
}
