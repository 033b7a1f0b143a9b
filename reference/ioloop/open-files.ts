/**
 * Which open file each watched number stands for: for pollers whose kernel side remembers nothing.
 *
 * poll and select take numbers and ask about whatever these stand for at the moment. epoll refuses files that are
 * always ready, and an fd that it watches already, and it knows when a number has come to stand for another file.
 * Asking fstat for device and inode gives poll and select the same manners; sockets and pipes have inodes of their
 * own. (eventfd, timerfd and epoll share one: a closed eventfd whose number goes to another one is taken for the same.)
 */
import {
  EBADF,
  EEXIST,
  ENOENT,
  EPERM,
  F_GETFD,
  FileStatus,
  type Posix,
  type Result,
} from '../../posix/index.js';

interface OpenFile {
  readonly device: number;
  readonly inode: number;
}

export class OpenFiles {
  readonly #posix: Posix;
  readonly #files = new Map<number, OpenFile>();
  readonly #stat = new FileStatus();

  constructor(posix: Posix) {
    this.#posix = posix;
  }

  /**
   * Remembers what a number stands for.
   * @returns 0. -EEXIST: it is known, and stands for the same file; -EPERM: for a file or directory; -EBADF: for
   *   nothing.
   */
  add(fd: number): Result {
    const stat = this.#stat;
    if (this.#posix.fstat(fd, stat) < 0) return -EBADF;
    if (stat.isFile() || stat.isDirectory()) return -EPERM; // LOOP-READY-17, LOOP-SEED-3
    const known = this.#files.get(fd);
    if (known?.device === stat.device && known.inode === stat.inode) return -EEXIST; // LOOP-READY-16
    this.#files.set(fd, { device: stat.device, inode: stat.inode });
    return 0;
  }

  /** @returns 0. -EBADF: the number stands for nothing any more; -ENOENT: for another file. */
  check(fd: number): Result {
    const stat = this.#stat;
    if (this.#posix.fstat(fd, stat) < 0) return -EBADF;
    const known = this.#files.get(fd);
    return known?.device === stat.device && known.inode === stat.inode ? 0 : -ENOENT;
  }

  remove(fd: number): void {
    this.#files.delete(fd);
  }

  isOpen(fd: number): boolean {
    return this.#posix.fcntl(fd, F_GETFD) >= 0;
  }
}
