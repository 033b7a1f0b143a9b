import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import {
  EAGAIN,
  EBADF,
  ECONNRESET,
  EFAULT,
  EINVAL,
  EISDIR,
  ENOTSOCK,
  ENOTTY,
  EPIPE,
  IOV_MAX,
  MSG_DONTWAIT,
  MSG_PEEK,
  O_RDONLY,
  posix,
} from '../index.js';
import { NOT_OPEN, owned, pair, pipe, withoutLeaks } from './fds.js';

withoutLeaks(t, () => {
  t.test('read and write: bytes arrive unchanged, wherever they are in their buffers', (t) => {
    const [a, b] = pair(t);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(20), fc.nat(20), (bytes, from, to) => {
        const source = new Uint8Array(from + bytes.length + 5).fill(0xaa);
        source.set(bytes, from);
        const target = new Uint8Array(to + bytes.length + 5).fill(0xbb);
        const expected = target.slice();
        expected.set(bytes, to);
        assert.equal(posix.write(a, source, from, bytes.length), bytes.length);
        if (bytes.length > 0) assert.equal(posix.read(b, target, to, bytes.length), bytes.length);
        assert.deepEqual(target, expected, 'and nothing around them is touched');
      }),
    );
    t.equal(posix.read(b, new Uint8Array(9)), -EAGAIN, 'nothing is left');
    t.end();
  });

  t.test('without offset and length, all of a buffer counts; a Buffer may be a part of a pool', (t) => {
    const [r, w] = pipe(t);
    const pool = Buffer.from('....hello....');
    t.equal(posix.write(w, pool.subarray(4, 9)), 5);
    const target = Buffer.alloc(13, '.');
    t.equal(posix.read(r, target, 8), 5);
    t.equal(target.toString(), '........hello');
    t.equal(posix.write(w, pool, 9), 4);
    t.equal(posix.read(r, target.subarray(0, 2)), 2);
    t.equal(target.toString(), '........hello');
    t.equal(posix.read(r, new Uint8Array(0)), 0);
    t.end();
  });

  t.test('what lies outside of the buffer is refused', (t) => {
    const [a, b] = pair(t);
    const buffer = new Uint8Array(8);
    posix.write(a, Buffer.from('12345678'));
    const outside: [number, number?][] = [
      [9],
      [-1],
      [NaN],
      [0, 9],
      [4, 5],
      [8, 1],
      [0, -1],
      [0, NaN],
      [0, 2 ** 53],
    ];
    for (const [offset, length] of outside) {
      t.equal(posix.read(b, buffer, offset, length), -EFAULT, `read ${offset} ${length}`);
      t.equal(posix.recv(b, buffer, offset, length), -EFAULT, `recv ${offset} ${length}`);
      t.equal(posix.write(b, buffer, offset, length), -EFAULT, `write ${offset} ${length}`);
      t.equal(posix.send(b, buffer, offset, length), -EFAULT, `send ${offset} ${length}`);
    }
    t.equal(posix.readv(b, [buffer], 9), -EFAULT);
    t.equal(posix.writev(b, [buffer], -1), -EFAULT);
    t.equal(posix.fionread(b), 8, 'nothing was read');
    t.equal(posix.fionread(a), 0, 'nothing was written');
    structuredClone(buffer, { transfer: [buffer.buffer] });
    t.equal(posix.read(b, buffer, 0, 1), -EFAULT, 'a buffer whose memory was given away');
    t.end();
  });

  t.test('full, empty, over', (t) => {
    const [r, w] = pipe(t);
    const chunk = Buffer.alloc(65536);
    let written = 0;
    let n: number;
    while ((n = posix.write(w, chunk)) > 0) written += n;
    t.equal(n, -EAGAIN, 'a full pipe');
    t.ok(written >= 4096);
    t.equal(posix.fionread(r), written);
    let read = 0;
    while ((n = posix.read(r, chunk)) > 0) read += n;
    t.equal(n, -EAGAIN, 'an empty pipe');
    t.equal(read, written);
    posix.close(w);
    t.equal(posix.read(r, chunk), 0, 'end of file');
    t.end();
  });

  t.test('EPIPE is a result, and does not end the process', (t) => {
    const [r, w] = pipe(t);
    posix.close(r);
    t.equal(posix.write(w, Buffer.from('x')), -EPIPE);
    const [a, b] = pair(t);
    posix.close(b);
    t.equal(posix.send(a, Buffer.from('x')), -EPIPE);
    t.equal(posix.write(a, Buffer.from('x')), -EPIPE);
    t.equal(posix.writev(a, [Buffer.from('x')]), -EPIPE);
    t.end();
  });

  t.test('a UNIX peer that closes with bytes unread resets', (t) => {
    const [a, b] = pair(t);
    posix.write(a, Buffer.from('never read'));
    posix.close(b);
    t.equal(posix.read(a, Buffer.alloc(9)), -ECONNRESET);
    t.end();
  });

  t.test('recv and send', (t) => {
    const [a, b] = pair(t);
    const buffer = Buffer.alloc(4, '.');
    t.equal(posix.send(a, Buffer.from('xyz'), 1, 2, MSG_DONTWAIT), 2);
    t.equal(posix.recv(b, buffer, 1, 3, MSG_PEEK), 2);
    t.equal(buffer.toString(), '.yz.');
    t.equal(posix.recv(b, buffer, 0, 1), 1);
    t.equal(posix.recv(b, buffer), 1);
    t.equal(buffer.toString(), 'zyz.');
    t.equal(posix.recv(b, buffer, 0, 4, MSG_DONTWAIT), -EAGAIN);
    const [r, w] = pipe(t);
    t.equal(posix.recv(r, buffer), -ENOTSOCK);
    t.equal(posix.send(w, buffer), -ENOTSOCK);
    t.end();
  });

  t.test('readv and writev: as one buffer', (t) => {
    const [a, b] = pair(t);
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 90 }), { maxLength: 40 }),
        fc.array(fc.nat(90), { maxLength: 40 }),
        fc.nat(90),
        (sources, sizes, skip) => {
          const offset = Math.min(skip, sources[0]?.length ?? 0);
          const sent = Buffer.concat(sources).subarray(offset);
          assert.equal(posix.writev(a, sources, offset), sent.length);
          const targets = [...sizes, sent.length].map((size) => new Uint8Array(size));
          if (sent.length > 0) assert.equal(posix.readv(b, targets), sent.length);
          assert.deepEqual(Buffer.concat(targets).subarray(0, sent.length), sent);
        },
      ),
    );
    const into = [Buffer.alloc(3, '.'), Buffer.alloc(3, '.')];
    posix.write(a, Buffer.from('abcd'));
    t.equal(posix.readv(b, into, 2), 4);
    t.equal(into.join('|'), '..a|bcd');
    t.end();
  });

  t.test('readv and writev: limits and errors', (t) => {
    const [a, b] = pair(t);
    const many = Array.from({ length: IOV_MAX }, () => new Uint8Array(1));
    t.equal(posix.writev(a, many), IOV_MAX);
    t.equal(posix.readv(b, many), IOV_MAX);
    t.equal(posix.readv(b, many), -EAGAIN);
    many.push(new Uint8Array(1));
    t.equal(posix.writev(a, many), -EINVAL);
    t.equal(posix.readv(b, many), -EINVAL);
    t.equal(posix.writev(NOT_OPEN, [Buffer.from('x')]), -EBADF);
    t.equal(posix.readv(NOT_OPEN, [Buffer.alloc(1)]), -EBADF);
    t.end();
  });

  t.test('fionread', (t) => {
    const [r, w] = pipe(t);
    t.equal(posix.fionread(r), 0);
    posix.write(w, Buffer.from('abc'));
    t.equal(posix.fionread(r), 3);
    t.equal(posix.fionread(owned(t, posix.open('/dev/null', O_RDONLY))), -ENOTTY);
    t.equal(posix.fionread(NOT_OPEN), -EBADF);
    t.end();
  });

  t.test('fds that are not to be read or written', (t) => {
    const buffer = Buffer.alloc(1);
    const [r, w] = pipe(t);
    t.equal(posix.read(w, buffer), -EBADF);
    t.equal(posix.write(r, buffer), -EBADF);
    t.equal(posix.read(-1, buffer), -EBADF);
    const folder = mkdtempSync(join(tmpdir(), 'posix-'));
    t.teardown(() => rmSync(folder, { recursive: true }));
    t.equal(posix.read(owned(t, posix.open(folder, O_RDONLY)), buffer), -EISDIR);
    t.end();
  });
});
