import t, { type Test } from 'tap';
import { READ, StopEverything, WRITE } from '../index.js';
import { makeLoop, pair, send, type Fixture } from './help.js';

/** Far more than it takes: threads load TypeScript. */
t.setTimeout(120_000);

/** A promise that is settled as soon as microtasks run. */
const soon = () => Promise.resolve();

/** Starts a loop at the bottom of the stack. */
function startFromMacrotask(start: () => void): Promise<void> {
  return new Promise((resolve, reject: (error: Error) => void) => {
    setImmediate(() => {
      try {
        start();
        resolve();
      } catch (error) {
        reject(error as Error);
      }
    });
  });
}

/** Adds callbacks of all kinds that await, and tells what they did. */
function addAsync(t: Test, { loop }: Fixture): string[] {
  const seen: string[] = [];
  const [a, b] = pair(t);
  send(b);
  const setTimers = () => {
    loop.callLater(1, () => {
      process.nextTick(() => void seen.push('timer, tick'));
      queueMicrotask(() => void seen.push('timer, microtask'));
    });
    loop.callLater(1, () => void seen.push('next timer'));
    loop.callLater(2, async () => {
      await soon();
      loop.stop();
    });
  };
  loop.addHandler(
    a,
    async () => {
      loop.removeHandler(a);
      seen.push('handler');
      await soon();
      seen.push('handler, later');
      setTimers();
    },
    READ,
  );
  loop.addCallback(async () => {
    seen.push('task');
    await soon();
    seen.push('task, later');
  });
  loop.addCallback(() => void seen.push('next task'));
  return seen;
}

const ALL = [
  'task',
  'task, later',
  'next task',
  'handler',
  'handler, later',
  'timer, tick',
  'timer, microtask',
  'next timer',
];

t.test('microtasks run between callbacks', async (t) => {
  const fixture = makeLoop(t);
  const seen = addAsync(t, fixture);
  await startFromMacrotask(fixture.start);
  t.strictSame(seen, ALL);
  t.strictSame(fixture.log, []);
});

t.test('a rejection counts as a throw', async (t) => {
  const { loop, log, start } = makeLoop(t);
  const [a] = pair(t);
  const failure = new Error('later');
  const setTimers = () => {
    loop.callLater(1, () => ({ then: (_, reject) => (reject?.(failure), undefined as never) }));
    loop.callLater(1, async () => {
      await soon();
      throw Object.assign(new Error('EPIPE'), { code: 'EPIPE' });
    });
    loop.callLater(2, () => loop.stop());
  };
  loop.addHandler(
    a,
    async () => {
      loop.removeHandler(a);
      setTimers();
      await soon();
      throw failure;
    },
    WRITE,
  );
  loop.addCallback(() => Promise.reject(failure));
  await startFromMacrotask(start);
  t.strictSame(log.slice(0, 3), [
    { level: 'error', text: 'Exception in callback', error: failure },
    { level: 'error', text: `Exception in handler of fd ${a}`, error: failure, fd: a },
    { level: 'error', text: 'Exception in timer', error: failure },
  ]);
  t.equal(log.length, 4);
});

t.test('stop everything from a promise leaves the start', async (t) => {
  const { loop, log, start, spin } = makeLoop(t);
  const seen: string[] = [];
  loop.addCallback(async () => {
    await soon();
    throw new StopEverything();
  });
  loop.addCallback(() => void seen.push('task'));
  await t.rejects(startFromMacrotask(start), StopEverything);
  t.strictSame(seen, ['task'], 'in the iteration after');
  spin(1);
  t.strictSame(log, []);
});

t.test('what process.nextTick’s callbacks throw is uncaught, as ever, and the loop goes on', async (t) => {
  const { loop, log, start } = makeLoop(t);
  const seen: string[] = [];
  const fail = (text: string) => () => {
    throw new Error(text);
  };
  process.setUncaughtExceptionCaptureCallback((error) => void seen.push(error.message));
  t.teardown(() => process.setUncaughtExceptionCaptureCallback(null));
  loop.addCallback(() => {
    process.nextTick(fail('tick 1'));
    process.nextTick(() => void seen.push('tick 2'));
    process.nextTick(fail('tick 3'));
    queueMicrotask(fail('microtask'));
  });
  loop.addCallback(() => void seen.push('task'));
  loop.callLater(1, () => loop.stop());
  await startFromMacrotask(start);
  t.strictSame(seen.sort(), ['microtask', 'task', 'tick 1', 'tick 2', 'tick 3']);
  t.strictSame(log, []);
});

t.test('where microtasks are blocked, a promise is an error at once, and the rest works', async (t) => {
  await soon();
  const fixture = makeLoop(t);
  const seen: string[] = [];
  const { loop, log, start } = fixture;
  const [a] = pair(t);
  loop.addHandler(
    a,
    async () => {
      loop.removeHandler(a);
      loop.callLater(2, () => loop.stop());
      await soon();
      seen.push('later');
    },
    WRITE,
  );
  loop.addCallback(() => Promise.reject(new Error('too late')));
  loop.addCallback(() => void seen.push('task'));
  loop.callLater(1, () => void seen.push('timer'));
  start();
  t.strictSame(seen, ['task', 'timer']);
  t.match(log, [
    { text: 'Exception in callback', error: { name: 'MicrotasksBlockedError', message: /use run\(\)/ } },
    { text: `Exception in handler of fd ${a}`, error: { name: 'MicrotasksBlockedError' }, fd: a },
  ]);
  t.equal(log.length, 2);
  await new Promise(setImmediate);
  t.strictSame(seen, ['task', 'timer', 'later'], 'what was promised comes when start has returned');
  t.match(log[2], { text: 'Exception in callback', error: { message: 'too late' } });
});

t.test('stop everything that comes too late leaves the next start', async (t) => {
  await soon();
  const { loop, spin } = makeLoop(t);
  loop.addCallback(() => Promise.reject(new StopEverything()));
  spin(1);
  await new Promise(setImmediate);
  t.throws(() => spin(1), StopEverything);
});

t.test('under run() promises always work', async (t) => {
  await soon();
  const fixture = makeLoop(t);
  const seen = addAsync(t, fixture);
  await fixture.loop.run();
  t.strictSame(seen, ALL);
  t.strictSame(fixture.log, []);
});

t.test('stop everything from a promise ends a run() that sleeps', async (t) => {
  const { loop } = makeLoop(t);
  loop.addCallback(async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    throw new StopEverything();
  });
  await t.rejects(loop.run(), StopEverything);
});
