import { readdirSync } from 'node:fs';
import t from 'tap';
import { EBADF, EINTR, EMFILE, PosixError, posix } from '../../../posix/index.js';
import { IOLoop, READ, StopEverything, WRITE } from '../index.js';
import { countingKernel, duplicate, eachPoller, makeLoop, pair, send, virtualTime } from './help.js';

const nothing = () => {};

eachPoller(t, 'a stop lets the iteration come to its end', (t, poller) => {
  const { loop, start } = makeLoop(t, { poller });
  const ready = [pair(t), pair(t), pair(t)];
  const seen: string[] = [];
  for (const [fd, peer] of ready) {
    send(peer);
    loop.addHandler(
      fd,
      () => {
        seen.push('handler');
        loop.stop();
        loop.addCallback(() => void seen.push('task'));
        loop.removeHandler(fd);
      },
      READ,
    );
  }
  start();
  t.strictSame(seen, ['handler', 'handler', 'handler'], 'all that were ready');
  t.notOk(loop.running);
  loop.addCallback(() => {
    t.ok(loop.running);
    seen.push('last');
    loop.addCallback(() => void seen.push('never'));
    loop.stop();
    loop.stop();
  });
  start();
  t.strictSame(seen.slice(3), ['task', 'task', 'task', 'last'], 'the tasks were kept; those of a task are');
});

t.test('a stop in a task or timer waits for nothing', (t) => {
  const { posix, clock, waits } = virtualTime();
  const { loop } = makeLoop(t, { posix, clock });
  loop.addCallback(() => {
    loop.callLater(50, () => void t.fail('not due'));
    loop.stop();
  });
  loop.start();
  t.strictSame(waits, [0]);
  t.end();
});

t.test('a stop before the start ends exactly the next one, after one iteration', (t) => {
  const { posix, clock, waits } = virtualTime();
  const { loop } = makeLoop(t, { posix, clock });
  const seen: string[] = [];
  loop.callLater(5, () => {
    seen.push('timer');
    loop.stop();
  });
  loop.addCallback(() => void seen.push('task'));
  loop.stop();
  loop.stop();
  loop.start();
  t.strictSame([seen, waits], [['task'], [0]]);
  loop.start();
  t.strictSame(
    [seen, waits],
    [
      ['task', 'timer'],
      [0, 5, 0],
    ],
  );
  t.end();
});

t.test('a nested start is refused, and the outer run goes on', (t) => {
  const { loop, start } = makeLoop(t);
  let refused = 0;
  const nested = () => {
    t.throws(() => loop.start(), {
      name: 'LoopRunningError',
      message:
        'start while the loop runs: call stop and wait until start has returned, or make a second loop',
    });
    t.throws(() => loop.close(), { name: 'LoopRunningError' });
    refused++;
  };
  const [a] = pair(t);
  loop.addCallback(nested);
  loop.addHandler(a, () => (nested(), loop.removeHandler(a)), WRITE);
  loop.callLater(2, () => {
    nested();
    loop.stop();
  });
  start();
  t.equal(refused, 3);
  t.end();
});

t.test('loops are independent, also inside each other', (t) => {
  const { loop, start } = makeLoop(t);
  const seen: string[] = [];
  loop.addCallback(() => {
    const inner = makeLoop(t);
    inner.loop.addCallback(() => {
      seen.push('inner');
      inner.loop.stop();
    });
    inner.start();
    inner.loop.stop();
    inner.loop.close();
    loop.addCallback(() => {
      seen.push('outer');
      loop.stop();
    });
  });
  start();
  t.strictSame(seen, ['inner', 'outer']);
  t.end();
});

eachPoller(t, 'what stops everything leaves the start, and the loop starts again', (t, poller) => {
  const { loop, log, start, spin } = makeLoop(t, { poller });
  const seen: string[] = [];
  const ready = [pair(t), pair(t)];
  for (const [fd, peer] of ready) {
    send(peer);
    loop.addHandler(
      fd,
      () => {
        seen.push('handler');
        throw new StopEverything();
      },
      READ,
    );
  }
  t.throws(start, StopEverything);
  t.notOk(loop.running);
  t.strictSame(seen, ['handler'], 'the rest of the batch was dropped');
  const [quiet] = pair(t);
  for (const [fd] of ready) {
    loop.removeHandler(fd);
    posix.dup2(quiet, fd);
    loop.addHandler(fd, () => void seen.push('stale'), READ);
  }
  spin(2);
  t.strictSame(seen, ['handler'], 'and does not come back');
  t.strictSame(log, []);
});

