/**
 * The host's own fds stand high, out of the way of those under test, which the kernel numbers from below.
 */
import { check, F_DUPFD_CLOEXEC, RLIMIT_NOFILE, type Posix } from '../../posix/index.js';

/** Where they begin, if the limit of open files allows. */
const HIGH = 900;
/** How many they are at most. */
const ROOM = 20;

/** A high number for an open file; the low one stays open. */
export function moveUp(posix: Posix, fd: number): number {
  const limit = { soft: 0, hard: 0 };
  check(posix.getrlimit(RLIMIT_NOFILE, limit), 'getrlimit');
  return check(posix.fcntl(fd, F_DUPFD_CLOEXEC, Math.max(3, Math.min(HIGH, limit.soft - ROOM))), 'fcntl');
}
