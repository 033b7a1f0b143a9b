/**
 * posix: system calls from TypeScript, as thin as they come.
 *
 *     import { AF_UNIX, EAGAIN, SOCK_NONBLOCK, SOCK_STREAM, check, posix } from '../posix/index.js';
 *
 *     const fds = new Int32Array(2);
 *     check(posix.socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 'socketpair');
 *     posix.read(fds[0]!, Buffer.alloc(64)) === -EAGAIN;
 *
 * To be read in this order:
 *
 *     errno.ts        a result is one number: an answer, or a negated errno
 *     interface.ts    the calls, each with its parameters, units, errnos and man page
 *     constants.ts    the numbers they take
 *     libc.ts         how a function of libc is found and called
 *     descriptors.ts  stat.ts  bytes.ts  sockets.ts  epoll.ts  poll.ts  select.ts  process.ts  rlimit.ts  clock.ts
 *                     the calls themselves, with the memory that they fill
 *     address.ts      ip.ts: addresses as values, as bytes and as text
 *     linux.ts        all of it put together as `posix`
 *     platform.ts     where it works, and what is said elsewhere
 *
 * What is not here, and why:
 *
 * - **signalfd and sigprocmask.** A signal can be read from a signalfd only if it is blocked, in *every* thread of
 *   the process: the kernel hands one that was sent to the process to any thread which doesn't block it, and there
 *   it takes its default action, which for most is the end of the process. Node starts threads of its own (V8's
 *   workers, libuv's pool) before the first line of ours runs; they don't block it, and a mask can only be set from
 *   inside a thread. So it works in a test, where a thread signals itself, and kills the process in earnest. Signals
 *   come by Node's `process.on`, on the thread that owns Node's loop, and are forwarded through a pipe or an eventfd.
 * - **sigaction.** Node ignores SIGPIPE from its start, and the handlers that it installs itself do with SA_RESTART.
 * - **Retries.** See interface.ts: EINTR is the caller's to see.
 * - **Everything that node:fs does as well.** Files are opened here only to be polled, or to fill up the fd table.
 */
export * from './address.js';
export * from './constants.js';
export { EPOLL_LAYOUT, EpollEvents } from './epoll.js';
export * from './errno.js';
export type { Posix } from './interface.js';
export { formatIPv4, formatIPv6, parseIPv4, parseIPv6 } from './ip.js';
export { posix } from './linux.js';
export { unsupported } from './platform.js';
export { PollSet } from './poll.js';
export type { Rlimit } from './rlimit.js';
export { FdSet } from './select.js';
export { FileStatus } from './stat.js';
