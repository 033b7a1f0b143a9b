/** Where the reference keeps a clause: its rules name their clauses in comments. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../spec/package-root.js';

export interface ReferenceLine {
  /** From the package's root. */
  readonly file: string;
  readonly line: number;
  /** The line that names the clause, and the code after it; no blank line is the last. */
  readonly excerpt: readonly string[];
}

/** Lines of code that are shown with the one that names the clause. */
const SHOWN = 4;

function filesBelow(folder: string, extension: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return entry.name === 'test' ? [] : filesBelow(path, extension);
      return entry.name.endsWith(extension) && !entry.name.endsWith(`.d${extension}`) ? [path] : [];
    });
}

/** The sources if they are there; the package that npm installs holds only what was compiled from them, comments included. */
function referenceFiles(): string[] {
  const sources = filesBelow(join(packageRoot(), 'reference'), '.ts');
  return sources.length > 0 ? sources : filesBelow(join(packageRoot(), 'dist/reference'), '.js');
}

function excerptOf(lines: readonly string[], at: number): string[] {
  const shown = lines.slice(at, at + SHOWN);
  return shown.slice(0, shown.findLastIndex((text) => text.trim() !== '') + 1);
}

export function referenceLines(id: string): ReferenceLine[] {
  const names = new RegExp(`\\b${id}\\b`);
  return referenceFiles().flatMap((path) => {
    const lines = readFileSync(path, 'utf8').split('\n');
    return lines.flatMap((text, i) =>
      names.test(text)
        ? [{ file: path.slice(packageRoot().length + 1), line: i + 1, excerpt: excerptOf(lines, i) }]
        : [],
    );
  });
}
