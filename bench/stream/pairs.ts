/**
 * Connections whose two ends are both ours.
 */
import {
  AF_INET,
  AF_UNIX,
  IPPROTO_TCP,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SocketAddress,
  TCP_NODELAY,
  check,
  posix,
} from '../../posix/index.js';

/** Two connected fds, non-blocking. Over TCP without Nagle's delay. */
export function connectedPair(transport: 'unix' | 'tcp'): readonly [number, number] {
  return transport === 'unix' ? unixPair() : tcpPair();
}

function unixPair(): readonly [number, number] {
  const fds = new Int32Array(2);
  check(posix.socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 'socketpair');
  return [fds[0]!, fds[1]!];
}

function tcpPair(): readonly [number, number] {
  const listener = check(posix.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 'socket');
  check(posix.bind(listener, { family: 'ipv4', host: '127.0.0.1', port: 0 }), 'bind');
  check(posix.listen(listener, 1), 'listen');
  const name = new SocketAddress();
  check(posix.getsockname(listener, name), 'getsockname');
  const near = check(posix.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 'socket');
  check(posix.connect(near, name.get()!), 'connect');
  const far = check(posix.accept4(listener, SOCK_NONBLOCK | SOCK_CLOEXEC), 'accept4');
  posix.close(listener);
  for (const fd of [near, far]) check(posix.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, 1), 'setsockopt');
  return [near, far];
}
