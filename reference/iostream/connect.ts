/**
 * Connecting: what is asked of the kernel, and what its answers mean. (man 2 connect)
 *
 *     connect(2) says          then
 *     -----------------------  ---------------------------------------------------------------------------------------
 *     0                        connected. A UNIX socket is at once, or never
 *     EINPROGRESS, EINTR       under way: decided when the fd is ready for writing, or has an error; SO_ERROR says how
 *     anything else            it failed. EAGAIN, too: a UNIX listener's queue is full, and nothing is under way
 *
 * All three are told to the program the same way, later, so that it needs no other path for an answer that comes at once.
 */
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  EINPROGRESS,
  EINTR,
  ENOTCONN,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  SO_ERROR,
  SocketAddress,
  check,
  type Posix,
  type Result,
} from '../../posix/index.js';
import { ERROR } from '../../spec/contract.js';
import type { StreamAddress } from '../../spec/stream-contract.js';
import { InvalidAddressError } from './errors.js';

/** In place of a result: not decided yet. */
export const UNDECIDED = undefined;

const DOMAINS = { ipv4: AF_INET, ipv6: AF_INET6, unix: AF_UNIX } as const;

/**
 * Makes a socket that can be connected to an address.
 * @throws {InvalidAddressError}
 * @throws {PosixError} EMFILE, for instance.
 */
export function socketFor(posix: Posix, address: StreamAddress): number {
  checkAddress(address);
  const type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  return check(posix.socket(DOMAINS[address.family], type, 0), 'socket');
}

/** @throws {InvalidAddressError} */
export function checkAddress(address: StreamAddress): void {
  const known = typeof address === 'object' && address !== null && Object.hasOwn(DOMAINS, address.family);
  if (!known || !encodes(address)) throw new InvalidAddressError(address);
}

function encodes(address: StreamAddress): boolean {
  const text = address.family === 'unix' ? address.path : address.host;
  return typeof text === 'string' && text !== '' && new SocketAddress().set(address) >= 0;
}

/** Begins to connect. @returns 0 or a negated errno, if it is decided at once. */
export function beginConnect(posix: Posix, fd: number, address: StreamAddress): Result | typeof UNDECIDED {
  const result = posix.connect(fd, address);
  return result === -EINPROGRESS || result === -EINTR ? UNDECIDED : result;
}

const peer = new SocketAddress();

/**
 * Asks how it went, after `events` of the fd. SO_ERROR alone does not tell a connection from none yet.
 * @returns 0 or a negated errno, if it is decided.
 */
export function askConnect(posix: Posix, fd: number, events: number): Result | typeof UNDECIDED {
  const error = posix.getsockopt(fd, SOL_SOCKET, SO_ERROR);
  if (error !== 0) return -Math.abs(error);
  const result = posix.getpeername(fd, peer);
  return result === -ENOTCONN && (events & ERROR) === 0 ? UNDECIDED : result;
}
