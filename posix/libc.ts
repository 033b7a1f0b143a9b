/**
 * libc, through koffi: which functions, with which types, and when they are looked up.
 *
 * They are looked up late, each at its first call, so that this module can be imported where there is no libc to
 * find (a program that only judges traces never calls one). Until then, its place in the table `libc` is held by a
 * stub, which finds the function, *puts it in its own place* and calls it. From the second call on nothing is in
 * between: `libc.read(…)` loads a property and calls koffi's function. Measured with getppid(), ns a call: koffi's
 * function by itself 141, through the table 138 (the same), through a wrapper that stays 148–158.
 *
 * `koffi.load(null)` searches the running process, which has its libc loaded already, under whatever name: glibc's
 * libc.so.6 and musl's ld-musl-*.so.1 alike.
 *
 * Types: on Linux x64 and arm64 an int has 32 bits; long, size_t, ssize_t and pointers have 64. koffi has no
 * ssize_t, which is int64_t here. open, fcntl, ioctl and syscall are variadic in C; both ABIs pass variable arguments
 * in the same registers as fixed ones, so a fixed list of those we need is right, and cheaper.
 */
import { createRequire } from 'node:module';
import type { Result } from './errno.js';
import { unsupported } from './platform.js';

/** Memory that a call reads or fills: koffi passes the address of its first byte. */
type Memory = Uint8Array | Int32Array | BigUint64Array;

/** The functions of libc that are called here, with the types that koffi takes and gives. -1 is failure. */
interface Libc {
  accept4(fd: number, address: Memory | null, length: Memory | null, flags: number): number;
  bind(fd: number, address: Memory, length: number): number;
  clock_gettime(clock: number, timespec: Memory): number;
  close(fd: number): number;
  connect(fd: number, address: Memory, length: number): number;
  dup(fd: number): number;
  dup2(fd: number, newFd: number): number;
  dup3(fd: number, newFd: number, flags: number): number;
  epoll_create1(flags: number): number;
  epoll_ctl(epfd: number, operation: number, fd: number, event: Memory): number;
  epoll_wait(epfd: number, events: Memory, capacity: number, timeoutMs: number): number;
  eventfd(initial: number, flags: number): number;
  fcntl(fd: number, command: number, argument: number): number;
  getpeername(fd: number, address: Memory, length: Memory): number;
  getrlimit(resource: number, rlimit: Memory): number;
  getsockname(fd: number, address: Memory, length: Memory): number;
  getsockopt(fd: number, level: number, option: number, value: Memory, length: Memory): number;
  ioctl(fd: number, request: number, argument: Memory): number;
  kill(pid: number, signal: number): number;
  listen(fd: number, backlog: number): number;
  open(path: string, flags: number, mode: number): number;
  pipe2(fds: Memory, flags: number): number;
  poll(fds: Memory, count: number, timeoutMs: number): number;
  read(fd: number, buffer: Memory, length: number): number;
  readv(fd: number, iov: Memory, count: number): number;
  recv(fd: number, buffer: Memory, length: number, flags: number): number;
  select(nfds: number, r: Memory | null, w: Memory | null, x: Memory | null, timeval: Memory | null): number;
  send(fd: number, buffer: Memory, length: number, flags: number): number;
  setrlimit(resource: number, rlimit: Memory): number;
  setsockopt(fd: number, level: number, option: number, value: Memory, length: number): number;
  shutdown(fd: number, how: number): number;
  socket(domain: number, type: number, protocol: number): number;
  socketpair(domain: number, type: number, protocol: number, fds: Memory): number;
  syscall(number: number, a: number, b: number, c: number): number;
  unlink(path: string): number;
  write(fd: number, buffer: Memory, length: number): number;
  writev(fd: number, iov: Memory, count: number): number;
}

