/**
 * Which open file a number stands for. Numbers are used again as soon as they are free; a file's device and inode are not, as
 * long as it is open.
 */
import { fstatSync } from 'node:fs';

/** Undefined: the number is not open. */
export function fileId(fd: number): string | undefined {
  if (fd < 0) return undefined;
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
