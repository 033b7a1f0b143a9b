/**
 * A TCP socket whose peer is on the same machine. (man 7 tcp; net/ipv4/tcp.c, tcp_input.c)
 *
 * Loopback delivers a segment within the call that sends it, so an end of the connection learns at once what the other did:
 *
 *     does \ the other   receives
 *     ----------------   ------------------------------------------------------------------------------------
 *     writes             bytes
 *     shuts its output   FIN: after the bytes, end of file
 *     closes             the same; but RST if it leaves bytes unread, or SO_LINGER is 0
 *     … and is written to  answers RST, for nobody can read it any more
 *
 * A socket that has sent a FIN and got one is OVER: its connection is gone, and what has come can still be read. One that got
 * a RST is OVER too, with an error.
 *
 * Bytes are in the receiver's buffer, and when that is full they wait in the sender's. How large these are is a matter of
 * tuning and accounting in Linux; here they are what SO_SNDBUF and SO_RCVBUF say.
 */
import {
  AF_INET,
  AF_INET6,
  EADDRINUSE,
  EAFNOSUPPORT,
  EAGAIN,
  EALREADY,
  ECONNABORTED,
  ECONNREFUSED,
  ECONNRESET,
  EINPROGRESS,
  EINVAL,
  EISCONN,
  ENOPROTOOPT,
  ENOTCONN,
  EPIPE,
  IPPROTO_TCP,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLRDHUP,
  SHUT_RD,
  SHUT_WR,
  TCP_NODELAY,
  type Address,
  type Result,
} from '../../../posix/index.js';
import type { Happening } from '../agenda.js';
import type { Machine } from '../machine.js';
import { endpoint } from './names.js';
import { BOTH, RECEIVING, SENDING, Socket } from './socket.js';

/** The middle of /proc/sys/net/ipv4/tcp_rmem, for either direction: Linux would let it grow. */
const BUFFER = 131_072;
/** From a SYN that nobody answered until the next, and twice as long each time. ns */
const FIRST_RETRY_NS = 1e9;
const FAMILIES = { ipv4: AF_INET, ipv6: AF_INET6, unix: -1 } as const;

export class TcpSocket extends Socket implements Happening {
  dueNs = Infinity;
  /** Of SO_LINGER: seconds; -1: off. */
  linger = -1;
  private noDelay = 0;
  private finSent = false;
  private finReceived = false;
  /** Its fds are closed: what comes now finds nobody. */
  private orphan = false;
  /** connect was called, and its outcome not told yet. */
  private untold = false;
  private retryNs = FIRST_RETRY_NS;

  constructor(machine: Machine, flags: number, domain: number) {
    super(machine, flags, domain, IPPROTO_TCP, BUFFER, BUFFER);
  }

  get hasPeerName(): boolean {
    return this.state === 'CONNECTED';
  }

  ready(): number {
    const { state, shut } = this;
    if (state === 'LISTENING') return this.pending.length > 0 ? POLLIN : 0;
    let ready = this.error === 0 ? 0 : POLLERR;
    if (shut === BOTH || state === 'FRESH' || state === 'OVER') ready |= POLLHUP;
    if (shut & RECEIVING) ready |= POLLIN | POLLRDHUP;
    if (state === 'CONNECTING') return ready;
    if (this.incoming.length > 0) ready |= POLLIN;
    if (shut & SENDING || this.roomy) ready |= POLLOUT;
    return ready;
  }

  bind(address: Address): Result {
    if (FAMILIES[address.family] !== this.domain) return address.family === 'unix' ? -EAFNOSUPPORT : -EINVAL;
    if (address.family === 'unix' || this.local !== undefined) return -EINVAL;
    const { names } = this.machine;
    const port = address.port === 0 ? names.freePort() : address.port;
    const at = endpoint(address.host, port);
    if (names.endpoints.has(at)) return -EADDRINUSE;
    names.endpoints.set(at, this);
    this.local = { ...address, port };
    return 0;
  }

