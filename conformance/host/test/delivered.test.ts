import t from 'tap';
import { MAX_CHANGED } from '../../../spec/trace.js';
import { Delivered, latin1 } from '../delivered.js';

const keep = (delivered: Delivered, record: number, bytes: Uint8Array): void =>
  delivered.keep(record, bytes, latin1(bytes));

void t.test('what was overwritten, from where on', (t) => {
  const delivered = new Delivered();
  const memory = Buffer.from('abcdefghij');
  keep(delivered, 3, memory.subarray(0, 4));
  keep(delivered, 5, memory.subarray(4, 8));
  t.same(delivered.changed(), []);
  memory.write('?!', 5);
  t.same(delivered.changed(), [{ record: 5, at: 1, data: '?!h' }]);
  t.end();
});

void t.test('memory that was given to somebody else', (t) => {
  const delivered = new Delivered();
  const bytes = new Uint8Array([1, 2, 3]);
  keep(delivered, 1, bytes);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  t.same(delivered.changed(), [{ record: 1, at: 0, data: '' }]);
  t.end();
});

void t.test('no more is kept than there is room for', (t) => {
  const delivered = new Delivered();
  const large = new Uint8Array(1 << 24);
  const beyond = new Uint8Array(1);
  // Twice the same memory counts once.
  for (const [record, bytes] of [large.subarray(0, 1), large.subarray(1, 2), beyond].entries())
    keep(delivered, record, bytes);
  large.fill(1);
  beyond.fill(1);
  t.same(
    delivered.changed().map(({ record }) => record),
    [0, 1],
  );
  t.end();
});

void t.test('and not more is told than a trace holds', (t) => {
  const delivered = new Delivered();
  const memory = new Uint8Array(1);
  for (let record = 0; record <= MAX_CHANGED; record++) keep(delivered, record, memory);
  memory.fill(1);
  t.equal(delivered.changed().length, MAX_CHANGED);
  t.end();
});
