/**
 * The calls that this folder offers, as an interface.
 *
 * `posix` (linux.ts) keeps it with the machine's own kernel. Code that makes system calls should take a `Posix` as
 * an option with `posix` as its default: then a test hands in a kernel of its own, whether one call replaced
 * (`{ ...posix, accept4: () => -EMFILE }`) or a whole simulated machine. For that, no call here uses `this`, and
 * every buffer that a call fills (EpollEvents, PollSet, FdSet, FileStatus, SocketAddress) can be filled from TypeScript too.
 *
 * Names, arguments and meanings are libc's, and so are its man pages; each call names its own. They differ so:
 *
 * - An answer and an errno come in one number, see errno.ts. No call throws for what the kernel says. (A wrong
 *   *type* of argument, and a platform without these calls, do throw.)
 * - Nothing is retried, EINTR neither: a signal whose handler runs on this thread ends a blocking call early, and
 *   whoever called decides what that means. `epoll_wait`, `poll` and `select` say EINTR whatever SA_RESTART says
 *   (man 7 signal); and Node's own handlers are set with SA_RESTART, so that a blocking read goes on.
 * - Buffers are bounds-checked here, since the kernel can't: offset and length outside of the buffer are -EFAULT,
 *   and no memory is touched.
 * - Durations are milliseconds, and -1 is forever, as in poll and epoll_wait.
 *
 * Calls that block do block the thread, and with it Node's own event loop.
 */
import type { Address, SocketAddress } from './address.js';
import type { EpollEvents } from './epoll.js';
import type { Result } from './errno.js';
import type { PollSet } from './poll.js';
import type { Rlimit } from './rlimit.js';
import type { FdSet } from './select.js';
import type { FileStatus } from './stat.js';

export interface Posix {
  // ── sockets ─────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Makes a socket. (man 2 socket)
   * @param domain AF_UNIX, AF_INET or AF_INET6.
   * @param type SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET, or-ed with SOCK_NONBLOCK and SOCK_CLOEXEC.
   * @param protocol 0: the type's usual one.
   * @returns The fd. -EMFILE: RLIMIT_NOFILE is reached. -EAFNOSUPPORT, -EINVAL, -EPROTONOSUPPORT.
   */
  socket(domain: number, type: number, protocol: number): Result;

  /**
   * Makes two sockets that are connected to each other. (man 2 socketpair)
   * @param domain AF_UNIX.
   * @param type As in `socket`.
   * @param protocol 0.
   * @param fds Two elements or more; gets the two fds.
   * @returns 0. -EMFILE; -EOPNOTSUPP: not this domain.
   */
  socketpair(domain: number, type: number, protocol: number, fds: Int32Array): Result;

  /**
   * Gives a socket its local address. (man 2 bind)
   * @param fd A socket.
   * @param address Port 0: the kernel picks one, ask `getsockname`.
   * @returns 0. -EADDRINUSE; -EADDRNOTAVAIL: no such interface; -EACCES: a port below 1024; -EINVAL: bound
   *   already, or `address` can't be encoded (see `SocketAddress.set`).
   */
  bind(fd: number, address: Address): Result;

  /**
   * Makes a socket accept connections. (man 2 listen)
   * @param fd A bound stream socket.
   * @param backlog Connections that may wait for `accept4`; the kernel cuts it to net.core.somaxconn.
   * @returns 0. -EADDRINUSE; -EOPNOTSUPP: not a stream socket.
   */
  listen(fd: number, backlog: number): Result;

  /**
   * Takes one connection off a listening socket's queue. (man 2 accept4)
   * @param fd A listening socket.
   * @param flags SOCK_NONBLOCK and SOCK_CLOEXEC for the new fd, or 0.
   * @param peer Gets the peer's address, if given.
   * @returns The new fd. -EAGAIN: nobody waits. -EMFILE, -ENFILE: out of fds, and the connection *stays queued*, so
   *   that a level-triggered poller goes on reporting it. -ECONNABORTED: the peer gave up; go on with the next.
   */
  accept4(fd: number, flags: number, peer?: SocketAddress): Result;

