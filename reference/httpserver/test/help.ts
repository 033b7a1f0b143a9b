/**
 * Help for these tests: a server on a loop that shares the thread with Node's own, and clients that speak bytes.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Test } from 'tap';
import type { LogEntry } from '../../../spec/contract.js';
import { posix as kernel, type Posix } from '../../../posix/index.js';
import { IOLoop } from '../../ioloop/index.js';
import { HTTPServer, type Handler, type HTTPServerOptions } from '../index.js';

export interface Served {
  readonly loop: IOLoop;
  readonly server: HTTPServer;
  readonly port: number;
  readonly log: LogEntry[];
  /** Opens a connection. */
  readonly client: () => Promise<Client>;
  /** Sends bytes on a connection of its own, and waits for the end of what comes back; Date is left out. */
  readonly exchange: (bytes: string) => Promise<string>;
}

/** A server that runs until the test has ended. */
export function serve(
  t: Test,
  handler: Handler,
  options: HTTPServerOptions = {},
  posix: Posix = kernel,
): Served {
  const log: LogEntry[] = [];
  const loop = new IOLoop({ logger: (entry) => log.push(entry) });
  const server = new HTTPServer(loop, handler, options, posix);
  server.listen(0);
  const { port } = server;
  const running = loop.run();
  const sockets: Socket[] = [];
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    server.stop();
    server.closeAllConnections();
    loop.stop();
    await running;
    loop.close();
  });
  const client = async (): Promise<Client> => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    sockets.push(socket);
    await once(socket, 'connect');
    return new Client(socket);
  };
  return {
    loop,
    server,
    port,
    log,
    client,
    exchange: async (bytes) => {
      const one = await client();
      one.send(bytes);
      return one.rest();
    },
  };
}

/** A client that speaks bytes, one character (U+0000 to U+00FF) each. */
export class Client {
  #text = '';
  #ended = false;
  /** How it ended, if not by the end of the server's output. */
  error: string | undefined;

  constructor(readonly socket: Socket) {
    socket.setEncoding('latin1');
    socket.setMaxListeners(0); // Each wait leaves a few behind.
    socket.on('data', (text: string) => (this.#text += text));
    socket.on('end', () => (this.#ended = true));
    socket.on('close', () => (this.#ended = true));
    socket.on('error', (error: NodeJS.ErrnoException) => (this.error = error.code));
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** Sends bytes one by one, each in a packet of its own. */
  async drip(bytes: string): Promise<void> {
    for (const byte of bytes) {
      await new Promise((resolve) => this.socket.write(Buffer.from(byte, 'latin1'), resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Waits until the text that has come matches, and takes it away. */
  async until(pattern: RegExp): Promise<string> {
    for (;;) {
      const match = pattern.exec(this.#text);
      if (match !== null) {
        const end = match.index + match[0].length;
        const text = this.#text.slice(0, end);
        this.#text = this.#text.slice(end);
        return undated(text);
      }
      if (this.#ended) throw new Error(`the connection has ended, with ${JSON.stringify(this.#text)}`);
      await Promise.race([once(this.socket, 'data'), once(this.socket, 'close'), once(this.socket, 'end')]);
    }
  }

  /** Waits for the end, and ends its own side. @returns What had come and was not taken. */
  async rest(): Promise<string> {
    if (!this.#ended)
      await Promise.race([once(this.socket, 'end'), once(this.socket, 'close').catch(() => {})]);
    this.socket.destroy();
    return undated(this.#text);
  }
}

/** Without the lines that differ from run to run. */
function undated(text: string): string {
  return text.replace(/Date: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r\n/g, '');
}

/** The statuses in a text of responses. */
export function statuses(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}

/** A handler that tells what it got. */
export const echo: Handler = (request) => {
  request.respond(200, { 'X-Request': `${request.method} ${request.uri}` }, request.body);
};
