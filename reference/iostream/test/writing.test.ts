import t from 'tap';
import { EAGAIN, EINTR, SHUT_RD, SOL_SOCKET, SO_SNDBUF, posix } from '../../../posix/index.js';
import { countingKernel, eachPoller } from '../../ioloop/test/help.js';
import { Transcript, eachTransport, isOpen, openPipe, told, wire } from './help.js';
import { IOStream } from '../index.js';

eachTransport(t, 'writes go out in order, and are reported in order', (t, transport) => {
  const { stream, peer, spin } = wire(t, { transport });
  const transcript = new Transcript();
  stream.write('one ', transcript.done('1'));
  stream.write(Buffer.from('two '), transcript.done('2'));
  stream.write('', transcript.done('nothing'));
  stream.write('drei: ä', transcript.done('3'));
  t.equal(peer.receive(), 'one ', 'the first of a turn at once');
  t.strictSame(transcript.lines, []);
  spin(3);
  t.equal(peer.receive(), Buffer.from('two drei: ä').toString('latin1'));
  t.strictSame(transcript.lines, ['1', '2', 'nothing', '3']);
  t.notOk(stream.writing());
});

eachPoller(t, 'a large write to a slow reader arrives whole, and the loop sleeps meanwhile', (t, poller) => {
  const counted = countingKernel();
  const { stream, peer, start, spin, loop } = wire(t, { poller, loopPosix: counted.posix });
  posix.setsockopt(stream.fd, SOL_SOCKET, SO_SNDBUF, 8192);
  const transcript = new Transcript();
  const bytes = Buffer.from(Uint32Array.from({ length: 500_000 }, (_, i) => i).buffer);
  const small = bytes.subarray(0, 3000);
  stream.write(small, transcript.done('first'));
  stream.write(bytes, transcript.done('large'));
  stream.write(small, transcript.done('last'));
  t.ok(stream.writing());
  spin(5);
  const before = counted.polls;
  let polls = 0;
  let got = '';
  const expected = Buffer.concat([small, bytes, small]).toString('latin1');
  loop.callLater(20, () => {
    polls = counted.polls - before;
    const receive = () => {
      got += peer.receive();
      if (got.length < expected.length) loop.addCallback(receive);
      else loop.stop();
    };
    receive();
  });
  start();
  spin(3);
  t.ok(polls <= 5, `${polls} polls in 20 ms while the peer reads nothing`);
  t.ok(got === expected, 'the same bytes');
  t.strictSame(transcript.lines, ['first', 'large', 'last']);
});

t.test('a write is reported when its last byte is out, not before', (t) => {
  const { stream, peer, spin } = wire(t);
  const transcript = new Transcript();
  const size = 3 << 20;
  stream.write(Buffer.alloc(size), transcript.done('large'));
  let got = 0;
  while (got < size) {
    const before = posix.fionread(peer.fd);
    spin(4);
    t.equal(transcript.lines.length, stream.writing() ? 0 : 1);
    got += peer.receive().length || before;
  }
  spin(2);
  t.strictSame(transcript.lines, ['large']);
  t.end();
});

t.test('WRITE is watched only while the kernel is full', (t) => {
  const masks: number[] = [];
  const watched = { fd: -1 };
  const loopPosix = {
    ...posix,
    epoll_ctl: (epfd: number, operation: number, fd: number, events?: number, tag?: number) => {
      if (fd === watched.fd) masks.push(events ?? 0);
      return posix.epoll_ctl(epfd, operation, fd, events, tag);
    },
  };
  const { stream, peer, spin } = wire(t, { loopPosix });
  watched.fd = stream.fd;
  stream.write('small', () => {});
  spin(3);
  t.strictSame(masks, [], 'never for what the kernel takes');
  stream.write(Buffer.alloc(2 << 20), () => {});
  t.strictSame(masks, [5], 'READ and WRITE');
  while (stream.writing()) {
    peer.receive();
    spin(2);
  }
  t.strictSame(masks, [5, 1]);
  t.end();
});