  /**
   * Connects a socket. (man 2 connect)
   * @param fd A socket.
   * @param address Whom to.
   * @returns 0. -EINPROGRESS: non-blocking, will be writable when decided; then getsockopt SO_ERROR says how it
   *   went. -EAGAIN: a UNIX listener's queue is full, and nothing is in progress. -ECONNREFUSED, -ENOENT (no such
   *   UNIX path), -EISCONN, -EALREADY; -EINVAL: `address` can't be encoded.
   */
  connect(fd: number, address: Address): Result;

  /**
   * Ends one direction of a connection, or both; for all duplicates of the fd. (man 2 shutdown)
   * @param fd A connected socket.
   * @param how SHUT_RD, SHUT_WR or SHUT_RDWR.
   * @returns 0. -ENOTCONN; -ENOTSOCK.
   */
  shutdown(fd: number, how: number): Result;

  /**
   * Reads an option that is an int. (man 2 getsockopt)
   * @param fd A socket.
   * @param level SOL_SOCKET, IPPROTO_TCP or IPPROTO_IPV6.
   * @param option SO_ERROR, TCP_NODELAY, …
   * @returns The option's value, which for SO_ERROR is 0 or a *positive* errno. -ENOPROTOOPT: no such option at
   *   this level. Not for options whose value can be negative, such as SO_PEEK_OFF.
   */
  getsockopt(fd: number, level: number, option: number): Result;

  /**
   * Sets an option that is an int. (man 2 setsockopt)
   * @param fd A socket.
   * @param level SOL_SOCKET, IPPROTO_TCP or IPPROTO_IPV6.
   * @param option SO_REUSEADDR, TCP_NODELAY, …
   * @param value The new value; 1 and 0 for on and off.
   * @returns 0. -ENOPROTOOPT; -EINVAL.
   */
  setsockopt(fd: number, level: number, option: number, value: number): Result;

  /**
   * Sets SO_LINGER, whose value is a struct. (man 7 socket)
   * @param fd A socket.
   * @param seconds How long `close` waits for unsent data; 0: `close` drops the data and resets the connection, the
   *   peer reads ECONNRESET; -1: off, the default: `close` returns at once and the kernel goes on sending.
   * @returns 0. -ENOTSOCK.
   */
  setLinger(fd: number, seconds: number): Result;

  /**
   * The socket's own address. (man 2 getsockname)
   * @param fd A socket.
   * @param address Gets it.
   * @returns 0. -ENOTSOCK.
   */
  getsockname(fd: number, address: SocketAddress): Result;

  /**
   * The address of whom the socket is connected to. (man 2 getpeername)
   * @param fd A socket.
   * @param address Gets it.
   * @returns 0. -ENOTCONN.
   */
  getpeername(fd: number, address: SocketAddress): Result;

  // ── bytes ───────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Reads. (man 2 read)
   * @param fd Anything readable.
   * @param buffer Gets the bytes.
   * @param offset Where in `buffer` the first byte goes; default 0.
   * @param length How many bytes at most; default: to the end of `buffer`.
   * @returns How many bytes were read; 0: end of file (or `length` is 0). -EAGAIN: non-blocking and nothing there;
   *   -ECONNRESET: the peer reset the connection; -EINTR; -EISDIR; -EFAULT: offset and length exceed the buffer.
   */
  read(fd: number, buffer: Uint8Array, offset?: number, length?: number): Result;

  /**
   * Writes. (man 2 write) Node ignores SIGPIPE for the whole process, so that EPIPE is a result here too.
   * @param fd Anything writable.
   * @param buffer Has the bytes.
   * @param offset Where in `buffer` the first byte is; default 0.
   * @param length How many bytes at most; default: to the end of `buffer`.
   * @returns How many bytes were written: at least 1, maybe fewer than `length`. -EAGAIN: non-blocking and full;
   *   -EPIPE: nobody can read it any more; -ECONNRESET; -EINTR; -EFAULT: offset and length exceed the buffer.
   */
  write(fd: number, buffer: Uint8Array, offset?: number, length?: number): Result;

