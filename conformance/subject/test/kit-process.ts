/**
 * The kit in a process of its own, to see its memory and its end. A test runner's own process holds a compiler and
 * would tell nothing; so the kit's files are compiled, without checks, into a folder of the test.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { PLAIN } from './wrong.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Compiles `conformance/subject` and what it needs into a folder; returns the path of the kit's index. */
export function compileKit(folder: string): string {
  compile(folder, ['spec', 'conformance/subject']);
  return join(folder, 'conformance/subject/index.js');
}

/** Compiles the host of JavaScript subjects into a folder; returns the path of its program. */
export function compileHost(folder: string): string {
  compile(folder, ['spec', 'posix', 'conformance/host']);
  return join(folder, 'conformance/host/main.js');
}

function compile(folder: string, parts: readonly string[]): void {
  for (const part of parts) {
    mkdirSync(join(folder, part), { recursive: true });
    for (const file of readdirSync(join(root, part)).filter((name) => name.endsWith('.ts'))) {
      const source = readFileSync(join(root, part, file), 'utf8');
      const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
      const { outputText } = ts.transpileModule(source, { compilerOptions: options });
      writeFileSync(join(folder, part, file.replace(/ts$/, 'js')), outputText);
    }
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
}

/** Runs a script that may `import` the kit from `KIT`. */
export function runWithKit(kit: string, script: string): ChildProcessByStdio<null, Readable, null> {
  const source = script.replaceAll('KIT', JSON.stringify(`file://${kit}`));
  return spawn('env', [...PLAIN, process.execPath, '--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}
