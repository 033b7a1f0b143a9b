/** The reference's rules name their clauses, so that `evspec explain` leads from each clause to the code that keeps it. */
import t from 'tap';
import { loadSpec } from '../../spec/clauses.js';
import { filesBelow, textOf } from '../../test/sources.js';
import { referenceLines } from '../reference-lines.js';

const { clauses } = loadSpec();

void t.test('each clause is named by a line of the reference', (t) => {
  for (const { id } of clauses) t.not(referenceLines(id).length, 0, `${id}: name it where it is kept`);
  t.end();
});

void t.test('an excerpt ends with a line of code', (t) => {
  const lines = clauses.flatMap(({ id }) => referenceLines(id));
  t.same(
    lines.filter(({ excerpt }) => excerpt.at(-1)!.trim() === ''),
    [],
  );
  t.end();
});

void t.test('the reference names no clause that there is not', (t) => {
  const ids = new Set(clauses.map(({ id }) => id));
  const profiles = [...new Set(clauses.map(({ profile }) => profile.toUpperCase()))];
  const names = new RegExp(`\\b(?:${profiles.join('|')})-[A-Z]+-\\d+\\b`, 'g');
  for (const file of filesBelow('reference', /\.ts$/))
    for (const [name] of textOf(file).matchAll(names)) if (!ids.has(name)) t.fail(`${file}: ${name}`);
  t.pass(`of ${ids.size}`);
  t.end();
});
