/**
 * The process of run.test.ts that ends while its loop sleeps.
 */
import { IOLoop } from '../index.js';

const loop = new IOLoop();
loop.addCallback(() => void setTimeout(() => process.exit(7), 10));
await loop.run();
