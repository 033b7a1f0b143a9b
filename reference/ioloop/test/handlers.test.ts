import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { posix } from '../../../posix/index.js';
import { ERROR, FdTooLargeError, READ, WRITE } from '../index.js';
import { countingKernel, drain, duplicate, eachPoller, fill, makeLoop, pair, pipe, send } from './help.js';

const nothing = () => {};

eachPoller(t, 'a ready fd is reported, again and again while it is ready', (t, poller) => {
  const { loop, log, start } = makeLoop(t, { poller });
  const [a, b] = pair(t);
  const seen: [number, number][] = [];
  loop.addHandler(
    a,
    (fd, events) => {
      seen.push([fd, events]);
      if (seen.length === 3) loop.stop();
    },
    READ,
  );
  send(b);
  start();
  t.strictSame(seen, [
    [a, READ],
    [a, READ],
    [a, READ],
  ]);
  t.strictSame(log, []);
});

eachPoller(t, 'readable and writable come in one call, and only what was asked for', (t, poller) => {
  const { loop, spin } = makeLoop(t, { poller });
  const [a, b] = pair(t);
  send(b);
  const seen: number[] = [];
  loop.addHandler(a, (_, events) => void seen.push(events), READ | WRITE);
  spin(1);
  loop.updateHandler(a, WRITE);
  spin(1);
  loop.updateHandler(a, READ);
  spin(1);
  loop.updateHandler(a, 0);
  spin(3);
  t.strictSame(seen, [READ | WRITE, WRITE, READ]);
});

eachPoller(t, 'a hang-up is told to a handler that watches nothing', (t, poller) => {
  for (const make of [pair, pipe]) {
    const { loop, start } = makeLoop(t, { poller });
    const [a, b] = make(t);
    let seen = 0;
    loop.addHandler(
      a,
      (_, events) => {
        seen = events;
        loop.stop();
      },
      0,
    );
    loop.callLater(1, () => void posix.close(b));
    start();
    t.ok(seen & ERROR, make.name);
    t.equal(seen & ~ERROR, 0, make.name);
  }
});

eachPoller(t, 'a hang-up behind unread data is told, and the data do not spin the loop', (t, poller) => {
  const kernel = countingKernel();
  const { loop, start } = makeLoop(t, { poller, posix: kernel.posix });
  const [a, b] = pair(t);
  let seen = 0;
  loop.addHandler(
    a,
    (_, events) => {
      seen = events;
      loop.stop();
    },
    0,
  );
  send(b);
  loop.callLater(30, () => void posix.close(b));
  start();
  t.ok(seen & ERROR);
  t.ok(kernel.polls < 20, `${kernel.polls} polls in 30 ms`);
});

eachPoller(t, 'data that were unread and nobody’s business are, once asked for', (t, poller) => {
  const { loop, spin, start } = makeLoop(t, { poller });
  const [a, b] = pair(t);
  send(b);
  const seen: number[] = [];
  loop.addHandler(
    a,
    (_, events) => {
      seen.push(events);
      drain(a);
      loop.updateHandler(a, 0);
    },
    0,
  );
  spin(3);
  loop.updateHandler(a, READ);
  spin(3);
  send(b);
  loop.callLater(1, () => loop.updateHandler(a, READ));
  loop.callLater(2, () => loop.stop());
  start();
  t.strictSame(seen, [READ, READ]);
});

eachPoller(t, 'a hang-up after data that somebody else has read', (t, poller) => {
  const { loop, spin, start } = makeLoop(t, { poller });
  const [a, b] = pair(t);
  let seen = 0;
  loop.addHandler(
    a,
    (_, events) => {
      seen = events;
      loop.stop();
    },
    0,
  );
  send(b);
  spin(2);
  drain(a);
  spin(2);
  t.equal(seen, 0);
  loop.callLater(1, () => void posix.close(b));
  start();
  t.ok(seen & ERROR);
});

eachPoller(t, 'the other end is gone: told to a writer that can’t write', (t, poller) => {
  for (const make of [pair, (t: Test) => pipe(t).reverse() as [number, number]]) {
    const { loop, start } = makeLoop(t, { poller });
    const [a, b] = make(t);
    fill(a);
    let seen = 0;
    loop.addHandler(
      a,
      (_, events) => {
        seen |= events;
        loop.stop();
      },
      WRITE,
    );
    loop.callLater(1, () => void posix.close(b));
    start();
    t.ok(seen & ERROR);
  }
});

eachPoller(t, 'a second handler is refused, and the first stays', (t, poller) => {
  const { loop, spin } = makeLoop(t, { poller });
  const [a, b] = pair(t);
  const seen: string[] = [];
  loop.addHandler(a, () => void seen.push('first'), READ);
  t.throws(() => loop.addHandler(a, () => void seen.push('second'), WRITE), {
    name: 'HandlerExistsError',
    message: `fd ${a} has a handler, which stays: remove that first, or change its events by updateHandler`,
  });
  send(b);
  spin(1);
  t.strictSame(seen, ['first']);
});

