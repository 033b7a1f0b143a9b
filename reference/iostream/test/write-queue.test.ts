import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { EAGAIN, EINTR, EPIPE, posix, type Posix } from '../../../posix/index.js';
import { Fifo } from '../fifo.js';
import { FLUSH_BYTES, WriteQueue } from '../write-queue.js';

/** What a kernel says to one write: how many bytes it takes at most, or an errno. */
type Answer = number;

/** A kernel that takes bytes as it is told, and all there are once it is told nothing more. */
function kernelOf(answers: readonly Answer[]): { posix: Posix; taken: Buffer[]; asked: number[] } {
  const taken: Buffer[] = [];
  const asked: number[] = [];
  let next = 0;
  const take = (buffers: readonly Uint8Array[]): number => {
    const all = Buffer.concat(buffers);
    asked.push(buffers.length);
    const answer = answers[next++] ?? Infinity;
    if (answer < 0) return answer;
    taken.push(all.subarray(0, answer));
    return Math.min(answer, all.length);
  };
  return {
    posix: {
      ...posix,
      write: (_fd, buffer, offset = 0, length = buffer.length - offset) =>
        take([buffer.subarray(offset, offset + length)]),
      writev: (_fd, buffers) => take(buffers),
    },
    taken,
    asked,
  };
}

const size = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 100 }) },
  { weight: 2, arbitrary: fc.integer({ min: 5000, max: 12_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 400_000 }) },
);
const answer = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 300 }) },
  { weight: 2, arbitrary: fc.integer({ min: 1000, max: 300_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(-EAGAIN, -EINTR) },
);
const command = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('push' as const, 'pushNow' as const), size }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('flush' as const) }) },
);

t.test('every byte goes out once and in order, whatever the kernel takes at a time', (t) => {
  fc.assert(
    fc.property(
      fc.array(command, { maxLength: 40 }),
      fc.array(answer, { maxLength: 80 }),
      (commands, answers) => {
        const kernel = kernelOf(answers);
        const queue = new WriteQueue(kernel.posix, -1);
        const written: Buffer[] = [];
        const ends: number[] = [];
        const done: number[] = [];
        let total = 0;
        const sent = () => kernel.taken.reduce((sum, { length }) => sum + length, 0);
        const report = () => {
          for (let tell = queue.takeDone(); tell; tell = queue.takeDone()) tell();
          const due = ends.filter((end) => end <= sent()).length;
          assert.equal(done.length, due, 'a write is done when its last byte is out, and not before');
        };
        for (const command of commands) {
          if (command.do === 'flush') {
            assert.equal(queue.flush(), 0);
          } else {
            const bytes = Buffer.alloc(command.size, written.length % 251);
            written.push(bytes);
            total += bytes.length;
            if (command.do === 'push') queue.push(bytes);
            else assert.equal(queue.pushNow(bytes), 0);
            const index = ends.push(total) - 1;
            queue.expect(() => done.push(index));
          }
          assert.equal(queue.length, total - sent());
          report();
        }
        for (let i = 0; queue.length > 0 && i < 200; i++) assert.equal(queue.flush(), 0);
        report();
        assert.equal(queue.blocked, false);
        assert.ok(Buffer.concat(kernel.taken).equals(Buffer.concat(written)), 'the same bytes');
        assert.deepEqual(done, [...ends.keys()], 'each write once, in order');
      },
    ),
    { numRuns: 300 },
  );
  t.end();
});

t.test('small writes go out by one call, and large ones are gathered a few at a time', (t) => {
  const kernel = kernelOf([]);
  const queue = new WriteQueue(kernel.posix, -1);
  for (let i = 0; i < 500; i++) queue.push(Buffer.alloc(64));
  queue.flush();
  t.strictSame(kernel.asked, [1], 'one piece of memory');
  kernel.asked.length = 0;
  for (let i = 0; i < 500; i++) queue.push(Buffer.alloc(8193));
  while (queue.length > 0) queue.flush();
  t.ok(Math.max(...kernel.asked) <= 64, `at most ${Math.max(...kernel.asked)} pieces at once`);
  t.ok(Math.max(...kernel.asked) > 16);
  t.end();
});

t.test('a flush gives way after its budget', (t) => {
  const kernel = kernelOf([]);
  const queue = new WriteQueue(kernel.posix, -1);
  queue.push(Buffer.alloc(10 * FLUSH_BYTES));
  t.equal(queue.flush(), 0);
  t.equal(queue.length, 9 * FLUSH_BYTES);
  t.ok(queue.blocked, 'and goes on at the next event');
  t.end();
});

t.test('when the kernel says no for good, so does the queue, and its writes can be told', (t) => {
  const kernel = kernelOf([3, -EPIPE, -EPIPE]);
  const queue = new WriteQueue(kernel.posix, -1);
  t.equal(queue.pushNow(Buffer.from('hello')), 0);
  queue.expect(() => {});
  t.equal(queue.flush(), -EPIPE);
  t.equal(queue.pushNow(Buffer.from('more')), -EPIPE);
  queue.expect(() => {});
  t.notOk(queue.hasDone());
  t.equal(queue.clear().length, 2);
  t.equal(queue.length, 0);
  t.end();
});

t.test('small bytes may be changed once they were pushed', (t) => {
  const kernel = kernelOf([]);
  const queue = new WriteQueue(kernel.posix, -1);
  const bytes = Buffer.from('before');
  queue.push(bytes);
  bytes.write('after!');
  queue.flush();
  t.equal(Buffer.concat(kernel.taken).toString(), 'before');
  t.end();
});

t.test('first in, first out', (t) => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 300 }), (pushes) => {
      const fifo = new Fifo<number>();
      const model: number[] = [];
      for (const [i, push] of pushes.entries()) {
        if (push) {
          fifo.push(i);
          model.push(i);
        } else {
          assert.equal(fifo.first, model[0]);
          assert.equal(fifo.shift(), model.shift());
        }
        assert.equal(fifo.length, model.length);
      }
      assert.deepEqual(fifo.takeAll(), model);
      assert.equal(fifo.length, 0);
    }),
  );
  t.end();
});
