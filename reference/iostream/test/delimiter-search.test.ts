import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { EAGAIN, posix, type Posix } from '../../../posix/index.js';
import { CHUNK_BYTES } from '../chunk.js';
import { DelimiterSearch, NOT_FOUND } from '../delimiter-search.js';
import { ReadBuffer } from '../read-buffer.js';

/** A kernel that has one piece. */
function kernelOf(piece: Uint8Array): Posix {
  return {
    ...posix,
    read: (_fd, buffer, offset = 0, length = buffer.length - offset) => {
      const size = Math.min(piece.length, length);
      buffer.set(piece.subarray(0, size), offset);
      piece = piece.subarray(size);
      return size === 0 ? -EAGAIN : size;
    },
  };
}

function append(buffer: ReadBuffer, piece: Uint8Array): void {
  const kernel = kernelOf(piece);
  while (buffer.receive(kernel, -1, Infinity) > 0);
}

/** A buffer whose first chunk has room for so many bytes only: borders of chunks are where searches go wrong. */
function bufferWithRoom(room: number): ReadBuffer {
  const buffer = new ReadBuffer();
  append(buffer, new Uint8Array(CHUNK_BYTES - room).fill(0x2e));
  const rest = buffer.length - 1;
  buffer.take(rest);
  return buffer;
}

/** Two letters: so there are beginnings of delimiters everywhere. */
const letters = (most: number, least = 0) =>
  fc
    .array(fc.constantFrom(0x61, 0x62), { minLength: least, maxLength: most })
    .map((bytes) => Uint8Array.from(bytes));

t.test('the first delimiter is found, as soon as it is there, however the bytes come', (t) => {
  fc.assert(
    fc.property(
      letters(6, 1),
      fc.array(letters(12), { maxLength: 12 }),
      fc.integer({ min: 0, max: 40 }),
      (delimiter, pieces, room) => {
        const buffer = bufferWithRoom(room);
        const search = new DelimiterSearch();
        search.begin(delimiter);
        let model = Buffer.from('.');
        for (const piece of pieces) {
          append(buffer, piece);
          model = Buffer.concat([model, piece]);
          const index = model.indexOf(delimiter);
          const expected = index === -1 ? NOT_FOUND : index + delimiter.length;
          assert.equal(
            search.find(buffer),
            expected,
            `${model.toString()} / ${Buffer.from(delimiter).toString()}`,
          );
          assert.equal(search.find(buffer), expected, 'when asked again');
        }
        buffer.clear();
      },
    ),
    { numRuns: 3000 },
  );
  t.end();
});

t.test('stale bytes behind the last are not found', (t) => {
  const buffer = new ReadBuffer();
  append(buffer, Buffer.from('one\ntwo\nthree\n'));
  buffer.take(buffer.length);
  append(buffer, Buffer.from('o'));
  for (const delimiter of ['\n', 'ne', 'o\n', '\ntwo']) {
    const search = new DelimiterSearch();
    search.begin(Buffer.from(delimiter));
    t.equal(search.find(buffer), NOT_FOUND, JSON.stringify(delimiter));
  }
  buffer.clear();
  t.end();
});

t.test('a delimiter may be longer than a chunk', (t) => {
  const delimiter = Buffer.alloc(CHUNK_BYTES + 1000, 'x').fill('y', CHUNK_BYTES + 999);
  const buffer = new ReadBuffer();
  const search = new DelimiterSearch();
  search.begin(delimiter);
  append(buffer, Buffer.from('begin'));
  append(buffer, delimiter.subarray(0, -1));
  t.equal(search.find(buffer), NOT_FOUND);
  append(buffer, delimiter.subarray(-1));
  t.equal(search.find(buffer), 5 + delimiter.length);
  buffer.clear();
  t.end();
});

for (const delimiter of ['\n', '\r\n', '--boundary--']) {
  t.test(`64 MB in pieces of 4 KB are looked at once: ${JSON.stringify(delimiter)}`, (t) => {
    const size = 64 << 20;
    const piece = Buffer.alloc(4096, '-');
    const buffer = new ReadBuffer();
    const search = new DelimiterSearch();
    search.begin(Buffer.from(delimiter));
    for (let received = 0; received < size; received += piece.length) {
      append(buffer, piece);
      if (search.find(buffer) !== NOT_FOUND) throw new Error('found what is not there');
    }
    append(buffer, Buffer.from(delimiter));
    t.equal(search.find(buffer), size + delimiter.length);
    t.ok(search.scannedBytes < 1.02 * size, `${search.scannedBytes} bytes looked at for ${size}`);
    buffer.clear();
    t.end();
  });
}
