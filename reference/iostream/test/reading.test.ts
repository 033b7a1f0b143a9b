import t from 'tap';
import { EAGAIN, EINTR, SHUT_WR, posix } from '../../../posix/index.js';
import { countingKernel, eachPoller } from '../../ioloop/test/help.js';
import { Peer, Transcript, connectedPair, eachTransport, isOpen, text, wire } from './help.js';
import { IOStream } from '../index.js';

eachTransport(t, 'each kind of read takes its bytes and leaves the rest', (t, transport) => {
  const { stream, peer, start, loop } = wire(t, { transport });
  const transcript = new Transcript();
  peer.send('one\ntwo--threefour5five\r\nrest');
  stream.setCloseCallback(transcript.done('closed', () => loop.stop()));
  stream.readUntil(
    '\n',
    transcript.read('until', () => {
      stream.readUntil(
        Buffer.from('--'),
        transcript.read('until bytes', () => {
          stream.readBytes(
            5,
            transcript.read('bytes', () => {
              stream.readSome(
                4,
                transcript.read('some', () => {
                  stream.readBytes(
                    0,
                    transcript.read('none', () => {
                      stream.readUntilRegex(
                        /\d\w+\r?\n/,
                        transcript.read('regex', () => {
                          peer.shutdown(SHUT_WR);
                          stream.readUntilClose(transcript.read('rest'));
                        }),
                      );
                    }),
                  );
                }),
              );
            }),
          );
        }),
      );
    }),
  );
  start();
  t.strictSame(transcript.lines, [
    'until: one\n',
    'until bytes: two--',
    'bytes: three',
    'some: four',
    'none: ',
    'regex: 5five\r\n',
    'rest: rest',
    'closed',
  ]);
});

t.test('bytes of all values pass', (t) => {
  const { stream, peer, spin } = wire(t);
  const all = Uint8Array.from({ length: 512 }, (_, i) => i & 0xff);
  peer.send(all);
  let got: Uint8Array | undefined;
  stream.readBytes(512, (_error, bytes) => (got = bytes));
  spin(3);
  t.strictSame(got, all);
  t.end();
});

t.test('a delimiter in two packets', (t) => {
  const { stream, peer, spin } = wire(t);
  const transcript = new Transcript();
  stream.readUntil('\r\n', transcript.read('line'));
  for (const piece of ['a\r', '\r', '\nb']) {
    t.strictSame(transcript.lines, []);
    peer.send(piece);
    spin(3);
  }
  t.strictSame(transcript.lines, ['line: a\r\r\n']);
  t.end();
});

t.test('a read that the buffer satisfies needs no event', (t) => {
  const { stream, peer, spin, loop } = wire(t);
  const transcript = new Transcript();
  peer.send('a\nb\n');
  stream.readUntil('\n', transcript.read('first'));
  spin(3);
  loop.addCallback(() => {
    stream.readUntil('\n', transcript.read('second'));
    t.strictSame(transcript.lines, ['first: a\n'], 'but a turn');
    t.ok(stream.reading());
  });
  spin(3);
  t.strictSame(transcript.lines, ['first: a\n', 'second: b\n']);
  t.notOk(stream.reading());
  t.end();
});

t.test('no callback inside the call, whatever it is', (t) => {
  const { stream, peer, spin } = wire(t);
  const transcript = new Transcript();
  peer.send('abc');
  spin(3);
  stream.readBytes(0, transcript.read('nothing'));
  t.strictSame(transcript.lines, []);
  spin(2);
  stream.readSome(9, transcript.read('some'));
  stream.write('', transcript.done('empty'));
  stream.write('x', transcript.done('written'));
  t.strictSame(transcript.lines, ['nothing: ']);
  spin(2);
  stream.setCloseCallback(transcript.done('closed'));
  stream.readUntil('\n', transcript.read('line'));
  stream.close();
  t.strictSame(transcript.lines.slice(1).sort(), ['empty', 'some: abc', 'written']);
  spin(2);
  t.strictSame(transcript.lines.slice(4), ['line: StreamClosedError', 'closed']);
  t.end();
});

t.test('an overlapping read is refused, and the first goes on', (t) => {
  const { stream, peer, spin } = wire(t);
  const transcript = new Transcript();
  stream.readUntil('\n', transcript.read('first'));
  const refused = { name: 'ReadPendingError', message: /while a read is pending/ };
  t.throws(() => stream.readUntil('x', transcript.read('second')), refused);
  t.throws(() => stream.readBytes(1, transcript.read('second')), refused);
  t.throws(() => stream.readSome(1, transcript.read('second')), refused);
  t.throws(() => stream.readUntilRegex(/x/, transcript.read('second')), refused);
  t.throws(() => stream.readUntilClose(transcript.read('second')), refused);
  peer.send('x\n');
  spin(3);
  t.strictSame(transcript.lines, ['first: x\n']);
  t.end();
});

