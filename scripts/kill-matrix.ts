/**
 * Judges every mutant by the checks of the sections that it breaks, and says what was let through.
 * `npm run kill-matrix -- [--profile LIST] [--jobs N] [--only NAME,…] [--output FOLDER]`
 *
 * The exit code is 1 when a mutant lives, when a clause fails that its header does not name, or when a check kills none. The folder
 * gets `kill-matrix.json` and `kill-matrix.md`: mutant × clause.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError } from '../cli/errors.js';
import { positive } from '../cli/options.js';
import { loadSuite } from '../conformance/suite.js';
import { buildMutants } from '../fixtures/mutants/build.js';
import { judgeMutant, type Kill } from './kill-matrix/judge-mutant.js';
import { MUTANTS, type MutantProfile } from './kill-matrix/mutants.js';
import { matrixPage } from './kill-matrix/page.js';

const { values } = parseArgs({
  options: {
    profile: { type: 'string', default: Object.keys(MUTANTS).join(',') },
    jobs: { type: 'string', default: String(availableParallelism()) },
    only: { type: 'string' },
    output: { type: 'string', default: 'coverage/kill-matrix' },
  },
});

/** @throws UsageError */
function profilesOf(list: string): MutantProfile[] {
  return list.split(',').map((name) => {
    if (!Object.hasOwn(MUTANTS, name))
      throw new UsageError(
        `there are no mutants of '${name}': choose from ${Object.keys(MUTANTS).join(', ')}`,
      );
    return name as MutantProfile;
  });
}

/** What is not as it should be, a line each. */
function complaints(kills: readonly Kill[], isWhole: boolean): string[] {
  const lines = kills.flatMap(({ mutant, missed, alien, problems }) => [
    ...missed.map((id) => `${mutant}: ${id} does not fail`),
    ...alien.map((id) => `${mutant}: ${id} fails, and its header does not name it`),
    ...problems.map((text) => `${mutant}: ${text}`),
  ]);
  if (!isWhole) return lines;
  const killers = new Set(kills.flatMap(({ checks }) => checks));
  const profiles = new Set(kills.map(({ profile }) => profile));
  const { checks, exchanges, spec } = loadSuite();
  const profileOf = new Map(spec.clauses.map(({ id, profile }) => [id, profile]));
  const idle = [
    ...checks.map(({ scenario, clauses }) => ({ name: scenario.name, clause: clauses[0] })),
    ...exchanges,
  ].filter(
    ({ name, clause }) => profiles.has(profileOf.get(clause ?? '') as MutantProfile) && !killers.has(name),
  );
  return [...lines, ...idle.map(({ name }) => `no mutant is killed by ${name}`)];
}

async function main(): Promise<void> {
  const profiles = profilesOf(values.profile);
  const names = values.only?.split(',');
  const work = profiles.flatMap((profile) =>
    buildMutants(MUTANTS[profile].filter(({ name }) => names?.includes(name) ?? true)).map((built) => ({
      built,
      profile,
    })),
  );
  const kills: Kill[] = [];
  const began = performance.now();
  const worker = async (): Promise<void> => {
    for (let next = work.shift(); next !== undefined; next = work.shift())
      kills.push(await judgeMutant(next.built, next.profile));
  };
  await Promise.all(Array.from({ length: positive('--jobs', values.jobs) }, worker));
  kills.sort((a, b) => a.profile.localeCompare(b.profile) || a.mutant.localeCompare(b.mutant));
  mkdirSync(values.output, { recursive: true });
  writeFileSync(join(values.output, 'kill-matrix.json'), `${JSON.stringify(kills, null, 2)}\n`);
  writeFileSync(join(values.output, 'kill-matrix.md'), matrixPage(kills));
  const lines = complaints(kills, names === undefined);
  for (const line of lines) console.log(line);
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  const killed = kills.filter(({ failed }) => failed.length > 0).length;
  console.log(`${killed} of ${kills.length} mutants killed in ${seconds} s: see ${values.output}`);
  process.exitCode = lines.length > 0 ? 1 : 0;
}

try {
  await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`kill-matrix: ${error.message}`);
  process.exitCode = 2;
}
