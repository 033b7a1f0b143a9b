/**
 * File descriptors: making, duplicating, closing them. An fd is a number for an open file; several fds, of several
 * processes even, may stand for one file, and share its position and its status flags (O_NONBLOCK), but not the flag
 * FD_CLOEXEC, which is the fd's own.
 */
import { EFAULT, EINVAL, type Result } from './errno.js';
import { libc, result } from './libc.js';

export function pipe2(fds: Int32Array, flags: number): Result {
  if (fds.length < 2) return -EFAULT;
  return result(libc.pipe2(fds, flags));
}

export function eventfd(initial: number, flags: number): Result {
  return result(libc.eventfd(initial, flags));
}

export function open(path: string, flags: number, mode = 0o666): Result {
  // C would end the path at the NUL, and open another file.
  if (path.includes('\0')) return -EINVAL;
  return result(libc.open(path, flags, mode));
}

export function unlink(path: string): Result {
  if (path.includes('\0')) return -EINVAL;
  return result(libc.unlink(path));
}

export function close(fd: number): Result {
  // Never retried, not even on EINTR: Linux has released the number by then (man 2 close, "Dealing with error
  // returns"), and a second close would hit whatever has got it since.
  return result(libc.close(fd));
}

export function fcntl(fd: number, command: number, argument = 0): Result {
  return result(libc.fcntl(fd, command, argument));
}

export function dup(fd: number): Result {
  return result(libc.dup(fd));
}

export function dup2(fd: number, newFd: number): Result {
  return result(libc.dup2(fd, newFd));
}

export function dup3(fd: number, newFd: number, flags: number): Result {
  return result(libc.dup3(fd, newFd, flags));
}
