import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { posix } from '../../../posix/index.js';
import { READ, StopEverything, WRITE } from '../index.js';
import { countingKernel, eachPoller, drain, makeLoop, pair, send } from './help.js';

/** Far more than it takes: each sleeper's thread loads TypeScript. */
t.setTimeout(120_000);

eachPoller(t, 'serves fds, tasks and timers, and Node its own meanwhile', async (t, poller) => {
  const { loop, log } = makeLoop(t, { poller });
  const [a, b] = pair(t);
  const seen = new Set<string>();
  const saw = (what: string) => {
    seen.add(what);
    if (seen.size === 5) loop.stop();
  };
  loop.addHandler(a, () => (drain(a), saw('fd')), READ);
  loop.addCallback(() => saw('task'));
  loop.callLater(1.5, () => {
    saw('timer');
    send(b);
  });
  setTimeout(() => saw('Node timer'), 3);
  setImmediate(() => saw('Node immediate'));
  t.equal(loop.running, false);
  const run = loop.run();
  t.equal(loop.running, true);
  await run;
  t.equal(loop.running, false);
  t.equal(seen.size, 5);
  t.strictSame(log, []);
});

eachPoller(t, 'whatever changes while it sleeps is noticed', async (t, poller) => {
  const { loop } = makeLoop(t, { poller });
  const [a, b] = pair(t);
  const [c] = pair(t);
  const seen: string[] = [];
  let done: () => void = () => {};
  const saw = (what: string) => {
    seen.push(what);
    done();
  };
  /** Lets the loop fall asleep, changes something, and waits until that was seen. */
  const whileAsleep = async (change: () => void) => {
    await delay(5);
    const seen = new Promise<void>((resolve) => (done = resolve));
    change();
    await seen;
  };
  const run = loop.run();
  await whileAsleep(() => void loop.addCallback(() => saw('task')));
  await whileAsleep(() => void loop.callLater(1, () => saw('timer')));
  loop.addHandler(
    a,
    () => {
      drain(a);
      saw('handler');
    },
    READ,
  );
  await whileAsleep(() => send(b));
  await whileAsleep(() =>
    loop.addHandler(
      c,
      () => {
        loop.removeHandler(c);
        saw('writable');
      },
      WRITE,
    ),
  );
  const wakeup = loop.createWakeup(() => saw('wakeup'));
  await whileAsleep(() => wakeup.signal());
  await delay(5);
  loop.stop();
  await run;
  t.strictSame(
    seen,
    ['task', 'timer', 'handler', 'handler', 'writable', 'wakeup'].filter((_, i) => i !== 2),
  );
});

eachPoller(t, 'sleeps while there is nothing to do', async (t, poller) => {
  const kernel = countingKernel();
  const { loop } = makeLoop(t, { poller, posix: kernel.posix });
  const [a] = pair(t);
  loop.addHandler(a, () => void t.fail('called'), READ);
  loop.callLater(1, () => loop.stop());
  await loop.run();
  const polls = kernel.polls;
  loop.callLater(200, () => loop.stop());
  const before = posix.threadCpuMs();
  await loop.run();
  t.ok(kernel.polls - polls < 10, `${kernel.polls - polls} polls in 200 ms`);
  t.ok(posix.threadCpuMs() - before < 100);
});

t.test('a stop before it, a nested start, a second run', async (t) => {
  const { loop } = makeLoop(t);
  const seen: string[] = [];
  loop.callLater(5, () => void seen.push('timer'));
  loop.stop();
  await loop.run();
  t.strictSame(seen, []);
  loop.addCallback(async () => {
    t.throws(() => loop.start(), { name: 'LoopRunningError' });
    t.throws(() => loop.close(), { name: 'LoopRunningError' });
    await t.rejects(loop.run(), { name: 'LoopRunningError' });
    loop.callLater(5, () => loop.stop());
  });
  await loop.run();
  t.strictSame(seen, ['timer']);
  loop.addCallback(() => loop.stop());
  loop.start();
});

t.test('rejects with what stops everything, and runs again', async (t) => {
  const { loop, log } = makeLoop(t);
  loop.addCallback(() => {
    throw new Error('ordinary');
  });
  loop.addCallback(() => {
    throw new StopEverything();
  });
  loop.addCallback(() => loop.stop());
  await t.rejects(loop.run(), StopEverything);
  t.notOk(loop.running);
  await loop.run();
  t.match(log, [{ error: { message: 'ordinary' } }]);
});

t.test('several loops run side by side', async (t) => {
  const seen: number[] = [];
  const loops = [0, 1].map(() => makeLoop(t).loop);
  const wakeups = loops.map((loop, i) =>
    loop.createWakeup(() => {
      seen.push(i);
      wakeups[i + 1]?.signal();
      if (seen.length === loops.length) for (const each of loops) each.stop();
    }),
  );
  wakeups[0]?.signal();
  await Promise.all(loops.map((loop) => loop.run()));
  t.strictSame(seen, [0, 1]);
});
