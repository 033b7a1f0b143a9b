import t from 'tap';
import { posix } from '../../../posix/index.js';
import { eachPoller } from '../../ioloop/test/help.js';
import { CALLBACKS_PER_TURN } from '../callbacks.js';
import { IOStream } from '../index.js';
import { Peer, Transcript, connectedPair, text, wire } from './help.js';

const LINES = 10_000;
const lines = Array.from({ length: LINES }, (_, i) => `line ${i}\n`);

/** How deep the stack is here. */
function depth(): number {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = Infinity;
  const frames = new Error().stack!.split('\n').length - 1;
  Error.stackTraceLimit = stackTraceLimit;
  return frames;
}

eachPoller(t, '10,000 buffered lines, each read in the callback of the one before', (t, poller) => {
  const { stream, peer, start, loop } = wire(t, { poller });
  peer.send(lines.join(''));
  let read = 0;
  let deepest = 0;
  let shallowest = Infinity;
  let turns = 0;
  let mostInATurn = 0;
  let readBefore = 0;
  const next = (_error: Error | undefined, bytes: Uint8Array | undefined) => {
    if (text(bytes!) !== lines[read]) throw new Error(`${text(bytes!)} in place of ${lines[read]}`);
    read++;
    if (read % 500 === 1) {
      deepest = Math.max(deepest, depth());
      shallowest = Math.min(shallowest, depth());
    }
    if (read < LINES) stream.readUntil('\n', next);
    else loop.stop();
  };
  stream.readUntil('\n', next);
  // Somebody else on the same loop, who wants a turn now and then.
  const other = () => {
    turns++;
    mostInATurn = Math.max(mostInATurn, read - readBefore);
    readBefore = read;
    loop.addCallback(other);
  };
  loop.addCallback(other);
  start();
  t.equal(read, LINES);
  t.ok(deepest - shallowest <= 4, `the stack is ${shallowest} to ${deepest} deep`);
  // A turn and an event.
  t.ok(mostInATurn <= 2 * CALLBACKS_PER_TURN, `at most ${mostInATurn} lines in one iteration`);
  t.ok(turns >= LINES / CALLBACKS_PER_TURN);
});

t.test('10,000 writes, each in the callback of the one before', (t) => {
  const { stream, peer, start, loop } = wire(t);
  let written = 0;
  let deepest = 0;
  const next = () => {
    written++;
    if (written % 500 === 1) deepest = Math.max(deepest, depth());
    if (written < LINES) stream.write('x', next);
    else loop.stop();
    if (written % 100 === 0) peer.receive();
  };
  stream.write('x', next);
  start();
  t.equal(written, LINES);
  t.ok(deepest < 60, `${deepest} frames`);
  t.end();
});

t.test('10,000 reads of nothing do not keep the loop from its other work', (t) => {
  const { stream, start, loop } = wire(t);
  let reads = 0;
  const next = () => {
    if (++reads < LINES) stream.readBytes(0, next);
  };
  stream.readBytes(0, next);
  let seen = 0;
  loop.addCallback(() => {
    loop.addCallback(() => {
      seen = reads;
    });
  });
  loop.callLater(0, function wait() {
    if (reads < LINES) loop.callLater(0, wait);
    else loop.stop();
  });
  start();
  t.equal(reads, LINES);
  t.ok(seen > 0 && seen < LINES, `${seen} after an iteration`);
  t.end();
});

t.test('a peer that floods does not keep another from being served', (t) => {
  const { stream, peer, start, loop } = wire(t);
  const [near, far] = connectedPair();
  const modest = new IOStream(loop, near);
  const other = new Peer(far);
  const block = Buffer.alloc(65536, 'x');
  const flood = () => {
    while (posix.write(peer.fd, block) > 0);
  };
  let flooded = 0;
  let most = 0;
  let before = 0;
  const take = (_error: Error | undefined, bytes: Uint8Array | undefined) => {
    flooded += bytes!.length;
    flood();
    stream.readSome(65536, take);
  };
  flood();
  stream.readSome(65536, take);
  let answers = 0;
  modest.readBytes(1, function next() {
    most = Math.max(most, flooded - before);
    before = flooded;
    if (++answers === 50) return loop.stop();
    modest.readBytes(1, next);
    other.send('x');
  });
  other.send('x');
  start();
  t.equal(answers, 50);
  t.ok(flooded > 0);
  t.ok(most <= 1 << 21, `at most ${most} bytes of the flood between two answers`);
  modest.close();
  other.close();
  t.end();
});

