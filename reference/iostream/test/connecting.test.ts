import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import {
  AF_INET,
  AF_UNIX,
  ECONNREFUSED,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  check,
  posix,
} from '../../../posix/index.js';
import type { StreamAddress } from '../../../spec/stream-contract.js';
import { countingKernel, eachPoller, makeLoop } from '../../ioloop/test/help.js';
import { IOStream } from '../index.js';
import { Transcript, isOpen, listen, text } from './help.js';

/** A listener on a UNIX path of its own. */
function listenUnix(path: string): number {
  const fd = check(posix.socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), 'socket');
  posix.unlink(path);
  check(posix.bind(fd, { family: 'unix', path }), 'bind');
  check(posix.listen(fd, 4), 'listen');
  return fd;
}

const path = join(tmpdir(), `evspec-iostream-${process.pid}`);
t.teardown(() => posix.unlink(path));

/** An address where nobody listens. */
function deserted(family: 'tcp' | 'tcp6' | 'unix'): StreamAddress {
  if (family === 'unix') return { family: 'unix', path: `${path}-none` };
  const { fd, address } = listen(family);
  posix.close(fd);
  return address;
}

for (const family of ['tcp', 'tcp6', 'unix'] as const) {
  eachPoller(t, `${family}: a connect, with a write and a read begun before it is decided`, (t, poller) => {
    const { loop, start, log } = makeLoop(t, { poller });
    const { fd: listener, address } =
      family === 'unix'
        ? { fd: listenUnix(path), address: { family: 'unix', path } as const }
        : listen(family);
    const transcript = new Transcript();
    const stream = IOStream.connect(
      loop,
      address,
      transcript.done('connected', () => t.ok(stream.reading())),
    );
    stream.write('', transcript.done('nothing'));
    stream.write('hello ', transcript.done('1'));
    stream.write('world\n', transcript.done('2'));
    stream.readUntil(
      '\n',
      transcript.read('answer', () => loop.stop()),
    );
    t.strictSame(transcript.lines, [], 'nothing within the calls');
    t.ok(stream.writing());
    loop.addHandler(
      listener,
      () => {
        loop.removeHandler(listener);
        const server = new IOStream(loop, check(posix.accept4(listener, 0), 'accept4'));
        server.readUntil('\n', (_error, line) => {
          server.write(`got ${text(line!)}`, () => {});
          server.end();
        });
      },
      1,
    );
    start();
    t.strictSame(transcript.lines, ['connected', 'nothing', '1', '2', 'answer: got hello world\n']);
    t.strictSame(log, []);
    stream.close();
    posix.close(listener);
  });

  eachPoller(t, `${family}: a refusal`, (t, poller) => {
    const { loop, start, spin, log } = makeLoop(t, { poller });
    const code = family === 'unix' ? 'ENOENT' : 'ECONNREFUSED';
    const transcript = new Transcript();
    const stream = IOStream.connect(loop, deserted(family), transcript.done('connect'));
    stream.setCloseCallback(transcript.done('closed', () => loop.stop()));
    stream.write('hello', transcript.done('write'));
    stream.write('', transcript.done('nothing'));
    stream.readUntil('\n', transcript.read('read'));
    t.strictSame(transcript.lines, [], 'nothing within the calls');
    t.notOk(stream.closed());
    start();
    spin(3);
    t.strictSame(transcript.lines, [
      `connect: StreamClosedError < ${code}`,
      `read: StreamClosedError < ${code}`,
      `write: StreamClosedError < ${code}`,
      `nothing: StreamClosedError < ${code}`,
      `closed: ${code}`,
    ]);
    t.match(stream.error, { code, syscall: 'connect' });
    t.notOk(isOpen(stream.fd));
    t.strictSame(log, []);
  });
}

t.test('close while connecting: no success', (t) => {
  for (const when of ['at once', 'a turn later']) {
    const { loop, spin } = makeLoop(t);
    const { fd: listener, address } = listen();
    const transcript = new Transcript();
    const stream = IOStream.connect(loop, address, transcript.done('connect'));
    stream.write('x', transcript.done('write'));
    stream.setCloseCallback(transcript.done('closed'));
    if (when === 'at once') stream.close();
    else loop.addCallback(() => stream.close());
    spin(5);
    t.strictSame(
      transcript.lines,
      ['connect: StreamClosedError', 'write: StreamClosedError', 'closed'],
      when,
    );
    posix.close(listener);
  }
  t.end();
});

t.test('while it is not decided, the loop sleeps, and spurious readiness decides nothing', (t) => {
  const counted = countingKernel();
  let answers: 'waiting' | 'kernel' = 'waiting';
  const kernel = {
    ...posix,
    // A handshake that takes its time: what the kernel says of a socket that is connecting.
    getsockopt: (fd: number, level: number, option: number) =>
      answers === 'waiting' && option === 4 ? 0 : posix.getsockopt(fd, level, option),
    getpeername: (...args: Parameters<typeof posix.getpeername>) =>
      answers === 'waiting' ? -107 : posix.getpeername(...args),
  };
  const { loop, start } = makeLoop(t, { posix: counted.posix });
  const { fd: listener, address } = listen();
  const transcript = new Transcript();
  const stream = IOStream.connect(
    loop,
    address,
    transcript.done('connected', () => loop.stop()),
    {
      posix: kernel,
    },
  );
  loop.callLater(1, () => {
    t.strictSame(transcript.lines, []);
    answers = 'kernel';
  });
  start();
  t.strictSame(transcript.lines, ['connected']);
  stream.close();
  posix.close(listener);
  t.end();
});

