/** A small server that is right, but for one thing that shows in pipelines or in pieces alone. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { Test } from 'tap';
import { MANIFEST_PATH, type Manifest } from '../../../spec/server-contract.js';
import type { Servers } from '../../wire/servers.js';

export type Fault = 'drops half a request line' | 'keeps fields' | 'loses what is behind a body';

interface Request {
  readonly method: string;
  readonly path: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

const MANIFEST: Manifest = {
  evspec: 1,
  routes: ['echo', 'inspect'],
  limits: {},
  unclaimed: {},
  choices: {},
};

const answer = (status: string, body: string, more = ''): string =>
  `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;

function answerOf({ method, path, fields, body }: Request): string {
  switch (path) {
    case '/':
      return answer('200 OK', 'hello');
    case MANIFEST_PATH:
      return answer('200 OK', JSON.stringify(MANIFEST));
    case '/echo':
      return answer('200 OK', body);
    case '/inspect':
      return answer('200 OK', JSON.stringify({ method, headers: fields, body }));
    default:
      return answer('404 Not Found', '');
  }
}

/** A request at the beginning of a text, and where it ends; undefined if it is not whole. */
function parse(text: string): { readonly request: Request; readonly end: number } | 'bad' | undefined {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [line = '', ...lines] = text.slice(0, headEnd).split('\r\n');
  const match = /^([A-Z]+) (\/\S*) HTTP\/1\.1$/.exec(line);
  const fields = lines.map((one) => {
    const colon = one.indexOf(':');
    return [one.slice(0, colon).toLowerCase(), one.slice(colon + 1).trim()] as const;
  });
  const value = (name: string) => fields.find(([n]) => n === name)?.[1];
  const length = value('content-length') ?? '0';
  if (match === null || value('host') === undefined || !/^\d+$/.test(length)) return 'bad';
  const end = headEnd + 4 + Number(length);
  if (text.length < end) return undefined;
  const body = text.slice(headEnd + 4, end);
  return { request: { method: match[1]!, path: match[2]!, fields, body }, end };
}

function serve(socket: Socket, fault: Fault | undefined): void {
  let text = '';
  let kept: Request['fields'] = [];
  socket.on('error', () => undefined);
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
    for (;;) {
      const parsed = parse(text);
      if (parsed === undefined) break;
      if (parsed === 'bad') return void socket.end(answer('400 Bad Request', '', 'Connection: close\r\n'));
      const { request, end } = parsed;
      text = fault === 'loses what is behind a body' && request.body !== '' ? '' : text.slice(end);
      const own = request.fields.map(([name]) => name);
      const fields = [...request.fields, ...kept.filter(([name]) => !own.includes(name))];
      kept = fault === 'keeps fields' ? request.fields : [];
      socket.write(answerOf({ ...request, fields }), 'latin1');
      if (fields.some(([name, value]) => name === 'connection' && value === 'close'))
        return void socket.end();
    }
    if (fault === 'drops half a request line' && !text.includes('\r\n')) text = '';
  });
}

export async function smallServer(t: Test, fault?: Fault): Promise<Servers> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.once('close', () => sockets.delete(socket)));
    serve(socket, fault);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = { host: '127.0.0.1', port, tls: false, insecure: false };
  return {
    canRestart: false,
    takesOptions: false,
    canStop: false,
    isGone: false,
    serve: () => Promise.resolve({ address, end: () => Promise.resolve() }),
    restart: () => Promise.reject(new Error('it is part of the test')),
    condition: () => 'it is part of the test',
    stderr: () => '',
    close: () => Promise.resolve([]),
  };
}
