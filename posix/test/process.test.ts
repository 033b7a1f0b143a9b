import { readdirSync, readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { EINVAL, EPERM, ESRCH, RLIMIT_NOFILE, SIGUSR2, posix } from '../index.js';

/** A process id that no process has: above the kernel's limit. */
const NOBODY = 2 ** 22 + 1;

t.test('getpid and gettid', (t) => {
  t.equal(posix.getpid(), process.pid);
  t.ok(readdirSync('/proc/self/task').includes(String(posix.gettid())));
  t.end();
});

t.test('kill and tgkill', async (t) => {
  t.equal(posix.kill(posix.getpid(), 0), 0);
  t.equal(posix.kill(NOBODY, 0), -ESRCH);
  t.equal(posix.kill(posix.getpid(), 9999), -EINVAL);
  t.equal(posix.tgkill(posix.getpid(), posix.gettid(), 0), 0);
  t.equal(posix.tgkill(posix.getpid(), NOBODY, 0), -ESRCH);
  t.equal(posix.tgkill(posix.getpid(), posix.gettid(), 9999), -EINVAL);
  // Waiting for a signal doesn't keep Node alive; a timer does.
  const alive = setInterval(() => {}, 1000);
  t.teardown(() => clearInterval(alive));
  for (const send of [
    () => posix.kill(posix.getpid(), SIGUSR2),
    () => posix.tgkill(posix.getpid(), posix.gettid(), SIGUSR2),
  ]) {
    const arrived = new Promise((resolve) => process.once('SIGUSR2', resolve));
    t.equal(send(), 0);
    await arrived;
  }
});

t.test('getrlimit and setrlimit', (t) => {
  const before = { soft: 0, hard: 0 };
  t.equal(posix.getrlimit(RLIMIT_NOFILE, before), 0);
  const [, soft, hard] =
    /^Max open files +(\S+) +(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  t.strictSame(before, { soft: Number(soft), hard: Number(hard) });

  t.teardown(() => posix.setrlimit(RLIMIT_NOFILE, before));
  t.equal(posix.setrlimit(RLIMIT_NOFILE, { soft: 100, hard: before.hard }), 0);
  const now = { soft: 0, hard: 0 };
  t.equal(posix.getrlimit(RLIMIT_NOFILE, now), 0);
  t.strictSame(now, { soft: 100, hard: before.hard });

  t.equal(posix.setrlimit(RLIMIT_NOFILE, { soft: 101, hard: 100 }), -EINVAL);
  t.equal(posix.setrlimit(RLIMIT_NOFILE, { soft: -1, hard: 100 }), -EINVAL);
  t.equal(posix.setrlimit(RLIMIT_NOFILE, { soft: 0.5, hard: 100 }), -EINVAL);
  t.equal(
    posix.setrlimit(RLIMIT_NOFILE, { soft: 100, hard: Infinity }),
    -EPERM,
    'above the kernel’s own limit',
  );
  t.equal(posix.getrlimit(9999, now), -EINVAL);
  t.equal(posix.setrlimit(9999, before), -EINVAL);
  const RLIMIT_CORE = 4;
  const core = { soft: 0, hard: 0 };
  t.equal(posix.getrlimit(RLIMIT_CORE, core), 0);
  t.equal(posix.setrlimit(RLIMIT_CORE, core), 0, 'Infinity goes through');
  t.end();
});

t.test('another thread has an errno and an id of its own', async (t) => {
  const worker = new Worker(new URL('./worker.ts', import.meta.url));
  const [tid, result] = await new Promise<[number, number]>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  t.not(tid, posix.gettid());
  t.equal(result, -EINVAL);
  await worker.terminate();
});
