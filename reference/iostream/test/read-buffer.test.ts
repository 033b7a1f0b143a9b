import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { EAGAIN, posix, type Posix } from '../../../posix/index.js';
import { CHUNK_BYTES } from '../chunk.js';
import { ReadBuffer } from '../read-buffer.js';

/** A kernel that has some bytes, which are read in pieces of given sizes. */
function kernelOf(bytes: Uint8Array, pieces: readonly number[] = []): Posix {
  let at = 0;
  let piece = 0;
  return {
    ...posix,
    read: (_fd, buffer, offset = 0, length = buffer.length - offset) => {
      const size = Math.min(pieces[piece++] ?? Infinity, length, bytes.length - at);
      if (size === 0) return -EAGAIN;
      buffer.set(bytes.subarray(at, at + size), offset);
      at += size;
      return size;
    },
  };
}

function fill(buffer: ReadBuffer, kernel: Posix): void {
  while (buffer.receive(kernel, -1, Infinity) > 0);
}

/** Different everywhere. */
function pattern(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
}

const command = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('receive' as const), most: fc.integer({ min: 1, max: 200_000 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('take' as const),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('text' as const) }) },
);
const piece = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: CHUNK_BYTES * 2 }));

t.test('the buffer is one long row of bytes, however they come and go', (t) => {
  const all = pattern(1 << 20);
  fc.assert(
    fc.property(
      fc.array(command, { maxLength: 60 }),
      fc.array(piece, { maxLength: 60 }),
      (commands, pieces) => {
        const buffer = new ReadBuffer();
        const kernel = kernelOf(all, pieces);
        let model = Buffer.alloc(0);
        let received = 0;
        const results: { bytes: Uint8Array; copy: Buffer }[] = [];
        for (const command of commands) {
          if (command.do === 'receive') {
            const size = Math.max(buffer.receive(kernel, -1, command.most), 0);
            model = Buffer.concat([model, all.subarray(received, received + size)]);
            received += size;
          } else if (command.do === 'take') {
            const size = Math.floor(command.share * model.length);
            const bytes = buffer.take(size);
            assert.deepEqual(Buffer.from(bytes), model.subarray(0, size));
            results.push({ bytes, copy: Buffer.from(bytes) });
            model = model.subarray(size);
          } else {
            assert.equal(buffer.text(), model.toString('latin1'));
          }
          assert.equal(buffer.length, model.length);
        }
        assert.deepEqual(Buffer.from(buffer.take(model.length)), model);
        assert.equal(buffer.head, undefined, 'an empty buffer has no memory');
        for (const { bytes, copy } of results) assert.deepEqual(Buffer.from(bytes), copy, 'was written over');
      },
    ),
    { numRuns: 200 },
  );
  t.end();
});

t.test('a reader gets memory of his own: a copy of a few bytes, the chunk itself for many', (t) => {
  const buffer = new ReadBuffer();
  const kernel = kernelOf(pattern(4 * CHUNK_BYTES));
  buffer.receive(kernel, -1, Infinity);
  const few = buffer.take(100);
  t.equal(few.buffer.byteLength, 100);
  const { bytes: memory } = buffer.head!;
  const half = buffer.take(CHUNK_BYTES / 2);
  t.not(half.buffer, memory.buffer, 'what is unread lies in nobody else’s memory');
  const next = buffer.take(buffer.length);
  t.not(next.buffer, memory.buffer, 'a small rest is copied');
  fill(buffer, kernel);
  const whole = buffer.head!.bytes;
  const many = buffer.take(buffer.head!.length);
  t.equal(many.buffer, whole.buffer, 'not copied');
  const copy = Buffer.from(many);
  buffer.take(buffer.length);
  fill(buffer, kernel);
  t.ok(copy.equals(many), 'and not used again');
  for (let chunk = buffer.head; chunk !== undefined; chunk = chunk.next)
    t.not(chunk.bytes.buffer, whole.buffer);
  buffer.clear();
  t.end();
});

t.test('chunks that are used up are used again', (t) => {
  const buffer = new ReadBuffer();
  const kernel = kernelOf(pattern(100 * CHUNK_BYTES));
  const seen = new Set<ArrayBufferLike>();
  while (buffer.receive(kernel, -1, Infinity) > 0) {
    seen.add(buffer.head!.bytes.buffer);
    while (buffer.length > 0) buffer.take(Math.min(1000, buffer.length));
  }
  t.equal(seen.size, 1);
  t.end();
});

t.test('a message that comes byte by byte takes one chunk', (t) => {
  const buffer = new ReadBuffer();
  const size = 10_000;
  fill(
    buffer,
    kernelOf(
      pattern(size),
      Array.from({ length: size }, () => 1),
    ),
  );
  t.equal(buffer.length, size);
  t.equal(buffer.head?.next, undefined);
  buffer.clear();
  t.equal(buffer.length, 0);
  t.end();
});

t.test('what the kernel does not have takes no memory', (t) => {
  const buffer = new ReadBuffer();
  t.equal(buffer.receive(kernelOf(new Uint8Array(0)), -1, 10), -EAGAIN);
  t.equal(buffer.head, undefined);
  t.end();
});
