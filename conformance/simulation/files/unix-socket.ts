/**
 * A UNIX stream socket. (man 7 unix; net/unix/af_unix.c)
 *
 * What a socket has sent and its peer has not read counts against the sender's buffer, not as bytes, but as the memory of
 * the packets that hold them. So 278 single bytes fill a buffer of 212,992. The figures are those of Linux 6 on a machine
 * with pages of 4 KiB.
 */
import {
  AF_UNIX,
  EADDRINUSE,
  EAGAIN,
  ECONNREFUSED,
  ECONNRESET,
  EINVAL,
  EISCONN,
  ENOENT,
  ENOTCONN,
  EPIPE,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLRDHUP,
  SHUT_RD,
  SHUT_WR,
  type Address,
  type Result,
} from '../../../posix/index.js';
import type { Machine } from '../machine.js';
import { BOTH, RECEIVING, SENDING, Socket } from './socket.js';

/** /proc/sys/net/core/wmem_default and rmem_default. */
const BUFFER = 212_992;
const PAGE = 4096;
/** `struct sk_buff`, and what stands behind the bytes of a packet. */
const PACKET = 256;
const PACKET_TAIL = 320;
/** Bytes that a packet holds in its head, and in pages of its own. */
const MOST_IN_HEAD = PAGE - PACKET_TAIL;
const MOST_IN_PAGES = 32_768;
/** The least that the allocator gives for a head. */
const LEAST_HEAD = 512;

/** The memory that a packet of so many bytes takes. */
function memoryOf(length: number): number {
  const inPages = Math.min(length, ceil(Math.max(0, length - MOST_IN_HEAD), PAGE));
  let head = LEAST_HEAD;
  while (head < ceil(length - inPages, 64) + PACKET_TAIL) head *= 2;
  return PACKET + head + ceil(inPages, PAGE);
}

const ceil = (value: number, unit: number): number => Math.ceil(value / unit) * unit;

export class UnixSocket extends Socket {
  /** Lengths of the packets that make up what has come: those that were not read whole, the first less what was. */
  private readonly packets: number[] = [];
  /** Their lengths when they were sent. */
  private readonly sizes: number[] = [];
  /** Memory of the packets that it has sent and that were not read whole. */
  private charged = 0;
  /** Its last fd was closed, or never made. */
  private dead = false;

  constructor(machine: Machine, flags: number) {
    super(machine, flags, AF_UNIX, 0, BUFFER, BUFFER);
  }

  static pair(machine: Machine, flags: number): [UnixSocket, UnixSocket] {
    const [a, b] = [new UnixSocket(machine, flags), new UnixSocket(machine, flags)];
    a.join(b);
    a.remote = b.remote = UNNAMED;
    return [a, b];
  }

  get hasPeerName(): boolean {
    return this.remote !== undefined;
  }

  ready(): number {
    let ready = this.error === 0 ? 0 : POLLERR;
    if (this.shut === BOTH || this.state === 'FRESH') ready |= POLLHUP;
    if (this.shut & RECEIVING) ready |= POLLRDHUP | POLLIN;
    if (this.incoming.length > 0 || this.pending.length > 0) ready |= POLLIN;
    if (this.roomy && this.state !== 'LISTENING') ready |= POLLOUT;
    return ready;
  }

  bind(address: Address): Result {
    if (address.family !== 'unix' || this.local !== undefined) return -EINVAL;
    const { paths } = this.machine.names;
    if (paths.has(address.path)) return -EADDRINUSE;
    paths.set(address.path, this);
    this.local = address;
    return 0;
  }

  override listen(backlog: number): Result {
    return this.local === undefined ? -EINVAL : super.listen(backlog);
  }

  connect(address: Address): Result {
    if (address.family !== 'unix' || address.path === '') return -EINVAL;
    const named = this.machine.names.paths.get(address.path);
    if (named === undefined) return address.path.startsWith('\0') ? -ECONNREFUSED : -ENOENT;
    if (!(named instanceof UnixSocket) || named.state !== 'LISTENING' || named.shut & RECEIVING)
      return -ECONNREFUSED;
    if (named.backlogFull) return -EAGAIN;
    if (this.state === 'LISTENING') return -EINVAL;
    if (this.state !== 'FRESH') return -EISCONN;
    const accepted = new UnixSocket(this.machine, 0);
    accepted.local = named.local;
    accepted.remote = this.local ?? UNNAMED;
    this.remote = named.local;
    this.join(accepted);
    this.notifyAll();
    named.pending.push(accepted);
    named.notify(POLLIN);
    return 0;
  }

