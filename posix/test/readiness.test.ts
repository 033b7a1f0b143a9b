import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import {
  EBADF,
  EEXIST,
  EINTR,
  EINVAL,
  ENOENT,
  EPERM,
  EPOLLERR,
  EPOLLET,
  EPOLLHUP,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLL_LAYOUT,
  EpollEvents,
  FD_SETSIZE,
  FdSet,
  F_DUPFD_CLOEXEC,
  O_CREAT,
  O_RDWR,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  PollSet,
  RLIMIT_NOFILE,
  check,
  posix,
} from '../index.js';
import { NOT_OPEN, owned, pair, pipe, withoutLeaks } from './fds.js';

function epoll(t: Test): number {
  return owned(t, posix.epoll_create1(EPOLL_CLOEXEC));
}

/** What epoll_wait(0) says, as [fd, events] pairs in the order of fds. */
function ready(epfd: number): [fd: number, events: number][] {
  const events = new EpollEvents(16);
  const n = check(posix.epoll_wait(epfd, events, 0), 'epoll_wait');
  return Array.from({ length: n }, (_, i): [number, number] => [events.fd(i), events.events(i)]).sort(
    ([a], [b]) => a - b,
  );
}

/** What poll(0) says of some fds: their revents. */
function polled(...fds: [fd: number, events: number][]): number[] {
  const set = new PollSet();
  for (const [fd, events] of fds) set.push(fd, events);
  const n = check(posix.poll(set, 0), 'poll');
  const revents = fds.map((_, i) => set.revents(i));
  t.equal(n, revents.filter((events) => events !== 0).length);
  return revents;
}

function setOf(...fds: number[]): FdSet {
  const set = new FdSet();
  for (const fd of fds) check(set.add(fd), 'add');
  return set;
}

