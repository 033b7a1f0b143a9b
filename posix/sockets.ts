/**
 * Sockets: making them, naming them, connecting them. What goes through them is in bytes.ts.
 */
import { SocketAddress, type Address } from './address.js';
import { SO_LINGER, SOL_SOCKET } from './constants.js';
import { EFAULT, type Result } from './errno.js';
import { libc, result } from './libc.js';

export function socket(domain: number, type: number, protocol: number): Result {
  return result(libc.socket(domain, type, protocol));
}

export function socketpair(domain: number, type: number, protocol: number, fds: Int32Array): Result {
  if (fds.length < 2) return -EFAULT;
  return result(libc.socketpair(domain, type, protocol, fds));
}

/** The address that a call takes. */
const given = new SocketAddress();
/** A `socklen_t`: the room that there is for an answer, then what the answer took. */
const socklen = new Int32Array(1);

export function bind(fd: number, address: Address): Result {
  const r = given.set(address);
  return r < 0 ? r : result(libc.bind(fd, given.bytes, given.length));
}

export function connect(fd: number, address: Address): Result {
  const r = given.set(address);
  return r < 0 ? r : result(libc.connect(fd, given.bytes, given.length));
}

export function listen(fd: number, backlog: number): Result {
  return result(libc.listen(fd, backlog));
}

export function accept4(fd: number, flags: number, peer?: SocketAddress): Result {
  if (peer === undefined) return result(libc.accept4(fd, null, null, flags));
  socklen[0] = peer.bytes.length;
  const r = result(libc.accept4(fd, peer.bytes, socklen, flags));
  if (r >= 0) peer.length = socklen[0];
  return r;
}

export function getsockname(fd: number, address: SocketAddress): Result {
  socklen[0] = address.bytes.length;
  const r = result(libc.getsockname(fd, address.bytes, socklen));
  if (r >= 0) address.length = socklen[0];
  return r;
}

export function getpeername(fd: number, address: SocketAddress): Result {
  socklen[0] = address.bytes.length;
  const r = result(libc.getpeername(fd, address.bytes, socklen));
  if (r >= 0) address.length = socklen[0];
  return r;
}

export function shutdown(fd: number, how: number): Result {
  return result(libc.shutdown(fd, how));
}

/** An option's value. Two ints, as `struct linger` has. */
const value = new Int32Array(2);

export function getsockopt(fd: number, level: number, option: number): Result {
  value[0] = 0;
  socklen[0] = 4;
  const r = result(libc.getsockopt(fd, level, option, value, socklen));
  return r < 0 ? r : value[0];
}

export function setsockopt(fd: number, level: number, option: number, to: number): Result {
  value[0] = to;
  return result(libc.setsockopt(fd, level, option, value, 4));
}

export function setLinger(fd: number, seconds: number): Result {
  // struct linger { int l_onoff; int l_linger; }
  value[0] = seconds < 0 ? 0 : 1;
  value[1] = Math.max(0, seconds);
  return result(libc.setsockopt(fd, SOL_SOCKET, SO_LINGER, value, 8));
}
