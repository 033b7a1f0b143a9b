/**
 * The documents are true: their commands run, their programs compile, their links lead somewhere.
 *
 * The comment on the line before a fenced block says what it is:
 *
 *     run                      a shell script; it has to exit with 0
 *     run, exits with 1        … or with that
 *     ci                       what .ci/run does, line by line
 *     not run: REASON          a shell script that only shows how
 *     output                   what the run before it prints: '…' alone on a line stands for any lines, numbers may differ
 *     file: NAME               a file, written beside the scripts; TypeScript is compiled
 *     part of: PATH            an excerpt of a file of the project
 *
 * Scripts and programs without a mark are an error, so that none is forgotten.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import prettier from 'prettier';
import t from 'tap';
import ts from 'typescript';
import { anchorsOf, blocksOf, type Block } from './markdown.js';
import { filesBelow, root, textOf } from './sources.js';

/** Has conventions and a test of its own: peers.test.ts. */
const OWN_TEST = ['docs/peers.md'];
const DOCUMENTS = [
  'README.md',
  'CONTRIBUTING.md',
  ...filesBelow('docs', /\.md$/),
  ...filesBelow('spec', /\.md$/),
];
const PROGRAMS = ['ts', 'js', 'py', 'sh'];

/** With CI=true nothing may be missing. */
const noPython = process.env['CI'] !== 'true' && spawnSync('python3', ['--version']).status !== 0;
const needsPython = ({ text }: Block): boolean => /python|\.py\b|--asyncio/.test(text);

const place = ({ file, line }: Block): string => `${file}:${line}`;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a script as a user of the package would who has installed it in that folder. */
function sh(script: string, cwd: string): Promise<Ended> {
  return new Promise((resolve, reject) => {
    // What the test runner adds to its children slows them down and ends them on signals that they mean to survive. It is
    // added in `spawn`, so leaving it out of the environment here would not do.
    const plain = ['-u', 'NODE_OPTIONS', '-u', 'NODE_V8_COVERAGE', '-u', 'COLUMNS'];
    const child = spawn('env', [...plain, '/bin/sh', '-euc', script], {
      cwd,
      env: { ...process.env, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, out, err });
    });
  });
}

/** A line without what differs from run to run: numbers, digests, the width of columns. */
const gist = (line: string): string =>
  line
    .replace(/\b[0-9a-f]{16}\b/g, '#')
    .replace(/\d+(\.\d+)*/g, '#')
    .replace(/\s+/g, ' ')
    .trim();

/** The first line that was promised and not printed; undefined if all were. */
function missing(promised: string, printed: string): string | undefined {
  const lines = printed.trim().split('\n').map(gist);
  let next = 0;
  let skips = false;
  for (const line of promised.trim().split('\n')) {
    if (line.trim() === '…') {
      skips = true;
      continue;
    }
    const found = skips ? lines.indexOf(gist(line), next) : lines[next] === gist(line) ? next : -1;
    if (found < 0) return line;
    next = found + 1;
    skips = false;
  }
  return skips || next === lines.length ? undefined : `nothing more, but there is: ${lines[next]}`;
}

/** What the compiler says of a file, in words. */
function diagnosticsOf(path: string): string[] {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
    skipLibCheck: true,
  };
  return ts
    .getPreEmitDiagnostics(ts.createProgram([path], options))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

for (const document of DOCUMENTS) {
  const blocks = blocksOf(document);
  void t.test(document, { skip: OWN_TEST.includes(document) && 'see peers.test.ts' }, async (t) => {
    const folder = t.testdir({
      node_modules: {
        evspec: t.fixture('symlink', root),
        '.bin': { evspec: t.fixture('symlink', join(root, 'dist/cli/main.js')) },
      },
      docs: t.fixture('symlink', join(root, 'docs')),
      spec: t.fixture('symlink', join(root, 'spec')),
    });
    for (const { mark, text } of blocks)
      if (mark.startsWith('file: ')) writeFileSync(join(folder, mark.slice('file: '.length)), text);
    let skipped = false;
    let last: Ended = { code: 0, out: '', err: '' };
    for (const block of blocks) {
      const { mark, text, language } = block;
      const run = /^run(?:, exits with (\d))?$/.exec(mark);
      if (run !== null) {
        skipped = noPython && needsPython(block);
        if (skipped) {
          t.pass(`${place(block)} runs`, { skip: 'python3 is missing' });
          continue;
        }
        last = await sh(text, folder);
        t.equal(last.code, Number(run[1] ?? 0), `${place(block)} runs`, {
          printed: (last.err + last.out).slice(-4000),
        });
      } else if (mark === 'output') {
        if (skipped) continue;
        t.equal(missing(text, last.out), undefined, `${place(block)} is printed`, {
          printed: last.out.slice(0, 4000),
        });
      } else if (mark === 'ci') {
        const ci = textOf('.ci/run');
        for (const command of text.trim().split(/ && |\n/))
          t.ok(ci.includes(command), `${place(block)}: .ci/run does '${command}'`);
      } else if (mark.startsWith('file: ')) {
        const path = join(folder, mark.slice('file: '.length));
        if (!path.endsWith('.ts')) continue;
        t.same(diagnosticsOf(path), [], `${place(block)} compiles`);
        const config = await prettier.resolveConfig(join(root, 'test/docs.test.ts'));
        t.equal(
          await prettier.format(text, { ...config, parser: 'typescript' }),
          text,
          `${place(block)} is formatted`,
        );
      } else if (mark.startsWith('part of: ')) {
        const path = join(root, mark.slice('part of: '.length));
        t.ok(readFileSync(path, 'utf8').includes(text), `${place(block)} is ${mark}`);
      } else if (PROGRAMS.includes(language))
        t.match(mark, /^not run: \w/, `${place(block)} has a mark: see test/docs.test.ts`);
    }
  });

  void t.test(`links of ${document}`, (t) => {
    const prose = blocks.reduce((text, block) => text.replace(block.text, ''), textOf(document));
    for (const [, target] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target!)) continue;
      const [path, anchor] = target!.split('#');
      const file = path === '' ? document : normalize(join(dirname(document), path!));
      t.ok(existsSync(join(root, file)), `${target} exists`);
      if (anchor !== undefined && file.endsWith('.md'))
        t.ok(anchorsOf(file).has(anchor), `${target} has that heading`);
    }
    t.end();
  });
}
