import { mkdtempSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  EADDRINUSE,
  EADDRNOTAVAIL,
  EAFNOSUPPORT,
  EAGAIN,
  EBADF,
  ECONNREFUSED,
  ECONNRESET,
  EFAULT,
  EINPROGRESS,
  EINVAL,
  EISCONN,
  EMFILE,
  ENAMETOOLONG,
  ENOENT,
  ENOPROTOOPT,
  ENOTCONN,
  ENOTSOCK,
  EOPNOTSUPP,
  EPIPE,
  FD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  IPPROTO_TCP,
  O_NONBLOCK,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  PollSet,
  RLIMIT_NOFILE,
  SHUT_WR,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  SO_ACCEPTCONN,
  SO_DOMAIN,
  SO_ERROR,
  SO_RCVBUF,
  SO_REUSEADDR,
  SO_TYPE,
  SocketAddress,
  TCP_NODELAY,
  check,
  posix,
  type Address,
} from '../index.js';
import { NOT_OPEN, owned, pair, pipe, withoutLeaks } from './fds.js';

const DOMAIN = { ipv4: AF_INET, ipv6: AF_INET6, unix: AF_UNIX };

function stream(t: Test, family: Address['family']): number {
  return owned(t, posix.socket(DOMAIN[family], SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

/** A listening socket, and where it listens. */
function listener(t: Test, address: Address): { fd: number; address: Address } {
  const fd = stream(t, address.family);
  check(posix.bind(fd, address), 'bind');
  check(posix.listen(fd, 16), 'listen');
  return { fd, address: nameOf(fd) };
}

function nameOf(fd: number): Address {
  const name = new SocketAddress();
  check(posix.getsockname(fd, name), 'getsockname');
  const address = name.get();
  if (address === undefined) throw new Error('no address');
  return address;
}

/** Waits until one fd is ready and gives its revents. */
function wait(fd: number, events: number): number {
  const set = new PollSet(1);
  set.push(fd, events);
  check(posix.poll(set, 10_000), 'poll');
  return set.revents(0);
}

/** A connected pair over an address: client, server. */
function connected(t: Test, at: Address): [number, number] {
  const { fd, address } = listener(t, at);
  const client = stream(t, at.family);
  const r = posix.connect(client, address);
  if (r !== 0) t.equal(r, -EINPROGRESS);
  wait(fd, POLLIN);
  return [client, owned(t, posix.accept4(fd, SOCK_NONBLOCK | SOCK_CLOEXEC))];
}

function hasIPv6(): boolean {
  return Object.values(networkInterfaces()).some((infos) => infos?.some((info) => info.address === '::1'));
}

const LOOPBACK: Address = { family: 'ipv4', host: '127.0.0.1', port: 0 };

withoutLeaks(t, () => {
  const folder = mkdtempSync(join(tmpdir(), 'posix-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const addresses: Record<string, Address> = {
    ipv4: LOOPBACK,
    ipv6: { family: 'ipv6', host: '::1', port: 0 },
    path: { family: 'unix', path: join(folder, 'socket') },
    abstract: { family: 'unix', path: `\0posix-test-${process.pid}-ö` },
  };
  for (const [kind, at] of Object.entries(addresses)) {
    const skip = at.family === 'ipv6' && !hasIPv6() && 'no IPv6 here';
    t.test(`listen, connect, accept, talk: ${kind}`, { skip }, (t) => {
      const { fd: server, address } = listener(t, at);
      t.equal(address.family, at.family);
      if (address.family === 'unix') t.strictSame(address, at);
      else t.ok(address.port > 0, 'the kernel picked a port');
      t.equal(posix.accept4(server, 0), -EAGAIN, 'nobody waits');

      const client = stream(t, at.family);
      const r = posix.connect(client, address);
      t.equal(r, at.family === 'unix' ? 0 : -EINPROGRESS);
      t.equal(wait(client, POLLOUT) & POLLOUT, POLLOUT);
      t.equal(posix.getsockopt(client, SOL_SOCKET, SO_ERROR), 0);
      if (r === -EINPROGRESS)
        t.equal(posix.connect(client, address), 0, 'asked once more, it says how it went');
      t.equal(posix.connect(client, address), -EISCONN);

      const peer = new SocketAddress();
      const accepted = owned(t, posix.accept4(server, SOCK_NONBLOCK | SOCK_CLOEXEC, peer));
      t.strictSame(peer.get(), nameOf(client), 'accept4 tells who it is');
      t.equal(check(posix.fcntl(accepted, F_GETFL), 'fcntl') & O_NONBLOCK, O_NONBLOCK);
      t.equal(posix.fcntl(accepted, F_GETFD), FD_CLOEXEC);
      t.equal(posix.getpeername(accepted, peer), 0);
      t.strictSame(peer.get(), nameOf(client));
      t.equal(posix.getpeername(client, peer), 0);
      t.strictSame(peer.get(), address);

      t.equal(posix.write(client, Buffer.from('hello')), 5);
      wait(accepted, POLLIN);
      t.equal(posix.read(accepted, Buffer.alloc(9)), 5);
      t.equal(posix.shutdown(client, SHUT_WR), 0);
      wait(accepted, POLLIN);
      t.equal(posix.read(accepted, Buffer.alloc(9)), 0, 'end of file');
      t.equal(posix.write(client, Buffer.from('x')), -EPIPE);
      t.end();
    });
  }

  t.test('a family that was bound is not left behind by a shorter one', (t) => {
    const address = new SocketAddress();
    t.equal(posix.getsockname(listener(t, LOOPBACK).fd, address), 0);
    t.equal(address.get()?.family, 'ipv4');
    const [a] = pair(t);
    t.equal(posix.getsockname(a, address), 0);
    t.strictSame(address.get(), { family: 'unix', path: '' }, 'a socket without a name');
    t.end();
  });

  t.test('socket and socketpair: errors', (t) => {
    t.equal(posix.socket(9999, SOCK_STREAM, 0), -EAFNOSUPPORT);
    t.equal(posix.socket(AF_INET, 9999, 0), -EINVAL);
    const fds = new Int32Array(2);
    t.equal(posix.socketpair(AF_INET, SOCK_STREAM, 0, fds), -EOPNOTSUPP);
    t.equal(posix.socketpair(AF_UNIX, SOCK_STREAM, 0, new Int32Array(1)), -EFAULT);
    t.end();
  });

  t.test('bind: errors', (t) => {
    const { fd, address } = listener(t, LOOPBACK);
    t.equal(posix.bind(fd, LOOPBACK), -EINVAL, 'bound already');
    const other = stream(t, 'ipv4');
    t.equal(posix.bind(other, address), -EADDRINUSE);
    t.equal(posix.bind(other, { family: 'ipv4', host: '192.0.2.1', port: 0 }), -EADDRNOTAVAIL);
    t.equal(posix.bind(other, { family: 'ipv4', host: 'localhost', port: 0 }), -EINVAL);
    t.equal(posix.bind(stream(t, 'unix'), { family: 'unix', path: '/' + 'x'.repeat(107) }), -ENAMETOOLONG);
    t.equal(posix.bind(pipe(t)[0], LOOPBACK), -ENOTSOCK);
    t.end();
  });

  t.test('listen, accept4, shutdown, names: errors', (t) => {
    const address = new SocketAddress();
    const datagram = owned(t, posix.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    t.equal(posix.listen(datagram, 1), -EOPNOTSUPP);
    t.equal(posix.accept4(stream(t, 'ipv4'), 0), -EINVAL, 'does not listen');
    t.equal(posix.accept4(listener(t, LOOPBACK).fd, 1), -EINVAL, 'an unknown flag');
    t.equal(posix.shutdown(stream(t, 'ipv4'), SHUT_WR), -ENOTCONN);
    t.equal(posix.getpeername(stream(t, 'ipv4'), address), -ENOTCONN);
    t.equal(posix.getsockname(pipe(t)[0], address), -ENOTSOCK);
    t.equal(posix.accept4(NOT_OPEN, 0, address), -EBADF);
    t.equal(address.get(), undefined, 'a failed call leaves the address alone');
    t.end();
  });

  t.test('accept4 without a free fd: the connection stays queued', (t) => {
    const { fd: server, address } = listener(t, LOOPBACK);
    const client = stream(t, 'ipv4');
    posix.connect(client, address);
    wait(server, POLLIN);
    const before = { soft: 0, hard: 0 };
    check(posix.getrlimit(RLIMIT_NOFILE, before), 'getrlimit');
    const free = check(posix.dup(0), 'dup');
    posix.close(free);
    check(posix.setrlimit(RLIMIT_NOFILE, { soft: free, hard: before.hard }), 'setrlimit');
    const first = posix.accept4(server, SOCK_CLOEXEC);
    const second = posix.accept4(server, SOCK_CLOEXEC);
    check(posix.setrlimit(RLIMIT_NOFILE, before), 'setrlimit');
    t.equal(first, -EMFILE);
    t.equal(second, -EMFILE);
    owned(t, posix.accept4(server, SOCK_CLOEXEC));
    t.end();
  });

  t.test('connect: errors, at once and later', (t) => {
    const { fd, address } = listener(t, LOOPBACK);
    posix.close(fd); // nobody listens there any more
    const client = stream(t, 'ipv4');
    t.equal(posix.connect(client, address), -EINPROGRESS);
    const revents = wait(client, POLLOUT);
    t.equal(revents & (POLLERR | POLLHUP | POLLOUT), POLLERR | POLLHUP | POLLOUT);
    t.equal(posix.getsockopt(client, SOL_SOCKET, SO_ERROR), ECONNREFUSED, 'positive, as the kernel has it');
    t.equal(posix.getsockopt(client, SOL_SOCKET, SO_ERROR), 0, 'and told once');
    t.equal(posix.connect(stream(t, 'unix'), { family: 'unix', path: '/nonexistent' }), -ENOENT);
    t.equal(posix.connect(client, { family: 'ipv4', host: '1.2.3', port: 1 }), -EINVAL);
    const short: Address = { family: 'unix', path: '' };
    t.equal(posix.connect(stream(t, 'ipv4'), short), -EINVAL, 'too short an address for this family');
    t.equal(posix.connect(stream(t, 'unix'), address), -EINVAL, 'an address of another family');
    t.end();
  });

  t.test('a UNIX listener whose queue is full: EAGAIN', (t) => {
    const fd = stream(t, 'unix');
    const at: Address = { family: 'unix', path: `\0posix-full-${process.pid}` };
    check(posix.bind(fd, at), 'bind');
    check(posix.listen(fd, 0), 'listen');
    t.equal(posix.connect(stream(t, 'unix'), at), 0);
    t.equal(posix.connect(stream(t, 'unix'), at), -EAGAIN);
    t.end();
  });

  t.test('getsockopt and setsockopt', (t) => {
    const fd = stream(t, 'ipv4');
    t.equal(posix.getsockopt(fd, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
    t.equal(posix.getsockopt(fd, SOL_SOCKET, SO_DOMAIN), AF_INET);
    t.equal(posix.getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN), 0);
    t.equal(posix.getsockopt(listener(t, LOOPBACK).fd, SOL_SOCKET, SO_ACCEPTCONN), 1);
    t.equal(posix.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1), 0);
    t.equal(posix.getsockopt(fd, SOL_SOCKET, SO_REUSEADDR), 1);
    t.equal(posix.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, 1), 0);
    t.equal(posix.getsockopt(fd, IPPROTO_TCP, TCP_NODELAY), 1);
    t.equal(posix.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, 8192), 0);
    t.equal(posix.getsockopt(fd, SOL_SOCKET, SO_RCVBUF), 16384, 'the kernel doubles it');
    t.equal(posix.getsockopt(fd, SOL_SOCKET, 9999), -ENOPROTOOPT);
    t.equal(posix.setsockopt(fd, SOL_SOCKET, 9999, 1), -ENOPROTOOPT);
    t.equal(posix.setsockopt(pipe(t)[0], SOL_SOCKET, SO_REUSEADDR, 1), -ENOTSOCK);
    t.end();
  });

  t.test('setLinger: 0 makes close a reset, -1 takes it back', (t) => {
    const [client, server] = connected(t, LOOPBACK);
    t.equal(posix.setLinger(client, 0), 0);
    posix.close(client);
    wait(server, POLLIN);
    t.equal(posix.read(server, Buffer.alloc(1)), -ECONNRESET);
    const [client2, server2] = connected(t, LOOPBACK);
    t.equal(posix.setLinger(client2, 0), 0);
    t.equal(posix.setLinger(client2, -1), 0);
    posix.close(client2);
    wait(server2, POLLIN);
    t.equal(posix.read(server2, Buffer.alloc(1)), 0);
    t.equal(posix.setLinger(pipe(t)[0], 0), -ENOTSOCK);
    t.end();
  });
});
