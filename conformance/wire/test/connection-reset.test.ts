/** A server that answers and resets the connection while the kit still sends: the answer is heard, though a write fails first. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { Connection } from '../connection.js';

const ANSWER = 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n';
/** In a thread of its own: it answers while the kit is busy. */
const SERVER = `
const { parentPort, workerData } = require('node:worker_threads');
const server = require('node:net').createServer((socket) => {
  socket.on('error', () => undefined);
  socket.once('data', () => socket.write(workerData, () => {
    socket.resetAndDestroy();
    Atomics.store(shared, 0, 1);
    Atomics.notify(shared, 0);
  }));
}).listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
let shared;
parentPort.on('message', (given) => { shared = given; });
`;

t.test('what came before a reset is told, and then the reset', async (t) => {
  const worker = new Worker(SERVER, { eval: true, execArgv: [], workerData: ANSWER });
  t.teardown(() => worker.terminate());
  const [port] = (await once(worker, 'message')) as [number];
  const isReset = new Int32Array(new SharedArrayBuffer(4));
  worker.postMessage(isReset);
  let text = '';
  const end = await new Promise<string>((resolve) => {
    const connection = new Connection({ host: '127.0.0.1', port, tls: false, insecure: false }, (event) => {
      if (event.is === 'bytes') text += event.bytes.toString('latin1');
      else if (event.is !== 'connected') resolve(event.is);
    });
    void connection.send(Buffer.from('a')).then(() => {
      // Nothing is read meanwhile, so that the next write is the first to meet the reset.
      Atomics.wait(isReset, 0, 0);
      return connection.send(Buffer.from('b'));
    });
  });
  t.equal(text, ANSWER);
  t.equal(end, 'rst');
});
