/**
 * The texts of the clauses, read in the build already: to parse all the Markdown takes a second, which every command would take longer.
 *
 * The Markdown stays the only copy that counts: what was read from it is used only as long as the file has the digest that it had then.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readClauseTexts, type ClauseText } from './clause-text.js';
import { packageRoot } from './package-root.js';

/** By the path of the file, from the package's root. */
type Read = Readonly<Record<string, { readonly digest: string; readonly clauses: readonly ClauseText[] }>>;

const STORE = 'dist/spec/clause-texts.json';
const digestOf = (markdown: string): string => createHash('sha256').update(markdown).digest('hex');

let stored: Read | undefined;

function readBefore(): Read {
  try {
    return JSON.parse(readFileSync(join(packageRoot(), STORE), 'utf8')) as Read;
  } catch {
    return {}; // Not built, or half: the Markdown is there.
  }
}

/** The clauses of a file of the spec. */
export function clauseTexts(markdown: string, file: string): readonly ClauseText[] {
  stored ??= readBefore();
  const before = stored[file];
  return before?.digest === digestOf(markdown) ? before.clauses : readClauseTexts(markdown);
}

function store(): void {
  const root = packageRoot();
  const files = readdirSync(join(root, 'spec'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => readdirSync(join(root, 'spec', name)).map((file) => `spec/${name}/${file}`))
    .filter((file) => file.endsWith('.md'));
  const read = files.map((file) => {
    const markdown = readFileSync(join(root, file), 'utf8');
    return [file, { digest: digestOf(markdown), clauses: readClauseTexts(markdown) }];
  });
  writeFileSync(join(root, STORE), JSON.stringify(Object.fromEntries(read)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) store();
