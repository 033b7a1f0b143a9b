/**
 * Makes what an entry of a scenario's `fds` asks for, by system calls.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  F_SETFL,
  F_SETPIPE_SZ,
  IPPROTO_TCP,
  O_CLOEXEC,
  O_CREAT,
  O_EXCL,
  O_NONBLOCK,
  O_RDWR,
  SO_RCVBUF,
  SO_REUSEADDR,
  SO_SNDBUF,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  SocketAddress,
  SOMAXCONN,
  TCP_NODELAY,
  errnoName,
  type Address,
  type Posix,
} from '../../posix/index.js';
import type { FdSpec } from '../../spec/scenario.js';
import { Impossible } from './impossible.js';

export const FLAGS = SOCK_NONBLOCK | SOCK_CLOEXEC;
export const DOMAINS = { ipv4: AF_INET, ipv6: AF_INET6, unix: AF_UNIX } as const satisfies Record<
  Address['family'],
  number
>;
/** Port 0: the kernel picks one. */
const LOOPBACK = {
  ipv4: { family: 'ipv4', host: '127.0.0.1', port: 0 },
  ipv6: { family: 'ipv6', host: '::1', port: 0 },
} as const;

let files = 0;
const pathInTemp = (): string => join(tmpdir(), `evspec-${process.pid}-${files++}`);

/** Whether TCP sockets over IPv6 can be had here. */
export function hasIPv6(posix: Posix): boolean {
  const fd = posix.socket(AF_INET6, SOCK_STREAM | FLAGS, 0);
  if (fd < 0) return false;
  const bound = posix.bind(fd, LOOPBACK.ipv6);
  posix.close(fd);
  return bound >= 0;
}

/** Who keeps the fds. What was opened is closed in the end, even if what follows fails. */
export interface Owner {
  own(fd: number): number;
  close(fd: number): number;
}

export interface Made {
  readonly near: number;
  readonly far?: number;
  /** Where a listener listens. */
  readonly address?: Address;
}

export class FdMaker {
  private readonly pair = new Int32Array(2);
  /** Names of UNIX sockets. */
  private readonly paths: string[] = [];

  constructor(
    private readonly posix: Posix,
    private readonly owner: Owner,
  ) {}

  /** @throws Impossible */
  make(name: string, spec: FdSpec): Made {
    const { posix, pair, owner } = this;
    const must = mustFor(name);
    switch (spec.kind) {
      case 'pair':
        must(posix.socketpair(AF_UNIX, SOCK_STREAM | FLAGS, 0, pair), 'socketpair');
        return this.buffered({ near: owner.own(pair[0]!), far: owner.own(pair[1]!) }, spec, name);
      case 'pipe': {
        must(posix.pipe2(pair, O_NONBLOCK | O_CLOEXEC), 'pipe2');
        const [reads, writes] = [owner.own(pair[0]!), owner.own(pair[1]!)];
        if (spec.buffer !== undefined) must(posix.fcntl(reads, F_SETPIPE_SZ, spec.buffer), 'fcntl');
        return spec.near === 'write' ? { near: writes, far: reads } : { near: reads, far: writes };
      }
      case 'listener':
        return this.listener(name, spec.family ?? 'ipv4', spec);
      case 'socket':
        return this.buffered({ near: this.socket(name, 'ipv4', FLAGS) }, spec, name);
      case 'tcp':
        return this.connection(name, 'ipv4', spec);
      case 'tcp6':
        return this.connection(name, 'ipv6', spec);
      case 'file': {
        const path = pathInTemp();
        const near = owner.own(
          must(posix.open(path, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK | O_CLOEXEC, 0o600), 'open'),
        );
        must(posix.unlink(path), 'unlink');
        return { near };
      }
    }
  }

  /** Asks for buffers of so many bytes in both directions. */
  setBuffers(fd: number, bytes: number, name: string): void {
    const must = mustFor(name);
    for (const option of [SO_SNDBUF, SO_RCVBUF])
      must(this.posix.setsockopt(fd, SOL_SOCKET, option, bytes), 'setsockopt');
  }

  /** Takes the names of UNIX sockets away. */
  unlinkAll(): void {
    for (const path of this.paths.splice(0)) this.posix.unlink(path);
  }

  private socket(name: string, family: Address['family'], flags: number): number {
    const fd = this.posix.socket(DOMAINS[family], SOCK_STREAM | flags, 0);
    return this.owner.own(mustFor(name)(fd, 'socket'));
  }

  /** The two ends of a TCP connection, or the one of a socket; and its buffers. */
  private buffered(made: Made, { buffer }: FdSpec, name: string): Made {
    if (buffer === undefined) return made;
    this.setBuffers(made.near, buffer, name);
    if (made.far !== undefined) this.setBuffers(made.far, buffer, name);
    return made;
  }

  private listener(name: string, family: Address['family'], spec: FdSpec): Required<Omit<Made, 'far'>> {
    const { posix } = this;
    const must = mustFor(name);
    // Before listen: the ends that it accepts inherit the buffers.
    const { near } = this.buffered({ near: this.socket(name, family, FLAGS) }, spec, name);
    let at: Address;
    if (family === 'unix') {
      at = { family, path: pathInTemp() };
      // It may be there still: of an earlier process of this number, which was killed.
      posix.unlink(at.path);
      this.paths.push(at.path);
    } else {
      at = LOOPBACK[family];
      must(posix.setsockopt(near, SOL_SOCKET, SO_REUSEADDR, 1), 'setsockopt');
    }
    must(posix.bind(near, at), 'bind');
    must(posix.listen(near, spec.backlog ?? SOMAXCONN), 'listen');
    const address = new SocketAddress();
    must(posix.getsockname(near, address), 'getsockname');
    return { near, address: address.get()! };
  }

  private connection(name: string, family: 'ipv4' | 'ipv6', spec: FdSpec): Made {
    const { posix, owner } = this;
    const must = mustFor(name);
    const server = this.listener(name, family, { kind: 'listener', buffer: spec.buffer });
    // Blocking, and with its buffers set by now: they decide which window the connection is made with.
    const { near } = this.buffered({ near: this.socket(name, family, SOCK_CLOEXEC) }, spec, name);
    must(posix.connect(near, server.address), 'connect');
    const far = owner.own(must(posix.accept4(server.near, FLAGS), 'accept4'));
    must(owner.close(server.near), 'close');
    must(posix.fcntl(near, F_SETFL, O_RDWR | O_NONBLOCK), 'fcntl');
    // Else a second small write waits for the first to be acknowledged.
    for (const fd of [near, far]) must(posix.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, 1), 'setsockopt');
    return { near, far };
  }
}

const mustFor =
  (name: string) =>
  (result: number, call: string): number => {
    if (result < 0)
      throw new Impossible(`fd '${name}' can't be made: ${call} fails with ${errnoName(result)}`);
    return result;
  };