  /**
   * Reads from a socket. (man 2 recv)
   * @param fd A socket.
   * @param buffer Gets the bytes.
   * @param offset As in `read`.
   * @param length As in `read`.
   * @param flags MSG_PEEK, MSG_DONTWAIT, …; default 0.
   * @returns As `read`; and -ENOTCONN, -ENOTSOCK.
   */
  recv(fd: number, buffer: Uint8Array, offset?: number, length?: number, flags?: number): Result;

  /**
   * Writes to a socket, always with MSG_NOSIGNAL. (man 2 send)
   * @param fd A socket.
   * @param buffer Has the bytes.
   * @param offset As in `write`.
   * @param length As in `write`.
   * @param flags MSG_DONTWAIT, MSG_OOB, …; default 0. MSG_NOSIGNAL is added.
   * @returns As `write`; and -ENOTCONN, -ENOTSOCK.
   */
  send(fd: number, buffer: Uint8Array, offset?: number, length?: number, flags?: number): Result;

  /**
   * Reads into several buffers, one after the other. (man 2 readv)
   * @param fd Anything readable.
   * @param buffers Get the bytes. At most IOV_MAX.
   * @param offset Where in the first buffer the first byte goes; default 0.
   * @returns As `read`. -EINVAL: more than IOV_MAX buffers. -EFAULT: `offset` exceeds the first buffer.
   */
  readv(fd: number, buffers: readonly Uint8Array[], offset?: number): Result;

  /**
   * Writes several buffers as if they were one. (man 2 writev)
   * @param fd Anything writable.
   * @param buffers Have the bytes. At most IOV_MAX.
   * @param offset Where in the first buffer the first byte is, for what a previous call left over; default 0.
   * @returns As `write`. -EINVAL: more than IOV_MAX buffers. -EFAULT: `offset` exceeds the first buffer.
   */
  writev(fd: number, buffers: readonly Uint8Array[], offset?: number): Result;

  /**
   * How many bytes can be read at once. (man 2 ioctl FIONREAD, man 7 pipe, man 7 unix, man 7 tcp)
   * @param fd A pipe or a socket.
   * @returns The number of bytes. -EINVAL: a listening socket; -ENOTTY: not for this kind of fd.
   */
  fionread(fd: number): Result;

  // ── file descriptors ────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Makes a pipe. (man 2 pipe2)
   * @param fds Two elements or more; gets the read end, then the write end.
   * @param flags O_NONBLOCK and O_CLOEXEC, for both ends, or 0.
   * @returns 0. -EMFILE; -EINVAL: another flag.
   */
  pipe2(fds: Int32Array, flags: number): Result;

  /**
   * Makes a counter that can be polled. (man 2 eventfd) `write` of 8 bytes adds them, as an integer of the
   * machine's byte order, to the counter; `read` of 8 bytes takes it all and is -EAGAIN at zero.
   * @param initial The counter at first.
   * @param flags EFD_NONBLOCK, EFD_CLOEXEC, EFD_SEMAPHORE, or 0.
   * @returns The fd. -EMFILE; -EINVAL: another flag.
   */
  eventfd(initial: number, flags: number): Result;

  /**
   * Opens a file. (man 2 open)
   * @param path UTF-8 for the kernel.
   * @param flags O_RDONLY, O_WRONLY or O_RDWR, or-ed with O_CREAT, O_NONBLOCK, O_CLOEXEC, …
   * @param mode Permissions of a file that O_CREAT makes; default 0o666, less the process's umask.
   * @returns The fd. -ENOENT; -EACCES; -EEXIST: O_EXCL; -ENXIO: a FIFO for writing without a reader; -EMFILE;
   *   -EINVAL: a NUL in the path.
   */
  open(path: string, flags: number, mode?: number): Result;

  /**
   * Removes a name of a file, e.g. that of a UNIX socket. (man 2 unlink)
   * @param path UTF-8 for the kernel.
   * @returns 0. -ENOENT; -EACCES; -EISDIR.
   */
  unlink(path: string): Result;