  override listen(backlog: number): Result {
    if (this.state === 'OVER') this.state = 'FRESH';
    return super.listen(backlog);
  }

  connect(address: Address): Result {
    if (FAMILIES[address.family] !== this.domain || address.family === 'unix') return -EAFNOSUPPORT;
    if (this.untold) return this.told();
    if (this.state === 'CONNECTED') return -EISCONN;
    if (this.state === 'LISTENING') return -EISCONN;
    if (this.state === 'CONNECTING') return -EALREADY;
    this.begin(address);
    return -EINPROGRESS;
  }

  read(bytes: Uint8Array, offset: number, length: number, peek = false): Result {
    if (this.state === 'LISTENING') return -ENOTCONN;
    if (this.incoming.length > 0) {
      const wasFull = this.peer?.roomy === false;
      const taken = this.take(bytes, offset, length, peek);
      if (wasFull && this.peer?.roomy === true) this.peer.notify(POLLOUT);
      return taken;
    }
    if (this.finReceived) return 0;
    if (this.error !== 0) return -this.takeError();
    if (this.shut & RECEIVING) return 0;
    return this.state === 'FRESH' || this.state === 'OVER' ? -ENOTCONN : -EAGAIN;
  }

  write(bytes: Uint8Array, offset: number, length: number): Result {
    if (this.error !== 0) return -this.takeError();
    if (this.state === 'CONNECTING') return -EAGAIN;
    if (this.state !== 'CONNECTED' || this.shut & SENDING) return -EPIPE;
    if (length === 0) return 0;
    const { room, peer } = this;
    if (room <= 0 || peer === undefined) return -EAGAIN;
    const part = this.machine.share(Math.min(length, room));
    peer.arrive(bytes, offset, part);
    return part;
  }

  override available(): Result {
    return this.state === 'LISTENING' ? -EINVAL : this.incoming.length;
  }

  shutdown(how: number): Result {
    const own = how === SHUT_RD ? RECEIVING : how === SHUT_WR ? SENDING : BOTH;
    switch (this.state) {
      case 'FRESH':
      case 'OVER':
        this.shut |= own;
        this.notifyAll();
        return -ENOTCONN;
      case 'LISTENING':
        if (own & RECEIVING) this.disconnect();
        this.notifyAll();
        return 0;
      case 'CONNECTING':
        this.disconnect();
        this.notifyAll();
        return 0;
      case 'CONNECTED':
        this.shut |= own;
        if (own & SENDING) this.sendFin();
        this.notifyAll();
        return 0;
    }
  }

  /** Of level IPPROTO_TCP. Of these only TCP_NODELAY is known, and makes no difference on loopback. */
  getTcpOption(option: number): Result {
    return option === TCP_NODELAY ? this.noDelay : -ENOPROTOOPT;
  }

  setTcpOption(option: number, value: number): Result {
    if (option !== TCP_NODELAY) return -ENOPROTOOPT;
    this.noDelay = value === 0 ? 0 : 1;
    return 0;
  }

  /** The SYN is sent again. */
  happen(): void {
    if (this.state === 'CONNECTING') this.knock();
  }

  protected released(): void {
    const { state } = this;
    this.orphan = true;
    this.disconnectPending();
    this.machine.agenda.cancel(this);
    const { local } = this;
    if (local !== undefined && local.family !== 'unix') {
      const at = endpoint(local.host, local.port);
      const { endpoints } = this.machine.names;
      if (endpoints.get(at) === this) endpoints.delete(at);
    }
    if (state !== 'CONNECTED') return;
    if (this.incoming.length > 0 || this.linger === 0) this.sendReset();
    else if (!this.finSent) this.sendFin();
  }

  // ── connecting ──────────────────────────────────────────────────────────────────────────────────────────────

