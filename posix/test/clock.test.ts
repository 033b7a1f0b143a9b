import { readFileSync } from 'node:fs';
import t from 'tap';
import { EpollEvents, O_CLOEXEC, check, posix } from '../index.js';
import { owned, withoutLeaks } from './fds.js';

withoutLeaks(t, () => {
  t.test('monotonicMs is the clock of the machine, not of the process', (t) => {
    const before = process.hrtime.bigint();
    const now = posix.monotonicMs();
    const after = process.hrtime.bigint();
    t.ok(Number(before) / 1e6 <= now && now <= Number(after) / 1e6);
    // Without suspend and namespaces of time, it counts from boot.
    const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1e3;
    t.ok(now <= uptime + 1000);
    let last = now;
    for (let i = 0; i < 100_000; i++) {
      const next = posix.monotonicMs();
      if (next < last) t.fail(`${next} after ${last}`);
      last = next;
    }
    t.end();
  });

  t.test('threadCpuMs stands still in a wait and goes in a spin', (t) => {
    const epfd = owned(t, posix.epoll_create1(O_CLOEXEC));
    const events = new EpollEvents(1);
    const start = posix.threadCpuMs();
    check(posix.epoll_wait(epfd, events, 40), 'epoll_wait');
    const waited = posix.threadCpuMs() - start;
    t.ok(waited >= 0 && waited < 20, `${waited} ms of CPU in 40 ms of waiting`);
    const before = posix.threadCpuMs();
    for (let spins = 0; posix.threadCpuMs() - before < 5; spins++) {
      if (spins > 1e7) throw new Error('it does not go');
    }
    t.pass('5 ms of CPU were used');
    t.end();
  });
});