t.test('0, EAGAIN and EINTR repeat nothing and lose nothing', (t) => {
  const answers = [-EINTR, 3, -EINTR, 0, 1, -EAGAIN, -EINTR, -EAGAIN, 2];
  let asked = 0;
  const limited = (buffers: readonly Uint8Array[], fd: number): number => {
    const answer = answers[asked++];
    if (answer === undefined) return posix.writev(fd, buffers);
    return answer <= 0 ? answer : posix.write(fd, Buffer.concat(buffers).subarray(0, answer));
  };
  const { stream, peer, spin } = wire(t, {
    posix: {
      ...posix,
      write: (fd, bytes, offset = 0, length = bytes.length - offset) =>
        limited([bytes.subarray(offset, offset + length)], fd),
      writev: (fd, buffers) => limited(buffers, fd),
    },
  });
  const transcript = new Transcript();
  stream.write('hello ', transcript.done('1'));
  stream.write('world', transcript.done('2'));
  spin(12);
  t.equal(peer.receive(), 'hello world');
  t.strictSame(transcript.lines, ['1', '2']);
  t.ok(asked > answers.length);
  t.end();
});

eachTransport(t, 'a write that fails closes the stream, and nobody else hears of it', (t, transport) => {
  const { stream, peer, start, loop, log } = wire(t, { transport });
  const transcript = new Transcript();
  const next = (error?: Error) => {
    if (error === undefined) stream.write(Buffer.alloc(1 << 20), next);
    else transcript.lines.push(`write: ${told(error)}`);
  };
  stream.setCloseCallback(transcript.done('closed', () => loop.stop()));
  stream.readUntil('\n', transcript.read('line'));
  next();
  stream.write('more', transcript.done('more'));
  peer.send('x');
  peer.reset();
  start();
  const cause = told(stream.error!);
  t.ok(['EPIPE', 'ECONNRESET'].includes(cause), cause);
  t.strictSame(transcript.lines, [
    `line: StreamClosedError < ${cause}`,
    `write: StreamClosedError < ${cause}`,
    `more: StreamClosedError < ${cause}`,
    `closed: ${cause}`,
  ]);
  t.strictSame(log, []);
});

t.test('a write to a peer that does not read any more', (t) => {
  const { stream, peer, spin, log } = wire(t);
  const transcript = new Transcript();
  stream.setCloseCallback(transcript.done('closed'));
  peer.shutdown(SHUT_RD);
  peer.send('the reason\n');
  stream.readUntil('\n', transcript.read('line'));
  stream.write('x', transcript.done('write'));
  t.notOk(stream.closed(), 'not within the call');
  spin(4);
  t.strictSame(transcript.lines, ['line: the reason\n', 'write: StreamClosedError < EPIPE', 'closed: EPIPE']);
  t.strictSame(log, []);
  t.end();
});

t.test('a write fails: a read up to the end gets all that the kernel has, however much', (t) => {
  const transcript = new Transcript();
  // The kernel has more than one event takes in.
  let left = 5 << 20;
  const read = (_fd: number, bytes: Uint8Array, offset = 0, length = bytes.length - offset): number => {
    const size = Math.min(left, length);
    left -= size;
    bytes.fill(0x7a, offset, offset + size);
    return size > 0 ? size : -EAGAIN;
  };
  const { stream, peer, spin } = wire(t, { posix: { ...posix, read } });
  peer.shutdown(SHUT_RD);
  stream.setCloseCallback(transcript.done('closed'));
  stream.write('x', transcript.done('write'));
  let size = 0;
  stream.readUntilClose((_error, bytes) => {
    size = bytes?.length ?? -1;
    transcript.lines.push('everything');
  });
  spin(8);
  t.equal(size, 5 << 20); // STREAM-READ-14
  t.equal(left, 0);
  t.equal(transcript.lines.at(-1), 'closed: EPIPE');
  t.strictSame(transcript.lines.slice(0, -1).sort(), ['everything', 'write: StreamClosedError < EPIPE']);
  t.end();
});

