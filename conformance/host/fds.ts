/**
 * The fds of a scenario, by name: made before its main program begins, closed after it ended.
 *
 * A name keeps its number when the fd is closed, because a scenario may mean just that: to use a number that is closed, or that is
 * somebody else's by now. What is to be closed in the end is kept apart, by number.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AF_INET,
  AF_UNIX,
  F_DUPFD_CLOEXEC,
  F_SETFL,
  IPPROTO_TCP,
  O_CLOEXEC,
  O_CREAT,
  O_EXCL,
  O_NONBLOCK,
  O_RDWR,
  SO_REUSEADDR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  SocketAddress,
  SOMAXCONN,
  TCP_NODELAY,
  errnoName,
  type Posix,
} from '../../posix/index.js';
import type { FdSpec } from '../../spec/scenario.js';
import { Impossible } from './impossible.js';

export const FLAGS = SOCK_NONBLOCK | SOCK_CLOEXEC;
const LOOPBACK = { family: 'ipv4', host: '127.0.0.1', port: 0 } as const;
let files = 0;

/** A named fd; -1 until it is made. */
export interface Target {
  readonly name: string;
  readonly number: number;
}

export class Fds {
  private readonly numbers = new Map<string, number>();
  /** Opened by the scenario, and not closed by it. */
  private readonly open = new Set<number>();
  private readonly tcp = new Set<number>();
  private readonly pair = new Int32Array(2);
  private standardTaken = false;

  constructor(
    private readonly posix: Posix,
    private readonly specs: Readonly<Record<string, FdSpec>>,
  ) {}

  /** Makes all that the scenario asks for. Returns the numbers. */
  make(): Record<string, number> {
    for (const [name, spec] of Object.entries(this.specs))
      for (const member of membersOf(name, spec)) this.makeOne(member, spec);
    return Object.fromEntries(this.numbers);
  }

  /** The fds that a name stands for: one, or those of a group. */
  targets(name: string): Target[] {
    const star = name.indexOf('*');
    if (star < 0) return [{ name, number: this.number(name) }];
    const group = name.slice(0, star);
    const end = name.slice(star + 1);
    return Array.from({ length: this.specs[group]?.count ?? 0 }, (_, i) => {
      const member = `${group}${i}${end}`;
      return { name: member, number: this.number(member) };
    });
  }

  number(name: string): number {
    return this.numbers.get(name) ?? -1;
  }

  /** A scenario's action has opened an fd. A failure is remembered as -1, which no system call takes. */
  opened(name: string, result: number, tcp = false): void {
    this.numbers.set(name, Math.max(-1, result));
    if (result < 0) return;
    this.open.add(result);
    if (tcp) this.tcp.add(result);
    else this.tcp.delete(result);
  }

  isTcp(number: number): boolean {
    return this.tcp.has(number);
  }

  /** Closes on behalf of the scenario. */
  close(number: number): number {
    const result = this.posix.close(number);
    if (result >= 0) {
      this.open.delete(number);
      this.tcp.delete(number);
    }
    return result;
  }

  /** Closes what is left. Returns whether numbers were taken that the host has something on. */
  closeAll(): boolean {
    for (const number of this.open) {
      // Reset, so that thousands of scenarios do not fill the system with connections in TIME_WAIT.
      if (this.tcp.has(number)) this.posix.setLinger(number, 0);
      this.posix.close(number);
    }
    this.open.clear();
    return this.standardTaken;
  }

  private makeOne(name: string, spec: FdSpec): void {
    const [near, far] = this.ends(name, spec);
    const tcp = spec.kind === 'tcp';
    const moves = spec.from !== undefined || spec.number !== undefined;
    this.opened(name, moves ? this.moveTo(near, spec, name) : near, tcp);
    if (far !== undefined) this.opened(`${name}.peer`, far, tcp);
  }

  private ends(name: string, spec: FdSpec): [near: number, far?: number] {
    const { posix, pair } = this;
    const must = (result: number, call: string): number => {
      if (result < 0)
        throw new Impossible(`fd '${name}' can't be made: ${call} fails with ${errnoName(result)}`);
      return result;
    };
    /** What was opened is closed in the end, even if what follows fails. */
    const own = (fd: number): number => {
      this.open.add(fd);
      return fd;
    };
    const listener = (): number => {
      const fd = own(must(posix.socket(AF_INET, SOCK_STREAM | FLAGS, 0), 'socket'));
      must(posix.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1), 'setsockopt');
      must(posix.bind(fd, LOOPBACK), 'bind');
      must(posix.listen(fd, SOMAXCONN), 'listen');
      return fd;
    };
    switch (spec.kind) {
      case 'pair':
        must(posix.socketpair(AF_UNIX, SOCK_STREAM | FLAGS, 0, pair), 'socketpair');
        return [own(pair[0]!), own(pair[1]!)];
      case 'pipe': {
        must(posix.pipe2(pair, O_NONBLOCK | O_CLOEXEC), 'pipe2');
        const [reads, writes] = [own(pair[0]!), own(pair[1]!)];
        return spec.near === 'write' ? [writes, reads] : [reads, writes];
      }
      case 'listener':
        return [listener()];
      case 'socket':
        return [own(must(posix.socket(AF_INET, SOCK_STREAM | FLAGS, 0), 'socket'))];
      case 'tcp':
      case 'tcp6': {
        const server = listener();
        const address = new SocketAddress();
        must(posix.getsockname(server, address), 'getsockname');
        const near = own(must(posix.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 'socket'));
        must(posix.connect(near, address.get()!), 'connect');
        const far = own(must(posix.accept4(server, FLAGS), 'accept4'));
        must(this.close(server), 'close');
        must(posix.fcntl(near, F_SETFL, O_RDWR | O_NONBLOCK), 'fcntl');
        // Else a second small write waits for the first to be acknowledged.
        for (const fd of [near, far]) must(posix.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, 1), 'setsockopt');
        return [near, far];
      }
      case 'file': {
        const path = join(tmpdir(), `evspec-${process.pid}-${files++}`);
        const fd = own(
          must(posix.open(path, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK | O_CLOEXEC, 0o600), 'open'),
        );
        must(posix.unlink(path), 'unlink');
        return [fd];
      }
    }
  }

  /** Gives an fd the number that its entry asks for. */
  private moveTo(fd: number, { from = 0, number }: FdSpec, name: string): number {
    if (number !== undefined) this.standardTaken = true;
    const moved =
      number === undefined
        ? this.posix.fcntl(fd, F_DUPFD_CLOEXEC, from)
        : this.posix.dup3(fd, number, O_CLOEXEC);
    if (moved < 0)
      throw new Impossible(
        `fd '${name}' can't be numbered ${number ?? `from ${from} on`}: ${errnoName(moved)}`,
      );
    this.close(fd);
    return moved;
  }
}

/** The near ends that an entry of `fds` makes. */
export function membersOf(name: string, spec: FdSpec): string[] {
  return spec.count === undefined ? [name] : Array.from({ length: spec.count }, (_, i) => `${name}${i}`);
}

/** Whether there is a far end. */
export function hasPeer(spec: FdSpec): boolean {
  return spec.kind !== 'listener' && spec.kind !== 'file' && spec.kind !== 'socket';
}
