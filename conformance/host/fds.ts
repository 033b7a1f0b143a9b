/**
 * The fds of a scenario, by name: made before its main program begins, closed after it ended.
 *
 * A name keeps its number when the fd is closed, because a scenario may mean just that: to use a number that is closed, or that is
 * somebody else's by now. What is to be closed in the end is kept apart, by number.
 *
 * An fd that a stream was made over is the stream's to close, and once it has, the number may be anybody's. So for such numbers
 * it is remembered which file they stood for, and they are closed only if they still do.
 */
import { F_DUPFD_CLOEXEC, O_CLOEXEC, errnoName, type Address, type Posix } from '../../posix/index.js';
import type { FdSpec } from '../../spec/scenario.js';
import { FdMaker } from './fd-maker.js';
import { fileId } from './file-id.js';
import { Impossible } from './impossible.js';

/** A named fd; -1 until it is made. */
export interface Target {
  readonly name: string;
  readonly number: number;
}

export class Fds {
  private readonly numbers = new Map<string, number>();
  /** Opened by the scenario, and neither closed by it nor given to a stream. */
  private readonly open = new Set<number>();
  /** The files that numbers stood for when streams were made over them, or should have been. */
  private readonly offered = new Map<number, string>();
  private readonly tcp = new Set<number>();
  /** Where listeners listen, or listened: by name. */
  private readonly addresses = new Map<string, Address>();
  /** The buffers that connections get, by the name of their listener. */
  private readonly buffers = new Map<string, number>();
  private readonly maker: FdMaker;
  private standardTaken = false;

  constructor(
    private readonly posix: Posix,
    private readonly specs: Readonly<Record<string, FdSpec>>,
    /** Names stand for nothing when their fds are closed. */
    private readonly forgetful: boolean,
  ) {
    this.maker = new FdMaker(posix, {
      own: (fd) => {
        this.open.add(fd);
        return fd;
      },
      close: (fd) => this.close(fd),
    });
  }

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
    this.offered.delete(result);
    if (tcp) this.tcp.add(result);
    else this.tcp.delete(result);
  }

  /** A scenario's action has accepted a connection of a listener. */
  accepted(name: string, result: number, listener: string): void {
    this.opened(name, result, true);
    const buffer = this.buffers.get(listener);
    // TCP sockets inherit them, UNIX sockets don't.
    if (result >= 0 && buffer !== undefined) this.maker.setBuffers(result, buffer, name);
  }

  isTcp(number: number): boolean {
    return this.tcp.has(number);
  }

  /** Where the listener of that name listens, or listened when it was open. */
  addressOf(name: string): Address | undefined {
    return this.addresses.get(name);
  }

  /** A stream is about to be made over a number. */
  offer(number: number): void {
    const file = fileId(this.posix, number);
    if (file !== undefined && this.open.has(number)) this.offered.set(number, file);
  }

  /** It was made: the number is the stream's from now on. */
  give(number: number): void {
    this.open.delete(number);
  }

  /** Closes on behalf of the scenario what a name stands for. */
  closeNamed(name: string, number: number): number {
    this.wasClosed(name);
    return this.close(number);
  }

  /** The fd of a name was closed. */
  wasClosed(name: string): void {
    if (this.forgetful) this.numbers.set(name, -1);
  }

  private close(number: number): number {
    const result = this.posix.close(number);
    if (result >= 0) {
      this.open.delete(number);
      this.offered.delete(number);
      this.tcp.delete(number);
    }
    return result;
  }

  /** Closes what is left of the host's own. Returns whether numbers were taken that the host has something on. */
  closeAll(): boolean {
    for (const number of this.open) if (this.isOurs(number)) this.finish(number);
    this.open.clear();
    this.maker.unlinkAll();
    return this.standardTaken;
  }

  /** Closes what streams should have closed, so that it is not there in the next scenario. */
  closeLeaked(): void {
    for (const number of this.offered.keys()) if (this.isOurs(number)) this.finish(number);
    this.offered.clear();
  }

  /** Unless a stream has got at the number, it is what it was. */
  private isOurs(number: number): boolean {
    const file = this.offered.get(number);
    return file === undefined || fileId(this.posix, number) === file;
  }

  private finish(number: number): void {
    // Reset, so that thousands of scenarios do not fill the system with connections in TIME_WAIT.
    if (this.tcp.has(number)) this.posix.setLinger(number, 0);
    this.posix.close(number);
    this.offered.delete(number);
  }

  private makeOne(name: string, spec: FdSpec): void {
    const { near, far, address } = this.maker.make(name, spec);
    const tcp = spec.kind === 'tcp' || spec.kind === 'tcp6';
    const moves = spec.from !== undefined || spec.number !== undefined;
    this.opened(name, moves ? this.moveTo(near, spec, name) : near, tcp);
    if (far !== undefined) this.opened(`${name}.peer`, far, tcp);
    if (address === undefined) return;
    this.addresses.set(name, address);
    if (spec.buffer !== undefined) this.buffers.set(name, spec.buffer);
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