/** libc. Call a function as `libc.read(…)`, never keep it in a variable: before its first call it is a stub. */
export const libc: Libc = {
  accept4: late('accept4', 'int accept4(int, void *, void *, int)'),
  bind: late('bind', 'int bind(int, void *, uint32_t)'),
  clock_gettime: late('clock_gettime', 'int clock_gettime(int, void *)'),
  close: late('close', 'int close(int)'),
  connect: late('connect', 'int connect(int, void *, uint32_t)'),
  dup: late('dup', 'int dup(int)'),
  dup2: late('dup2', 'int dup2(int, int)'),
  dup3: late('dup3', 'int dup3(int, int, int)'),
  epoll_create1: late('epoll_create1', 'int epoll_create1(int)'),
  epoll_ctl: late('epoll_ctl', 'int epoll_ctl(int, int, int, void *)'),
  epoll_wait: late('epoll_wait', 'int epoll_wait(int, void *, int, int)'),
  eventfd: late('eventfd', 'int eventfd(unsigned int, int)'),
  fcntl: late('fcntl', 'int fcntl(int, int, int64_t)'),
  getpeername: late('getpeername', 'int getpeername(int, void *, void *)'),
  getrlimit: late('getrlimit', 'int getrlimit(int, void *)'),
  getsockname: late('getsockname', 'int getsockname(int, void *, void *)'),
  getsockopt: late('getsockopt', 'int getsockopt(int, int, int, void *, void *)'),
  ioctl: late('ioctl', 'int ioctl(int, uint64_t, void *)'),
  kill: late('kill', 'int kill(int, int)'),
  listen: late('listen', 'int listen(int, int)'),
  open: late('open', 'int open(const char *, int, uint32_t)'),
  pipe2: late('pipe2', 'int pipe2(void *, int)'),
  poll: late('poll', 'int poll(void *, uint64_t, int)'),
  read: late('read', 'int64_t read(int, void *, size_t)'),
  readv: late('readv', 'int64_t readv(int, void *, int)'),
  recv: late('recv', 'int64_t recv(int, void *, size_t, int)'),
  select: late('select', 'int select(int, void *, void *, void *, void *)'),
  send: late('send', 'int64_t send(int, void *, size_t, int)'),
  setrlimit: late('setrlimit', 'int setrlimit(int, void *)'),
  setsockopt: late('setsockopt', 'int setsockopt(int, int, int, void *, uint32_t)'),
  shutdown: late('shutdown', 'int shutdown(int, int)'),
  socket: late('socket', 'int socket(int, int, int)'),
  socketpair: late('socketpair', 'int socketpair(int, int, int, void *)'),
  syscall: late('syscall', 'int64_t syscall(int64_t, int64_t, int64_t, int64_t)'),
  unlink: late('unlink', 'int unlink(const char *)'),
  write: late('write', 'int64_t write(int, void *, size_t)'),
  writev: late('writev', 'int64_t writev(int, void *, int)'),
};

type Koffi = typeof import('koffi');
type Native = (...args: unknown[]) => unknown;

/** koffi and the process's symbols, after the first call. */
let loaded: { readonly koffi: Koffi; readonly symbols: ReturnType<Koffi['load']> } | undefined;

/** Loads koffi, once; throws where it has nothing to call. */
function load(): NonNullable<typeof loaded> {
  if (loaded === undefined) {
    const sentence = unsupported(process.platform, process.arch);
    if (sentence !== undefined) throw new Error(sentence);
    const koffi = createRequire(import.meta.url)('koffi') as Koffi;
    loaded = { koffi, symbols: koffi.load(null) };
    lastErrno = koffi.errno;
  }
  return loaded;
}

/** A stub for a function of the table, which the function itself replaces at the first call. */
function late<Name extends keyof Libc>(name: Name, prototype: string): Libc[Name] {
  const stub: Native = (...args) => {
    const native = load().symbols.func(prototype) as Native;
    libc[name] = native as Libc[Name];
    return native(...args);
  };
  return stub as Libc[Name];
}

let lastErrno: () => number = () => 0;

/**
 * Joins libc's two halves of a failure. To be called at once after the call itself: errno is the thread's, and the
 * next call of anything overwrites it.
 * @param returned What the function of libc returned.
 * @returns The same, or the negated errno if it is -1.
 */
export function result(returned: number): Result {
  return returned === -1 ? -lastErrno() : returned;
}

/** The address of a buffer's first byte. It holds as long as the buffer is reachable and not detached. */
export function addressOf(buffer: Uint8Array): bigint {
  return load().koffi.address(buffer);
}
