/**
 * The process of exit.test.ts that ends while the thread of its sleeper comes up: with code 7 when the exit waited until it was.
 */
import { IOLoop } from '../index.js';

const loop = new IOLoop();
const outcomes: string[] = [];
const { wait } = Atomics;
Object.assign(Atomics, {
  wait: (...args: Parameters<typeof wait>) => {
    const outcome = wait(...args);
    outcomes.push(outcome);
    return outcome;
  },
});
process.on('worker', (worker) => {
  worker.once('online', () => {
    // Registered last, heard last.
    process.on('exit', () => {
      process.exitCode = outcomes.length === 1 && outcomes[0] !== 'timed-out' ? 7 : 1;
    });
    process.exit();
  });
});
await loop.run();
