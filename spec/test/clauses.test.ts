/**
 * The spec held to its own rules (spec/README.md), and the kit to the spec: each clause has a rule and a check.
 */
import t from 'tap';
import { loadSuite } from '../../conformance/suite.js';
import { filesBelow, textOf } from '../../test/sources.js';
import { parseClauses, SpecError, type Clause } from '../clauses.js';
import { CAPABILITIES } from '../protocol.js';
import { Scenario } from '../scenario.js';

const { spec, rules, checks } = loadSuite();
const { clauses, choices } = spec;
const ids = new Set(clauses.map(({ id }) => id));

/** Runs of capitals that give a level, whole. SHALL and MAY are none of the spec's. */
const VERBS = /\b(MUST NOT|MUST|SHOULD NOT|SHOULD|SHALL NOT|SHALL|MAY|REQUIRED|RECOMMENDED|OPTIONAL)\b/g;
/** A family counts once: what its one loop decides, all of them keep. Lower case, without versions. */
const FAMILIES: Readonly<Record<string, string>> = {
  uvloop: 'libuv',
  node: 'libuv',
  'node.js': 'libuv',
  'cpython selectors': 'asyncio',
  'libuv streams': 'libuv',
  'node net.socket': 'libuv',
  'asyncio streams': 'asyncio',
  'tornado iostream': 'tornado',
  'twisted transports': 'twisted',
  'libevent bufferevent': 'libevent',
  'go bufio': 'go',
  'go io': 'go',
  'go net': 'go',
};
const familyOf = (loop: string): string => {
  const name = loop.toLowerCase().replace(/ \d[\d.]*$/, '');
  return FAMILIES[name] ?? name;
};
/** A transport of the spec → the kind of fd in a scenario. */
const KIND_OF: Readonly<Record<string, string>> = {
  socketpair: 'pair',
  pipe: 'pipe',
  tcp: 'tcp',
  tcp6: 'tcp6',
};

/** All that is wrong, so that one run shows everything. */
const flaws = (find: (clause: Clause) => string | undefined): string[] =>
  clauses.flatMap((clause) => {
    const flaw = find(clause);
    return flaw === undefined ? [] : [`${clause.source.file}:${clause.source.line} ${clause.id}: ${flaw}`];
  });

const twice = (names: readonly string[]): string[] => names.filter((name, i) => names.indexOf(name) !== i);

void t.test('ids', (t) => {
  t.same(twice(clauses.map(({ id }) => id)), [], 'are unique');
  const numbers = new Map<string, number[]>();
  for (const { id } of clauses) {
    const dash = id.lastIndexOf('-');
    const prefix = id.slice(0, dash);
    numbers.set(prefix, [...(numbers.get(prefix) ?? []), Number(id.slice(dash + 1))]);
  }
  for (const [prefix, found] of numbers) {
    const sorted = [...found].sort((a, b) => a - b);
    t.same(
      sorted,
      sorted.map((_, i) => i + 1),
      `${prefix} is numbered from 1 without gaps (a clause that was withdrawn keeps its number: name it here)`,
    );
  }
  const index = textOf('spec/README.md');
  for (const prefix of numbers.keys()) t.ok(index.includes(`${prefix}-*`), `${prefix} stands in the index`);
  t.end();
});

void t.test('each clause is one sentence with one normative verb, that of its level', (t) => {
  const found = flaws(({ text, level }) => {
    const verbs = text.match(VERBS) ?? [];
    if (verbs.length !== 1)
      return `has ${verbs.length} normative verbs (${verbs.join(', ')}), where one is due`;
    if (verbs[0].split(' ')[0] !== level) return `says ${verbs[0]}, and its level is ${level}`;
    if (!/^[A-Z].*[^.]\.$/s.test(text) || /[.!?] [A-Z]/.test(text)) return 'is not one sentence';
    return undefined;
  });
  t.same(found, []);
  t.end();
});

void t.test('explanations have no normative verbs', (t) => {
  const found = flaws(({ why, observed, hint }) => {
    const verb = [why, observed, hint].flatMap((text) => text.match(VERBS) ?? [])[0];
    return verb === undefined ? undefined : `explains with ${verb}; only its sentence is normative`;
  });
  t.same(found, []);
  t.end();
});

