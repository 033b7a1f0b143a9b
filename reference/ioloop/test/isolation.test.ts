import t from 'tap';
import { EPIPE, PosixError, posix } from '../../../posix/index.js';
import { READ, StopEverything, WRITE } from '../index.js';
import { eachPoller, makeLoop, pair, send } from './help.js';

const failure = new Error('on purpose');
const fail = () => {
  throw failure;
};

eachPoller(t, 'what a callback throws is reported once, and the others run', (t, poller) => {
  const { loop, log, spin } = makeLoop(t, { poller });
  const ready = [pair(t), pair(t), pair(t)];
  let served = 0;
  const fds = ready.map(([fd, peer]) => {
    send(peer);
    loop.addHandler(
      fd,
      () => {
        served++;
        if (served > 3) loop.removeHandler(fd);
        else fail();
      },
      READ,
    );
    return fd;
  });
  spin(2);
  t.equal(served, 6, 'a handler that threw stays');
  t.strictSame(
    log.sort((a, b) => (a.fd ?? 0) - (b.fd ?? 0)),
    fds
      .sort((a, b) => a - b)
      .map((fd) => ({ level: 'error', text: `Exception in handler of fd ${fd}`, error: failure, fd })),
  );
});

t.test('tasks and timers that throw', (t) => {
  const { loop, log, start } = makeLoop(t);
  const seen: string[] = [];
  loop.addCallback(fail);
  loop.addCallback(() => void seen.push('task'));
  loop.callLater(0, fail);
  loop.callLater(0, () => void seen.push('timer'));
  loop.callLater(0, () => loop.stop());
  start();
  t.strictSame(seen, ['task', 'timer']);
  t.strictSame(log, [
    { level: 'error', text: 'Exception in callback', error: failure },
    { level: 'error', text: 'Exception in timer', error: failure },
  ]);
  t.end();
});

t.test('anything can be thrown', (t) => {
  const { loop, log, spin } = makeLoop(t);
  const odd: unknown[] = [undefined, null, 0, 'text', Symbol('x'), { code: 1 }];
  for (const value of odd) {
    loop.addCallback(() => {
      throw value as Error;
    });
  }
  spin(1);
  t.strictSame(
    log.map((entry) => entry.error),
    odd,
  );
  t.end();
});

t.test('a broken pipe in a handler is no news, whatever its class', (t) => {
  const { loop, log, spin } = makeLoop(t);
  const [a] = pair(t);
  const forms = [
    new PosixError(-EPIPE, 'write'),
    Object.assign(new Error('write EPIPE'), { code: 'EPIPE', errno: -EPIPE, syscall: 'write' }),
    Object.assign(new TypeError('x'), { code: 'EPIPE' }),
    { errno: EPIPE },
  ];
  let runs = 0;
  loop.addHandler(
    a,
    () => {
      const form = forms[runs++];
      if (form !== undefined) throw form as Error;
    },
    WRITE,
  );
  loop.addCallback(() => {
    throw forms[0] as Error;
  });
  spin(6);
  t.ok(runs > forms.length);
  t.match(log, [{ text: 'Exception in callback', error: { code: 'EPIPE' } }], 'but is anywhere else');
  t.equal(log.length, 1);
  t.end();
});

t.test('to write to a broken pipe kills nobody', (t) => {
  const { loop, start } = makeLoop(t);
  const [a, b] = pair(t);
  posix.close(b);
  loop.addHandler(
    a,
    () => {
      t.equal(posix.write(a, Buffer.from('x')), -EPIPE);
      loop.stop();
    },
    WRITE,
  );
  start();
  t.end();
});

t.test('stop everything is known by its name, too', (t) => {
  const { loop, log, start } = makeLoop(t);
  class StopEverythingOfAnotherCopy extends Error {
    override readonly name = 'StopEverything';
  }
  loop.addCallback(() => {
    throw new StopEverythingOfAnotherCopy();
  });
  t.throws(start, { name: 'StopEverything' });
  loop.callLater(0, () => {
    throw new StopEverything('with a text');
  });
  t.throws(start, { name: 'StopEverything', message: 'with a text' });
  t.strictSame(log, []);
  t.end();
});

t.test('without a logger, reports go to stderr', (t) => {
  const { loop, spin } = makeLoop(t, { poller: 'poll', logger: undefined });
  const lines = t.capture(console, 'error');
  const [a] = pair(t);
  loop.addCallback(fail);
  loop.addHandler(a, () => {}, WRITE);
  posix.close(a);
  spin(1);
  t.match(
    lines().map(({ args }) => args as unknown[]),
    [['error: Exception in callback:', failure], [/^warning: fd \d+ was closed/]],
  );
  t.end();
});
