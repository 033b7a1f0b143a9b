/** A server that answers and ends the connection while the client still sends: the answer is heard each time. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import t from 'tap';
import { Connection } from '../connection.js';

const ROUNDS = 100;
const ANSWER = 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n';
/** More than the kernel takes for a server that doesn't read. */
const MUCH = Buffer.alloc(4 * 1024 * 1024, 'a');

t.test('what came before a reset is told before it', async (t) => {
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.write(ANSWER, () => socket.resetAndDestroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const heard = new Set<string>();
  for (let i = 0; i < ROUNDS; i++) {
    let text = '';
    await new Promise<void>((resolve) => {
      const connection = new Connection({ host: '127.0.0.1', port, tls: false, insecure: false }, (event) => {
        if (event.is === 'bytes') text += event.bytes.toString('latin1');
        else if (event.is !== 'connected') resolve();
      });
      void connection.send(MUCH);
    });
    heard.add(text);
  }
  t.same([...heard], [ANSWER]);
});
