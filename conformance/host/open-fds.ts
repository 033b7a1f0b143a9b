/**
 * The fds of this process, and the limit to their number.
 */
import { readdirSync, statSync } from 'node:fs';
import { check, F_GETFD, RLIMIT_NOFILE, type Posix, type Rlimit } from '../../posix/index.js';
import { Impossible } from './impossible.js';
import type { FdCount } from './surroundings.js';

export class OpenFds implements FdCount {
  private readonly original: Rlimit = { soft: 0, hard: 0 };
  private limited = false;

  constructor(private readonly posix: Posix) {
    check(posix.getrlimit(RLIMIT_NOFILE, this.original), 'getrlimit');
  }

  /** The numbers that are open. Works without a spare fd, too. */
  list(): number[] {
    if (!this.limited) return this.read();
    const now: Rlimit = { soft: 0, hard: 0 };
    check(this.posix.getrlimit(RLIMIT_NOFILE, now), 'getrlimit');
    check(this.posix.setrlimit(RLIMIT_NOFILE, this.original), 'setrlimit');
    const fds = this.read();
    check(this.posix.setrlimit(RLIMIT_NOFILE, now), 'setrlimit');
    return fds;
  }

  count(): number {
    // Since Linux 6.2 the size of the folder is their number, and asking for it takes no fd.
    return statSync('/proc/self/fd').size || this.list().length;
  }

  /** The limit says which numbers may be used, so it is set behind the `spare`-th free one. */
  limit(spare: number): number {
    const open = new Set(this.list());
    let soft = 0;
    for (let free = 0; free < spare || open.has(soft); soft++) if (!open.has(soft)) free++;
    if (soft > this.original.hard)
      throw new Impossible(`limitFds: ${spare} spare fds are beyond the hard limit of ${this.original.hard}`);
    check(this.posix.setrlimit(RLIMIT_NOFILE, { soft, hard: this.original.hard }), 'setrlimit');
    this.limited = true;
    return spare;
  }

  restore(): void {
    if (!this.limited) return;
    check(this.posix.setrlimit(RLIMIT_NOFILE, this.original), 'setrlimit');
    this.limited = false;
  }

  private read(): number[] {
    const numbers = readdirSync('/proc/self/fd').map(Number);
    // One of them was the fd of the folder itself, which is closed by now.
    return numbers.filter((fd) => this.posix.fcntl(fd, F_GETFD) >= 0);
  }
}
