/**
 * The Worker of signals.test.ts: has a loop of its own, and asks it for signals.
 */
import { parentPort } from 'node:worker_threads';
import { IOLoop } from '../index.js';

const loop = new IOLoop();
loop.addCallback(() => {
  loop.stop();
  loop.addSignalHandler('SIGUSR2', () => {});
});
loop.start();
try {
  loop.addSignalHandler('SIGUSR2', () => {});
} catch (error) {
  parentPort?.postMessage(String(error));
}
loop.close();
