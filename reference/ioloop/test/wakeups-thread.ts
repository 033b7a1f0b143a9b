/**
 * The other threads of wakeups.test.ts.
 */
import { readFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { signalWakeup } from '../index.js';
import type { Orders } from './wakeups.test.js';

parentPort?.on('message', ({ token, times, go, sent, asleep }: Orders) => {
  Atomics.wait(go, 0, 0);
  // The third field of /proc/PID/stat: S is asleep (man 5 proc).
  if (asleep !== undefined) while (!/^\d+ \(.*\) S/.test(readFileSync(asleep, 'latin1')));
  for (let i = 0; i < times; i++) {
    if (sent !== undefined) Atomics.add(sent, 0, 1);
    signalWakeup(token);
  }
});

parentPort?.postMessage('up');
