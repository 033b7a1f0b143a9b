/**
 * Help for these tests: fds that are closed when a test ends, and a count of those that are left.
 */
import { readdirSync, readlinkSync } from 'node:fs';
import type { Test } from 'tap';
import {
  AF_UNIX,
  O_NONBLOCK,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  O_CLOEXEC,
  check,
  posix,
} from '../index.js';

/** An fd that no process has: above every limit. */
export const NOT_OPEN = 1 << 24;

/** Hands on an fd, or throws; closes it when the test ends, unless the test did. */
export function owned(t: Test, fd: number): number {
  check(fd, 'owned');
  t.teardown(() => posix.close(fd));
  return fd;
}

/** A non-blocking pair of connected UNIX sockets. */
export function pair(t: Test): [number, number] {
  const fds = new Int32Array(2);
  check(posix.socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 'socketpair');
  return [owned(t, fds[0] ?? -1), owned(t, fds[1] ?? -1)];
}

/** A non-blocking pipe: read end, write end. */
export function pipe(t: Test): [number, number] {
  const fds = new Int32Array(2);
  check(posix.pipe2(fds, O_NONBLOCK | O_CLOEXEC), 'pipe2');
  return [owned(t, fds[0] ?? -1), owned(t, fds[1] ?? -1)];
}

/** What of ours is open: sockets, pipes, eventfds, epolls and files, each with its fd. */
function openFds(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [`${fd} ${readlinkSync(`/proc/self/fd/${fd}`)}`];
    } catch {
      return []; // the directory's own fd, closed by now
    }
  });
}

/** Runs the tests of a file and fails if an fd is left open by them. To be called once, around all of them. */
export function withoutLeaks(t: Test, tests: () => void): void {
  const before = new Set(openFds());
  tests();
  t.test('no fd is left open', (t) => {
    t.strictSame(
      openFds().filter((fd) => !before.has(fd)),
      [],
    );
    t.end();
  });
}
