/**
 * select: three sets of fds as bit maps, which the call overwrites with its answer. (man 2 select)
 *
 * An `fd_set` has 1024 bits, and that is part of the ABI. In C, FD_SET of a higher fd writes outside of it: memory
 * corruption, and the best known reason not to use select. Here such an fd is refused.
 */
import { FD_SETSIZE } from './constants.js';
import { EINVAL, type Result } from './errno.js';
import { libc, result } from './libc.js';

/** A set of fds from 0 to 1023. */
export class FdSet {
  /** The `fd_set`: bit `fd % 32` of word `fd / 32`. */
  readonly words = new Int32Array(FD_SETSIZE / 32);

  /**
   * Puts an fd in. (FD_SET)
   * @returns 0. -EINVAL: the fd does not fit, and nothing was changed.
   */
  add(fd: number): Result {
    if (!(fd >= 0 && fd < FD_SETSIZE)) return -EINVAL;
    this.words[fd >> 5] = this.word(fd) | (1 << fd);
    return 0;
  }

  /** Takes an fd out. (FD_CLR) */
  delete(fd: number): void {
    if (fd >= 0 && fd < FD_SETSIZE) this.words[fd >> 5] = this.word(fd) & ~(1 << fd);
  }

  /** Whether an fd is in. (FD_ISSET) */
  has(fd: number): boolean {
    return fd >= 0 && fd < FD_SETSIZE && (this.word(fd) & (1 << fd)) !== 0;
  }

  /** Takes all fds out. (FD_ZERO) */
  clear(): void {
    this.words.fill(0);
  }

  /** Makes this set the same as another: `select` overwrites its sets, so a poller hands it copies. */
  copy(other: FdSet): void {
    this.words.set(other.words);
  }

  /** The 32 fds that an fd shares a word with. (Shifts take the fd modulo 32 by themselves.) */
  private word(fd: number): number {
    return this.words[fd >> 5] ?? 0;
  }
}

/** A `struct timeval`: 64 bits of seconds, 64 bits of microseconds; as 32-bit words, the lower ones at 0 and 2. */
const timeval = new Int32Array(4);
/** What fits the lower word of the seconds: 68 years. */
const LONGEST_MS = (2 ** 31 - 1) * 1e3;

export function select(
  nfds: number,
  readable: FdSet | null,
  writable: FdSet | null,
  exceptional: FdSet | null,
  timeoutMs: number,
): Result {
  // The kernel would go by nfds, and read and write past the end of the sets.
  if (!(nfds >= 0 && nfds <= FD_SETSIZE) || !(timeoutMs <= LONGEST_MS)) return -EINVAL;
  const us = Math.ceil(timeoutMs * 1e3);
  timeval[0] = Math.floor(us / 1e6);
  timeval[2] = us % 1e6;
  return result(
    libc.select(
      nfds,
      readable && readable.words,
      writable && writable.words,
      exceptional && exceptional.words,
      timeoutMs < 0 ? null : timeval,
    ),
  );
}
