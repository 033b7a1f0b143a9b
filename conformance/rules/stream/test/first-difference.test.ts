import fc from 'fast-check';
import t from 'tap';
import { firstDifference } from '../first-difference.js';

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));

void t.test('sentences', (t) => {
  const of = (got: string, wanted: string): string | undefined =>
    firstDifference(Buffer.from(got, 'latin1'), Buffer.from(wanted, 'latin1'))?.text;
  t.equal(of('same', 'same'), undefined);
  t.equal(of('abX', 'abc'), 'from byte 2 on: "X" (58), where "c" (63) is due');
  t.equal(of('ab', 'abc'), 'from byte 2 on: nothing more, where "c" (63) is due');
  t.equal(of('abc', 'ab'), 'from byte 2 on: "c" (63), where nothing more is due');
  t.equal(of('\r\n', '\n'), 'from byte 0 on: "\\r\\n" (0d 0a), where "\\n" (0a) is due');
  t.match(of('x'.repeat(100), 'y'), /^from byte 0 on: "x{16}" \(/, 'no more than can be read');
  t.end();
});

void t.test('the first byte that differs, and none before', (t) => {
  fc.assert(
    fc.property(bytes, bytes, (got, wanted) => {
      const difference = firstDifference(got, wanted);
      if (difference === undefined) return got.equals(wanted);
      const { at } = difference;
      return got.subarray(0, at).equals(wanted.subarray(0, at)) && got[at] !== wanted[at];
    }),
  );
  t.end();
});