  private begin(address: Address & { family: 'ipv4' | 'ipv6' }): void {
    this.state = 'CONNECTING';
    this.shut = 0;
    this.finSent = this.finReceived = false;
    this.remote = address;
    this.local ??= { ...address, port: this.machine.names.freePort() };
    this.untold = true;
    this.knock();
  }

  /** Sends a SYN. */
  private knock(): void {
    const { remote } = this;
    if (remote === undefined || remote.family === 'unix') return;
    const listener = this.machine.names.endpoints.get(endpoint(remote.host, remote.port));
    if (listener === undefined || listener.state !== 'LISTENING') return this.reset();
    if (listener.backlogFull) {
      // It is dropped, without a word.
      this.machine.agenda.schedule(this, this.machine.clock.nowNs + this.retryNs);
      this.retryNs *= 2;
      return;
    }
    const accepted = new TcpSocket(this.machine, 0, this.domain);
    accepted.local = remote;
    accepted.remote = this.local;
    accepted.sendBuffer = listener.sendBuffer;
    accepted.receiveBuffer = listener.receiveBuffer;
    accepted.peer = this;
    this.peer = accepted as this;
    accepted.state = this.state = 'CONNECTED';
    this.notifyAll();
    listener.pending.push(accepted);
    listener.notify(POLLIN);
  }

  /** A second connect asks how the first one went. */
  private told(): Result {
    if (this.state === 'CONNECTING') return -EALREADY;
    this.untold = false;
    if (this.state === 'CONNECTED') return 0;
    const error = this.takeError();
    this.state = 'FRESH';
    return -(error === 0 ? ECONNABORTED : error);
  }

  /** Back to where it began, as connect with AF_UNSPEC would do. */
  private disconnect(): void {
    this.disconnectPending();
    this.machine.agenda.cancel(this);
    this.state = 'FRESH';
    this.untold = false;
    this.shut = 0;
  }

  private disconnectPending(): void {
    for (const accepted of this.pending.splice(0)) {
      accepted.orphan = true;
      accepted.sendReset();
    }
  }

  // ── segments ────────────────────────────────────────────────────────────────────────────────────────────────

  private arrive(bytes: Uint8Array, offset: number, length: number): void {
    if (this.orphan || (this.finSent && this.shut & RECEIVING)) {
      // Nobody will read it.
      const { peer } = this;
      this.reset();
      peer?.reset();
      return;
    }
    this.incoming.push(bytes, offset, length);
    this.notify(POLLIN);
  }

  private sendFin(): void {
    if (this.finSent) return;
    this.finSent = true;
    const { peer } = this;
    peer?.receiveFin();
    if (this.finReceived) this.over();
  }

  private receiveFin(): void {
    if (this.state !== 'CONNECTED') return;
    this.finReceived = true;
    this.shut |= RECEIVING;
    if (this.finSent) this.over();
    this.notifyAll();
  }

  private sendReset(): void {
    const { peer } = this;
    this.state = 'OVER';
    peer?.reset();
  }

  /** A RST has come. */
  private reset(): void {
    const { state } = this;
    if (state === 'OVER') return;
    // After the peer's FIN nobody is surprised that it can't be written to.
    this.error =
      state === 'CONNECTING' ? ECONNREFUSED : this.finReceived && !this.finSent ? EPIPE : ECONNRESET;
    this.over();
    this.notifyAll();
  }

  private over(): void {
    this.state = 'OVER';
    this.shut = BOTH;
  }

  // ── buffers ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** Bytes that it has sent and that do not fit the peer's buffer. */
  private get waiting(): number {
    const { peer } = this;
    return peer === undefined ? 0 : Math.max(0, peer.incoming.length - peer.receiveBuffer);
  }

  private get room(): number {
    const { peer } = this;
    return peer === undefined ? 0 : peer.receiveBuffer + this.sendBuffer - peer.incoming.length;
  }

  /** A third of its buffer is free: only then it is called writable. */
  private get roomy(): boolean {
    return this.waiting * 3 <= this.sendBuffer * 2;
  }
}
