/**
 * A stream socket: what UNIX and TCP sockets have in common. (man 2 socket, man 7 socket)
 *
 *     state \ call   bind    listen      connect           accept by the other side   close of the peer
 *     ------------   -----   ---------   ---------------   ------------------------   --------------------
 *     FRESH          FRESH   LISTENING   see subclasses    -                          -
 *     LISTENING      -       LISTENING   -                 -                          -
 *     CONNECTING     -       -           -                 (TCP) CONNECTED            -
 *     CONNECTED      -       -           -                 -                          see subclasses
 *     OVER           -       -           -                 -                          -
 *
 * OVER is TCP's state CLOSE after a connection: reset, refused, or ended on both sides.
 */
import {
  EINVAL,
  O_RDWR,
  S_IFSOCK,
  SO_ACCEPTCONN,
  SO_ERROR,
  SO_KEEPALIVE,
  SO_RCVBUF,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_SNDBUF,
  SO_TYPE,
  SO_DOMAIN,
  SO_PROTOCOL,
  SOCK_STREAM,
  SOMAXCONN,
  ENOPROTOOPT,
  type Address,
  type Result,
} from '../../../posix/index.js';
import type { Machine } from '../machine.js';
import { ByteQueue } from './byte-queue.js';
import { OpenFile } from './open-file.js';

/** Bits of what is shut: by the socket's own shutdown, or by its peer's. */
export const RECEIVING = 1;
export const SENDING = 2;
export const BOTH = RECEIVING | SENDING;

/** The least that SO_SNDBUF and SO_RCVBUF can be set to, as they are read. (include/net/sock.h) */
const LEAST_SEND_BUFFER = 4608;
const LEAST_RECEIVE_BUFFER = 2304;

/** Options that are kept and told, and have no effect here. */
const IDLE_OPTIONS: ReadonlySet<number> = new Set([SO_REUSEADDR, SO_REUSEPORT, SO_KEEPALIVE]);

export type SocketState = 'FRESH' | 'LISTENING' | 'CONNECTING' | 'CONNECTED' | 'OVER';

export abstract class Socket extends OpenFile {
  state: SocketState = 'FRESH';
  /** The other end, as long as it is there. */
  peer: this | undefined;
  /** Where it is bound. */
  local: Address | undefined;
  /** Whom it is, or was, connected to. */
  remote: Address | undefined;
  /** RECEIVING, SENDING, or both. */
  shut = 0;
  /** What went wrong meanwhile, positive; told once, by the next call. */
  error = 0;
  /** What has come, and nobody has read. */
  readonly incoming = new ByteQueue();
  /** LISTENING: connections that nobody has accepted. */
  readonly pending: this[] = [];
  /** LISTENING: one more than so many may wait. */
  backlog = 0;
  /** Options that somebody has set, if anybody has. */
  private options: Map<number, number> | undefined;

  /** @param flags O_NONBLOCK or 0. */
  constructor(
    machine: Machine,
    flags: number,
    /** AF_UNIX, AF_INET, AF_INET6. */
    readonly domain: number,
    readonly protocol: number,
    public sendBuffer: number,
    public receiveBuffer: number,
  ) {
    super(machine, O_RDWR | flags);
  }

  get type(): number {
    return S_IFSOCK;
  }

  abstract bind(address: Address): Result;
  /** Without waiting. */
  abstract connect(address: Address): Result;
  abstract shutdown(how: number): Result;
  /** Whether `remote` is to be told. */
  abstract get hasPeerName(): boolean;

  listen(backlog: number): Result {
    if (this.state !== 'FRESH' && this.state !== 'LISTENING') return -EINVAL;
    this.state = 'LISTENING';
    this.backlog = Math.min(backlog, SOMAXCONN);
    return 0;
  }

  get backlogFull(): boolean {
    return this.pending.length > this.backlog;
  }

  /** The error, positive, which is told only once. */
  takeError(): number {
    const { error } = this;
    this.error = 0;
    return error;
  }

  /** Of level SOL_SOCKET. */
  getOption(option: number): Result {
    switch (option) {
      case SO_ERROR:
        return this.takeError();
      case SO_TYPE:
        return SOCK_STREAM;
      case SO_DOMAIN:
        return this.domain;
      case SO_PROTOCOL:
        return this.protocol;
      case SO_ACCEPTCONN:
        return this.state === 'LISTENING' ? 1 : 0;
      case SO_SNDBUF:
        return this.sendBuffer;
      case SO_RCVBUF:
        return this.receiveBuffer;
      default:
        return IDLE_OPTIONS.has(option) ? (this.options?.get(option) ?? 0) : -ENOPROTOOPT;
    }
  }

  /** Of level SOL_SOCKET. */
  setOption(option: number, value: number): Result {
    if (option === SO_SNDBUF) this.sendBuffer = Math.max(2 * value, LEAST_SEND_BUFFER);
    else if (option === SO_RCVBUF) this.receiveBuffer = Math.max(2 * value, LEAST_RECEIVE_BUFFER);
    else if (IDLE_OPTIONS.has(option))
      (this.options ??= new Map<number, number>()).set(option, value === 0 ? 0 : 1);
    else return -ENOPROTOOPT;
    return 0;
  }

  /** Takes bytes out of what has come, or looks at them. @returns How many. */
  protected take(bytes: Uint8Array, offset: number, length: number, peek: boolean): number {
    const part = this.machine.share(Math.min(length, this.incoming.length));
    this.incoming.peek(bytes, offset, part);
    if (!peek) this.incoming.skip(part);
    return part;
  }

  /** All that anybody can wait for may be so now. */
  protected notifyAll(): void {
    this.notify(-1);
  }
}