void t.test('a MUST has three unrelated witnesses, or an RFC, unless it is of the seed facet', (t) => {
  const found = flaws(({ level, facet, keptBy, rfc }) => {
    if (level !== 'MUST' || facet === 'seed' || rfc !== undefined) return undefined;
    const families = new Set(keptBy.map(familyOf));
    return families.size >= 3
      ? undefined
      : `is kept by ${[...families].join(', ') || 'nobody'}: three are needed, or it is a SHOULD or a choice`;
  });
  t.same(found, []);
  t.end();
});

/** Profiles whose checks are exchanges, which stand in the spec itself and are judged one by one. */
const isExchanged = ({ profile }: Clause): boolean => profile === 'http' || profile === 'server';

void t.test('each clause has a rule, or exchanges, and each rule a clause', (t) => {
  t.same(
    flaws((clause) => {
      if (!isExchanged(clause))
        return clause.exchanges.length > 0 ? 'has an exchange beside its rule' : undefined;
      return clause.exchanges.length > 0 ? undefined : 'has no exchange';
    }),
    [],
  );
  t.same(
    flaws((clause) =>
      isExchanged(clause) || rules[clause.id] !== undefined ? undefined : 'has no rule in conformance/rules',
    ),
    [],
  );
  t.same(
    Object.keys(rules).filter((id) => !ids.has(id)),
    [],
  );
  t.end();
});

void t.test('each clause has a check, and each check its clauses', (t) => {
  const checked = new Set(checks.flatMap((check) => check.clauses));
  t.same(
    flaws((clause) =>
      isExchanged(clause) || checked.has(clause.id) ? undefined : 'has no check in conformance/scenarios',
    ),
    [],
  );
  t.same(
    [...checked].filter((id) => !ids.has(id)),
    [],
  );
  t.same(twice(checks.map(({ scenario }) => scenario.name)), [], 'names of checks are unique');
  for (const { scenario, clauses: exercised } of checks) {
    const { success, error } = Scenario.safeParse(scenario);
    t.ok(success, `${scenario.name} is a scenario`, { message: error?.message });
    t.match(
      scenario.name,
      /^(LOOP|STREAM)-[A-Z]+-\d+\/[a-z0-9]+(-[a-z0-9]+)*$/,
      'named <clause>/<what-it-does>',
    );
    t.equal(scenario.name.split('/')[0], exercised[0], 'named by the first clause that it exercises');
    t.same(twice(exercised), []);
  }
  t.end();
});

void t.test('required capabilities exist, and so does every other name', (t) => {
  const known = new Set(Object.keys(CAPABILITIES));
  t.same(
    flaws(({ requires }) => {
      const unknown = requires.find((name) => !known.has(name));
      return unknown === undefined
        ? undefined
        : `requires '${unknown}', which spec/protocol.ts does not know`;
    }),
    [],
  );
  for (const { scenario, needs } of checks)
    t.same(
      // Which `split` is not: a loop has it by lacking `combined`.
      needs.filter((name) => name !== 'split' && !known.has(name)),
      [],
      `needs of ${scenario.name}`,
    );
  t.end();
});

void t.test('a clause that names transports is checked on each of them', (t) => {
  const found = flaws(({ id, transports }) => {
    const unknown = transports.find((name) => KIND_OF[name] === undefined);
    if (unknown !== undefined)
      return `names the transport '${unknown}'; there are ${Object.keys(KIND_OF).join(', ')}`;
    const kinds = checks
      .filter((check) => check.clauses.includes(id))
      .flatMap(({ scenario }) => Object.values(scenario.fds).map(({ kind }) => kind));
    const missing = transports.filter((name) => !kinds.some((kind) => kind === KIND_OF[name]));
    return missing.length === 0 ? undefined : `no check of it has a ${missing.join(', a ')}`;
  });
  t.same(found, []);
  t.end();
});

