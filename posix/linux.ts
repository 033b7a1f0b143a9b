/**
 * The machine's own kernel as a `Posix`.
 */
import { read, write, recv, send, readv, writev, fionread } from './bytes.js';
import { monotonicMs, threadCpuMs } from './clock.js';
import { close, dup, dup2, dup3, eventfd, fcntl, open, pipe2, unlink } from './descriptors.js';
import { epoll_create1, epoll_ctl, epoll_wait } from './epoll.js';
import type { Posix } from './interface.js';
import { poll } from './poll.js';
import { exit, getpid, gettid, kill, tgkill } from './process.js';
import { getrlimit, setrlimit } from './rlimit.js';
import { select } from './select.js';
import { fstat } from './stat.js';
import {
  accept4,
  bind,
  connect,
  getpeername,
  getsockname,
  getsockopt,
  listen,
  setLinger,
  setsockopt,
  shutdown,
  socket,
  socketpair,
} from './sockets.js';

/** The calls of this machine's libc. What each does is told in interface.ts. */
export const posix: Posix = {
  socket,
  socketpair,
  bind,
  listen,
  accept4,
  connect,
  shutdown,
  getsockopt,
  setsockopt,
  setLinger,
  getsockname,
  getpeername,
  read,
  write,
  recv,
  send,
  readv,
  writev,
  fionread,
  pipe2,
  eventfd,
  open,
  unlink,
  close,
  fcntl,
  fstat,
  dup,
  dup2,
  dup3,
  epoll_create1,
  epoll_ctl,
  epoll_wait,
  poll,
  select,
  getpid,
  gettid,
  kill,
  tgkill,
  exit,
  getrlimit,
  setrlimit,
  monotonicMs,
  threadCpuMs,
};
