/**
 * What kind of file an fd stands for, and which. (man 2 fstat, man 7 inode)
 *
 * libc's `struct stat` has another layout on each architecture; Node has taken it apart already, so this call is Node's.
 */
import { fstatSync } from 'node:fs';
import { S_IFCHR, S_IFDIR, S_IFIFO, S_IFMT, S_IFREG } from './constants.js';
import { EBADF, type Result } from './errno.js';

/** What `fstat` answers: made once, filled by each call. */
export class FileStatus {
  /** Type and permissions; S_IFMT is the mask of the type. */
  mode = 0;
  device = 0;
  /** Together with the device it names an open file. (Of one above 2^53 the lowest bits are lost.) */
  inode = 0;

  isFile(): boolean {
    return (this.mode & S_IFMT) === S_IFREG;
  }

  isDirectory(): boolean {
    return (this.mode & S_IFMT) === S_IFDIR;
  }

  /** A pipe, with or without a name. */
  isFIFO(): boolean {
    return (this.mode & S_IFMT) === S_IFIFO;
  }

  isCharacterDevice(): boolean {
    return (this.mode & S_IFMT) === S_IFCHR;
  }
}

export function fstat(fd: number, status: FileStatus): Result {
  try {
    const { mode, dev, ino } = fstatSync(fd);
    status.mode = mode;
    status.device = dev;
    status.inode = ino;
    return 0;
  } catch (error) {
    // Node's errno is negative already. Without one, `fd` is no number that an fd can have.
    return (error as NodeJS.ErrnoException).errno ?? -EBADF;
  }
}
