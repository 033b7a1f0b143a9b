import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { exchangeFile } from '../../spec/exchange-file.js';
import { loadSuite } from '../../conformance/suite.js';
import { checkOf, evspec, fixture } from './command.js';

// Of a host that is busy with other work, only a hang takes so long.
t.setTimeout(300_000);

const CHECK = checkOf('LOOP-READY-1');

void t.test('a check of the suite', async (t) => {
  const { code, out, err } = await evspec('replay', CHECK, '--subject', 'reference:poll');
  t.equal(code, 0, err);
  t.ok(out.startsWith(`${CHECK} on `));
  t.match(out, /subject +│ reference/);
  t.match(out, /^Rules\n {2}kept +.*LOOP-READY-1/m);
});

void t.test('the reference is not compared with itself', async (t) => {
  t.notMatch((await evspec('replay', CHECK)).out, '│');
});

void t.test('a scenario in a file', async (t) => {
  const file = join(t.testdir(), 'scenario.json');
  const scenario = loadSuite().checks.find((check) => check.scenario.name === CHECK)?.scenario;
  writeFileSync(file, JSON.stringify({ ...scenario, name: 'mine' }));
  const { code, out } = await evspec('replay', file, '--json');
  t.equal(code, 0);
  const replayed = JSON.parse(out) as {
    scenario: { name: string };
    trace: { records: unknown[] };
    findings: unknown[];
  };
  t.equal(replayed.scenario.name, 'mine');
  t.ok(replayed.trace.records.length > 4);
  t.same(replayed.findings, []);
});

void t.test('an exchange in a file, with its clause and alone', async (t) => {
  const block = '# mine\n> GET / HTTP/1.1\\r\\nHost: {host}\\r\\n\\r\\n\n< ok then open';
  for (const [name, text, clause] of [
    ['found.md', exchangeFile('HTTP-PIPE-1', block), 'HTTP-PIPE-1'],
    ['found.exchange', block, 'exchange'],
  ] as const) {
    const file = join(t.testdir(), name);
    writeFileSync(file, text);
    const { code, out, err } = await evspec('replay', file);
    t.equal(code, 0, err);
    t.match(out, `✓ ${clause}`);
  }
});

void t.test('what the subject does not claim', async (t) => {
  const { code, out } = await evspec('replay', checkOf('LOOP-SIGNAL-1'));
  t.equal(code, 4);
  t.match(out, /^unclaimed: /);
});

void t.test('what the subject does not claim is no failure of it', async (t) => {
  // A reader learns of a hang-up as readiness; LOOP-SEED-1 is about combined interest.
  const name = 'LOOP-READY-5/empty-pipe-loses-its-writer';
  const { code, out } = await evspec(
    'replay',
    name,
    '--subject',
    fixture('../dist/fixtures/subjects/reference-split.js'),
  );
  t.equal(code, 0);
  t.match(out, /kept .*LOOP-READY-5/);
  t.notMatch(out, 'LOOP-SEED-1');
});

void t.test('what breaks is exit 3', async (t) => {
  const { code, err } = await evspec(
    'replay',
    CHECK,
    '--',
    process.execPath,
    fixture('wrong-subjects/bad-hello.mjs'),
  );
  t.equal(code, 3);
  t.match(err, /hello is not valid/);
});
