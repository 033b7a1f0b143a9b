/**
 * The clauses of HTTP held to the notation of exchanges, file by file: it needs neither the other profiles nor a runner.
 */
import t from 'tap';
import { filesBelow, textOf } from '../../test/sources.js';
import { parseClauses, type Choice } from '../clauses.js';

const PROSE = ['spec/http/application.md'];
const files = filesBelow('spec/http', /\.md$/).filter((path) => !PROSE.includes(path));
const choices = JSON.parse(textOf('spec/choices.json')) as Choice[];
const clauses = files.flatMap((path) =>
  parseClauses(textOf(path), 'http', path.slice('spec/http/'.length, -'.md'.length), path),
);

const twice = (names: readonly string[]): string[] => names.filter((name, i) => names.indexOf(name) !== i);

void t.test('clauses of HTTP', (t) => {
  t.ok(clauses.length > 0);
  t.same(twice(clauses.map(({ id }) => id)), [], 'ids are unique');
  for (const { id, profile, facet, rfc, exchanges, text, level } of clauses) {
    t.match(id, /^HTTP-[A-Z]+-\d+$/, id);
    t.equal(facet, profile, `${id} has its facet`);
    t.match(rfc, /^RFC \d{4} (§|appendix )/, `${id} names its RFC, and where in it`);
    t.ok(exchanges.length > 0, `${id} has exchanges`);
    t.match(text, new RegExp(`\\b${level}\\b`), `${id} has the verb of its level`);
  }
  t.end();
});

void t.test('exchanges of HTTP', (t) => {
  const exchanges = clauses.flatMap((clause) => clause.exchanges);
  t.same(twice(exchanges.map(({ name }) => name)), [], 'names are unique');
  t.same(
    exchanges.filter(({ steps }) => steps.at(-1)?.do !== 'expect').map(({ name }) => name),
    [],
    'nothing is sent whose answer nobody looks at',
  );
  t.end();
});

void t.test('choices of HTTP', (t) => {
  const owned = new Map(choices.map((choice) => [choice.key, choice]));
  for (const { id, choice: key, text, exchanges } of clauses) {
    const labels = new Set(
      exchanges.flatMap(({ steps }) =>
        steps.flatMap((step) =>
          step.do === 'expect' ? step.outcomes.flatMap(({ label }) => label ?? []) : [],
        ),
      ),
    );
    const choice = key === undefined ? undefined : owned.get(key);
    if (key !== undefined) {
      t.equal(choice?.clause, id, `${key} is owned by ${id}`);
      t.ok(text.includes(key), `${id} names ${key} in its sentence`);
    }
    const allowed = new Set(choice?.values.flatMap(({ allows }) => allows) ?? []);
    t.same([...labels].sort(), [...allowed].sort(), `${id} shows what its choice allows, and nothing else`);
  }
  t.end();
});