  /**
   * Closes an fd. (man 2 close) The number is free at once, and a later `open`, `socket`, `dup` or another thread
   * may get it. Never call it a second time, EINTR included: on Linux the fd is gone whatever the answer is, and a
   * retry closes somebody else's.
   * @param fd The fd.
   * @returns 0. -EBADF: not open. -EINTR, -EIO: closed, but something went wrong on the way.
   */
  close(fd: number): Result;

  /**
   * Reads or changes an fd's flags, or duplicates it; the commands that take an int. (man 2 fcntl)
   * @param fd The fd.
   * @param command F_GETFL, F_SETFL, F_GETFD, F_SETFD, F_DUPFD, F_DUPFD_CLOEXEC, F_GETPIPE_SZ or F_SETPIPE_SZ.
   * @param argument Flags, or the lowest number for a duplicate; default 0.
   * @returns The flags, the new fd, or 0. -EBADF; -EINVAL; -EMFILE.
   */
  fcntl(fd: number, command: number, argument?: number): Result;

  /**
   * What kind of file an fd stands for, and which. (man 2 fstat)
   * @param fd The fd.
   * @param status Gets it.
   * @returns 0. -EBADF.
   */
  fstat(fd: number, status: FileStatus): Result;

  /**
   * Duplicates an fd to the lowest free number. (man 2 dup)
   * @param fd The fd.
   * @returns The new fd. -EBADF; -EMFILE.
   */
  dup(fd: number): Result;

  /**
   * Makes `newFd` a duplicate of `fd`, and closes first, silently, what `newFd` was. (man 2 dup2)
   * @param fd The fd.
   * @param newFd The number to use. If it is `fd`, nothing happens.
   * @returns `newFd`. -EBADF: `fd` is not open, or `newFd` out of range. -EINTR, -EBUSY.
   */
  dup2(fd: number, newFd: number): Result;

  /**
   * As `dup2`, with flags, and -EINVAL if the two numbers are the same. (man 2 dup3)
   * @param fd The fd.
   * @param newFd The number to use.
   * @param flags O_CLOEXEC or 0.
   * @returns `newFd`. -EBADF; -EINVAL.
   */
  dup3(fd: number, newFd: number, flags: number): Result;

  // ── readiness ───────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Makes an epoll instance. (man 2 epoll_create1, man 7 epoll)
   * @param flags EPOLL_CLOEXEC or 0.
   * @returns The fd. -EMFILE.
   */
  epoll_create1(flags: number): Result;

  /**
   * Adds, changes or removes an fd's registration. (man 2 epoll_ctl) What is registered is the pair of number and
   * open file. It goes when the *file* is closed: as long as a duplicate lives, events go on, under the old number,
   * and can't be removed by it.
   * @param epfd The epoll instance.
   * @param operation EPOLL_CTL_ADD, EPOLL_CTL_MOD or EPOLL_CTL_DEL.
   * @param fd The fd to watch.
   * @param events EPOLLIN, EPOLLOUT, …; ignored by EPOLL_CTL_DEL; default 0, which leaves EPOLLERR and EPOLLHUP.
   * @param tag Any 32 bits, handed back with each event (`EpollEvents.tag`): the kernel's user data holds the fd in
   *   its lower half and this in the upper. A number that counts registrations tells a late event of an earlier use
   *   of the fd's number from one of its present use. Default 0.
   * @returns 0. -EEXIST: ADD of a registered fd. -ENOENT: MOD or DEL of one that isn't. -EPERM: an fd that can't be
   *   polled, such as a regular file. -EBADF; -EINVAL; -ENOSPC, -ENOMEM.
   */
  epoll_ctl(epfd: number, operation: number, fd: number, events?: number, tag?: number): Result;

  /**
   * Waits until a registered fd is ready. (man 2 epoll_wait)
   * @param epfd The epoll instance.
   * @param events Gets the events, at most its capacity; what did not fit comes first the next time.
   * @param timeoutMs Whole milliseconds; 0: don't wait; -1: forever. The kernel takes no fraction; round up.
   * @returns How many events there are; 0: the time is over. -EINTR: a signal; -EBADF; -EINVAL: not an epoll fd.
   */
  epoll_wait(epfd: number, events: EpollEvents, timeoutMs: number): Result;