  read(bytes: Uint8Array, offset: number, length: number, peek = false): Result {
    if (this.state !== 'CONNECTED') return -EINVAL;
    if (this.incoming.length === 0) {
      if (this.error !== 0) return -this.takeError();
      return this.shut & RECEIVING ? 0 : -EAGAIN;
    }
    const taken = this.take(bytes, offset, length, peek);
    if (!peek) this.letGo(taken);
    return taken;
  }

  write(bytes: Uint8Array, offset: number, length: number): Result {
    const { peer } = this;
    if (this.state !== 'CONNECTED' || peer === undefined) return -ENOTCONN;
    if (this.shut & SENDING) return -EPIPE;
    const most = this.machine.share(length);
    let sent = 0;
    while (sent < most) {
      if (this.error !== 0) return sent > 0 ? sent : -this.takeError();
      if (peer.dead || peer.shut & RECEIVING) return sent > 0 ? sent : -EPIPE;
      if (this.charged >= this.sendBuffer) return sent > 0 ? sent : -EAGAIN;
      // Half the buffer at most, so that there is always room for a second packet.
      const part = Math.min(most - sent, (this.sendBuffer >> 1) - 64, MOST_IN_HEAD + MOST_IN_PAGES);
      this.charged += memoryOf(part);
      peer.arrive(bytes, offset + sent, part);
      sent += part;
    }
    return sent;
  }

  override available(): Result {
    return this.state === 'LISTENING' ? -EINVAL : this.incoming.length;
  }

  shutdown(how: number): Result {
    const own = how === SHUT_RD ? RECEIVING : how === SHUT_WR ? SENDING : BOTH;
    this.shut |= own;
    const { peer } = this;
    // What one end does not receive, the other can't send.
    if (peer !== undefined) {
      peer.shut |= (own & RECEIVING ? SENDING : 0) | (own & SENDING ? RECEIVING : 0);
      peer.notifyAll();
    }
    this.notifyAll();
    return 0;
  }

  protected released(): void {
    this.die(false);
  }

  /** @param embryo Nobody has accepted it. */
  private die(embryo: boolean): void {
    this.dead = true;
    this.state = this.state === 'LISTENING' ? 'OVER' : this.state;
    for (const accepted of this.pending) accepted.die(true);
    this.pending.length = 0;
    const { peer } = this;
    if (peer === undefined || peer.dead) return;
    peer.shut = BOTH;
    if (this.incoming.length > 0 || embryo) peer.error = ECONNRESET;
    // What was not read is gone, and its memory is the sender's again.
    this.letGo(this.incoming.length);
    peer.notifyAll();
  }

  private join(peer: UnixSocket): void {
    this.peer = peer as this;
    peer.peer = this;
    this.state = peer.state = 'CONNECTED';
  }

  private arrive(bytes: Uint8Array, offset: number, length: number): void {
    this.incoming.push(bytes, offset, length);
    this.packets.push(length);
    this.sizes.push(length);
    this.notify(POLLIN);
  }

  /** So many bytes were taken out: gives the memory of packets that were read whole back to their sender. */
  private letGo(bytes: number): void {
    const { packets, sizes, peer } = this;
    let rest = bytes;
    let whole = 0;
    let freed = 0;
    for (; rest > 0; whole++) {
      if (packets[whole]! > rest) {
        packets[whole]! -= rest;
        break;
      }
      rest -= packets[whole]!;
      freed += memoryOf(sizes[whole]!);
    }
    if (whole === 0 || peer === undefined) return;
    packets.splice(0, whole);
    sizes.splice(0, whole);
    peer.charged -= freed;
    if (peer.roomy) peer.notify(POLLOUT);
  }

  /** A quarter of the buffer is in use at most: only then it is called writable. */
  private get roomy(): boolean {
    return this.charged * 4 <= this.sendBuffer;
  }
}

const UNNAMED: Address = { family: 'unix', path: '' };
