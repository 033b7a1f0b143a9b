/**
 * A consumer in place of reads, writes that nobody is told of, and streams that are half open.
 */
import t from 'tap';
import { SHUT_WR, SOL_SOCKET, SO_SNDBUF, posix } from '../../../posix/index.js';
import { StopEverything } from '../../ioloop/index.js';
import {
  ConsumedError,
  OutputEndedError,
  ReadPendingError,
  StreamClosedError,
  type Consumer,
} from '../index.js';
import { eachTransport, isOpen, text, wire } from './help.js';

/** A consumer that keeps what it gets, by piece. */
class Pieces implements Consumer {
  readonly pieces: string[] = [];
  readonly lent: Buffer[] = [];
  then: (piece: string) => void = () => {};

  received(bytes: Buffer, length: number): void {
    const piece = text(bytes.subarray(0, length));
    this.lent.push(bytes);
    this.pieces.push(piece);
    this.then(piece);
  }

  ended(): void {
    this.pieces.push('(end)');
  }
}

eachTransport(t, 'bytes are handed over as they come, and the end', (t, transport) => {
  const { stream, peer, spin } = wire(t, { transport });
  const pieces = new Pieces();
  stream.consume(pieces);
  peer.send('one');
  spin(3);
  peer.send('two');
  spin(3);
  t.same(pieces.pieces, ['one', 'two']);
  t.equal(pieces.lent[0], pieces.lent[1], 'in memory that is used again');
  peer.shutdown(SHUT_WR);
  spin(3);
  t.same(pieces.pieces, ['one', 'two', '(end)']);
  t.ok(stream.closed());
});

void t.test('what had been read before comes first', (t) => {
  const { stream, peer, spin } = wire(t);
  peer.send('ahead'); // An idle stream looks ahead.
  spin(2);
  const pieces = new Pieces();
  stream.consume(pieces);
  t.same(pieces.pieces, [], 'not inside the call');
  peer.send('behind');
  spin(3);
  t.equal(pieces.pieces.join(''), 'aheadbehind');
  t.end();
});

void t.test('a paused consumer throttles its peer', (t) => {
  const { stream, peer, spin } = wire(t);
  const pieces = new Pieces();
  stream.consume(pieces);
  pieces.then = () => stream.pause();
  peer.send('one');
  spin(3);
  peer.send('two');
  spin(3);
  t.same(pieces.pieces, ['one']);
  stream.resume();
  spin(3);
  t.same(pieces.pieces, ['one', 'two']);
  t.end();
});

void t.test('a paused consumer learns of a reset', (t) => {
  const { stream, peer, spin } = wire(t, { transport: 'tcp', allowHalfOpen: true });
  stream.consume(new Pieces());
  stream.pause();
  peer.send('unread');
  peer.reset();
  spin(5);
  t.ok(stream.closed());
  t.end();
});

void t.test('no reads beside a consumer, and none before it', (t) => {
  const { stream, spin } = wire(t);
  stream.readBytes(1, () => {});
  t.throws(() => stream.consume(new Pieces()), ReadPendingError);
  stream.close();
  t.throws(() => stream.consume(new Pieces()), StreamClosedError);
  spin(2);
  const consumed = wire(t);
  const pieces = new Pieces();
  consumed.stream.consume(pieces);
  t.throws(() => consumed.stream.readBytes(1, () => {}), ConsumedError);
  t.throws(() => consumed.stream.consume(new Pieces()), ConsumedError);
  consumed.peer.send('x');
  consumed.spin(3);
  t.same(pieces.pieces, ['x'], 'the first goes on');
  t.end();
});

void t.test(
  'what a consumer throws closes the stream, and is reported; StopEverything is nobody’s failure',
  (t) => {
    const failing = wire(t);
    const error = new Error('thrown');
    failing.stream.consume({ received: () => { throw error; }, ended: () => {} }); // prettier-ignore
    failing.peer.send('x');
    failing.spin(3);
    t.equal(failing.stream.error, error);
    t.match(failing.log, [{ error }]);

    const stopping = wire(t);
    stopping.stream.consume({ received: () => { throw new StopEverything(); }, ended: () => {} }); // prettier-ignore
    stopping.peer.send('x');
    t.throws(() => stopping.spin(3), StopEverything);
    t.notOk(stopping.stream.closed());
    t.end();
  },
);

