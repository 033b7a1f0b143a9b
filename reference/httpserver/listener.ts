/**
 * Listeners: sockets that connections come from.
 *
 * An event accepts until the kernel has no more, or until its share is used up: the fd is level-triggered, so the rest come
 * with the next.
 *
 *     accept4 says                       then
 *     --------------------------------   ------------------------------------------------------------------
 *     an fd                              a connection
 *     EAGAIN                             that was all
 *     ECONNABORTED, EPROTO, EINTR, …     the next: the peer has given up, it is over before it began
 *     EMFILE, ENFILE, ENOBUFS, ENOMEM    the listener rests
 *
 * **Out of fds.** The connection stays queued then, so the poll would report the listener at once, again and again, and the loop
 * would spin. So it is not watched until a connection is closed, or {@link REST_MS} have passed, since others free fds, too. Some servers
 * keep a spare fd instead, to accept and close with it: that gets rid of clients whom the next free fd could have served.
 */
import {
  AF_INET,
  AF_INET6,
  EADDRINUSE,
  EADDRNOTAVAIL,
  EAFNOSUPPORT,
  EAGAIN,
  EMFILE,
  ENFILE,
  ENOBUFS,
  ENOMEM,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SocketAddress,
  parseIPv4,
  parseIPv6,
  type Address,
  type Posix,
} from '../../posix/index.js';
import { READ } from '../../spec/contract.js';
import type { IOLoop } from '../ioloop/ioloop.js';
import { AddressInUseError, InvalidListenAddressError, ListenError } from './errors.js';

/** How long a listener rests when fds are short, ms. */
export const REST_MS = 100;
const EXHAUSTED = [EMFILE, ENFILE, ENOBUFS, ENOMEM];
/** No connection comes of these; but the queue is another matter. Whatever accept4 may say beyond that is about one connection (man 2 accept4). */
const NOBODY = -EAGAIN;

export interface ListenOptions {
  readonly backlog: number;
  readonly reusePort: boolean;
}

/**
 * Makes sockets that listen.
 * @param host An IP address; 'localhost': 127.0.0.1 and, if there is one, ::1; '': every interface.
 * @param port 0: the kernel picks one.
 * @returns Their fds, which are the caller's.
 * @throws {InvalidListenAddressError | AddressInUseError | ListenError}
 */
export function openListeners(posix: Posix, host: string, port: number, options: ListenOptions): number[] {
  if (host === 'localhost') {
    const fd = open(posix, { family: 'ipv4', host: '127.0.0.1', port }, options);
    return [fd, ...openIfPossible(posix, { family: 'ipv6', host: '::1', port: portOf(posix, fd) }, options)];
  }
  // An IPv6 socket for every address takes IPv4, too: unless this machine has no IPv6.
  if (host === '') {
    const both = openIfPossible(posix, { family: 'ipv6', host: '::', port }, options, false);
    return both.length > 0 ? both : [open(posix, { family: 'ipv4', host: '0.0.0.0', port }, options)];
  }
  const validPort = Number.isInteger(port) && port >= 0 && port <= 0xffff;
  if (validPort && parseIPv4(host) !== undefined)
    return [open(posix, { family: 'ipv4', host, port }, options)];
  if (validPort && parseIPv6(host) !== undefined)
    return [open(posix, { family: 'ipv6', host, port }, options)];
  throw new InvalidListenAddressError(host, port);
}

type InetAddress = Exclude<Address, { family: 'unix' }>;

function open(posix: Posix, address: InetAddress, options: ListenOptions, onlyIPv6 = true): number {
  const domain = address.family === 'ipv4' ? AF_INET : AF_INET6;
  if (new SocketAddress().set(address) < 0) throw new InvalidListenAddressError(address.host, address.port);
  const fd = posix.socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const fail = (call: string, result: number): never => {
    if (fd >= 0) posix.close(fd);
    throw new (result === -EADDRINUSE ? AddressInUseError : ListenError)(
      address.host,
      address.port,
      call,
      result,
    );
  };
  if (fd < 0) fail('socket', fd);
  // Or a server could not be restarted while connections of the last one are in TIME_WAIT.
  posix.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (options.reusePort) posix.setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  if (domain === AF_INET6) posix.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, onlyIPv6 ? 1 : 0);
  const bound = posix.bind(fd, address);
  if (bound < 0) fail('bind', bound);
  const listening = posix.listen(fd, options.backlog);
  if (listening < 0) fail('listen', listening);
  return fd;
}

function openIfPossible(
  posix: Posix,
  address: InetAddress,
  options: ListenOptions,
  onlyIPv6 = true,
): number[] {
  try {
    return [open(posix, address, options, onlyIPv6)];
  } catch (error) {
    if (error instanceof ListenError && [EADDRNOTAVAIL, EAFNOSUPPORT].includes(error.errno)) return [];
    throw error;
  }
}

const name = new SocketAddress();

/** Where a socket listens. */
export function addressOf(posix: Posix, fd: number): Address | undefined {
  posix.getsockname(fd, name); // SERVER-LISTEN-1
  return name.get();
}

export function portOf(posix: Posix, fd: number): number {
  const address = addressOf(posix, fd);
  return address === undefined || address.family === 'unix' ? 0 : address.port;
}

/** Gets each connection: an fd, non-blocking, and its own to close; and who is at the other end. */
export type OnConnection = (fd: number, peer: SocketAddress) => void;

export class Listener {
  readonly fd: number;
  readonly #loop: IOLoop;
  readonly #posix: Posix;
  readonly #acceptsPerEvent: number;
  readonly #onConnection: OnConnection;
  readonly #onExhausted: () => void;
  readonly #peer = new SocketAddress();
  #watched = false;
  #closed = false;

  /**
   * @param fd A socket that listens, which is the listener's from now on. Nothing is accepted before {@link resume}.
   * @param onExhausted Fds are short: pause the listener until there may be some.
   */
  constructor(
    loop: IOLoop,
    posix: Posix,
    fd: number,
    acceptsPerEvent: number,
    onConnection: OnConnection,
    onExhausted: () => void,
  ) {
    this.#onExhausted = onExhausted;
    this.#loop = loop;
    this.#posix = posix;
    this.fd = fd;
    this.#acceptsPerEvent = acceptsPerEvent;
    this.#onConnection = onConnection;
  }

  /** Accepts from now on. */
  resume(): void {
    if (this.#watched || this.#closed) return;
    this.#loop.addHandler(this.fd, this.#onReady, READ);
    this.#watched = true;
  }

  /** Leaves connections in the backlog until {@link resume}. */
  pause(): void {
    if (!this.#watched) return;
    this.#loop.removeHandler(this.fd);
    this.#watched = false;
  }

  close(): void {
    if (this.#closed) return;
    this.pause();
    this.#closed = true;
    this.#posix.close(this.fd);
  }

  readonly #onReady = (): void => {
    // SERVER-LISTEN-2
    for (let i = 0; i < this.#acceptsPerEvent && this.#watched; i++) {
      const fd = this.#posix.accept4(this.fd, SOCK_NONBLOCK | SOCK_CLOEXEC, this.#peer);
      if (fd === NOBODY) return;
      if (fd >= 0) this.#onConnection(fd, this.#peer);
      // Other errors are one peer's: SERVER-LISTEN-3
      else if (EXHAUSTED.includes(-fd)) return this.#onExhausted();
    }
  };
}
