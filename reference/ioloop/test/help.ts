/**
 * Help for these tests: loops and fds that are given back when a test ends, and a kernel that counts.
 */
import type { Test } from 'tap';
import type { LogEntry } from '../../../spec/contract.js';
import { F_DUPFD_CLOEXEC, O_CLOEXEC, O_NONBLOCK, check, posix, type Posix } from '../../../posix/index.js';
import { AF_UNIX, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM } from '../../../posix/index.js';
import { IOLoop, type IOLoopOptions, type PollerName } from '../index.js';

export const POLLERS: readonly PollerName[] = ['epoll', 'poll', 'select'];

/** A test for each poller. */
export function eachPoller(
  t: Test,
  name: string,
  body: (t: Test, poller: PollerName) => void | Promise<void>,
): void {
  for (const poller of POLLERS) t.test(`${poller}: ${name}`, async (t) => body(t, poller));
}

/** Long after everything else in a test, ms. */
const SENTINEL_MS = 10_000;

/** A loop, its log, and the help to run it. */
export interface Fixture {
  readonly loop: IOLoop;
  readonly log: LogEntry[];
  /** Starts the loop; fails the test if nobody stops it. */
  readonly start: () => void;
  /** Starts the loop and stops it after so many iterations; none waits. */
  readonly spin: (iterations: number) => void;
}

export function makeLoop(t: Test, options: IOLoopOptions = {}): Fixture {
  const log: LogEntry[] = [];
  const loop = new IOLoop({ logger: (entry) => log.push(entry), ...options });
  t.teardown(() => loop.close());
  const start = () => {
    const sentinel = loop.callLater(SENTINEL_MS, () => {
      t.fail('the loop was not stopped');
      loop.stop();
    });
    try {
      loop.start();
    } finally {
      loop.removeTimeout(sentinel);
    }
  };
  const spin = (iterations: number) => {
    if (iterations === 0) loop.stop();
    else loop.addCallback(() => spin(iterations - 1));
  };
  return {
    loop,
    log,
    start,
    spin: (iterations) => {
      loop.addCallback(() => spin(iterations - 1));
      start();
    },
  };
}

function owned(t: Test, fd: number): number {
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

/** A duplicate, at `from` or above. */
export function duplicate(t: Test, fd: number, from = 0): number {
  return owned(t, check(posix.fcntl(fd, F_DUPFD_CLOEXEC, from), 'fcntl'));
}

const BYTE = Buffer.from('x');

export function send(fd: number): void {
  check(posix.write(fd, BYTE), 'write');
}

export function fill(fd: number): void {
  const chunk = Buffer.alloc(65536);
  while (posix.write(fd, chunk) > 0);
}

export function drain(fd: number): void {
  const chunk = Buffer.alloc(65536);
  while (posix.read(fd, chunk) > 0);
}

/** The machine's kernel, with a count of the polls of a loop. */
export function countingKernel(): { posix: Posix; readonly polls: number } {
  const counted = { polls: 0, posix };
  counted.posix = {
    ...posix,
    epoll_wait: (...args) => (counted.polls++, posix.epoll_wait(...args)),
    poll: (...args) => (counted.polls++, posix.poll(...args)),
    select: (...args) => (counted.polls++, posix.select(...args)),
  };
  return counted;
}

/** A kernel where nothing is ever ready and waiting takes no time, with its clock. */
export function virtualTime(): {
  posix: Posix;
  clock: () => number;
  advance: (ms: number) => void;
  waits: number[];
} {
  let nowMs = 1_000;
  const waits: number[] = [];
  return {
    posix: {
      ...posix,
      epoll_wait: (_epfd, _events, timeoutMs) => {
        waits.push(timeoutMs);
        if (timeoutMs < 0) throw new Error('waits forever');
        nowMs += timeoutMs;
        return 0;
      },
    },
    clock: () => nowMs,
    advance: (ms) => void (nowMs += ms),
    waits,
  };
}