void t.test('choices', (t) => {
  t.same(twice(choices.map(({ key }) => key)), [], 'keys are unique');
  t.same(twice(choices.map(({ clause }) => clause)), [], 'a clause owns one at most');
  for (const { key, clause, values } of choices) {
    const owner = clauses.find(({ id }) => id === clause);
    t.equal(owner?.choice, key, `${clause} owns ${key}`);
    t.ok(owner?.text.includes(key), `${clause} names ${key} in its sentence`);
    t.ok(values.length >= 2, `${key} has something to choose from`);
    t.same(twice(values.map(({ value }) => value)), []);
    t.match(key, /^[a-z]+(\.[a-z0-9]+(-[a-z]+)*)$/);
    for (const { value, allows, meaning } of values) {
      t.match(value, /^[a-z]+(-[a-z]+)*$/);
      t.ok(allows.length > 0, `${key}=${value} allows something`);
      t.same(twice([...allows]), []);
      t.match(meaning, /^[A-Z].*\.$/);
    }
    // An observation is explained by the first value that allows it, so a value must not hide a later one.
    for (const [i, earlier] of values.entries())
      for (const later of values.slice(i + 1))
        t.notOk(
          later.allows.every((label) => earlier.allows.includes(label)),
          `${key}: '${later.value}' can be inferred although '${earlier.value}' stands before it`,
        );
  }
  const owned = new Set(choices.map(({ key }) => key));
  t.same(
    flaws(({ choice }) =>
      choice === undefined || owned.has(choice) ? undefined : `owns '${choice}', which choices.json lacks`,
    ),
    [],
  );
  t.end();
});

void t.test('rules observe no label that no value of the choice allows', (t) => {
  const labels = new Set(choices.flatMap(({ values }) => values.flatMap(({ allows }) => allows)));
  const said = filesBelow('conformance/rules', /\.ts$/)
    .filter((path) => !path.includes('/test/'))
    .flatMap((path) =>
      [...textOf(path).matchAll(/\bchose\(\s*'([^']+)'/g)].map(([, label]) => `${label} (${path})`),
    );
  t.same(
    said.filter((word) => !labels.has(word.split(' ')[0]!)),
    [],
  );
  t.end();
});

void t.test('every clause that is spoken of exists', (t) => {
  const files = ['spec', 'docs', 'reference', 'conformance', 'cli', 'fixtures'].flatMap((folder) =>
    filesBelow(folder, /\.(md|ts|mjs|py)$/),
  );
  const stray = [...files, 'README.md', 'CONTRIBUTING.md']
    .filter((path) => !path.includes('/test/'))
    .flatMap((path) =>
      [...textOf(path).matchAll(/\b(?:LOOP|STREAM)-[A-Z]+-\d+\b/g)]
        .filter(([id]) => !ids.has(id))
        .map(([id]) => `${path}: ${id}`),
    );
  t.same([...new Set(stray)], []);
  t.end();
});

void t.test('a malformed clause is an error that names its place', (t) => {
  const good = `### LOOP-X-1\n\nA loop MUST wait.\n\n- **Level:** MUST\n- **Facet:** run\n- **Why:** x.\n- **Observed:** x.\n- **If it fails:** x.\n`;
  t.equal(parseClauses(good, 'loop', 'x', 'x.md')[0]?.text, 'A loop MUST wait.');
  const wrong: [string, string, RegExp][] = [
    ['LOOP-X-1', 'LOOP-x', /x\.md:1 LOOP-x: not a clause id/],
    ['- **Level:** MUST', '- **Level:** MAY', /the level is MUST or SHOULD/],
    ['- **Facet:** run', '- **Facet:** runs', /the facet is one of/],
    ['- **Why:** x.\n', '', /'Why' is missing/],
    ['- **Why:**', '- **Because:**', /is none of Level, Facet/],
    ['A loop MUST wait.\n', '', /one sentence, then the list/],
  ];
  for (const [part, by, message] of wrong)
    t.throws(() => parseClauses(good.replace(part, by), 'loop', 'x', 'x.md'), {
      name: SpecError.name,
      message,
    });
  t.end();
});
