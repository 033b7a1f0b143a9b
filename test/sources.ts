/** The project's own files, for tests that look at the source itself. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../spec/package-root.js';

export const root = packageRoot();

/** Folders of a clone that hold nothing of the project's own; also those that begin with a dot. */
const FOREIGN = ['node_modules', 'dist', 'coverage', '__pycache__'];

/** Paths from the package root of all files below a folder whose names match, sorted. */
export function filesBelow(folder: string, names: RegExp): string[] {
  return readdirSync(join(root, folder))
    .filter((name) => !name.startsWith('.') && !FOREIGN.includes(name))
    .flatMap((name) => {
      const path = join(folder, name);
      if (statSync(join(root, path)).isDirectory()) return filesBelow(path, names);
      return names.test(name) ? [path] : [];
    })
    .sort();
}

export const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');
