import t from 'tap';
import { EINTR, EMFILE, posix, type Posix } from '../index.js';

t.test('a call can be replaced, and the others go on working', (t) => {
  const broken: Posix = { ...posix, accept4: () => -EMFILE, epoll_wait: () => -EINTR };
  t.equal(broken.accept4(0, 0), -EMFILE);
  const fd = broken.dup(0);
  t.equal(broken.getpid(), process.pid);
  t.equal(broken.close(fd), 0);
  t.end();
});
