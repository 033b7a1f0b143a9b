/**
 * However the peer's bytes are cut, a program of reads is told the same.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { EAGAIN, EINTR, posix, type Posix } from '../../../posix/index.js';
import { makeLoop } from '../../ioloop/test/help.js';
import { IOStream } from '../index.js';
import { connectedPair, text, told } from './help.js';

const letters = fc.constantFrom('a', 'b', '\r', '\n');
const message = fc.array(letters, { maxLength: 60 }).map((all) => all.join(''));

const step = fc.oneof(
  fc.record({
    call: fc.constant('readUntil' as const),
    delimiter: fc.constantFrom('\n', '\r\n', 'ab', 'aab'),
  }),
  fc.record({
    call: fc.constant('readUntilRegex' as const),
    pattern: fc.constantFrom('\\r?\\n', 'a.b', '[^a]'),
  }),
  fc.record({ call: fc.constant('readBytes' as const), size: fc.integer({ min: 0, max: 12 }) }),
  fc.record({ call: fc.constant('readUntilClose' as const) }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** The bytes arrive in pieces of these sizes, with other answers of the kernel between them: 0 is EAGAIN, -1 EINTR. */
const cuts = fc.array(fc.integer({ min: -1, max: 5 }), { maxLength: 80 });

/** A kernel whose reads from one fd are cut. */
function cutting(fd: () => number, sizes: readonly number[]): Posix {
  let next = 0;
  return {
    ...posix,
    read: (from, buffer, offset = 0, length = buffer.length - offset) => {
      const size = from === fd() ? (sizes[next++] ?? Infinity) : Infinity;
      if (size === 0) return -EAGAIN;
      if (size < 0) return -EINTR;
      return posix.read(from, buffer, offset, Math.min(length, size));
    },
  };
}

/** What a program of reads, each begun in the callback of the one before, is told; and when the stream closes. */
function outcome(t: Test, bytes: string, steps: readonly Step[], sizes: readonly number[]): string[] {
  const { loop, start, log } = makeLoop(t);
  const [near, far] = connectedPair();
  const stream = new IOStream(loop, near, { posix: cutting(() => near, sizes) });
  const lines: string[] = [];
  posix.write(far, Buffer.from(bytes));
  posix.close(far);
  stream.setCloseCallback(() => {
    lines.push('closed');
    loop.stop();
  });
  let index = 0;
  const next = () => {
    const step = steps[index++];
    if (step === undefined) return stream.close();
    if (stream.closed()) return lines.push('too late');
    const then = (error: Error | undefined, read: Uint8Array | undefined) => {
      lines.push(`${step.call}: ${error === undefined ? JSON.stringify(text(read!)) : told(error)}`);
      if (error === undefined) next();
    };
    if (step.call === 'readUntil') stream.readUntil(step.delimiter, then);
    else if (step.call === 'readUntilRegex') stream.readUntilRegex(new RegExp(step.pattern), then);
    else if (step.call === 'readBytes') stream.readBytes(step.size, then);
    else stream.readUntilClose(then);
    return undefined;
  };
  next();
  start();
  loop.close();
  assert.deepEqual(log, []);
  return lines;
}

t.test('a program of reads is told the same, however its bytes are cut', (t) => {
  fc.assert(
    fc.property(message, fc.array(step, { maxLength: 8 }), cuts, (bytes, steps, sizes) => {
      const whole = outcome(t, bytes, steps, []);
      assert.deepEqual(outcome(t, bytes, steps, sizes), whole);
    }),
    { numRuns: 300 },
  );
  t.end();
});

t.test('what is told is what a naive reader finds', (t) => {
  fc.assert(
    fc.property(message, fc.array(step, { maxLength: 8 }), cuts, (bytes, steps, sizes) => {
      let rest = bytes;
      const expected: string[] = [];
      for (const step of steps) {
        let size: number;
        if (step.call === 'readUntil') {
          const at = rest.indexOf(step.delimiter);
          size = at === -1 ? -1 : at + step.delimiter.length;
        } else if (step.call === 'readUntilRegex') {
          const match = new RegExp(step.pattern).exec(rest);
          size = match === null ? -1 : match.index + match[0].length;
        } else if (step.call === 'readBytes') {
          size = step.size <= rest.length ? step.size : -1;
        } else {
          size = rest.length;
        }
        expected.push(
          `${step.call}: ${size === -1 ? 'StreamClosedError' : JSON.stringify(rest.slice(0, size))}`,
        );
        if (size === -1) break;
        rest = rest.slice(size);
      }
      const got = outcome(t, bytes, steps, sizes);
      assert.deepEqual(got.slice(0, expected.length), expected);
      assert.equal(got.at(-1), 'closed');
      assert.equal(got.length, expected.length + 1);
    }),
    { numRuns: 300 },
  );
  t.end();
});