eachTransport(
  t,
  'a write fails: what has come stays readable, and then the stream is closed',
  (t, transport) => {
    const { stream, peer, spin, log } = wire(t, { transport });
    const transcript = new Transcript();
    stream.setCloseCallback(transcript.done('closed'));
    peer.send('one\ntwo\nthree');
    stream.readUntil('\n', transcript.read('line'));
    spin(3);
    peer.reset();
    spin(2);
    stream.write('x', transcript.done('write'));
    spin(3);
    const cause = transcript.lines[1]!.replace(/.* < /, '');
    t.ok(['EPIPE', 'ECONNRESET'].includes(cause), cause);
    t.strictSame(transcript.lines.splice(0), ['line: one\n', `write: StreamClosedError < ${cause}`]);
    t.notOk(stream.closed());
    t.notOk(stream.writing());
    stream.write('', transcript.done('empty'));
    stream.write('more', transcript.done('more'));
    spin(3);
    t.strictSame(transcript.lines.splice(0), [
      `empty: StreamClosedError < ${cause}`,
      `more: StreamClosedError < ${cause}`,
    ]);
    stream.readUntil('\n', transcript.read('line'));
    spin(3);
    t.strictSame(transcript.lines.splice(0), ['line: two\n']);
    stream.readUntil('\n', transcript.read('line'));
    spin(3);
    t.strictSame(transcript.lines, [`line: StreamClosedError < ${cause}`, `closed: ${cause}`]);
    t.strictSame(log, []);
  },
);

t.test('a write fails, and the last byte is read: the stream is closed, though the peer is not', (t) => {
  const { stream, peer, spin } = wire(t);
  const transcript = new Transcript();
  peer.send('bytes');
  spin(3); // An idle stream looks ahead.
  peer.shutdown(SHUT_RD);
  stream.setCloseCallback(transcript.done('closed'));
  stream.write('x', transcript.done('write'));
  spin(3);
  t.strictSame(transcript.lines.splice(0), ['write: StreamClosedError < EPIPE']);
  stream.readBytes(5, transcript.read('read'));
  spin(5);
  t.strictSame(transcript.lines, ['read: bytes', 'closed: EPIPE']);
  t.end();
});

t.test('a write fails over bytes that nobody reads: the loop sleeps', (t) => {
  const counted = countingKernel();
  const { stream, peer, start, loop } = wire(t, { transport: 'tcp', loopPosix: counted.posix });
  peer.send('bytes');
  stream.write(Buffer.alloc(8 << 20), () => {});
  peer.reset();
  loop.callLater(40, () => loop.stop());
  start();
  t.notOk(stream.closed());
  t.ok(counted.polls <= 12, `${counted.polls} polls`);
  t.end();
});

t.test('after close and after end, a write is refused', (t) => {
  const { stream, peer, spin } = wire(t);
  stream.write('bye', () => {});
  stream.end();
  stream.end();
  t.throws(() => stream.write('more', () => {}), { name: 'OutputEndedError' });
  spin(3);
  t.equal(peer.receive(), 'bye');
  t.ok(peer.ended);
  stream.close();
  stream.end();
  t.throws(() => stream.write('more', () => {}), { name: 'StreamClosedError' });
  t.end();
});

eachTransport(t, 'end: the output ends behind the last byte, and reading goes on', (t, transport) => {
  const { stream, peer, spin } = wire(t, { transport });
  const transcript = new Transcript();
  const size = 4 << 20;
  stream.write(Buffer.alloc(size, 'x'), transcript.done('written'));
  stream.end();
  let got = '';
  while (got.length < size) {
    got += peer.receive();
    spin(2);
  }
  t.ok(peer.ended);
  t.strictSame(transcript.lines, ['written']);
  peer.send('answer\n');
  stream.readUntil('\n', transcript.read('line'));
  spin(3);
  t.strictSame(transcript.lines, ['written', 'line: answer\n']);
  t.notOk(stream.closed());
});

t.test('a pipe: one end reads, the other writes, and to end it is to close it', (t) => {
  const { loop, start, spin } = wire(t);
  const [from, to] = openPipe();
  const reader = new IOStream(loop, from);
  const writer = new IOStream(loop, to);
  const transcript = new Transcript();
  t.throws(() => writer.readBytes(1, () => {}), { name: 'WrongDirectionError' });
  t.throws(() => reader.write('x', () => {}), { name: 'WrongDirectionError' });
  const bytes = Buffer.alloc(1 << 20, 'x');
  writer.setCloseCallback(transcript.done('writer closed'));
  reader.setCloseCallback(transcript.done('reader closed', () => loop.stop()));
  reader.readBytes(bytes.length, (_error, got) => {
    t.ok(bytes.equals(got!));
    reader.readUntilClose(transcript.read('rest'));
  });
  writer.write(bytes, transcript.done('written'));
  writer.write('end', transcript.done('written, too'));
  writer.end();
  start();
  spin(2);
  t.strictSame(transcript.lines.slice(0, 2), ['written', 'written, too']);
  t.strictSame(transcript.lines.slice(2).sort(), ['reader closed', 'rest: end', 'writer closed']);
  t.notOk(isOpen(from) || isOpen(to));
  t.end();
});

