/**
 * HTTPServer: listeners, connections, and a program that answers.
 *
 *     state \ call   bind      start       listen      stop      closeAllConnections   drain
 *     ------------   -------   ---------   ---------   -------   -------------------   -----------------------------
 *     OPEN           OPEN      OPEN        OPEN        STOPPED   OPEN                  STOPPED; settles when all is over
 *     STOPPED        refused   refused     refused     STOPPED   STOPPED               STOPPED; likewise
 *
 * **Deadlines.** One timer looks at all connections, several times in the shortest limit, and what is found at two looks with a limit
 * between them has taken too long. So a request costs neither a timer nor a look at the clock (60 ns); ten thousand connections
 * cost 100 µs a look.
 */
import {
  IPPROTO_TCP,
  TCP_NODELAY,
  posix as kernel,
  type Posix,
  type SocketAddress,
} from '../../posix/index.js';
import { MicrotasksBlockedError } from '../ioloop/errors.js';
import type { IOLoop } from '../ioloop/ioloop.js';
import { Microtasks } from '../ioloop/microtasks.js';
import type { Timer } from '../ioloop/timer-heap.js';
import { IOStream } from '../iostream/index.js';
import { Connection, type ConnectionHost } from './connection.js';
import { ServerStoppedError } from './errors.js';
import type { HTTPHeaders } from './headers.js';
import { Listener, REST_MS, addressOf, openListeners, portOf } from './listener.js';
import { resolveOptions, type HTTPServerOptions, type ResolvedOptions } from './options.js';
import { Outbox } from './outbox.js';
import { clientBehind } from './proxy.js';
import type { Client, HTTPRequest } from './request.js';

/** Answers requests: at once, or later. What it throws or rejects with is logged, and answered by 500 if nothing was answered yet. */
export type Handler = (request: HTTPRequest) => void | Promise<void>;

/** Looks in the shortest limit: it is exceeded by two eighths at most. */
const LOOKS_PER_LIMIT = 8;
const LONGEST_LOOK_MS = 1000;

export class HTTPServer {
  readonly #loop: IOLoop;
  readonly #posix: Posix;
  readonly #handler: Handler;
  readonly #options: ResolvedOptions;
  readonly #host: ConnectionHost;
  readonly #listeners: Listener[] = [];
  readonly #connections = new Set<Connection>();
  readonly #microtasks = new Microtasks();
  readonly #lookEveryMs: number;
  #look: Timer | undefined;
  /** `start` was called. */
  #accepting = false;
  /** Fds were short a moment ago. */
  #resting = false;
  #stopped = false;
  #drained: (() => void)[] = [];

  /**
   * @param loop Calls the handler. Promises work where the loop runs microtasks: see IOLoop.run.
   * @param options Limits in bytes and ms: options.ts.
   * @param posix The system calls.
   * @throws {InvalidOptionError}
   */
  constructor(loop: IOLoop, handler: Handler, options: HTTPServerOptions = {}, posix: Posix = kernel) {
    this.#loop = loop;
    this.#posix = posix;
    this.#handler = handler;
    const resolved = resolveOptions(options);
    this.#options = resolved;
    const { headTimeoutMs, bodyTimeoutMs, idleTimeoutMs, sendTimeoutMs, lingerMs } = resolved;
    const shortestMs = Math.min(
      headTimeoutMs,
      bodyTimeoutMs,
      idleTimeoutMs,
      sendTimeoutMs,
      Math.max(lingerMs, LOOKS_PER_LIMIT),
    );
    this.#lookEveryMs = Math.min(shortestMs / LOOKS_PER_LIMIT, LONGEST_LOOK_MS);
    this.#host = this.#makeHost();
  }

