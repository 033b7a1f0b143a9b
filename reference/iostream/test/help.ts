/**
 * Help for these tests: streams whose peers are plain fds, and transcripts of what their callbacks were told.
 */
import type { Test } from 'tap';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  O_CLOEXEC,
  O_NONBLOCK,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  SO_REUSEADDR,
  SocketAddress,
  check,
  posix,
  type Posix,
} from '../../../posix/index.js';
import { makeLoop, type Fixture } from '../../ioloop/test/help.js';
import type { IOLoopOptions } from '../../ioloop/index.js';
import type { StreamAddress } from '../../../spec/stream-contract.js';
import { IOStream, type IOStreamOptions } from '../index.js';

export const TRANSPORTS = ['unix', 'tcp', 'tcp6'] as const;
export type TransportName = (typeof TRANSPORTS)[number];

/** A test for each transport. */
export function eachTransport(
  t: Test,
  name: string,
  body: (t: Test, transport: TransportName) => void | Promise<void>,
): void {
  for (const transport of TRANSPORTS) t.test(`${transport}: ${name}`, async (t) => body(t, transport));
}

/** Two connected fds, which belong to whoever asks. */
export function connectedPair(transport: TransportName = 'unix'): [number, number] {
  const type = SOCK_STREAM | SOCK_CLOEXEC;
  if (transport === 'unix') {
    const fds = new Int32Array(2);
    check(posix.socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, fds), 'socketpair');
    return [fds[0]!, fds[1]!];
  }
  const { fd: listener, address } = listen(transport);
  const near = check(posix.socket(transport === 'tcp' ? AF_INET : AF_INET6, type, 0), 'socket');
  check(posix.connect(near, address), 'connect');
  const far = check(posix.accept4(listener, SOCK_NONBLOCK | SOCK_CLOEXEC), 'accept4');
  posix.close(listener);
  return [near, far];
}

/** A TCP listener on a port of its own. */
export function listen(transport: 'tcp' | 'tcp6' = 'tcp'): { fd: number; address: StreamAddress } {
  const [domain, family, host] =
    transport === 'tcp' ? ([AF_INET, 'ipv4', '127.0.0.1'] as const) : ([AF_INET6, 'ipv6', '::1'] as const);
  const fd = check(posix.socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), 'socket');
  posix.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  check(posix.bind(fd, { family, host, port: 0 }), 'bind');
  check(posix.listen(fd, 16), 'listen');
  const name = new SocketAddress();
  check(posix.getsockname(fd, name), 'getsockname');
  return { fd, address: name.get() as StreamAddress };
}

/** A pipe: the end to read from, the end to write to. They belong to whoever asks. */
export function openPipe(): [number, number] {
  const fds = new Int32Array(2);
  check(posix.pipe2(fds, O_NONBLOCK | O_CLOEXEC), 'pipe2');
  return [fds[0]!, fds[1]!];
}

export interface Wire extends Fixture {
  readonly stream: IOStream;
  readonly peer: Peer;
}

export interface WireOptions extends IOStreamOptions {
  readonly transport?: TransportName;
  readonly poller?: IOLoopOptions['poller'];
  /** The loop's system calls. */
  readonly loopPosix?: Posix;
}

/** A loop, a stream on it, and the stream's peer. */
export function wire(
  t: Test,
  { transport = 'unix', poller = 'epoll', loopPosix = posix, ...options }: WireOptions = {},
): Wire {
  const fixture = makeLoop(t, { poller, posix: loopPosix });
  const [near, far] = connectedPair(transport);
  const stream = new IOStream(fixture.loop, near, options);
  const peer = new Peer(far);
  t.teardown(() => {
    stream.close();
    peer.close();
  });
  return { ...fixture, stream, peer };
}

/** The other end, without a stream. */
export class Peer {
  #open = true;

  constructor(readonly fd: number) {}

  send(bytes: string | Uint8Array): void {
    const data = Buffer.from(bytes);
    const sent = check(posix.write(this.fd, data), 'write');
    if (sent !== data.length) throw new Error(`the kernel took ${sent} of ${data.length} bytes`);
  }

  /** All that is there, as text. */
  receive(): string {
    const chunks: Buffer[] = [];
    for (;;) {
      const chunk = Buffer.alloc(65536);
      const size = posix.read(this.fd, chunk);
      if (size <= 0) return Buffer.concat(chunks).toString('latin1');
      chunks.push(chunk.subarray(0, size));
    }
  }

  /** Nothing more will come: end of file, or an error. */
  get ended(): boolean {
    return posix.read(this.fd, Buffer.alloc(1)) !== -11;
  }

  shutdown(how: number): void {
    check(posix.shutdown(this.fd, how), 'shutdown');
  }

  /** Closes with what is unread thrown away: a TCP stream sees RST. */
  reset(): void {
    check(posix.setLinger(this.fd, 0), 'setLinger');
    this.close();
  }

  close(): void {
    if (this.#open) posix.close(this.fd);
    this.#open = false;
  }
}

/** What callbacks were told, in order. */
export class Transcript {
  readonly lines: string[] = [];

  /** A callback of a read. */
  read(name: string, then?: (bytes: Uint8Array | undefined) => void) {
    return (error: Error | undefined, bytes: Uint8Array | undefined): void => {
      this.lines.push(`${name}: ${error === undefined ? text(bytes!) : told(error)}`);
      then?.(bytes);
    };
  }

  /** A callback of a write, a connect, a close. */
  done(name: string, then?: () => void) {
    return (error?: Error): void => {
      this.lines.push(error === undefined ? name : `${name}: ${told(error)}`);
      then?.();
    };
  }
}

/** An error as a word, and its cause as another. */
export function told(error: Error): string {
  const { code } = error as { code?: string };
  const name = code ?? error.name;
  return error.cause instanceof Error ? `${name} < ${told(error.cause)}` : name;
}

export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

/** Whether an fd is open. */
export function isOpen(fd: number): boolean {
  return posix.fcntl(fd, 1) >= 0;
}
