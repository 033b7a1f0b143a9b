/**
 * The thread of exit.test.ts whose loop sleeps, and has nothing to wake up for.
 */
import { parentPort } from 'node:worker_threads';
import { IOLoop } from '../index.js';

const loop = new IOLoop();
loop.addCallback(() => void setTimeout(() => parentPort?.postMessage('asleep'), 10));
await loop.run();