t.test('a pipe with nothing on its way is ended, too', (t) => {
  const { loop, spin } = wire(t);
  const [from, to] = openPipe();
  const writer = new IOStream(loop, to);
  spin(2);
  writer.end();
  spin(2);
  t.ok(writer.closed());
  t.notOk(isOpen(to));
  posix.close(from);
  t.end();
});

eachPoller(t, 'a pipe whose reader has gone closes the writer, idle or not', (t, poller) => {
  const { loop, spin, log } = wire(t, { poller });
  const transcript = new Transcript();
  const [from, to] = openPipe();
  const idle = new IOStream(loop, to);
  idle.setCloseCallback(transcript.done('idle closed'));
  posix.close(from);
  spin(4);
  t.strictSame(transcript.lines, ['idle closed: EPIPE']);
  const [from2, to2] = openPipe();
  const busy = new IOStream(loop, to2);
  busy.setCloseCallback(transcript.done('busy closed'));
  busy.write(Buffer.alloc(1 << 20), transcript.done('write'));
  posix.close(from2);
  spin(4);
  t.strictSame(transcript.lines.slice(1), ['write: StreamClosedError < EPIPE', 'busy closed: EPIPE']);
  t.strictSame(log, []);
});

t.test('the write that would exceed the limit is refused, and nothing of it is written', (t) => {
  const { stream, peer, spin } = wire(t, { maxWriteBytes: 1_000_000 });
  const transcript = new Transcript();
  t.throws(() => stream.write(Buffer.alloc(1_000_001), () => {}), {
    name: 'WriteBufferFullError',
    size: 1_000_001,
    waiting: 0,
    limit: 1_000_000,
    message: /^1000001 bytes .* by one call, .*: write them in parts/,
  });
  stream.write(Buffer.alloc(1_000_000, 'a'), transcript.done('whole'));
  t.ok(stream.writing());
  t.throws(() => stream.write(Buffer.alloc(1_000_000, 'b'), () => {}), {
    name: 'WriteBufferFullError',
    message: /^1000000 bytes .* while \d+ wait, .*: wait for /,
  });
  let got = '';
  while (stream.writing()) {
    spin(2);
    got += peer.receive();
  }
  stream.write('c', transcript.done('later'));
  spin(2);
  got += peer.receive();
  t.ok(got === `${'a'.repeat(1_000_000)}c`);
  t.strictSame(transcript.lines, ['whole', 'later']);
  t.end();
});

t.test(
  'small writes of one turn count against the limit only as far as the kernel does not take them',
  (t) => {
    const { stream, spin } = wire(t, { maxWriteBytes: 10 });
    const transcript = new Transcript();
    for (let i = 0; i < 5; i++) stream.write('12345678', transcript.done(String(i)));
    spin(2);
    t.strictSame(transcript.lines, ['0', '1', '2', '3', '4']);
    t.end();
  },
);

t.test('close: what the kernel takes at once goes out, the rest is dropped', (t) => {
  const { stream, peer, spin, log } = wire(t);
  for (const letter of 'abc') stream.write(letter, () => {});
  stream.close();
  t.equal(peer.receive(), 'abc', 'though only the first had gone by itself');
  const full = wire(t);
  full.stream.write(Buffer.alloc(4 << 20, 'x'), () => {});
  full.stream.close();
  t.ok(full.peer.receive().length < 4 << 20);
  const broken = wire(t);
  broken.stream.write('a', () => {});
  broken.stream.write('b', () => {});
  broken.peer.close();
  broken.stream.close();
  spin(3);
  t.strictSame([...log, ...full.log, ...broken.log], []);
  t.end();
});

t.test('an fd that was closed behind its back: the write fails, and does not throw as well', (t) => {
  const { stream, peer, spin } = wire(t);
  const transcript = new Transcript();
  posix.close(stream.fd);
  stream.write('x', transcript.done('write'));
  spin(4);
  t.strictSame(transcript.lines, ['write: StreamClosedError < EBADF']);
  t.ok(stream.closed());
  peer.close();
  t.end();
});