eachPoller(
  t,
  'an unconnected stream neither closes nor keeps the loop awake, and can be connected',
  (t, poller) => {
    for (const domain of [AF_INET, AF_UNIX]) {
      const counted = countingKernel();
      const { loop, start, spin } = makeLoop(t, { poller, posix: counted.posix });
      const fd = check(posix.socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0), 'socket');
      const stream = new IOStream(loop, fd);
      const transcript = new Transcript();
      stream.setCloseCallback(transcript.done('closed'));
      stream.write('early', transcript.done('written'));
      spin(3);
      const before = counted.polls;
      loop.callLater(20, () => {
        t.ok(counted.polls - before <= 3, `${counted.polls - before} polls in 20 ms`);
        t.notOk(stream.closed());
        const { fd: listener, address } =
          domain === AF_UNIX
            ? { fd: listenUnix(path), address: { family: 'unix', path } as const }
            : listen();
        stream.connect(
          address,
          transcript.done('connected', () => {
            t.throws(() => stream.connect(address, () => {}), { name: 'AlreadyConnectedError' });
            loop.callLater(0, () => {
              posix.close(listener);
              loop.stop();
            });
          }),
        );
        t.throws(() => stream.connect(address, () => {}), { name: 'AlreadyConnectedError' });
      });
      start();
      t.strictSame(transcript.lines.slice(0, 2), ['connected', 'written']);
      stream.close();
      t.throws(() => stream.connect({ family: 'unix', path }, () => {}), { name: 'StreamClosedError' });
    }
  },
);

t.test('an unconnected stream that is ended or closed', (t) => {
  const { loop, spin } = makeLoop(t);
  const stream = new IOStream(loop, check(posix.socket(AF_INET, SOCK_STREAM, 0), 'socket'));
  const transcript = new Transcript();
  stream.setCloseCallback(transcript.done('closed'));
  stream.end();
  spin(3);
  t.strictSame(transcript.lines, []);
  stream.close();
  spin(2);
  t.strictSame(transcript.lines, ['closed']);
  t.end();
});

t.test('end while connecting comes into force behind the last write', (t) => {
  const { loop, spin, start } = makeLoop(t);
  const { fd: listener, address } = listen();
  const transcript = new Transcript();
  const stream = IOStream.connect(loop, address, transcript.done('connected'));
  stream.write(
    'all',
    transcript.done('written', () => loop.stop()),
  );
  stream.end();
  start();
  spin(2);
  const server = check(posix.accept4(listener, SOCK_NONBLOCK), 'accept4');
  const bytes = Buffer.alloc(10);
  t.equal(posix.read(server, bytes), 3);
  t.equal(posix.read(server, bytes), 0, 'end of file');
  t.strictSame(transcript.lines, ['connected', 'written']);
  stream.close();
  posix.close(server);
  posix.close(listener);
  t.end();
});

t.test('end before there is a connection, with nothing written', (t) => {
  for (const connecting of [true, false]) {
    const { loop, spin, start } = makeLoop(t);
    const { fd: listener, address } = listen();
    const transcript = new Transcript();
    const stream = new IOStream(loop, check(posix.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 'socket'));
    if (!connecting) stream.end();
    stream.connect(
      address,
      transcript.done('connected', () => loop.stop()),
    );
    if (connecting) stream.end();
    start();
    spin(2);
    const server = check(posix.accept4(listener, SOCK_NONBLOCK), 'accept4');
    const bytes = Buffer.alloc(10);
    t.equal(posix.read(server, bytes), 0, 'end of file');
    // The other half lives on.
    stream.readUntil('\n', transcript.read('answer'));
    posix.write(server, Buffer.from('late\n'));
    spin(3);
    t.equal(transcript.lines.length, 2);
    t.notMatch(transcript.lines[1], /Error/);
    stream.close();
    posix.close(server);
    posix.close(listener);
  }
  t.end();
});

t.test('what the kernel refuses outright takes the same path', (t) => {
  const { loop, spin } = makeLoop(t);
  const transcript = new Transcript();
  const stream = IOStream.connect(
    loop,
    { family: 'ipv4', host: '127.0.0.1', port: 1 },
    transcript.done('connect'),
    { posix: { ...posix, connect: () => -ECONNREFUSED } },
  );
  t.notOk(stream.closed());
  spin(3);
  t.strictSame(transcript.lines, ['connect: StreamClosedError < ECONNREFUSED']);
  t.end();
});

t.test('a callback of a connect that throws closes the stream', (t) => {
  const { loop, start, log } = makeLoop(t);
  const { fd: listener, address } = listen();
  const stream = IOStream.connect(loop, address, () => {
    throw new Error('on purpose');
  });
  stream.setCloseCallback(() => loop.stop());
  start();
  t.match(stream.error, { message: 'on purpose' });
  t.equal(log.length, 1);
  posix.close(listener);
  t.end();
});

t.test('a stream over a socket that is reset by now still reads what came', (t) => {
  const { loop, spin } = makeLoop(t);
  const { fd: listener, address } = listen();
  const near = check(posix.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 'socket');
  check(posix.connect(near, address), 'connect');
  const far = check(posix.accept4(listener, SOCK_NONBLOCK), 'accept4');
  posix.write(near, Buffer.from('last words\n'));
  posix.setLinger(near, 0);
  posix.close(near);
  const late = new IOStream(loop, far);
  const transcript = new Transcript();
  late.setCloseCallback(transcript.done('closed'));
  late.readUntil('\n', transcript.read('line'));
  spin(6);
  t.equal(transcript.lines.length, 2);
  t.match(transcript.lines[1], /^closed/);
  posix.close(listener);
  t.end();
});
