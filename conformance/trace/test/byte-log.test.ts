import fc from 'fast-check';
import t from 'tap';
import { patternByte } from '../../../spec/scenario.js';
import { ByteLog, payloadBytes } from '../byte-log.js';

/** What a log says, of a list with an entry for each byte. */
class Naive {
  private readonly all: { readonly at: number; readonly byte: number }[] = [];

  add(at: number, bytes: Buffer): void {
    for (const byte of bytes) this.all.push({ at, byte });
  }

  get bytes(): Buffer {
    return Buffer.from(this.all.map(({ byte }) => byte));
  }

  sizeBefore(step: number): number {
    return this.all.filter(({ at }) => at < step).length;
  }

  stepOf(position: number): number | undefined {
    return this.all[position]?.at;
  }
}

/** Steps grow, by nothing now and then: two calls of one step. */
const additions = fc.array(fc.tuple(fc.nat({ max: 3 }), fc.uint8Array({ maxLength: 5 })), { maxLength: 30 });

void t.test('a log of bytes says what a naive one says, also between additions', (t) => {
  fc.assert(
    fc.property(additions, (pieces) => {
      const [log, naive] = [new ByteLog(), new Naive()];
      let at = 0;
      for (const [later, bytes] of pieces) {
        at += later;
        log.add(at, Buffer.from(bytes));
        naive.add(at, Buffer.from(bytes));
        if (!log.bytes.equals(naive.bytes) || log.size !== naive.bytes.length) return false;
        for (let step = -1; step <= at + 1; step++)
          if (log.sizeBefore(step) !== naive.sizeBefore(step)) return false;
        for (let position = 0; position <= log.size; position++)
          if (log.stepOf(position) !== naive.stepOf(position)) return false;
      }
      return true;
    }),
  );
  t.end();
});

void t.test('an empty log', (t) => {
  const log = new ByteLog();
  t.equal(log.size, 0);
  t.equal(log.bytes.length, 0);
  t.equal(log.sizeBefore(10), 0);
  t.equal(log.stepOf(0), undefined);
  t.end();
});

void t.test('what a write writes', (t) => {
  t.same(payloadBytes({ data: 'é' }, 'utf8'), Buffer.from([0xc3, 0xa9]));
  t.same(payloadBytes({ data: 'é' }, 'latin1'), Buffer.from([0xe9]));
  t.same(payloadBytes({}, 'utf8'), Buffer.from([patternByte(0)]));
  fc.assert(
    fc.property(fc.nat({ max: 200_000 }), fc.nat({ max: 100 }), (from, size) =>
      payloadBytes({ from, size }, 'latin1').equals(
        Buffer.from(Array.from({ length: size }, (_, i) => patternByte(from + i))),
      ),
    ),
    { numRuns: 30 },
  );
  t.end();
});
