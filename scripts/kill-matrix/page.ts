/** The kill matrix as a page: a table for each profile, a row for each clause, and which mutants it kills. */
import type { Kill } from './judge-mutant.js';

export function matrixPage(kills: readonly Kill[]): string {
  const profiles = [...new Set(kills.map(({ profile }) => profile))];
  return ['# Kill matrix', ...profiles.map((profile) => table(profile, kills))].join('\n\n') + '\n';
}

function table(profile: string, all: readonly Kill[]): string {
  const kills = all.filter((kill) => kill.profile === profile);
  const clauses = [...new Set(kills.flatMap(({ failed }) => failed))].sort(byNumber);
  const rows = clauses.map((id) => {
    const dead = kills.filter(({ failed }) => failed.includes(id));
    const checks = new Set(dead.flatMap((kill) => kill.checks.filter((check) => check.startsWith(`${id}/`))));
    return `| ${id} | ${dead.length} | ${checks.size} | ${dead.map(({ mutant }) => `\`${mutant}\``).join(', ')} |`;
  });
  const living = kills.filter(({ failed }) => failed.length === 0).map(({ mutant }) => `\`${mutant}\``);
  return [
    `## ${profile}`,
    '',
    `${kills.length} mutants, ${living.length === 0 ? 'none of which lives' : `of which live: ${living.join(', ')}`}.`,
    '',
    '| clause | mutants | own checks that kill | killed |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}

/** LOOP-TIMER-2 before LOOP-TIMER-10. */
const byNumber = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });
