import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { posix, type Posix } from '../../../posix/index.js';
import { StopEverything } from '../../../spec/contract.js';
import { eachPoller, makeLoop } from '../../ioloop/test/help.js';
import { IOStream } from '../index.js';
import { Transcript, connectedPair, eachTransport, isOpen, wire } from './help.js';

eachPoller(t, 'the end of the peer’s output is noticed while idle', (t, poller) => {
  for (const transport of ['unix', 'tcp'] as const) {
    const { stream, peer, start, loop } = wire(t, { poller, transport });
    const transcript = new Transcript();
    stream.setCloseCallback(
      transcript.done('closed', () => {
        t.ok(stream.closed());
        t.notOk(isOpen(stream.fd));
        loop.stop();
      }),
    );
    loop.callLater(1, () => peer.close());
    start();
    t.strictSame(transcript.lines, ['closed']);
    t.equal(stream.error, undefined);
  }
});

t.test('a reset is noticed while idle, and is the cause', (t) => {
  const { stream, peer, start, loop, log } = wire(t, { transport: 'tcp' });
  const transcript = new Transcript();
  stream.setCloseCallback(transcript.done('closed', () => loop.stop()));
  loop.callLater(1, () => peer.reset());
  start();
  t.strictSame(transcript.lines, ['closed: ECONNRESET']);
  t.match(stream.error, { name: 'PosixError', code: 'ECONNRESET', syscall: 'read' });
  t.strictSame(log, []);
  t.end();
});

t.test('close: everything pending fails, later and in order, then comes the close callback, once', (t) => {
  const { stream, start, loop } = wire(t);
  const transcript = new Transcript();
  stream.setCloseCallback(
    transcript.done('closed', () => {
      t.ok(stream.closed());
      stream.close();
      loop.callLater(0, () => loop.stop());
    }),
  );
  stream.readUntil('\n', transcript.read('read'));
  stream.write('taken by the kernel', transcript.done('small'));
  stream.write(Buffer.alloc(4 << 20), transcript.done('large'));
  stream.write('', transcript.done('empty'));
  stream.close();
  t.ok(stream.closed());
  t.notOk(isOpen(stream.fd));
  t.notOk(stream.reading() || stream.writing());
  stream.close();
  t.strictSame(transcript.lines, []);
  start();
  t.strictSame(transcript.lines, [
    'read: StreamClosedError',
    'small: StreamClosedError',
    'large: StreamClosedError',
    'empty: StreamClosedError',
    'closed',
  ]);
  t.end();
});

t.test('the fd is closed once, after its handler was removed', (t) => {
  const calls: string[] = [];
  const watched = { fd: -1 };
  const noted = (fd: number, call: string) => {
    if (fd === watched.fd) calls.push(call);
  };
  const spied: Posix = {
    ...posix,
    close: (fd) => (noted(fd, 'close'), posix.close(fd)),
    epoll_ctl: (epfd, operation, fd, ...rest) => {
      noted(fd, ['', 'add', 'remove', 'change'][operation] ?? '?');
      return posix.epoll_ctl(epfd, operation, fd, ...rest);
    },
  };
  const { stream, peer, spin } = wire(t, { posix: spied, loopPosix: spied });
  watched.fd = stream.fd;
  stream.readUntil('\n', () => stream.close());
  peer.send('x\n');
  spin(3);
  stream.close();
  t.strictSame(calls, ['remove', 'close']);
  t.end();
});

t.test('who closes the stream in a callback of it', (t) => {
  for (const first of ['read', 'write'] as const) {
    const { stream, peer, spin } = wire(t);
    const transcript = new Transcript();
    stream.setCloseCallback(transcript.done('closed'));
    peer.send('a\nb\n');
    stream.write(
      'x',
      transcript.done('write', () => first === 'write' && stream.close()),
    );
    stream.readUntil(
      '\n',
      transcript.read('read', () => {
        stream.readUntil('\n', transcript.read('again'));
        if (first === 'read') stream.close();
      }),
    );
    spin(4);
    t.strictSame(
      transcript.lines,
      first === 'read'
        ? ['write', 'read: a\n', 'again: StreamClosedError', 'closed']
        : ['write', 'read: StreamClosedError', 'closed'],
    );
  }
  t.end();
});

t.test('to close in the callback of a read ends the event: what else it brought is not told', (t) => {
  const { stream, peer, spin, loop } = wire(t);
  const transcript = new Transcript();
  stream.write(Buffer.alloc(1 << 20), transcript.done('write'));
  t.ok(stream.writing());
  spin(2);
  stream.setCloseCallback(transcript.done('closed'));
  stream.readUntil(
    '\n',
    transcript.read('read', () => stream.close()),
  );
  loop.addCallback(() => {
    peer.send('x\n');
    peer.receive(); // So the fd is ready for writing, too.
  });
  spin(4);
  t.strictSame(transcript.lines, ['read: x\n', 'write: StreamClosedError', 'closed']);
  t.end();
});

