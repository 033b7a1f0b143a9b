/**
 * What is behind an fd: whether a stream can stand over it, which ways its bytes go, and whether it is connected.
 */
import {
  EAGAIN,
  EINVAL,
  ENOTCONN,
  ENOTSOCK,
  F_GETFL,
  F_SETFL,
  FileStatus,
  MSG_DONTWAIT,
  MSG_PEEK,
  O_ACCMODE,
  O_NONBLOCK,
  O_RDONLY,
  O_WRONLY,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  SO_ACCEPTCONN,
  SO_TYPE,
  SocketAddress,
  type Posix,
  type Result,
} from '../../posix/index.js';
import { NotAStreamError, because } from './errors.js';

export interface Transport {
  readonly readable: boolean;
  readonly writable: boolean;
  /** A socket, one of whose directions can be ended by shutdown(2). */
  readonly socket: boolean;
  /** False: a socket that was never connected, and does not try. */
  readonly connected: boolean;
  /** Why the connection was over before the stream was made: a negated errno; 0: it wasn't. */
  readonly failure: Result;
  /** As it was found (man 2 fcntl, F_GETFL), to be put back if no stream comes of it. */
  readonly flags: number;
}

/**
 * Has a look at an fd, and makes it non-blocking.
 * @throws {NotAStreamError} if no stream can stand over it.
 */
export function inspect(posix: Posix, fd: number): Transport {
  if (!(Number.isInteger(fd) && fd >= 0 && fd <= 0x7fffffff))
    throw new NotAStreamError(
      fd,
      'nor an fd at all: pass an integer from 0 on, as the call that opened it answered',
    );
  const flags = posix.fcntl(fd, F_GETFL);
  if (flags < 0)
    throw new NotAStreamError(
      fd,
      `as it is not open (${because(flags)}): make the stream before it is closed`,
    );
  const type = posix.getsockopt(fd, SOL_SOCKET, SO_TYPE);
  const socket = type !== -ENOTSOCK;
  if (socket) checkSocket(posix, fd, type);
  else checkFile(posix, fd);
  if ((flags & O_NONBLOCK) === 0) posix.fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  return {
    socket,
    readable: (flags & O_ACCMODE) !== O_WRONLY,
    writable: (flags & O_ACCMODE) !== O_RDONLY,
    flags,
    ...(socket ? connectionOf(posix, fd) : { connected: true, failure: 0 }),
  };
}

function checkSocket(posix: Posix, fd: number, type: number): void {
  if (type === SOCK_SEQPACKET)
    throw new NotAStreamError(
      fd,
      'but a socket of whole messages (SOCK_SEQPACKET), whose ends a stream would lose: make it with SOCK_STREAM, or watch it by addHandler and call recv',
    );
  if (type !== SOCK_STREAM)
    throw new NotAStreamError(
      fd,
      'but a socket of datagrams: make it with SOCK_STREAM, or watch it by addHandler',
    );
  if (posix.getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN) === 1)
    throw new NotAStreamError(fd, 'but a listener: make a stream over what accept answers');
}

function checkFile(posix: Posix, fd: number): void {
  posix.fstat(fd, status);
  if (!status.isFIFO() && !status.isCharacterDevice())
    throw new NotAStreamError(fd, 'but a file, or something else without a peer: use node:fs');
}

/**
 * A connection that was reset has no peer any more, but may have bytes left to read: so who has none is asked by a peek. What never was
 * connected answers ENOTCONN (man 7 tcp), or EINVAL (a UNIX socket). Any other error is the connection's last word, told once: it is
 * kept, for the kernel will not say it again.
 */
function connectionOf(posix: Posix, fd: number): Pick<Transport, 'connected' | 'failure'> {
  if (posix.getpeername(fd, peer) !== -ENOTCONN) return { connected: true, failure: 0 };
  const result = posix.recv(fd, PEEKED, 0, 1, MSG_PEEK | MSG_DONTWAIT);
  if (result === -ENOTCONN || result === -EINVAL) return { connected: false, failure: 0 };
  return { connected: true, failure: result < 0 && result !== -EAGAIN ? result : 0 };
}

const peer = new SocketAddress();
const status = new FileStatus();
const PEEKED = new Uint8Array(1);
