import fc from 'fast-check';
import t from 'tap';
import { Tail } from '../tail.js';
import { excerpt, visible } from '../visible.js';

void t.test('keeps the last bytes', (t) => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 40 })), (parts) => {
      const tail = new Tail(16);
      for (const part of parts) tail.push(Buffer.from(part));
      const whole = parts.join('');
      const dropped = whole.length - 16;
      return (
        tail.text() ===
        (dropped > 0 ? `[${dropped} bytes before this were dropped]\n${whole.slice(-16)}` : whole)
      );
    }),
  );
  t.end();
});

void t.test('escapes are made visible', (t) => {
  t.equal(visible('a\u001b[31mb\u0000\tc\r\n\u202ed\u0085'), 'a\\x1b[31mb\\x00\\tc\\r\n\\u202ed\\x85');
  t.equal(excerpt('one\ntwo', 5), 'one\\nt…');
  const tail = new Tail();
  tail.push(Buffer.from([0x1b, 0x5b, 0x32, 0x4a, 0xff, 0x0a]));
  t.equal(tail.text(), '\\x1b[2J\ufffd\n');
  t.end();
});