  /**
   * Makes sockets that listen, and accept once {@link start} is called.
   * @param port 0: the kernel picks one, see {@link port}.
   * @param address An IP address; 'localhost': 127.0.0.1, and ::1 if there is one; '': every interface.
   * @throws {InvalidListenAddressError | AddressInUseError | ListenError | ServerStoppedError}
   */
  bind(port: number, address = ''): void {
    this.#checkOpen('bind');
    for (const fd of openListeners(this.#posix, address, port, this.#options)) this.addSocket(fd);
  }

  /** Accepts connections from now on. @throws {ServerStoppedError} */
  start(): void {
    this.#checkOpen('start');
    this.#accepting = true;
    this.#updateListeners();
  }

  /** {@link bind} and {@link start}. */
  listen(port = 0, address = '127.0.0.1'): void {
    this.bind(port, address);
    this.start();
  }

  /** Takes on a socket that listens, which is the server's from now on; it is to be non-blocking. @throws {ServerStoppedError} */
  addSocket(fd: number): void {
    this.#checkOpen('addSocket');
    const { acceptsPerEvent } = this.#options;
    this.#listeners.push(
      new Listener(
        this.#loop,
        this.#posix,
        fd,
        acceptsPerEvent,
        (fd, peer) => this.#onConnection(fd, peer),
        () => this.#rest(),
      ),
    );
    this.#updateListeners();
  }

  /** The port of the first listener; 0 if there is none, or it is a UNIX socket. */
  get port(): number {
    const [listener] = this.#listeners;
    return listener === undefined ? 0 : portOf(this.#posix, listener.fd);
  }

  /** The IP address, or the path, of the first listener. */
  get address(): string {
    const [listener] = this.#listeners;
    const address = listener === undefined ? undefined : addressOf(this.#posix, listener.fd);
    if (address === undefined) return '';
    return address.family === 'unix' ? address.path : address.host;
  }

  /** Open connections. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Stops listening. Open connections go on, with further requests, too. Nothing happens the second time. */
  stop(): void {
    this.#stopped = true;
    for (const listener of this.#listeners) listener.close(); // SERVER-STOP-1
    this.#listeners.length = 0;
  }

  /** Closes every connection at once, whatever it does. */
  closeAllConnections(): void {
    for (const connection of [...this.#connections]) connection.close();
  }

  /**
   * Stops listening and lets the work be finished: idle connections are closed, a request that is being received or answered gets its answer,
   * with `Connection: close`, and no other.
   * @param timeoutMs After that long, what is left is closed. Default: no limit.
   * @returns Settles when no connection is open.
   */
  drain(timeoutMs = Infinity): Promise<void> {
    this.stop();
    this.#host.draining = true;
    for (const connection of [...this.#connections]) connection.drain(); // SERVER-STOP-2
    if (this.#connections.size === 0) return Promise.resolve();
    const timer = this.#loop.callLater(timeoutMs, () => this.closeAllConnections());
    return new Promise((resolve) => {
      this.#drained.push(() => {
        this.#loop.removeTimeout(timer);
        resolve();
      });
    });
  }

  #checkOpen(call: string): void {
    if (this.#stopped) throw new ServerStoppedError(call);
  }

  // ── connections ─────────────────────────────────────────────────────────────────────────────────────────────

  #onConnection(fd: number, address: SocketAddress): void {
    this.#posix.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, 1); // An answer is written in one piece: nothing is to be waited for.
    let stream: IOStream;
    try {
      stream = new IOStream(this.#loop, fd, { allowHalfOpen: true, posix: this.#posix }); // HTTP-PIPE-5
    } catch (error) {
      this.#posix.close(fd);
      this.#loop.report('A connection could not be taken on', error);
      return;
    }
    const peer: Client = { remoteIp: ipOf(address), protocol: this.#options.protocol }; // SERVER-REQUEST-6
    this.#connections.add(new Connection(this.#host, stream, peer));
    this.#look ??= this.#loop.callLater(this.#lookEveryMs, this.#lookAtDeadlines);
    if (this.#connections.size >= this.#options.maxConnections) this.#updateListeners();
  }

  #onClosed(connection: Connection): void {
    this.#connections.delete(connection);
    this.#resting = false;
    this.#updateListeners();
    if (this.#connections.size > 0) return;
    for (const drained of this.#drained) drained();
    this.#drained = [];
  }

  /** Fds are short: listener.ts. */
  #rest(): void {
    this.#resting = true;
    this.#updateListeners();
    this.#loop.callLater(REST_MS, () => {
      this.#resting = false;
      this.#updateListeners();
    });
  }

  #updateListeners(): void {
    const full = this.#connections.size >= this.#options.maxConnections;
    for (const listener of this.#listeners)
      if (this.#accepting && !full && !this.#resting) listener.resume();
      else listener.pause();
  }

  readonly #lookAtDeadlines = (): void => {
    this.#look = undefined;
    const nowMs = this.#loop.now();
    for (const connection of this.#connections) connection.look(nowMs);
    if (this.#connections.size > 0)
      this.#look = this.#loop.callLater(this.#lookEveryMs, this.#lookAtDeadlines);
  };

  #makeHost(): ConnectionHost {
    const loop = this.#loop;
    return {
      options: this.#options,
      outbox: new Outbox(),
      draining: false,
      schedule: (callback) => void loop.addCallback(callback),
      handle: (connection, request, inEvent) => this.#handle(connection, request, inEvent),
      clientOf: (peer: Client, headers: HTTPHeaders) =>
        clientBehind(peer, headers, this.#options.trustedProxies),
      report: (text, error) => loop.report(text, error),
      closed: (connection) => this.#onClosed(connection),
    };
  }

  // ── the handler ─────────────────────────────────────────────────────────────────────────────────────────────

  #handle(connection: Connection, request: HTTPRequest, inEvent: boolean): void {
    let returned: unknown;
    try {
      // Of any method: HTTP-START-1. The server has no answer of its own, not to TRACE either: HTTP-RESPONSE-17
      returned = this.#handler(request);
    } catch (error) {
      if (isFatal(error)) throw error;
      return connection.failed(request, error); // SERVER-RESPONSE-5
    }
    if (!isThenable(returned)) return;
    returned.then(undefined, (error: unknown) => {
      // SERVER-RESPONSE-4, SERVER-RESPONSE-5
      connection.failed(request, error);
      if (isFatal(error))
        this.#loop.addCallback(() => {
          throw error;
        });
    });
    // Outside of an event, microtasks run by themselves, or this is one.
    if (!inEvent) return;
    // Many an async handler has its answer when all that is resolved already has run: so it goes out with those of this event.
    // Asked until the answer is yes: in a microtask, where a handler that is late has made room for the next request, it would be no.
    if (!this.#microtasks.available) this.#microtasks.probe();
    this.#microtasks.drain();
    if (!this.#microtasks.available) connection.failed(request, new MicrotasksBlockedError());
  }
}

/** By name, as the loop has it: ioloop/isolation.ts. */
function isFatal(error: unknown): error is Error {
  return error instanceof Error && error.name === 'StopEverything';
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}

/** An IPv4 client of an IPv6 socket is an IPv4 client. */
function ipOf(address: SocketAddress): string {
  const peer = address.get();
  if (peer === undefined || peer.family === 'unix') return '';
  return peer.host.replace(/^::ffff:(?=\d+\.)/, '');
}
