/**
 * docs/peers.md against the peers themselves: its snippets print what it says, and it accounts for every failure.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { runConformance } from '../conformance/run.js';
import type { Launch } from '../conformance/subject/index.js';
import { packageRoot } from '../spec/package-root.js';

const root = packageRoot();
const python = join(root, '.peers/python/bin/python');
const page = readFileSync(join(root, 'docs/peers.md'), 'utf8');
const missing = existsSync(python) ? false : "peers are not installed: 'npm run peers -- python'";

const host = (...args: string[]): Launch => ({
  command: python,
  args: ['-m', 'evspec_host', ...args],
  env: { PYTHONPATH: join(root, 'conformance/adapters/python') },
});

const PEERS = {
  Tornado: host(join(root, 'fixtures/subjects/tornado.py')),
  asyncio: host(join(root, 'fixtures/subjects/stdlib_asyncio.py')),
  uvloop: host('--asyncio', 'uvloop:new_event_loop'),
};

/** Clauses that a peer's section of the page explains. */
function explained(peer: string): string[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${peer}\n`)) ?? '';
  return [...section.matchAll(/^### (LOOP-[A-Z]+-\d+)/gm)].map((match) => match[1]!).sort();
}

t.test('peers are installed in CI', (t) => {
  t.ok(missing === false || process.env['CI'] !== 'true');
  t.end();
});

for (const [peer, launch] of Object.entries(PEERS)) {
  t.test(`${peer}: every failure is accounted for`, { skip: missing }, async (t) => {
    const report = await runConformance({
      launch,
      reference: undefined,
      strict: false,
      jobs: 2,
      profiles: ['loop'],
      only: [],
      skip: [],
    });
    t.same(report.problems, [], 'no error');
    t.equal(report.summary.unexercised, 0, 'nothing unexercised');
    const failed = report.clauses.filter((clause) => clause.verdict === 'fail').map((clause) => clause.id);
    t.same(failed.sort(), explained(peer));
  });
}

t.test('snippets print what the page says', { skip: missing }, async (t) => {
  const snippets = [...page.matchAll(/```py (\w+)\n([^]*?)```\s+```text\n([^]*?)```/g)];
  t.equal(snippets.length, [...page.matchAll(/```py/g)].length, 'each has its output');
  for (const [, peer, code, output] of snippets) {
    const { stdout } = await promisify(execFile)(python, ['-c', code!], { timeout: 60_000 });
    t.equal(stdout, output, `${peer}: ${code!.split('\n').find((line) => line.includes('loop')) ?? ''}`);
  }
});
