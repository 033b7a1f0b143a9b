/** Makes two calls in a thread of its own and says what they gave: see process.test.ts. */
import { parentPort } from 'node:worker_threads';
import { posix } from '../index.js';

parentPort?.postMessage([posix.gettid(), posix.epoll_create1(1)]);
