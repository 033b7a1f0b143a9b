/**
 * The helper thread: carries out the `thread` actions of a scenario, one after the other.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { posix } from '../../posix/index.js';
import type { ThreadReport } from '../../spec/trace.js';
import { importSubject } from './load-subject.js';
import { textOf } from './raised.js';
import { SleepDetector } from './sleep.js';
import {
  CELLS,
  type ThreadOrder,
  type ThreadReady,
  type ThreadSetup,
  type ThreadStep,
} from './thread-messages.js';

/** Between two looks at the loop's thread, ms. It is a courtesy to the other threads; nothing depends on it. */
const PAUSE = 0.1;

const { module, tid, cells, port } = workerData as ThreadSetup;
const detector = new SleepDetector(posix, tid);
let signal: ((token: unknown) => void) | undefined;

const over = (): boolean => Atomics.load(cells, CELLS.over) === 1;

function untilAsleep(): boolean {
  detector.forget();
  for (;;) {
    if (over()) return false;
    if (Atomics.load(cells, CELLS.busy) === 1) detector.forget();
    else if (detector.look()) return true;
    Atomics.wait(cells, CELLS.over, 0, PAUSE);
  }
}

function act(step: ThreadStep): void {
  if (step.op === 'raise') posix.tgkill(process.pid, tid, step.signal);
  else
    try {
      signal?.(step.token);
    } catch (error) {
      process.stderr.write(`signalFromThread: ${textOf(error)}\n`);
    }
}

function carryOut(order: ThreadOrder): ThreadReport {
  const now = (): number => Math.floor((posix.monotonicMs() - order.startedAt) * 1000);
  const slept = order.when === 'idle' && untilAsleep();
  const startedAt = now();
  let lastAt = startedAt;
  for (let i = 0; i < order.times && !over(); i++) {
    if (i > 0 && order.every > 0) Atomics.wait(cells, CELLS.over, 0, order.every);
    lastAt = now();
    for (const step of order.steps) act(step);
  }
  return { slept, startedAt, lastAt, endedAt: now() };
}

async function prepare(): Promise<ThreadReady> {
  try {
    const subject = await importSubject(module, 'unchecked');
    if (subject.signalFromThread === undefined) return {};
    signal = (token) => subject.signalFromThread?.(token);
    return {};
  } catch (error) {
    return { cannotWake: `its module can't be loaded in a thread: ${textOf(error).split('\n', 1)[0]}` };
  }
}

const ready = await prepare();
port.on('message', (order: ThreadOrder) => {
  port.postMessage(carryOut(order));
  Atomics.add(cells, CELLS.done, 1);
  Atomics.notify(cells, CELLS.done);
});
parentPort?.postMessage(ready);
