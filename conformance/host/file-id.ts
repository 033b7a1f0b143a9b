/**
 * Which open file a number stands for. Numbers are used again as soon as they are free; a file's device and inode are not, as
 * long as it is open.
 */
import { FileStatus, type Posix } from '../../posix/index.js';

const status = new FileStatus();

/** Undefined: the number is not open. */
export function fileId(posix: Posix, fd: number): string | undefined {
  if (fd < 0 || posix.fstat(fd, status) < 0) return undefined;
  return `${status.device}:${status.inode}`;
}
