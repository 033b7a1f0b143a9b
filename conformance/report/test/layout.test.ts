import fc from 'fast-check';
import t from 'tap';
import { columns, fit, wrap } from '../layout.js';

void t.test('wrap keeps the words, and the width where words allow it', (t) => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', '-'), minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(fc.array(word), fc.integer({ min: 16, max: 60 }), (words, width) => {
      const lines = wrap(words.join(' '), width, '  ');
      return (
        lines.every((line) => line.length <= width) &&
        lines.map((l) => l.trim()).join(' ') === words.join(' ')
      );
    }),
  );
  t.end();
});

void t.test('fit and columns', (t) => {
  t.equal(fit('abcdef', 4), 'abc…');
  t.equal(fit('ab', 4), 'ab  ');
  t.same(
    columns([
      ['a', 'b'],
      ['aaa', 'c'],
    ]),
    ['a    b', 'aaa  c'],
  );
  t.end();
});