eachTransport(t, 'send: bytes are lent, and keep their order', (t, transport) => {
  const { stream, peer, spin } = wire(t, { transport });
  posix.setsockopt(stream.fd, SOL_SOCKET, SO_SNDBUF, 4096);
  const bytes = Buffer.alloc(20_000, 'a');
  let expected = '';
  for (const letter of 'abcdefghij') {
    bytes.fill(letter);
    expected += letter.repeat(15_000);
    stream.send(bytes, 15_000);
  }
  bytes.fill('z');
  t.ok(stream.writing(), 'the kernel was full');
  let got = '';
  for (let i = 0; i < 1000 && got.length < expected.length; i++) {
    got += peer.receive();
    spin(2);
  }
  t.ok(got === expected);
  stream.end();
  t.throws(() => stream.send(bytes), OutputEndedError);
  stream.close();
  t.throws(() => stream.send(bytes), StreamClosedError);
});

void t.test('send fails: the stream is closed', (t) => {
  const { stream, peer, spin } = wire(t);
  peer.close();
  stream.send(Buffer.from('x'));
  spin(3);
  t.match(stream.error, { code: 'EPIPE' });
  t.end();
});

eachTransport(t, 'half open: the peer’s end leaves the output, and everything gets out', (t, transport) => {
  const { stream, peer, spin } = wire(t, { transport, allowHalfOpen: true });
  const pieces = new Pieces();
  stream.consume(pieces);
  peer.send('question');
  peer.shutdown(SHUT_WR);
  spin(4);
  t.same(pieces.pieces, ['question', '(end)'], 'told once');
  t.notOk(stream.closed());
  posix.setsockopt(stream.fd, SOL_SOCKET, SO_SNDBUF, 65_536);
  const answer = Buffer.alloc(3_000_000, 'answer');
  stream.send(answer);
  stream.end();
  t.ok(stream.writing());
  let length = 0;
  for (let i = 0; i < 100_000 && !stream.closed(); i++) {
    length += peer.receive().length;
    spin(2);
  }
  length += peer.receive().length;
  t.equal(length, answer.length);
  t.ok(stream.closed());
  t.equal(stream.error, undefined);
  t.notOk(isOpen(stream.fd));
});

void t.test('half open: a reset closes all the same', (t) => {
  const { stream, peer, spin } = wire(t, { transport: 'tcp', allowHalfOpen: true });
  stream.consume(new Pieces());
  peer.shutdown(SHUT_WR);
  spin(3);
  t.notOk(stream.closed());
  peer.reset();
  spin(4);
  t.ok(stream.closed());
  t.end();
});

void t.test('half open, without a consumer', (t) => {
  const { stream, peer, spin } = wire(t, { allowHalfOpen: true });
  peer.send('line\n');
  peer.shutdown(SHUT_WR);
  let got = '';
  stream.readUntil('\n', (_error, bytes) => (got = text(bytes!)));
  spin(4);
  t.equal(got, 'line\n');
  t.notOk(stream.closed());
  stream.write('answer', () => stream.end());
  spin(4);
  t.equal(peer.receive(), 'answer');
  t.ok(stream.closed());
  t.end();
});

void t.test(
  'paused, and the peer writes and closes: all is handed over by resume, and the end is clean',
  (t) => {
    const { stream, peer, spin } = wire(t);
    const pieces = new Pieces();
    stream.consume(pieces);
    stream.pause();
    peer.send('abc');
    peer.close();
    spin(4);
    t.notOk(stream.closed());
    stream.resume();
    spin(4);
    t.same(pieces.pieces, ['abc', '(end)']);
    t.ok(stream.closed());
    t.equal(stream.error, undefined);
    t.end();
  },
);

eachTransport(t, 'a peer that closes is no failed write', (t, transport) => {
  const { stream, peer, spin } = wire(t, { transport });
  const pieces = new Pieces();
  stream.consume(pieces);
  spin(2);
  peer.close();
  spin(4);
  t.same(pieces.pieces, ['(end)']);
  t.ok(stream.closed());
  t.equal(stream.error, undefined);
});
