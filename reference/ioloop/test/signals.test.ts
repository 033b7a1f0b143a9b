import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { makeLoop } from './help.js';

/** Far more than it takes: threads load TypeScript. */
t.setTimeout(120_000);

const nothing = () => {};
/** tap listens to some itself. */
const listeners = process.listenerCount('SIGUSR2');

t.test('a signal runs its callback, on the loop, while it sleeps', async (t) => {
  const { loop, log } = makeLoop(t);
  let runs = 0;
  let inCallback = false;
  loop.addSignalHandler('SIGUSR2', () => {
    t.notOk(inCallback);
    if (++runs === 2) return loop.stop();
    loop.addCallback(() => {
      inCallback = true;
      process.kill(process.pid, 'SIGUSR2');
      inCallback = false;
    });
  });
  loop.callLater(5, () => process.kill(process.pid, 'SIGUSR2') as unknown as void);
  await loop.run();
  t.equal(runs, 2);
  t.strictSame(log, []);
  loop.removeSignalHandler('SIGUSR2');
  loop.removeSignalHandler('SIGUSR2');
  t.equal(process.listenerCount('SIGUSR2'), listeners);
});

t.test('removed before its turn', async (t) => {
  const { loop } = makeLoop(t);
  loop.addSignalHandler('SIGUSR2', () => void t.fail('called'));
  const keep = () => {
    loop.removeSignalHandler('SIGUSR2');
    loop.callLater(1, () => loop.stop());
  };
  process.once('SIGUSR2', keep);
  loop.addCallback(() => void process.kill(process.pid, 'SIGUSR2'));
  await loop.run();
});

t.test('a second handler, and what is no signal, are refused', (t) => {
  const { loop } = makeLoop(t);
  loop.addSignalHandler('SIGUSR2', nothing);
  t.throws(() => loop.addSignalHandler('SIGUSR2', nothing), {
    name: 'HandlerExistsError',
    message: /^SIGUSR2 has/,
  });
  t.throws(() => loop.addSignalHandler('SIGKILL', nothing), { code: 'EINVAL' });
  loop.close();
  t.equal(process.listenerCount('SIGUSR2'), listeners);
  t.end();
});

t.test('a start that blocks can’t hear signals, and says so', (t) => {
  const { loop, start } = makeLoop(t);
  loop.addSignalHandler('SIGUSR2', nothing);
  t.throws(start, { name: 'SignalsBlockedError', message: /^under start\(\), .* use run\(\)/ });
  loop.removeSignalHandler('SIGUSR2');
  loop.addCallback(() => {
    t.throws(() => loop.addSignalHandler('SIGUSR2', nothing), { name: 'SignalsBlockedError' });
    loop.stop();
  });
  start();
  t.end();
});

t.test('nor can a Worker', async (t) => {
  const worker = new Worker(new URL('./signals-thread.js', import.meta.url));
  const said = once(worker, 'message');
  const ended = once(worker, 'exit');
  t.match(await said, [/^SignalsBlockedError: in a Worker, .* signal a wakeup/]);
  await ended;
});
