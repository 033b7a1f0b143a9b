import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { EAGAIN, posix } from '../../../posix/index.js';
import { signalWakeup, type WakeupToken } from '../index.js';
import { Waker, writeToWaker } from '../waker.js';
import { countingKernel, duplicate, eachPoller, makeLoop, pair } from './help.js';

/** Far more than it takes: threads load TypeScript. */
t.setTimeout(120_000);

/** What another thread does with a wakeup. */
export interface Orders {
  readonly token: WakeupToken;
  readonly times: number;
  /** It waits until `go[0]` is 1. */
  readonly go: Int32Array;
  /** Counts the signals, each before it is sent. */
  readonly sent?: Int32Array;
  /** Path of what says whether the loop's thread sleeps; it waits for that, too. */
  readonly asleep?: string;
}

/** Threads that take orders. */
const threads = [1, 2].map(() => new Worker(new URL('./wakeups-thread.js', import.meta.url)));
t.teardown(() => Promise.all(threads.map((thread) => thread.terminate())));
await Promise.all(threads.map((thread) => once(thread, 'message')));

const shared = () => new Int32Array(new SharedArrayBuffer(4));

function set(go: Int32Array): void {
  Atomics.store(go, 0, 1);
  Atomics.notify(go, 0);
}

eachPoller(t, 'signals of the own thread: merged, not at once, nothing written', (t, poller) => {
  let writes = 0;
  const counting = {
    ...posix,
    write: (...args: Parameters<typeof posix.write>) => (writes++, posix.write(...args)),
  };
  const { loop, spin } = makeLoop(t, { poller, posix: counting });
  let runs = 0;
  const wakeup = loop.createWakeup(() => {
    if (++runs === 2) wakeup.signal();
  });
  for (let i = 0; i < 70_000; i++) wakeup.signal();
  t.equal(runs, 0);
  spin(2);
  t.equal(runs, 1, 'signalled before the start');
  loop.addCallback(() => {
    wakeup.signal();
    t.equal(runs, 1);
  });
  spin(3);
  t.equal(runs, 3, 'one that is signalled in its own callback comes again');
  t.equal(writes, 0);
});

eachPoller(t, 'a token from any thread: drained, and no spin', (t, poller) => {
  const kernel = countingKernel();
  const { loop, start } = makeLoop(t, { poller, posix: kernel.posix });
  const runs = [0, 0, 0];
  const wakeups = runs.map((_, i) => loop.createWakeup(() => void runs[i]!++));
  for (let i = 0; i < 70_000; i++) signalWakeup(wakeups[1]!.token);
  signalWakeup(wakeups[2]!.token);
  loop.callLater(20, () => loop.stop());
  start();
  t.strictSame(runs, [0, 1, 1]);
  t.ok(kernel.polls < 10, `${kernel.polls} polls`);
});

eachPoller(t, 'a thread wakes a loop that sleeps', (t, poller) => {
  const { loop, log, start } = makeLoop(t, { poller });
  let runs = 0;
  const wakeup = loop.createWakeup(() => {
    runs++;
    loop.stop();
  });
  const asleep = `/proc/self/task/${posix.gettid()}/stat`;
  const orders: Orders = { token: wakeup.token, times: 1, go: shared(), asleep };
  threads[0]?.postMessage(orders);
  loop.addCallback(() => set(orders.go));
  start();
  t.equal(runs, 1);
  t.strictSame(log, []);
});

eachPoller(t, 'no signal is lost in a storm', (t, poller) => {
  const { loop, start } = makeLoop(t, { poller });
  const TIMES = 20_000;
  let runs = 0;
  const wakeup = loop.createWakeup(() => {
    runs++;
    // The last signal is the one that must not be lost: the count was written before it was sent.
    if (Atomics.load(sent, 0) === 2 * TIMES) loop.stop();
  });
  const sent = shared();
  const orders: Orders = { token: wakeup.token, times: TIMES, go: shared(), sent };
  for (const thread of threads) thread.postMessage(orders);
  loop.addCallback(() => set(orders.go));
  start();
  t.equal(Atomics.load(sent, 0), 2 * TIMES);
  t.ok(runs > 0 && runs <= 2 * TIMES, `${runs} runs`);
});

t.test('a wakeup of a closed loop writes to nobody', (t) => {
  const { loop } = makeLoop(t);
  const wakeup = loop.createWakeup(() => void t.fail('called'));
  const [a, b] = pair(t);
  loop.close();
  const { fd } = wakeup.token.waker;
  const inItsPlace = duplicate(t, b, fd);
  t.equal(inItsPlace, fd);
  signalWakeup(wakeup.token);
  wakeup.signal();
  t.equal(posix.read(a, Buffer.alloc(8)), -EAGAIN);
  t.end();
});

t.test('a waker that is being written to is closed by who writes last', (t) => {
  const calls: string[] = [];
  const kernel = { ...posix, close: (fd: number) => (calls.push('close'), posix.close(fd)) };
  const write = (name: string, meanwhile?: () => void) =>
    writeToWaker(waker.token, { ...kernel, write: () => (meanwhile?.(), calls.push(name), 8) });
  const waker = new Waker(kernel);
  write('early');
  write('outer', () => {
    write('inner', () => waker.close());
    write('late');
  });
  write('late');
  t.strictSame(calls, ['early', 'inner', 'outer', 'close']);
  t.equal(Atomics.load(waker.token.gate, 0), -0x80000000, 'nobody is inside');
  t.end();
});

t.test('a thread that is terminated between any two steps of a signal', (t) => {
  const { loop, start } = makeLoop(t);
  const wakeup = loop.createWakeup(() => loop.stop());
  const { state, waker } = wakeup.token;
  t.teardown(() => posix.close(waker.fd));

  Atomics.store(state, 0, 1);
  signalWakeup(wakeup.token);
  start();
  t.pass('SIGNALLED, but nothing was written: the next signal comes through');

  Atomics.add(waker.gate, 0, 1);
  loop.close();
  t.equal(posix.write(waker.fd, new Uint8Array(8)), 8, 'inside the gate: its fd is left to it');
  t.end();
});
