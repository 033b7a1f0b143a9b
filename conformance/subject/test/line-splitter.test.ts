import fc from 'fast-check';
import t from 'tap';
import { LineSplitter } from '../line-splitter.js';

function split(chunks: Buffer[], max: number) {
  const lines: string[] = [];
  const tooLong: string[] = [];
  const splitter = new LineSplitter(
    max,
    (line) => lines.push(line.toString('latin1')),
    (start) => tooLong.push(start.toString('latin1')),
  );
  for (const chunk of chunks) splitter.push(chunk);
  return { lines, tooLong };
}

void t.test('lines do not depend on where the chunks are cut', (t) => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\n') })), (parts) => {
      const whole = parts.join('');
      const { lines, tooLong } = split(
        parts.map((part) => Buffer.from(part)),
        1 << 20,
      );
      return lines.join('\n') === whole.split('\n').slice(0, -1).join('\n') && tooLong.length === 0;
    }),
  );
  t.end();
});

void t.test('a line may be as long as the limit, and a longer one ends all', (t) => {
  const fits = Buffer.from(`${'x'.repeat(100)}\n`);
  t.match(split([fits], 100), { lines: ['x'.repeat(100)], tooLong: [] });
  t.match(split([fits], 99), { lines: [], tooLong: ['x'.repeat(100)] });
  const dripped = split(
    [Buffer.from('a\n'), ...Array.from({ length: 200 }, () => Buffer.from('x')), Buffer.from('\nb\n')],
    99,
  );
  t.match(dripped, { lines: ['a'], tooLong: ['x'.repeat(99)] });
  t.equal(dripped.tooLong.length, 1, 'said once');
  t.end();
});

void t.test('large lines that span chunks are whole', (t) => {
  const part = Buffer.alloc(65536, 'y');
  const { lines } = split([...Array.from({ length: 20 }, () => part), Buffer.from('\nz\n')], 1 << 24);
  t.same(
    lines.map((line) => line.length),
    [20 * 65536, 1],
  );
  t.end();
});