eachPoller(t, 'what can’t be watched is refused, and leaves nothing behind', (t, poller) => {
  const { loop, spin } = makeLoop(t, { poller });
  const [a, b] = pair(t);
  const free = duplicate(t, a, 500);
  posix.close(free);
  t.throws(() => loop.addHandler(free, nothing, READ), {
    name: 'UnwatchableFdError',
    code: 'EBADF',
    fd: free,
  });
  posix.dup2(a, free);
  const seen: number[] = [];
  loop.addHandler(free, (fd) => void seen.push(fd), READ);
  send(b);
  spin(1);
  t.strictSame(seen, [free], 'the number is as good as new');

  const folder = mkdtempSync(join(tmpdir(), 'ioloop-'));
  const file = openSync(join(folder, 'file'), 'w');
  t.teardown(() => {
    closeSync(file);
    rmSync(folder, { recursive: true });
  });
  t.throws(() => loop.addHandler(file, nothing, READ), { name: 'UnwatchableFdError', code: 'EPERM' });
  posix.dup2(a, file);
  loop.addHandler(file, nothing, 0);
});

eachPoller(t, 'wrong fds and events are refused', (t, poller) => {
  const { loop } = makeLoop(t, { poller });
  const [a] = pair(t);
  for (const fd of [-1, 1.5, NaN, 2 ** 31])
    t.throws(() => loop.addHandler(fd, nothing, READ), { name: 'InvalidFdError' });
  for (const events of [2, 0x20, 0x2001, -1, 1.5, NaN])
    t.throws(() => loop.addHandler(a, nothing, events), { name: 'InvalidEventsError' });
  loop.addHandler(a, nothing, READ | ERROR);
  t.throws(() => loop.updateHandler(a, 2), { name: 'InvalidEventsError' });
});

eachPoller(t, 'update and remove of what has no handler', (t, poller) => {
  const { loop } = makeLoop(t, { poller });
  const [a] = pair(t);
  t.throws(() => loop.updateHandler(a, READ), { name: 'NoHandlerError', fd: a });
  loop.removeHandler(a);
  loop.removeHandler(-1);
  loop.removeHandler(123456);
});

eachPoller(t, 'update of what was closed meanwhile, to the same events as well', (t, poller) => {
  const { loop } = makeLoop(t, { poller });
  for (const events of [READ, WRITE]) {
    const [a, b] = pair(t);
    loop.addHandler(a, nothing, READ);
    posix.dup2(b, a);
    t.throws(() => loop.updateHandler(a, events), { name: 'NoHandlerError', fd: a });
  }
});

eachPoller(t, 'removed and added again, as if for the first time', (t, poller) => {
  const { loop, spin } = makeLoop(t, { poller });
  const [a, b] = pair(t);
  const seen: string[] = [];
  loop.addHandler(a, () => void seen.push('first'), READ);
  send(b);
  loop.removeHandler(a);
  spin(1);
  loop.addHandler(a, () => void seen.push('second'), READ);
  spin(1);
  t.strictSame(seen, ['second']);
});

eachPoller(t, 'fd 0 is an fd', (t, poller) => {
  const { loop, spin } = makeLoop(t, { poller });
  const [a, b] = pair(t);
  const stdin = duplicate(t, 0, 100);
  posix.dup2(a, 0);
  t.teardown(() => posix.dup2(stdin, 0));
  const seen: number[] = [];
  loop.addHandler(0, (fd) => void seen.push(fd), READ);
  send(b);
  spin(1);
  t.strictSame(seen, [0]);
  loop.removeHandler(0);
});

eachPoller(t, 'a copy is an fd of its own', (t, poller) => {
  const { loop, spin } = makeLoop(t, { poller });
  const [a, b] = pair(t);
  const copy = duplicate(t, a);
  const seen: number[] = [];
  loop.addHandler(a, (fd) => void seen.push(fd), READ);
  loop.addHandler(copy, (fd) => void seen.push(fd), READ);
  send(b);
  spin(1);
  loop.removeHandler(a);
  spin(1);
  t.strictSame(
    seen.slice(0, 2).sort((x, y) => x - y),
    [a, copy],
  );
  t.strictSame(seen.slice(2), [copy]);
});

t.test('fds above 1023', (t) => {
  for (const poller of ['epoll', 'poll'] as const) {
    const { loop, spin } = makeLoop(t, { poller });
    const [a, b] = pair(t);
    const high = duplicate(t, a, 1500);
    const seen: number[] = [];
    loop.addHandler(high, (fd) => void seen.push(fd), READ);
    send(b);
    spin(1);
    t.strictSame(seen, [high]);
  }
  const { loop, spin } = makeLoop(t, { poller: 'select' });
  const [a, b] = pair(t);
  const high = duplicate(t, a, 1500);
  const last = duplicate(t, a, 1000);
  const seen: number[] = [];
  loop.addHandler(last, (fd) => void seen.push(fd), READ);
  t.throws(() => loop.addHandler(high, nothing, READ), FdTooLargeError);
  t.throws(() => loop.addHandler(high, nothing, READ), {
    message: `fd ${high} is above 1023, the last that select can watch: choose the poller epoll or poll`,
  });
  send(b);
  spin(1);
  t.strictSame(seen, [last], 'the others are served as before');
  t.end();
});

t.test('more ready fds than one poll reports', (t) => {
  for (const poller of ['epoll', 'poll'] as const) {
    const { loop, spin } = makeLoop(t, { poller });
    const [a, b] = pair(t);
    send(b);
    const runs = new Map<number, number>();
    for (let i = 0; i < 2000; i++)
      loop.addHandler(duplicate(t, a), (fd) => void runs.set(fd, (runs.get(fd) ?? 0) + 1), READ);
    spin(2);
    t.equal(runs.size, 2000);
  }
  t.end();
});