eachTransport(t, 'what the peer sent before it closed is read', (t, transport) => {
  const { stream, peer, start, loop } = wire(t, { transport });
  const transcript = new Transcript();
  const bytes = 'x'.repeat(100_000);
  peer.send(`${bytes}\nlast\nrest`);
  peer.close();
  stream.setCloseCallback(transcript.done('closed', () => loop.stop()));
  // A read at a time, each from outside of any callback, with turns of the loop between: the bytes wait.
  const later = (call: () => void) => loop.callLater(1, call);
  later(() =>
    stream.readUntil('\n', (_error, first) => {
      t.equal(first?.length, bytes.length + 1);
      later(() =>
        stream.readUntil(
          '\n',
          transcript.read('second', () => {
            later(() => stream.readUntil('\n', transcript.read('third')));
          }),
        ),
      );
    }),
  );
  start();
  t.strictSame(transcript.lines, ['second: last\n', 'third: StreamClosedError', 'closed']);
  t.equal(stream.error, undefined);
});

t.test('the last bytes satisfy the pending read, and what follows in its callback', (t) => {
  const { stream, peer, start, loop } = wire(t);
  const transcript = new Transcript();
  stream.setCloseCallback(transcript.done('closed', () => loop.stop()));
  stream.readUntil(
    '\n',
    transcript.read('line', () => stream.readUntilClose(transcript.read('rest'))),
  );
  loop.addCallback(() => {
    peer.send('bye\n');
    peer.close();
  });
  start();
  t.strictSame(transcript.lines, ['line: bye\n', 'rest: ', 'closed']);
  t.end();
});

t.test('a stream that has ended serves what it has, and closes when that is read', (t) => {
  const { stream, peer, spin } = wire(t);
  const transcript = new Transcript();
  stream.setCloseCallback(transcript.done('closed'));
  peer.send('abcdef');
  peer.close();
  stream.readBytes(1, transcript.read('1'));
  spin(5);
  stream.readUntil('f', transcript.read('until')); // The end is met here.
  spin(5);
  t.strictSame(transcript.lines, ['1: a', 'until: bcdef', 'closed']);
  t.end();
});

t.test('many reads across the end', (t) => {
  const { stream, peer, spin } = wire(t);
  const transcript = new Transcript();
  stream.setCloseCallback(transcript.done('closed'));
  stream.readBytes(
    4,
    transcript.read('4', () => stream.readSome(2, transcript.read('2'))),
  );
  spin(2);
  peer.send('abcdefgh');
  peer.shutdown(SHUT_WR);
  spin(5);
  t.notOk(stream.closed(), 'there are bytes left');
  stream.readSome(1, transcript.read('1'));
  spin(5);
  t.notOk(stream.closed());
  stream.readSome(9, transcript.read('9'));
  spin(5);
  t.strictSame(transcript.lines, ['4: abcd', '2: ef', '1: g', '9: h', 'closed']);
  t.end();
});

t.test('spurious readiness and EINTR are nothing', (t) => {
  const answers = [-EAGAIN, -EINTR, -EINTR, -EAGAIN, 0];
  let asked = 0;
  const { stream, peer, spin } = wire(t, {
    posix: {
      ...posix,
      read: (...args) => {
        const answer = answers[asked++] ?? 0;
        return answer < 0 ? answer : posix.read(...args);
      },
    },
  });
  const transcript = new Transcript();
  stream.setCloseCallback(transcript.done('closed'));
  peer.send('hello\n');
  stream.readUntil('\n', transcript.read('line'));
  spin(6);
  t.ok(asked >= answers.length);
  t.strictSame(transcript.lines, ['line: hello\n']);
  t.end();
});

eachPoller(t, 'without a reader the peer is throttled, and the loop sleeps', (t, poller) => {
  let reads = 0;
  const { stream, peer, spin, loop, start } = wire(t, {
    poller,
    posix: { ...posix, read: (...args) => (reads++, posix.read(...args)) },
  });
  const block = Buffer.alloc(65536, 'x');
  let sent = 0;
  const flood = () => {
    for (let n = posix.write(peer.fd, block); n > 0; n = posix.write(peer.fd, block)) sent += n;
  };
  for (let i = 0; i < 20; i++) {
    loop.addCallback(flood);
    spin(2);
  }
  t.equal(reads, 1);
  t.ok(posix.fionread(stream.fd) > 0, 'the rest stays in the kernel');
  t.equal(posix.write(peer.fd, block), -EAGAIN);
  let got = 0;
  stream.readBytes(sent, (_error, bytes) => {
    got = bytes!.length;
    loop.stop();
  });
  start();
  t.equal(got, sent, 'and nothing is lost');
});