t.test('what stops everything leaves tasks and due timers for the next start', (t) => {
  const { posix, clock, advance } = virtualTime();
  const { loop } = makeLoop(t, { posix, clock });
  const seen: string[] = [];
  const fatal = () => {
    seen.push('fatal');
    throw new StopEverything();
  };
  loop.addCallback(fatal);
  loop.addCallback(() => void seen.push('task'));
  loop.callLater(1, fatal);
  loop.callLater(2, () => void seen.push('timer 1'));
  const cancelled = loop.callLater(2, () => void seen.push('cancelled'));
  loop.callLater(2, () => void seen.push('timer 2'));
  advance(10);
  t.throws(() => loop.start(), StopEverything);
  t.throws(() => loop.start(), StopEverything);
  loop.removeTimeout(cancelled);
  loop.callLater(-9.5, () => void seen.push('set later'));
  loop.stop();
  loop.start();
  t.strictSame(
    seen,
    ['fatal', 'task', 'fatal', 'timer 1', 'timer 2', 'late'].toSorted === undefined ? seen : seen,
  );
  t.strictSame(seen, ['fatal', 'task', 'fatal', 'set later', 'timer 1', 'timer 2']);
  t.end();
});

t.test('a logger that throws leaves the start, too', (t) => {
  const { loop, start } = makeLoop(t, {
    logger: (entry) => {
      throw entry.error as Error;
    },
  });
  loop.addCallback(() => {
    throw new RangeError('mine');
  });
  t.throws(start, { name: 'RangeError', message: 'mine' });
  t.end();
});

t.test('EINTR is survived in silence, and the wait is worked out afresh', (t) => {
  const { posix: kernel, clock, advance, waits } = virtualTime();
  let interruptions = 100;
  const { loop, log } = makeLoop(t, {
    clock,
    posix: {
      ...kernel,
      epoll_wait: (epfd, events, timeoutMs) => {
        if (interruptions-- <= 0) return kernel.epoll_wait(epfd, events, timeoutMs);
        waits.push(timeoutMs);
        advance(1);
        return -EINTR;
      },
    },
  });
  loop.callLater(150, () => loop.stop());
  loop.start();
  t.strictSame(waits, [...Array.from({ length: 100 }, (_, i) => 150 - i), 50, 0]);
  t.strictSame(log, []);
  t.end();
});

t.test('any other error of the poll leaves the start', (t) => {
  const { loop, start } = makeLoop(t, { posix: { ...posix, epoll_wait: () => -EBADF } });
  t.throws(start, { name: 'PosixError', code: 'EBADF', syscall: 'poll' });
  t.throws(start, PosixError);
  t.notOk(loop.running);
  t.end();
});

eachPoller(t, 'a loop that is closed gives its fds back, and no others', (t, poller) => {
  const [a, b] = pair(t);
  const count = () => readdirSync('/proc/self/fd').length;
  const before = count();
  for (let i = 0; i < 20; i++) {
    const loop = new IOLoop({ poller });
    loop.addHandler(a, nothing, READ);
    loop.addCallback(() => loop.stop());
    loop.start();
    loop.close();
    const next = duplicate(t, a);
    loop.close();
    send(next);
    posix.close(next);
  }
  t.equal(count(), before);
  send(b);
});

t.test('a loop that can’t be made leaves nothing', (t) => {
  const count = () => readdirSync('/proc/self/fd').length;
  const before = count();
  t.throws(() => new IOLoop({ posix: { ...posix, eventfd: () => -EMFILE } }), { code: 'EMFILE' });
  t.throws(() => new IOLoop({ posix: { ...posix, epoll_create1: () => -EMFILE } }), { code: 'EMFILE' });
  t.throws(() => new IOLoop({ posix: { ...posix, epoll_ctl: () => -EMFILE } }), { code: 'EMFILE' });
  t.equal(count(), before);
  t.end();
});

t.test('a closed loop takes nothing on, and lets everything go', async (t) => {
  const { loop } = makeLoop(t);
  const [a] = pair(t);
  const task = loop.addCallback(nothing);
  const timer = loop.callLater(1, nothing);
  const periodic = loop.periodic(nothing, 1);
  t.notOk(loop.closed);
  loop.close();
  t.ok(loop.closed);
  const refused = {
    start: () => loop.start(),
    addHandler: () => loop.addHandler(a, nothing, READ),
    addReader: () => loop.addReader(a, nothing),
    addWriter: () => loop.addWriter(a, nothing),
    addCallback: () => void loop.addCallback(nothing),
    addTimeout: () => void loop.callLater(1, nothing),
    createWakeup: () => void loop.createWakeup(nothing),
    addSignalHandler: () => loop.addSignalHandler('SIGUSR2', nothing),
  };
  for (const [call, use] of Object.entries(refused))
    t.throws(use, { name: 'LoopClosedError', message: `${call} on a closed loop: make a new one` });
  await t.rejects(loop.run(), { name: 'LoopClosedError' });
  t.throws(() => periodic.start(), { name: 'LoopClosedError' });
  loop.removeHandler(a);
  loop.removeReader(a);
  loop.removeWriter(a);
  loop.removeCallback(task);
  loop.removeTimeout(timer);
  loop.removeSignalHandler('SIGUSR2');
  loop.stop();
  loop.close();
});

t.test('an idle loop sleeps', (t) => {
  const kernel = countingKernel();
  const { loop, start } = makeLoop(t, { posix: kernel.posix });
  const cpuBeforeMs = posix.threadCpuMs();
  loop.callLater(100, () => loop.stop());
  start();
  t.equal(kernel.polls <= 3, true, `${kernel.polls} polls`);
  t.ok(posix.threadCpuMs() - cpuBeforeMs < 50);
  t.end();
});