  /**
   * Waits until an fd of the set is ready. (man 2 poll) An fd that isn't open is no failure: it gets POLLNVAL.
   * @param set The fds and what to wait for; gets the revents.
   * @param timeoutMs Whole milliseconds; 0: don't wait; -1: forever. The kernel takes no fraction; round up.
   * @returns How many fds have revents; 0: the time is over. -EINTR: a signal; -EINVAL: more fds than RLIMIT_NOFILE.
   */
  poll(set: PollSet, timeoutMs: number): Result;

  /**
   * Waits until an fd of the sets is ready. (man 2 select) The sets are left alone if the call fails.
   * @param nfds One more than the highest fd in any set; at most FD_SETSIZE.
   * @param readable The fds to read from; keeps those that are ready. Or null.
   * @param writable The fds to write to; keeps those that are ready. Or null.
   * @param exceptional The fds to watch for exceptional conditions (urgent data); keeps those that have one. Or null.
   * @param timeoutMs Milliseconds; fractions count, and are rounded up to microseconds; 0: don't wait; -1: forever.
   * @returns How many fds are left in the sets; 0: the time is over. -EBADF: one of them is not open; -EINTR: a
   *   signal; -EINVAL: `nfds` is negative or exceeds FD_SETSIZE.
   */
  select(
    nfds: number,
    readable: FdSet | null,
    writable: FdSet | null,
    exceptional: FdSet | null,
    timeoutMs: number,
  ): Result;

  // ── process ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** The process id. (man 2 getpid) */
  getpid(): number;

  /** The calling thread's id; that of the main thread is the process id. (man 2 gettid) */
  gettid(): number;

  /**
   * Sends a signal to a process; any of its threads that doesn't block it may get it. (man 2 kill)
   * @param pid The process; 0: every process of this group.
   * @param signal SIGTERM, …; 0: send nothing, only check.
   * @returns 0. -ESRCH: no such process; -EPERM; -EINVAL: no such signal.
   */
  kill(pid: number, signal: number): Result;

  /**
   * Sends a signal to one thread. (man 2 tgkill)
   * @param pid The process.
   * @param tid The thread, as its `gettid` says.
   * @param signal SIGUSR1, …; 0: send nothing, only check.
   * @returns 0. -ESRCH: no such thread in this process; -EPERM; -EINVAL: no such signal.
   */
  tgkill(pid: number, tid: number, signal: number): Result;

  /**
   * Ends the process at once, and all its threads, whatever they do. (man 2 exit_group) process.exit() waits for threads of libuv's pool,
   * for ever if one of them is in a read that blocks.
   * @param code Exit code.
   */
  exit(code: number): never;

  /**
   * Reads a limit of the process. (man 2 getrlimit)
   * @param resource RLIMIT_NOFILE.
   * @param limit Gets it; Infinity: no limit.
   * @returns 0. -EINVAL: no such resource.
   */
  getrlimit(resource: number, limit: Rlimit): Result;

  /**
   * Changes a limit of the process. (man 2 setrlimit)
   * @param resource RLIMIT_NOFILE.
   * @param limit `soft` is what counts, at most `hard`; `hard` can't be raised again without privilege.
   * @returns 0. -EINVAL: soft exceeds hard, or no such resource; -EPERM: hard is to be raised.
   */
  setrlimit(resource: number, limit: Readonly<Rlimit>): Result;

  // ── clocks ──────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * CLOCK_MONOTONIC in milliseconds, with fractions down to nanoseconds. (man 2 clock_gettime) The clock of all
   * processes of this machine: a reading may be compared with one taken in another language.
   */
  monotonicMs(): number;

  /**
   * CLOCK_THREAD_CPUTIME_ID in milliseconds: CPU time, user and system, that the calling thread has used.
   * (man 2 clock_gettime) It stands still while the thread sleeps, and so tells a wait from a spin.
   */
  threadCpuMs(): number;
}
