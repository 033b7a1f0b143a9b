/**
 * Clients that others have written: curl, node:http, and undici, which is Node's fetch.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { serve } from './help.js';
import type { Handler } from '../index.js';

const handler: Handler = async (request) => {
  if (request.path === '/stream') {
    const writer = request.start(200, { 'Content-Type': 'text/plain' });
    for (const piece of ['one', 'two', 'three']) await writer.write(piece);
    return writer.end();
  }
  request.respond(
    200,
    { 'Content-Type': 'text/plain' },
    `${request.method} ${request.path} ${request.body.length}`,
  );
};

const noCurl =
  process.env['CI'] !== 'true' &&
  spawnSync('curl', ['--version']).error !== undefined &&
  'curl is not installed';

async function curl(...words: string[]): Promise<string> {
  const child = spawn('curl', ['--silent', '--show-error', '--max-time', '20', ...words]);
  const [out, err] = [text(child.stdout), text(child.stderr)];
  const [code] = (await once(child, 'close')) as [number];
  if (code !== 0) throw new Error(`curl has exited with ${code}: ${await err}`);
  return out;
}

void t.test('curl', { skip: noCurl }, async (t) => {
  const { port } = serve(t, handler);
  const url = `http://127.0.0.1:${port}`;
  const body = 'x'.repeat(1_100_000); // Above 1 MB, curl asks for 100 (Continue) by itself.
  t.equal(await curl(`${url}/a`), 'GET /a 0');
  t.equal(await curl('-0', `${url}/a`), 'GET /a 0');
  t.equal(await curl(`${url}/stream`, `${url}/b`), 'onetwothreeGET /b 0');
  t.equal(await curl('-d', 'a=b', `${url}/form`), 'POST /form 3');
  t.equal(await curl('-H', 'Expect: 100-continue', '-d', 'a=b', `${url}/form`), 'POST /form 3');
  t.equal(await curl('-H', 'Transfer-Encoding: chunked', '-d', 'a=b', `${url}/chunks`), 'POST /chunks 3');
  t.match(await curl('-I', `${url}/head`), /^HTTP\/1.1 200 OK\r\n[^]*Content-Length: 12\r\n\r\n$/);
  const child = spawn('curl', ['-s', '--max-time', '20', '--data-binary', '@-', `${url}/large`]);
  child.stdin.end(body);
  t.equal(await text(child.stdout), 'POST /large 1100000');
});

function ask(options: object, body?: string): Promise<[string | undefined, string]> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(options, (response: IncomingMessage) => {
      text(response).then((body) => resolve([response.headers.connection, body]), reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

void t.test('node:http', async (t: Test) => {
  const { port, server } = serve(t, handler);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let i = 0; i < 3; i++) {
    t.equal((await ask({ port, agent, path: '/a' }))[1], 'GET /a 0');
    t.equal((await ask({ port, agent, path: '/b', method: 'POST' }, 'hello'))[1], 'POST /b 5');
    t.equal((await ask({ port, agent, path: '/stream' }))[1], 'onetwothree');
  }
  t.equal(server.connectionCount, 1, 'all over one connection');
  agent.destroy();
  t.equal((await ask({ port, path: '/c', method: 'DELETE' }))[1], 'DELETE /c 0');
});

void t.test('fetch', async (t: Test) => {
  const { port } = serve(t, handler);
  const url = `http://127.0.0.1:${port}`;
  const texts = await Promise.all(
    Array.from({ length: 50 }, async (_, i) =>
      (await fetch(`${url}/${i}`, { method: 'PUT', body: 'x'.repeat(i * 1000) })).text(),
    ),
  );
  t.same(
    texts,
    texts.map((_, i) => `PUT /${i} ${i * 1000}`),
  );
  t.equal(await (await fetch(`${url}/stream`)).text(), 'onetwothree');
});