t.test('one stream closes another that was found ready with it', (t) => {
  const { stream: a, peer, spin, loop, log } = wire(t);
  const [near, far] = connectedPair();
  const b = new IOStream(loop, near);
  const transcript = new Transcript();
  a.readUntil(
    '\n',
    transcript.read('a', () => b.close()),
  );
  b.readUntil(
    '\n',
    transcript.read('b', () => a.close()),
  );
  a.setCloseCallback(transcript.done('a closed'));
  b.setCloseCallback(transcript.done('b closed'));
  peer.send('x\n');
  posix.write(far, Buffer.from('x\n'));
  spin(4);
  t.equal(transcript.lines.length, 4);
  t.match(transcript.lines[0], /^[ab]: x/);
  t.match(transcript.lines[1], /^[ab]: StreamClosedError/);
  t.strictSame(log, []);
  posix.close(far);
  t.end();
});

eachTransport(t, 'what a callback throws is reported once and closes the stream', (t, transport) => {
  const failure = new Error('on purpose');
  const fail = () => {
    throw failure;
  };
  for (const call of ['read', 'buffered read', 'write'] as const) {
    const { stream, peer, spin, log } = wire(t, { transport });
    const transcript = new Transcript();
    stream.setCloseCallback(transcript.done('closed'));
    peer.send('a\nb\n');
    if (call === 'write') {
      stream.write('x', fail);
      stream.readUntil('\n', transcript.read('read'));
    } else {
      if (call === 'read') stream.readUntil('\n', fail);
      else stream.readUntil('\n', () => stream.readUntil('\n', fail));
      stream.write('y', transcript.done('written'));
    }
    spin(6);
    t.ok(stream.closed());
    t.notOk(isOpen(stream.fd));
    t.equal(stream.error, failure);
    t.strictSame(
      log.map(({ error }) => error),
      [failure],
      call,
    );
    t.equal(transcript.lines.at(-1), 'closed: Error');
    t.equal(transcript.lines.length, 2);
  }
});

t.test('a callback of a stream that is closed may throw, too', (t) => {
  const { stream, spin, log } = wire(t);
  const transcript = new Transcript();
  stream.readUntil('\n', () => {
    throw new Error('read');
  });
  stream.write(Buffer.alloc(1 << 20), () => {
    throw new Error('write');
  });
  stream.setCloseCallback(() => {
    transcript.lines.push('closed');
    throw new Error('closed');
  });
  stream.close();
  spin(3);
  t.strictSame(
    log.map(({ error }) => (error as Error).message),
    ['read', 'write', 'closed'],
  );
  t.strictSame(transcript.lines, ['closed']);
  t.end();
});

t.test('whatever is thrown becomes a cause', (t) => {
  const { stream, peer, spin, log } = wire(t);
  stream.readBytes(1, () => {
    throw Object.create(null) as Error;
  });
  peer.send('x');
  spin(3);
  t.match(stream.error, { message: /thrown/ });
  t.equal(log.length, 1);
  t.end();
});

t.test('StopEverything leaves the loop and the stream as they are', (t) => {
  const { stream, peer, start, spin } = wire(t);
  const transcript = new Transcript();
  peer.send('a\nb\nc\n');
  stream.readUntil(
    '\n',
    transcript.read('first', () => {
      stream.readUntil('\n', transcript.read('second'));
      throw new StopEverything();
    }),
  );
  t.throws(start, { name: 'StopEverything' });
  t.notOk(stream.closed());
  t.strictSame(transcript.lines, ['first: a\n']);
  spin(2);
  t.strictSame(transcript.lines, ['first: a\n', 'second: b\n']);
  t.end();
});

t.test('a close callback may be set late, and replaced', (t) => {
  const { stream, spin } = wire(t);
  const transcript = new Transcript();
  stream.setCloseCallback(transcript.done('first'));
  stream.setCloseCallback(transcript.done('second'));
  stream.close();
  stream.setCloseCallback(transcript.done('third'));
  t.strictSame(transcript.lines, []);
  spin(2);
  t.strictSame(transcript.lines, ['third']);
  stream.setCloseCallback(transcript.done('fourth'));
  t.strictSame(transcript.lines, ['third']);
  spin(2);
  t.strictSame(transcript.lines, ['third', 'fourth']);
  t.end();
});

t.test('a stream can be closed after its loop', (t) => {
  const { loop } = makeLoop(t);
  const [near, far] = connectedPair();
  const stream = new IOStream(loop, near);
  stream.readUntil('\n', () => t.fail('nobody calls'));
  loop.close();
  stream.close();
  t.notOk(isOpen(near));
  posix.close(far);
  t.end();
});

t.test('a closed stream keeps no bytes alive', async (t) => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const { stream, peer, spin } = wire(t);
  let held: WeakRef<Uint8Array> | undefined;
  (() => {
    const large = new Uint8Array(4 << 20);
    held = new WeakRef(large);
    stream.write(large, () => {});
  })();
  peer.send('x'.repeat(50_000));
  stream.readUntil('\n', () => {});
  spin(3);
  stream.close();
  spin(3);
  // A WeakRef's target is kept until the job ends that made it.
  for (let i = 0; i < 10 && held?.deref() !== undefined; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    gc();
  }
  t.equal(held?.deref(), undefined);
});
