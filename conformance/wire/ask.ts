/** One plain request on a connection of its own: for the beat, the calibration and the manifest. */
import { Connection, type Address } from './connection.js';
import { ResponseParser, type Response } from './response-parser.js';
import { after } from './times.js';

export type Answer =
  | { readonly is: 'response'; readonly response: Response; readonly ms: number }
  | { readonly is: 'failed'; readonly code: string; readonly text: string }
  /** The connection ended without a whole response. */
  | { readonly is: 'closed' }
  /** Nothing came. `reached`: there is a connection of TCP; `connected`: all of it, TLS included. */
  | {
      readonly is: 'silent';
      readonly reached: boolean;
      readonly connected: boolean;
      readonly ms: number;
    }
  | { readonly is: 'malformed'; readonly what: string; readonly bytes: Buffer };

/** Bytes of a body that are kept: a manifest has far less, and of a front page nobody asks. */
const KEPT_BODY = 1024 * 1024;

export const hostOf = ({ host, port }: Address): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;

export const plainRequest = (path: string, address: Address): Buffer =>
  Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${hostOf(address)}\r\nConnection: close\r\n\r\n`, 'latin1');

export function ask(address: Address, path: string, budgetMs: number): Promise<Answer> {
  return new Promise((resolve) => {
    const begin = performance.now();
    const parser = new ResponseParser({ method: () => 'GET', keptBody: () => KEPT_BODY });
    const first: Buffer[] = [];
    let connected = false;
    const settle = (answer: Answer): void => {
      stop();
      connection.destroy();
      resolve(answer);
    };
    const stop = after(budgetMs, () => {
      settle({ is: 'silent', reached: connection.reached, connected, ms: budgetMs });
    });
    const look = (): void => {
      const response = parser.responses.find(({ interim }) => !interim);
      if (response !== undefined) settle({ is: 'response', response, ms: performance.now() - begin });
      else if (parser.malformed !== undefined)
        settle({ is: 'malformed', what: parser.malformed.what, bytes: Buffer.concat(first) });
    };
    const connection = new Connection(address, (event) => {
      switch (event.is) {
        case 'connected':
          connected = true;
          void connection.send(plainRequest(path, address));
          return;
        case 'bytes':
          if (first.length < 4) first.push(event.bytes);
          parser.push(event.bytes);
          return look();
        case 'fin':
        case 'rst':
          parser.end(event.is);
          if (first.length > 0) look();
          return settle({ is: 'closed' });
        case 'flood':
          return settle({ is: 'malformed', what: 'a flood of bytes', bytes: Buffer.concat(first) });
        case 'failed':
          return settle({ is: 'failed', code: event.code, text: event.text });
      }
    });
  });
}
