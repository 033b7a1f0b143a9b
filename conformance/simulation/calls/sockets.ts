/** Calls that make, name and connect sockets. */
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  EAFNOSUPPORT,
  EAGAIN,
  EBADF,
  EFAULT,
  EINPROGRESS,
  EINVAL,
  EMFILE,
  ENOPROTOOPT,
  ENOTCONN,
  ENOTSOCK,
  EOPNOTSUPP,
  EPROTONOSUPPORT,
  IPPROTO_TCP,
  O_CLOEXEC,
  O_NONBLOCK,
  SHUT_RDWR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  SocketAddress,
  type Address,
  type Posix,
  type Result,
} from '../../../posix/index.js';
import { Socket } from '../files/socket.js';
import { TcpSocket } from '../files/tcp-socket.js';
import { UnixSocket } from '../files/unix-socket.js';
import type { Machine } from '../machine.js';

type SocketCalls = Pick<
  Posix,
  | 'socket'
  | 'socketpair'
  | 'bind'
  | 'listen'
  | 'accept4'
  | 'connect'
  | 'shutdown'
  | 'getsockopt'
  | 'setsockopt'
  | 'setLinger'
  | 'getsockname'
  | 'getpeername'
>;

const FLAGS = SOCK_NONBLOCK | SOCK_CLOEXEC;
/** The address of a socket that has none. */
const NOWHERE: Readonly<Record<number, Address>> = {
  [AF_UNIX]: { family: 'unix', path: '' },
  [AF_INET]: { family: 'ipv4', host: '0.0.0.0', port: 0 },
  [AF_INET6]: { family: 'ipv6', host: '::', port: 0 },
};

/** Of what is not there, Linux has more than this machine: that is no answer, but an end. */
function unsimulated(what: string): never {
  throw new Error(`the simulated kernel has no ${what}`);
}

export function socketCalls(machine: Machine): SocketCalls {
  const { table } = machine;
  /** Whether an address can be encoded. */
  const encoded = new SocketAddress();

  const socketOf = (fd: number): Socket | Result => {
    const file = table.get(fd);
    if (file === undefined) return -EBADF;
    return file instanceof Socket ? file : -ENOTSOCK;
  };

  const checkType = (type: number): void => {
    if ((type & ~FLAGS) !== SOCK_STREAM) unsimulated(`sockets of type ${type & ~FLAGS}`);
  };

  return {
    socket(domain, type, protocol) {
      machine.enter();
      checkType(type);
      if (domain !== AF_UNIX && domain !== AF_INET && domain !== AF_INET6) return -EAFNOSUPPORT;
      if (domain !== AF_UNIX && protocol !== 0 && protocol !== IPPROTO_TCP) return -EPROTONOSUPPORT;
      const flags = type & O_NONBLOCK;
      const free = table.free();
      if (free < 0) return free;
      const made =
        domain === AF_UNIX ? new UnixSocket(machine, flags) : new TcpSocket(machine, flags, domain);
      return table.open(made, (type & O_CLOEXEC) !== 0);
    },

    socketpair(domain, type, _protocol, fds) {
      machine.enter();
      if (fds.length < 2) return -EFAULT;
      checkType(type);
      if (domain !== AF_UNIX) return domain === AF_INET || domain === AF_INET6 ? -EOPNOTSUPP : -EAFNOSUPPORT;
      const first = table.free();
      if (first < 0) return first;
      if (table.free(first + 1) < 0) return -EMFILE;
      const [a, b] = UnixSocket.pair(machine, type & O_NONBLOCK);
      fds[0] = table.open(a, (type & O_CLOEXEC) !== 0);
      fds[1] = table.open(b, (type & O_CLOEXEC) !== 0);
      return 0;
    },

    bind(fd, address) {
      machine.enter();
      const flaw = encoded.set(address);
      if (flaw < 0) return flaw;
      const socket = socketOf(fd);
      return typeof socket === 'number' ? socket : socket.bind(address);
    },

    listen(fd, backlog) {
      machine.enter();
      const socket = socketOf(fd);
      return typeof socket === 'number' ? socket : socket.listen(backlog);
    },

    accept4(fd, flags, peer) {
      machine.enter();
      const socket = socketOf(fd);
      if (typeof socket === 'number') return socket;
      if (flags & ~FLAGS) return -EINVAL;
      const free = table.free();
      if (free < 0) return free;
      if (socket.state !== 'LISTENING') return -EINVAL;
      while (socket.pending.length === 0) {
        if (socket.flags & O_NONBLOCK) return -EAGAIN;
        machine.sleep(Infinity, 'accept4');
      }
      const accepted = socket.pending.shift()!;
      accepted.flags |= flags & O_NONBLOCK;
      peer?.set(accepted.remote ?? NOWHERE[accepted.domain]!);
      return table.open(accepted, (flags & O_CLOEXEC) !== 0);
    },

    connect(fd, address) {
      machine.enter();
      const flaw = encoded.set(address);
      if (flaw < 0) return flaw;
      const socket = socketOf(fd);
      if (typeof socket === 'number') return socket;
      let result = socket.connect(address);
      if (socket.flags & O_NONBLOCK) return result;
      while (result === -EINPROGRESS || (result === -EAGAIN && socket instanceof UnixSocket)) {
        if (result === -EAGAIN || socket.state === 'CONNECTING') machine.sleep(Infinity, 'connect');
        result = socket.connect(address);
      }
      return result;
    },

    shutdown(fd, how) {
      machine.enter();
      const socket = socketOf(fd);
      if (typeof socket === 'number') return socket;
      return how >= 0 && how <= SHUT_RDWR ? socket.shutdown(how) : -EINVAL;
    },

    getsockopt(fd, level, option) {
      machine.enter();
      const socket = socketOf(fd);
      if (typeof socket === 'number') return socket;
      if (level === SOL_SOCKET) return socket.getOption(option);
      if (!(socket instanceof TcpSocket)) return -EOPNOTSUPP;
      return level === IPPROTO_TCP ? socket.getTcpOption(option) : -ENOPROTOOPT;
    },

    setsockopt(fd, level, option, value) {
      machine.enter();
      const socket = socketOf(fd);
      if (typeof socket === 'number') return socket;
      if (level === SOL_SOCKET) return socket.setOption(option, value);
      if (!(socket instanceof TcpSocket)) return -EOPNOTSUPP;
      return level === IPPROTO_TCP ? socket.setTcpOption(option, value) : -ENOPROTOOPT;
    },

    setLinger(fd, seconds) {
      machine.enter();
      const socket = socketOf(fd);
      if (typeof socket === 'number') return socket;
      // A UNIX socket takes it, and does nothing about it.
      if (socket instanceof TcpSocket) socket.linger = seconds;
      return 0;
    },

    getsockname(fd, address) {
      machine.enter();
      const socket = socketOf(fd);
      if (typeof socket === 'number') return socket;
      return address.set(socket.local ?? NOWHERE[socket.domain]!);
    },

    getpeername(fd, address) {
      machine.enter();
      const socket = socketOf(fd);
      if (typeof socket === 'number') return socket;
      return socket.hasPeerName && socket.remote !== undefined ? address.set(socket.remote) : -ENOTCONN;
    },
  };
}
