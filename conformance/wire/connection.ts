/**
 * One TCP or TLS connection of an exchange, as events: bytes, FIN, RST, each with its time.
 *
 * Two things take care here. *Pieces*: each goes out by a write of its own, without Nagle's algorithm, so that the server's kernel gets it
 * as a segment of its own. *A write that fails*: a server that has refused a body answers, closes, and resets; Node ends a socket
 * whose write failed and throws away what was not read yet, which is the answer. So here a failed write ends nothing: reading goes on
 * until a few turns of the loop bring no more bytes, and only then is the reset told. What is read comes by `onread`: the socket as a
 * stream has an error by then, and drops what arrives. (Of 400 answers that Tornado gave to a body which it didn't read, 60 were lost so.)
 *
 * At most {@link MAX_BYTES} are read of one connection; a server that sends more is cut off, which shows as `flood`.
 */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface Address {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** Don't look at the certificate. */
  readonly insecure: boolean;
}

export type WireEvent =
  | { readonly is: 'connected' }
  | { readonly is: 'bytes'; readonly bytes: Buffer }
  | { readonly is: 'fin' }
  | { readonly is: 'rst' }
  /** More bytes than anybody asked for; the kit has cut the connection. */
  | { readonly is: 'flood'; readonly bytes: number }
  /** There is no connection, or TLS failed. `code` as in `ECONNREFUSED`. */
  | { readonly is: 'failed'; readonly code: string; readonly text: string };

const MAX_BYTES = 256 * 1024 * 1024;
/** Turns of the loop without a byte after which nothing is left to read of a connection that was reset. */
const TURNS = 3;
/** Pieces up to which each is followed by a pause of 1 ms; of more, by a turn of the loop. */
const PAUSES = 200;
/** What is sent at once is handed over in parts of so many bytes, so that progress shows. */
const AT_ONCE = 256 * 1024;
/** Bytes that are read at once. */
const READ = 64 * 1024;

export class Connection {
  #socket: Socket;
  readonly #onEvent: (event: WireEvent) => void;
  /** Writes that the kernel took. */
  progress = 0;
  #connected = false;
  /** Nothing is to be told any more. */
  #over = false;
  #bytes = 0;
  /**
   * All that was sent so far has been handed to the kernel, or never will be. Nothing is before the connection is there: a socket whose
   * first write fails while it opens never begins to read.
   */
  #sent: Promise<void>;
  #reset = false;

  constructor(address: Address, onEvent: (event: WireEvent) => void) {
    this.#onEvent = onEvent;
    const { host, port, tls, insecure } = address;
    const onread = {
      buffer: Buffer.allocUnsafe(READ),
      callback: (count: number, buffer: Uint8Array): boolean => {
        this.#onBytes(Buffer.from(buffer.subarray(0, count)));
        return true;
      },
    };
    const common = { host, port, allowHalfOpen: true, noDelay: true, onread };
    this.#socket = tls
      ? connectTls({
          ...common,
          rejectUnauthorized: !insecure,
          ...(isName(host) ? { servername: host } : {}),
        })
      : connect(common);
    this.#socket.setNoDelay(true);
    const socket = this.#socket;
    this.#sent = new Promise((resolve) => {
      socket.once(tls ? 'secureConnect' : 'connect', resolve).once('close', resolve);
    });
    this.#listen(tls);
  }

  /** @param pieces bytes of each; undefined: all in one */
  send(bytes: Buffer, pieces?: number): Promise<void> {
    this.#sent = this.#sent.then(() => this.#write(bytes, pieces));
    return this.#sent;
  }

  /** FIN, behind all that was sent. */
  shutdown(): void {
    void this.#sent.then(() => {
      if (!this.#reset) this.#socket.end();
    });
  }

  /** RST, behind all that was sent. */
  async reset(): Promise<void> {
    await this.#sent;
    this.#over = true;
    this.#socket.resetAndDestroy();
  }

  /** There is a connection of TCP, if perhaps none of TLS yet. */
  get reached(): boolean {
    return !this.#socket.connecting && !this.#socket.destroyed;
  }

  /** Nothing is heard of it any more. */
  destroy(): void {
    this.#over = true;
    this.#socket.destroy();
  }

  #tell(event: WireEvent): void {
    if (this.#over) return;
    if (event.is !== 'bytes' && event.is !== 'connected' && event.is !== 'fin') this.#over = true;
    this.#onEvent(event);
  }

  #listen(tls: boolean): void {
    const socket = this.#socket;
    socket.once(tls ? 'secureConnect' : 'connect', () => {
      this.#connected = true;
      this.#tell({ is: 'connected' });
    });
    socket.once('end', () => {
      if (this.#connected) this.#tell({ is: this.#reset ? 'rst' : 'fin' });
      else
        this.#tell({
          is: 'failed',
          code: 'CLOSED',
          text: 'the connection was closed during the TLS handshake',
        });
    });
    socket.once('close', () => {
      // A socket that ended without a word: of TLS, a peer that just left.
      if (!this.#connected) this.#tell({ is: 'failed', code: 'CLOSED', text: 'the connection was closed' });
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#onError(error);
    });
    const destroy = socket.destroy.bind(socket);
    socket.destroy = (error?: Error) => {
      if (error === undefined || (error as NodeJS.ErrnoException).syscall !== 'write' || this.#over)
        return destroy(error);
      this.#failedWrite(() => destroy());
      return socket;
    };
  }

  #onBytes(bytes: Buffer): void {
    this.#bytes += bytes.length;
    this.#tell({ is: 'bytes', bytes });
    if (this.#bytes <= MAX_BYTES) return;
    this.#tell({ is: 'flood', bytes: this.#bytes });
    this.#socket.destroy();
  }

  #onError(error: NodeJS.ErrnoException): void {
    const { code = 'ERROR', message } = error;
    if (!this.#connected) this.#tell({ is: 'failed', code, text: message });
    else if (code === 'ECONNRESET' || code === 'EPIPE') this.#tell({ is: 'rst' });
    else this.#tell({ is: 'failed', code, text: message });
  }

  /** See the top. */
  #failedWrite(destroy: () => void): void {
    if (this.#reset) return;
    this.#reset = true;
    let seen = this.#bytes;
    let turns = 0;
    const turn = (): void => {
      turns = seen === this.#bytes ? turns + 1 : 0;
      seen = this.#bytes;
      if (turns <= TURNS && !this.#over) return void setImmediate(turn);
      this.#tell({ is: 'rst' });
      destroy();
    };
    setImmediate(turn);
  }

  async #write(bytes: Buffer, pieces: number | undefined): Promise<void> {
    const size = pieces ?? AT_ONCE;
    const timed = bytes.length / size <= PAUSES;
    for (let at = 0; at < bytes.length && !this.#reset && !this.#over; at += size) {
      await this.#flush(bytes.subarray(at, at + size));
      this.progress++;
      // A pause lets the server read this piece before the next one comes.
      if (pieces !== undefined) await turn(timed);
    }
  }

  /** Settles when the kernel has it, or will not get it any more. */
  #flush(bytes: Buffer): Promise<void> {
    const socket = this.#socket;
    return new Promise((resolve) => {
      if (socket.destroyed || !socket.writable) return void resolve();
      const done = (): void => {
        socket.off('close', done);
        resolve();
      };
      socket.once('close', done);
      socket.write(bytes, done);
    });
  }
}

const turn = (timed: boolean): Promise<void> =>
  new Promise((resolve) => {
    if (timed) setTimeout(resolve, 1);
    else setImmediate(resolve);
  });

/** SNI takes names only. */
const isName = (host: string): boolean => !/^[\d.]+$|:/.test(host);