withoutLeaks(t, () => {
  t.test('epoll: level-triggered on a pair', (t) => {
    const [a, b] = pair(t);
    const epfd = epoll(t);
    t.equal(posix.epoll_ctl(epfd, EPOLL_CTL_ADD, a, EPOLLIN | EPOLLOUT), 0);
    t.equal(posix.epoll_ctl(epfd, EPOLL_CTL_ADD, b, EPOLLIN), 0);
    t.strictSame(ready(epfd), [[a, EPOLLOUT]]);
    posix.write(a, Buffer.from('xy'));
    const both = [
      [a, EPOLLOUT],
      [b, EPOLLIN],
    ].sort(([x = 0], [y = 0]) => x - y);
    t.strictSame(ready(epfd), both);
    t.strictSame(ready(epfd), both, 'again, as long as it lasts');
    posix.read(b, Buffer.alloc(1));
    t.strictSame(ready(epfd), both, 'a byte is left');
    posix.read(b, Buffer.alloc(1));
    t.strictSame(ready(epfd), [[a, EPOLLOUT]]);
    t.equal(posix.epoll_ctl(epfd, EPOLL_CTL_MOD, a, EPOLLIN), 0);
    t.strictSame(ready(epfd), []);
    posix.close(b);
    t.strictSame(ready(epfd), [[a, EPOLLIN | EPOLLHUP]], 'a closed fd is not registered any more');
    t.equal(posix.epoll_ctl(epfd, EPOLL_CTL_DEL, a), 0);
    t.strictSame(ready(epfd), []);
    t.end();
  });

  t.test('epoll: what is reported unasked', (t) => {
    const epfd = epoll(t);
    const [r, w] = pipe(t);
    const [r2, w2] = pipe(t);
    posix.epoll_ctl(epfd, EPOLL_CTL_ADD, w);
    posix.epoll_ctl(epfd, EPOLL_CTL_ADD, r2);
    t.strictSame(ready(epfd), []);
    posix.close(r);
    posix.close(w2);
    t.strictSame(ready(epfd), [
      [w, EPOLLERR],
      [r2, EPOLLHUP],
    ]);
    t.end();
  });

  t.test('epoll: tag, one shot, edges, capacity', (t) => {
    const epfd = epoll(t);
    const [, w] = pipe(t);
    const [, w2] = pipe(t);
    const events = new EpollEvents(1);
    posix.epoll_ctl(epfd, EPOLL_CTL_ADD, w, EPOLLOUT | EPOLLONESHOT, 0xffff_fffe);
    t.equal(posix.epoll_wait(epfd, events, 1000), 1);
    t.strictSame([events.fd(0), events.events(0), events.tag(0)], [w, EPOLLOUT, 0xffff_fffe]);
    t.strictSame(ready(epfd), []);
    posix.epoll_ctl(epfd, EPOLL_CTL_MOD, w, EPOLLOUT | EPOLLET);
    t.strictSame(ready(epfd), [[w, EPOLLOUT]]);
    t.strictSame(ready(epfd), []);
    posix.epoll_ctl(epfd, EPOLL_CTL_MOD, w, EPOLLOUT);
    posix.epoll_ctl(epfd, EPOLL_CTL_ADD, w2, EPOLLOUT);
    const turns = [1, 2, 3, 4].map(() => (posix.epoll_wait(epfd, events, 0), events.fd(0)));
    t.strictSame(new Set(turns), new Set([w, w2]), 'what does not fit comes the next time');
    t.end();
  });

  t.test('epoll: errors', (t) => {
    const epfd = epoll(t);
    const [r] = pipe(t);
    const events = new EpollEvents(4);
    t.equal(posix.epoll_create1(1), -EINVAL);
    t.equal(posix.epoll_ctl(epfd, EPOLL_CTL_MOD, r, EPOLLIN), -ENOENT);
    t.equal(posix.epoll_ctl(epfd, EPOLL_CTL_DEL, r), -ENOENT);
    t.equal(posix.epoll_ctl(epfd, EPOLL_CTL_ADD, r, EPOLLIN), 0);
    t.equal(posix.epoll_ctl(epfd, EPOLL_CTL_ADD, r, EPOLLIN), -EEXIST);
    t.equal(posix.epoll_ctl(epfd, EPOLL_CTL_ADD, NOT_OPEN, EPOLLIN), -EBADF);
    t.equal(posix.epoll_ctl(epfd, EPOLL_CTL_ADD, epfd, EPOLLIN), -EINVAL);
    const folder = mkdtempSync(join(tmpdir(), 'posix-'));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const file = owned(t, posix.open(join(folder, 'file'), O_RDWR | O_CREAT));
    t.equal(posix.epoll_ctl(epfd, EPOLL_CTL_ADD, file, EPOLLIN), -EPERM, 'a regular file');
    t.equal(posix.epoll_wait(r, events, 0), -EINVAL);
    t.equal(posix.epoll_wait(NOT_OPEN, events, 0), -EBADF);
    for (const timeout of [0.5, NaN, Infinity, 2 ** 31]) {
      t.equal(posix.epoll_wait(epfd, events, timeout), -EINVAL, `timeout ${timeout}`);
    }
    t.throws(() => new EpollEvents(0), RangeError);
    t.throws(() => events.set(4, EPOLLIN, 0), RangeError);
    t.end();
  });

  t.test('struct epoll_event has 12 bytes on x86_64 and 16 elsewhere', (t) => {
    const { packed, aligned } = EPOLL_LAYOUT;
    t.strictSame([packed.stride * 4, aligned.stride * 4], [12, 16]);
    t.strictSame([packed.fd * 4, aligned.fd * 4], [4, 8], 'where the user data begins');
    const events = new EpollEvents(2);
    t.equal(events.words.byteLength, process.arch === 'x64' ? 24 : 32);
    events.set(1, EPOLLIN | EPOLLET, 7, 9);
    t.strictSame([events.events(1), events.fd(1), events.tag(1)], [EPOLLIN | EPOLLET, 7, 9]);
    t.strictSame([events.events(0), events.fd(0), events.tag(0)], [0, 0, 0]);
    t.end();
  });

  t.test('poll: level-triggered on a pair', (t) => {
    const [a, b] = pair(t);
    t.strictSame(polled([a, POLLIN | POLLOUT], [b, POLLIN]), [POLLOUT, 0]);
    posix.write(a, Buffer.from('x'));
    t.strictSame(polled([a, POLLIN | POLLOUT], [b, POLLIN]), [POLLOUT, POLLIN]);
    t.strictSame(polled([b, POLLIN]), [POLLIN], 'again, as long as it lasts');
    posix.read(b, Buffer.alloc(1));
    t.strictSame(polled([b, POLLIN], [b, POLLOUT]), [0, POLLOUT], 'an fd may stand in the set twice');
    posix.close(b);
    t.strictSame(polled([a, POLLIN], [b, POLLIN], [-1, POLLIN]), [POLLIN | POLLHUP, POLLNVAL, 0]);
    t.end();
  });

  t.test('poll: what is reported unasked, and errors', (t) => {
    const [r, w] = pipe(t);
    posix.close(r);
    t.strictSame(polled([w, 0]), [POLLERR]);
    const set = new PollSet();
    for (const timeout of [0.5, NaN, Infinity, 2 ** 31]) {
      t.equal(posix.poll(set, timeout), -EINVAL, `timeout ${timeout}`);
    }
    const limit = { soft: 0, hard: 0 };
    check(posix.getrlimit(RLIMIT_NOFILE, limit), 'getrlimit');
    t.teardown(() => posix.setrlimit(RLIMIT_NOFILE, limit));
    for (let i = 0; i < 600; i++) set.push(-1, 0);
    t.equal(posix.poll(set, 0), 0);
    check(posix.setrlimit(RLIMIT_NOFILE, { soft: 599, hard: limit.hard }), 'setrlimit');
    t.equal(posix.poll(set, 0), -EINVAL, 'more fds than the limit');
    t.end();
  });

  t.test('PollSet: grows, changes, shrinks', (t) => {
    const set = new PollSet(1);
    for (let fd = 0; fd < 100; fd++) t.equal(set.push(fd, POLLIN), fd);
    t.equal(set.length, 100);
    set.setEvents(3, POLLOUT);
    set.setRevents(3, POLLNVAL | POLLHUP);
    t.strictSame([set.fd(3), set.events(3), set.revents(3)], [3, POLLOUT, POLLNVAL | POLLHUP]);
    set.removeAt(3);
    t.strictSame([set.length, set.fd(3), set.events(3), set.revents(3)], [99, 99, POLLIN, 0]);
    set.removeAt(98);
    t.equal(set.length, 98);
    t.throws(() => set.removeAt(98), RangeError);
    t.throws(() => set.setEvents(-1, 0), RangeError);
    set.clear();
    t.equal(set.length, 0);
    t.end();
  });

  t.test('select: level-triggered on a pair', (t) => {
    const [a, b] = pair(t);
    const nfds = Math.max(a, b) + 1;
    const readable = setOf(a, b);
    const writable = setOf(a);
    t.equal(posix.select(nfds, readable, writable, new FdSet(), 0), 1);
    t.strictSame([readable.has(a), readable.has(b), writable.has(a)], [false, false, true]);
    posix.write(a, Buffer.from('x'));
    for (let twice = 0; twice < 2; twice++) {
      readable.copy(setOf(a, b));
      t.equal(posix.select(nfds, readable, null, null, -1), 1);
      t.strictSame([readable.has(a), readable.has(b)], [false, true]);
    }
    posix.read(b, Buffer.alloc(1));
    t.equal(posix.select(nfds, setOf(b), null, null, 0), 0);
    t.end();
  });

  t.test('select: errors', (t) => {
    const [r, w] = pipe(t);
    posix.close(r);
    const readable = setOf(r);
    t.equal(posix.select(r + 1, readable, null, null, 0), -EBADF);
    t.ok(readable.has(r), 'a failed call leaves the sets alone');
    t.equal(posix.select(-1, null, null, null, 0), -EINVAL);
    t.equal(posix.select(NaN, null, null, null, 0), -EINVAL);
    for (const timeout of [NaN, Infinity, 2 ** 43]) {
      t.equal(posix.select(w + 1, setOf(w), null, null, timeout), -EINVAL, `timeout ${timeout}`);
    }
    t.end();
  });

  const limit = { soft: 0, hard: 0 };
  check(posix.getrlimit(RLIMIT_NOFILE, limit), 'getrlimit');
  const skip = limit.hard < 2048 && 'the hard limit allows no fd above 1023';
  t.test('select: fds above 1023 are refused', { skip }, (t) => {
    t.teardown(() => posix.setrlimit(RLIMIT_NOFILE, limit));
    check(posix.setrlimit(RLIMIT_NOFILE, { soft: 2048, hard: limit.hard }), 'setrlimit');
    const [, w] = pipe(t);
    const high = owned(t, posix.fcntl(w, F_DUPFD_CLOEXEC, FD_SETSIZE));
    const set = new FdSet();
    t.equal(set.add(high), -EINVAL);
    t.equal(set.add(-1), -EINVAL);
    t.equal(set.add(NaN), -EINVAL);
    set.delete(high);
    t.equal(set.has(high), false);
    t.ok(
      set.words.every((word) => word === 0),
      'and nothing was changed',
    );
    t.equal(posix.select(high + 1, null, set, null, 0), -EINVAL);
    const top = owned(t, posix.dup2(w, FD_SETSIZE - 1));
    t.equal(set.add(top), 0);
    t.equal(posix.select(FD_SETSIZE, null, set, null, 0), 1, '1023 is fine');
    t.ok(set.has(top));
    t.end();
  });

  t.test('FdSet', (t) => {
    const set = new FdSet();
    for (const fd of [0, 31, 32, 63, 1023]) t.equal(set.add(fd), 0);
    const members = () => Array.from({ length: 2000 }, (_, fd) => fd).filter((fd) => set.has(fd));
    t.strictSame(members(), [0, 31, 32, 63, 1023]);
    set.delete(31);
    set.delete(31);
    t.strictSame(members(), [0, 32, 63, 1023]);
    set.clear();
    t.strictSame(members(), []);
    t.end();
  });

  t.test('timeouts: not before their time', (t) => {
    const [r] = pipe(t);
    const epfd = epoll(t);
    posix.epoll_ctl(epfd, EPOLL_CTL_ADD, r, EPOLLIN);
    const events = new EpollEvents(1);
    const set = new PollSet();
    set.push(r, POLLIN);
    const waits: Record<string, [ms: number, wait: () => number]> = {
      epoll_wait: [20, () => posix.epoll_wait(epfd, events, 20)],
      poll: [20, () => posix.poll(set, 20)],
      select: [20.5, () => posix.select(r + 1, setOf(r), null, null, 20.5)],
      'select, a fraction': [0.4, () => posix.select(r + 1, setOf(r), null, null, 0.4)],
    };
    for (const [name, [ms, wait]] of Object.entries(waits)) {
      const before = posix.monotonicMs();
      t.equal(wait(), 0, name);
      const after = posix.monotonicMs();
      t.ok(after - before >= ms, `${name}: ${after - before} ms of ${ms}`);
    }
    t.end();
  });

  t.test('a signal ends a wait with EINTR', async (t) => {
    const handler = () => {};
    process.on('SIGUSR2', handler);
    const epfd = epoll(t);
    const events = new EpollEvents(1);
    const set = new PollSet();
    // Signals come until this process doesn't wait any more, so that none need hit a moment.
    const signals = spawn('sh', ['-c', `while kill -USR2 ${process.pid}; do sleep 0.02; done`], {
      stdio: 'ignore',
    });
    const over = new Promise((resolve) => signals.once('exit', resolve));
    const waits = {
      epoll_wait: posix.epoll_wait(epfd, events, 20_000),
      poll: posix.poll(set, 20_000),
      select: posix.select(0, null, null, null, 20_000),
    };
    signals.kill('SIGKILL');
    await over;
    await new Promise((resolve) => setImmediate(resolve));
    process.off('SIGUSR2', handler);
    for (const [name, result] of Object.entries(waits)) t.equal(result, -EINTR, name);
  });
});
