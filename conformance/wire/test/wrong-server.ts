/** Servers by hand, which are wrong in one way each. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';
import type { Address } from '../connection.js';

/** What a server does with a connection. `text`: what has come on it so far. `first`: nothing had come before. */
export type Conduct = (socket: Socket, text: string, first: boolean) => void;

export interface WrongServer {
  readonly address: Address;
  /** Ends it and its connections. */
  readonly end: () => void;
  /** Listens again at the same port. */
  readonly again: () => Promise<void>;
}

export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
export const CLOSING = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

/** How many requests without a body have come. */
export const requestsIn = (text: string): number => text.split('\r\n\r\n').length - 1;

/** Answers each request by {@link OK}, and closes when it is told to. */
export function decent(socket: Socket, text: string): void {
  socket.write(OK);
  if (/connection: close/i.test(text)) socket.end();
}

/** @param atOnce what it does when somebody connects, before a byte has come */
export async function wrongServer(
  t: Test,
  conduct: Conduct,
  atOnce: (socket: Socket) => void = () => undefined,
): Promise<WrongServer> {
  const sockets = new Set<Socket>();
  let port = 0;
  let server: Server;
  const again = async (): Promise<void> => {
    server = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.add(socket);
      let text = '';
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
      socket.on('data', (bytes) => {
        const first = text === '';
        text += bytes.toString('latin1');
        conduct(socket, text, first);
      });
      atOnce(socket);
    }).listen(port, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  };
  const end = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  await again();
  t.teardown(end);
  return { address: { host: '127.0.0.1', port, tls: false, insecure: false }, end, again };
}

/** Writes again and again, with a turn of the loop between, until the socket is closed. */
export function forEver(socket: Socket, text: string): void {
  const next = (): void => {
    if (!socket.destroyed) socket.write(text, () => setImmediate(next));
  };
  next();
}
