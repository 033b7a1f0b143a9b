/**
 * docs/peers.md against the peers themselves: its snippets print what it says, and it accounts for every failure.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { runConformance } from '../conformance/run.js';
import { loadSuite } from '../conformance/suite.js';
import type { Launch } from '../conformance/subject/index.js';
import { PLAIN } from '../conformance/subject/test/wrong.js';
import { packageRoot } from '../spec/package-root.js';

const root = packageRoot();
const { clauses } = loadSuite().spec;
const python = join(root, '.peers/python/bin/python');
const page = readFileSync(join(root, 'docs/peers.md'), 'utf8');
const missing = existsSync(python) ? false : "peers are not installed: 'npm run peers -- python'";

const host = (...args: string[]): Launch => ({
  command: python,
  args: ['-m', 'evspec_host', ...args],
  env: { PYTHONPATH: join(root, 'conformance/adapters/python') },
});

interface Peer {
  readonly launch: Launch;
  readonly profiles: readonly string[];
  /** Why it can't be judged here; false if it can. */
  readonly skip: string | false;
}

const inPython = (...args: string[]): Peer => ({
  launch: host(...args),
  profiles: ['loop', 'stream'],
  skip: missing,
});

const node = (subject: string): Peer => ({
  launch: {
    command: 'env',
    args: [
      ...PLAIN,
      process.execPath,
      join(root, 'dist/conformance/host/main.js'),
      join(root, `dist/fixtures/subjects/${subject}.js`),
    ],
  },
  profiles: ['stream'],
  skip: false,
});

/** By the title of its section, and what follows a comma. */
const PEERS: Readonly<Record<string, Peer>> = {
  Tornado: inPython(join(root, 'fixtures/subjects/tornado.py')),
  asyncio: inPython(join(root, 'fixtures/subjects/stdlib_asyncio.py')),
  uvloop: inPython('--asyncio', 'uvloop:new_event_loop'),
  'net.Socket': node('node-net'),
  'net.Socket, by its defaults': node('node-net-closing'),
};

/** What a peer's streams are called among those that keep a clause. */
const WITNESS: Readonly<Record<string, string>> = {
  Tornado: 'Tornado IOStream',
  asyncio: 'asyncio streams',
  'net.Socket': 'Node net.Socket',
};

/** Clauses that a peer's section of the page explains. */
function explained(peer: string): string[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${peer.split(',')[0]!}\n`)) ?? '';
  return [...section.matchAll(/^### ((?:LOOP|STREAM)-[A-Z]+-\d+)/gm)].map((match) => match[1]!).sort();
}

t.test('peers are installed in CI', (t) => {
  t.ok(missing === false || process.env['CI'] !== 'true');
  t.end();
});

for (const [peer, { launch, profiles, skip }] of Object.entries(PEERS)) {
  t.test(`${peer}: every failure is accounted for`, { skip }, async (t) => {
    const report = await runConformance({
      launch,
      reference: undefined,
      strict: false,
      jobs: 2,
      profiles,
      only: [],
      skip: [],
    });
    t.same(report.problems, [], 'no error');
    t.equal(report.summary.unexercised, 0, 'nothing unexercised');
    const failed = report.clauses.filter((clause) => clause.verdict === 'fail').map((clause) => clause.id);
    t.same(failed.sort(), explained(peer));
    const keeps = (id: string): boolean =>
      clauses.find((clause) => clause.id === id)!.keptBy.includes(WITNESS[peer] ?? '');
    t.same(
      report.clauses.flatMap(({ id, verdict }) =>
        verdict !== 'pass' && keeps(id) ? [`${id}: ${verdict}`] : [],
      ),
      [],
      'it keeps what the spec says that it keeps',
    );
  });
}

/** How a snippet is run, by its language. */
const RUN: Readonly<
  Record<
    string,
    { readonly command: string; readonly args: readonly string[]; readonly skip: string | false }
  >
> = {
  py: { command: python, args: ['-c'], skip: missing },
  js: { command: process.execPath, args: ['--input-type=module', '-e'], skip: false },
};

t.test('snippets print what the page says', async (t) => {
  const snippets = [...page.matchAll(/```(py|js) (\S+)\n([^]*?)```\s+```text\n([^]*?)```/g)];
  t.equal(snippets.length, [...page.matchAll(/```(py|js)/g)].length, 'each has its output');
  for (const [, language, peer, code, output] of snippets) {
    const { command, args, skip } = RUN[language!]!;
    await t.test(
      `${peer}: ${code!.split('\n').find((line) => /loop|stream|socket/.test(line)) ?? ''}`,
      { skip },
      async (t) => {
        const { stdout } = await promisify(execFile)(command, [...args, code!], { timeout: 60_000 });
        t.equal(stdout, output);
      },
    );
  }
});