t.test('inside of a callback there is nothing pending', (t) => {
  const { stream, peer, spin } = wire(t);
  const seen: boolean[] = [];
  peer.send('ab');
  stream.readBytes(1, () => {
    seen.push(stream.reading());
    stream.readBytes(1, () => seen.push(stream.reading()));
    seen.push(stream.reading());
  });
  stream.write('x', () => seen.push(stream.writing()));
  spin(4);
  t.strictSame(seen.sort(), [false, false, false, true]);
  t.end();
});

t.test('reading, writing and closing are allowed in any callback', (t) => {
  const { stream, peer, spin, log } = wire(t);
  const transcript = new Transcript();
  peer.send('abc');
  stream.setCloseCallback(
    transcript.done('closed', () => {
      for (const call of [
        () => stream.readBytes(1, () => {}),
        () => stream.readUntilClose(() => {}),
        () => stream.write('x', () => {}),
      ])
        t.throws(call, { name: 'StreamClosedError' });
      stream.end();
      stream.close();
    }),
  );
  stream.readBytes(
    1,
    transcript.read('read', () => {
      stream.write(
        'x',
        transcript.done('1', () => {
          stream.readBytes(
            2,
            transcript.read('read', () =>
              stream.write(
                'y',
                transcript.done('2', () => stream.close()),
              ),
            ),
          );
        }),
      );
    }),
  );
  spin(6);
  t.strictSame(log, []);
  t.strictSame(transcript.lines, ['read: a', '1', 'read: bc', '2', 'closed']);
  t.end();
});

t.test('reads come before writes in an event', (t) => {
  const { stream, peer, spin, loop } = wire(t);
  const transcript = new Transcript();
  stream.write(Buffer.alloc(1 << 18), transcript.done('write'));
  spin(2);
  stream.readBytes(1, transcript.read('read'));
  loop.addCallback(() => {
    peer.send('x');
    peer.receive();
  });
  spin(3);
  t.strictSame(transcript.lines, ['read: x', 'write']);
  t.end();
});

t.test('microtasks run between two callbacks', async (t) => {
  const { stream, peer, loop } = wire(t);
  const seen: string[] = [];
  peer.send('abc');
  const next = (_error: Error | undefined, bytes: Uint8Array | undefined) => {
    const letter = text(bytes!);
    seen.push(letter);
    queueMicrotask(() => seen.push(`after ${letter}`));
    process.nextTick(() => seen.push(`tick ${letter}`));
    if (letter !== 'c') stream.readBytes(1, next);
    else loop.stop();
  };
  stream.readBytes(1, next);
  await loop.run();
  t.strictSame(
    seen.filter((entry) => !entry.startsWith('tick')),
    ['a', 'after a', 'b', 'after b', 'c', 'after c'],
  );
  t.strictSame(
    seen.filter((entry) => !entry.startsWith('after')),
    ['a', 'tick a', 'b', 'tick b', 'c', 'tick c'],
  );
});

t.test('a callback may be async: what it rejects with is reported, and closes the stream', async (t) => {
  const { stream, peer, loop, log } = wire(t);
  const failure = new Error('on purpose');
  const seen: string[] = [];
  peer.send('a\nb\n');
  stream.setCloseCallback(() => loop.stop());
  stream.readUntil('\n', (async (_error: unknown, bytes: Uint8Array) => {
    seen.push(text(bytes));
    seen.push(text(await stream.readUntil('\n')));
    throw failure;
  }) as unknown as () => void);
  await loop.run();
  t.strictSame(seen, ['a\n', 'b\n']);
  t.equal(stream.error, failure);
  // The loop's report is a task behind.
  loop.addCallback(() => loop.stop());
  await loop.run();
  t.strictSame(
    log.map(({ error }) => error),
    [failure],
  );
});
