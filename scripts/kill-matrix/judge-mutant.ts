/** One mutant, judged by the checks of the sections that it breaks. */
import { join } from 'node:path';
import { runConformance } from '../../conformance/run.js';
import type { Built } from '../../fixtures/mutants/build.js';
import { packageRoot } from '../../spec/package-root.js';
import type { Report } from '../../spec/report.js';
import type { MutantProfile } from './mutants.js';

/** What came of one mutant. */
export interface Kill {
  readonly mutant: string;
  readonly profile: MutantProfile;
  /** Clauses that failed. */
  readonly failed: readonly string[];
  /** Named by its header, and not failed. */
  readonly missed: readonly string[];
  /** Failed, and not named. */
  readonly alien: readonly string[];
  /** Checks that showed a failure. */
  readonly checks: readonly string[];
  readonly problems: readonly string[];
}

/** A busy host can hide a fault, such as a spin by leaving no time for it; none can make one. */
const ATTEMPTS = 3;

const sectionsOf = (ids: readonly string[]): string[] => [
  ...new Set(ids.map((id) => id.replace(/\d+$/, '*'))),
];

const run = ({ subject, mutant }: Built, profile: string): Promise<Report> =>
  runConformance({
    profiles: [profile],
    only: sectionsOf([...mutant.fails, ...(mutant.unexercised ?? [])]),
    skip: [],
    strict: true,
    jobs: 1,
    reference: undefined,
    launch: {
      command: process.execPath,
      args: [join(packageRoot(), 'dist/conformance/host/main.js'), subject],
    },
  });

export async function judgeMutant(built: Built, profile: MutantProfile): Promise<Kill> {
  const { name, fails } = built.mutant;
  const failed = new Set<string>();
  const checks = new Set<string>();
  const problems: string[] = [];
  for (let attempt = 0; attempt < ATTEMPTS && fails.some((id) => !failed.has(id)); attempt++) {
    const report = await run(built, profile);
    for (const { id, verdict, violations } of report.clauses) {
      if (verdict !== 'fail') continue;
      failed.add(id);
      for (const { check } of violations) checks.add(check);
    }
    for (const { check } of report.failures) checks.add(check);
    problems.push(...report.problems.map(({ text }) => text));
  }
  return {
    mutant: name,
    profile,
    failed: [...failed].sort(),
    missed: fails.filter((id) => !failed.has(id)),
    alien: [...failed].filter((id) => !fails.includes(id)),
    checks: [...checks].sort(),
    problems,
  };
}
