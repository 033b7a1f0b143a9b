import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import {
  EAGAIN,
  EBADF,
  EEXIST,
  EFAULT,
  EINVAL,
  EISDIR,
  EMFILE,
  ENOENT,
  FD_CLOEXEC,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  F_GETPIPE_SZ,
  F_SETFD,
  F_SETFL,
  F_SETPIPE_SZ,
  EFD_CLOEXEC,
  EFD_NONBLOCK,
  EFD_SEMAPHORE,
  O_ACCMODE,
  O_CLOEXEC,
  O_CREAT,
  O_EXCL,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  RLIMIT_NOFILE,
  check,
  posix,
} from '../index.js';
import { NOT_OPEN, owned, pipe, withoutLeaks } from './fds.js';

withoutLeaks(t, () => {
  t.test('pipe2', (t) => {
    const fds = new Int32Array(2);
    t.equal(posix.pipe2(fds, O_CLOEXEC), 0);
    const [r = -1, w = -1] = fds;
    owned(t, r);
    owned(t, w);
    t.equal(check(posix.fcntl(r, F_GETFL), 'fcntl') & O_ACCMODE, O_RDONLY);
    t.equal(check(posix.fcntl(w, F_GETFL), 'fcntl') & O_ACCMODE, O_WRONLY);
    t.equal(posix.pipe2(fds, 1 << 20), -EINVAL, 'an unknown flag');
    t.equal(posix.pipe2(new Int32Array(1), 0), -EFAULT, 'no room for two fds');
    t.end();
  });

  t.test('close', (t) => {
    const fd = check(posix.eventfd(0, 0), 'eventfd');
    t.equal(posix.close(fd), 0);
    t.equal(posix.close(fd), -EBADF);
    t.equal(posix.close(-1), -EBADF);
    t.end();
  });

  t.test('eventfd', (t) => {
    const bytes = new BigUint64Array(1);
    const buffer = new Uint8Array(bytes.buffer);
    const fd = owned(t, posix.eventfd(2, EFD_NONBLOCK | EFD_CLOEXEC));
    bytes[0] = 40n;
    t.equal(posix.write(fd, buffer), 8);
    t.equal(posix.read(fd, buffer), 8);
    t.equal(bytes[0], 42n);
    t.equal(posix.read(fd, buffer), -EAGAIN);
    const semaphore = owned(t, posix.eventfd(2, EFD_NONBLOCK | EFD_CLOEXEC | EFD_SEMAPHORE));
    t.equal(posix.read(semaphore, buffer), 8);
    t.equal(bytes[0], 1n);
    t.equal(posix.eventfd(0, 1 << 20), -EINVAL, 'an unknown flag');
    t.end();
  });

  t.test('fcntl', (t) => {
    const [r] = pipe(t);
    t.equal(posix.fcntl(r, F_GETFL), O_NONBLOCK | O_RDONLY);
    t.equal(posix.fcntl(r, F_SETFL, 0), 0);
    t.equal(posix.fcntl(r, F_GETFL), O_RDONLY);
    t.equal(posix.fcntl(r, F_GETFD), FD_CLOEXEC);
    t.equal(posix.fcntl(r, F_SETFD, 0), 0);
    t.equal(posix.fcntl(r, F_GETFD), 0);
    const copy = owned(t, posix.fcntl(r, F_DUPFD_CLOEXEC, 200));
    t.ok(copy >= 200);
    t.equal(posix.fcntl(copy, F_GETFD), FD_CLOEXEC);
    t.equal(posix.fcntl(r, F_SETPIPE_SZ, 4096), 4096);
    t.equal(posix.fcntl(r, F_GETPIPE_SZ), 4096);
    t.equal(posix.fcntl(NOT_OPEN, F_GETFL), -EBADF);
    t.equal(posix.fcntl(r, 9999), -EINVAL);
    t.equal(posix.fcntl(r, F_DUPFD_CLOEXEC, -1), -EINVAL);
    t.end();
  });

  t.test('dup, dup2, dup3', (t) => {
    const [r, w] = pipe(t);
    const [other] = pipe(t);
    const copy = owned(t, posix.dup(w));
    t.equal(posix.write(copy, Buffer.from('x')), 1);
    t.equal(posix.dup2(r, other), other, 'the number is used again');
    t.equal(posix.read(other, Buffer.alloc(9)), 1, 'for the other file');
    t.equal(posix.fcntl(other, F_GETFD), 0);
    t.equal(posix.dup2(r, r), r);
    t.equal(posix.dup3(r, other, O_CLOEXEC), other);
    t.equal(posix.fcntl(other, F_GETFD), FD_CLOEXEC);
    t.equal(posix.dup(NOT_OPEN), -EBADF);
    t.equal(posix.dup2(NOT_OPEN, other), -EBADF);
    t.equal(posix.dup2(r, NOT_OPEN), -EBADF, 'above the limit');
    t.equal(posix.dup3(r, r, 0), -EINVAL);
    t.equal(posix.dup3(r, other, 1), -EINVAL, 'an unknown flag');
    t.end();
  });

  t.test('open and unlink', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'posix-'));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'ä');
    const fd = owned(t, posix.open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600));
    t.equal(statSync(file).mode & 0o777, 0o600);
    t.equal(posix.write(fd, Buffer.from('text')), 4);
    t.equal(posix.open(file, O_RDWR | O_CREAT | O_EXCL, 0o600), -EEXIST);
    t.equal(posix.open(folder, O_WRONLY), -EISDIR);
    t.equal(posix.open(`${file}\0x`, O_RDONLY), -EINVAL, 'C would have opened another file');
    t.equal(posix.unlink(`${file}\0x`), -EINVAL);
    t.equal(posix.unlink(file), 0);
    t.equal(posix.unlink(file), -ENOENT);
    t.equal(posix.open(file, O_RDONLY), -ENOENT);
    const nowhere = owned(t, posix.open('/dev/null', O_RDWR | O_CLOEXEC));
    t.equal(posix.write(nowhere, Buffer.from('x')), 1);
    t.equal(posix.read(nowhere, Buffer.alloc(1)), 0);
    t.end();
  });

  t.test('out of fds', (t) => {
    const before = { soft: 0, hard: 0 };
    t.equal(posix.getrlimit(RLIMIT_NOFILE, before), 0);
    t.teardown(() => posix.setrlimit(RLIMIT_NOFILE, before));
    // The lowest free number becomes the first forbidden one.
    const free = check(posix.dup(0), 'dup');
    posix.close(free);
    t.equal(posix.setrlimit(RLIMIT_NOFILE, { soft: free, hard: before.hard }), 0);
    const made = {
      pipe2: posix.pipe2(new Int32Array(2), 0),
      dup: posix.dup(0),
      eventfd: posix.eventfd(0, 0),
      epoll_create1: posix.epoll_create1(0),
      open: posix.open('/dev/null', O_RDONLY),
    };
    t.equal(posix.setrlimit(RLIMIT_NOFILE, before), 0);
    for (const [call, result] of Object.entries(made)) t.equal(result, -EMFILE, call);
    t.end();
  });
});