eachPoller(
  t,
  'a peer that has gone, behind bytes that nobody reads, does not keep the loop awake',
  (t, poller) => {
    const counted = countingKernel();
    const { stream, peer, start, spin, loop } = wire(t, { poller, loopPosix: counted.posix });
    const transcript = new Transcript();
    peer.send('abc');
    peer.close();
    stream.setCloseCallback(transcript.done('closed', () => loop.stop()));
    spin(3);
    const before = counted.polls;
    loop.callLater(20, () => {
      t.ok(counted.polls - before <= 5, `${counted.polls - before} polls in 20 ms`);
      t.notOk(stream.closed());
      stream.readUntilClose(transcript.read('all'));
    });
    start();
    t.strictSame(transcript.lines, ['all: abc', 'closed']);
  },
);

t.test('a regular expression is looked for in bytes as they are', (t) => {
  const { stream, peer, spin } = wire(t);
  const transcript = new Transcript();
  const again = /\xff+\x00/g;
  again.lastIndex = 5;
  peer.send(Buffer.from([1, 0xff, 0xff, 0, 0xff, 0, 9]));
  stream.readUntilRegex(
    again,
    transcript.read('first', () => stream.readUntilRegex(again, transcript.read('second'))),
  );
  spin(4);
  t.strictSame(transcript.lines, ['first: \x01\xff\xff\x00', 'second: \xff\x00']);
  t.equal(again.lastIndex, 5, 'the pattern is the caller’s');
  stream.readUntilRegex(/^\x09$/, transcript.read('third'));
  spin(3);
  t.equal(transcript.lines[2], 'third: \x09');
  t.end();
});

t.test('a reader’s bytes stay as they are', (t) => {
  const { stream, peer, spin } = wire(t);
  const kept: Uint8Array[] = [];
  const next = (_error: Error | undefined, bytes: Uint8Array | undefined) => {
    if (bytes === undefined) return;
    kept.push(bytes);
    stream.readBytes(40_000, next);
  };
  stream.readBytes(40_000, next);
  for (const letter of 'abcdefgh') {
    peer.send(letter.repeat(40_000));
    spin(4);
  }
  t.strictSame(
    kept.map(
      (bytes) => text(bytes) === text(bytes.subarray(0, 1)).repeat(40_000) && text(bytes.subarray(0, 1)),
    ),
    [...'abcdefgh'],
  );
  t.end();
});

t.test('a stream over an fd that was in blocking mode does not block', (t) => {
  const { loop, spin } = wire(t);
  const [near, far] = connectedPair('tcp'); // near is blocking
  const stream = new IOStream(loop, near);
  const peer = new Peer(far);
  const transcript = new Transcript();
  stream.readBytes(2, transcript.read('two'));
  spin(3);
  peer.send('ab');
  spin(3);
  t.strictSame(transcript.lines, ['two: ab']);
  stream.close();
  t.notOk(isOpen(near));
  peer.close();
  t.end();
});

t.test('a pattern that the engine gives up fails its read, later, and the stream is closed', (t) => {
  // As V8 does for some megabytes and a pattern that backtracks: /^(?:a|b)*c/ needs nine.
  const pattern = /x/;
  pattern.exec = (text) => {
    if (text.length > 5) throw new RangeError('Maximum call stack size exceeded');
    return null;
  };
  const error = 'PatternFailedError < RangeError';
  for (const before of ['', 'bytes', 'more bytes']) {
    const { stream, peer, spin, log } = wire(t);
    const transcript = new Transcript();
    if (before !== '') peer.send(before);
    spin(2);
    stream.setCloseCallback(transcript.done('closed'));
    stream.readUntilRegex(pattern, transcript.read('match'));
    t.strictSame(transcript.lines, [], 'not inside the call');
    if (before.length <= 5) {
      spin(2);
      peer.send('and more');
    }
    spin(4);
    t.strictSame(transcript.lines, [`match: ${error}`, `closed: ${error}`]);
    t.match(stream.error, { pattern, message: /^pattern "\/x\/" .*: give it less / });
    t.strictSame(log, []);
  }
  t.end();
});
