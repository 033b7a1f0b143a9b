/**
 * The arrows between the project's folders (docs/architecture.md), held over the imports as they are, types included.
 *
 * A folder that imports what it should not know is no matter of taste here: the kit is believed because it doesn't know
 * the loop that it judges.
 */
import { existsSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import t from 'tap';
import ts from 'typescript';
import { filesBelow, root, textOf } from './sources.js';

/** What each floor may import; itself always. The longest matching path is a file's floor. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  posix: [],
  spec: [],
  reference: ['spec', 'posix'],
  conformance: ['spec'],
  'conformance/host': ['spec', 'posix'],
  cli: ['conformance', 'spec'],
  fixtures: ['reference', 'spec', 'posix'],
};
/** What the tests of a floor may import besides: they put together what is built apart. */
const TESTS: Readonly<Record<string, readonly string[]>> = {
  // Helpers of all tests.
  '': ['test'],
  spec: ['conformance'],
  'conformance/host': ['conformance'],
  fixtures: ['conformance', 'cli'],
};
/** Not part of what is published: may import anything. */
const FREE = ['scripts', 'test', 'bench'];

/** The one place for each package; the others get at it through that place. Tests may import any. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  koffi: ['posix'],
  zod: ['spec', 'conformance', 'cli'],
  'fast-check': ['conformance'],
  'mdast-util-from-markdown': ['spec'],
  mdast: ['spec'],
  'ts-node': ['conformance/host'],
  typescript: ['conformance/host', 'fixtures'],
  commander: ['cli'],
};

const FLOORS = [...Object.keys(ARROWS), ...FREE].sort((a, b) => b.length - a.length);
const floorOf = (path: string): string | undefined =>
  FLOORS.find((floor) => path === floor || path.startsWith(`${floor}/`));
const isTest = (path: string): boolean => /(^|\/)test\//.test(path);

interface Import {
  readonly from: string;
  readonly line: number;
  readonly specifier: string;
}

/** Every module that a file names: import and export declarations, `import()`, `require`, types, Worker scripts. */
function importsOf(path: string, text = textOf(path)): Import[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: Import[] = [];
  const note = (node: ts.Node | undefined): void => {
    if (node === undefined || !ts.isStringLiteralLike(node)) return;
    const { line } = source.getLineAndCharacterOfPosition(node.getStart());
    found.push({ from: path, line: line + 1, specifier: node.text });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) note(node.moduleSpecifier);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) note(node.argument.literal);
    else if (ts.isExternalModuleReference(node)) note(node.expression);
    else if (ts.isCallExpression(node)) {
      const { expression } = node;
      const loads = ts.isIdentifier(expression)
        ? expression.text === 'require'
        : expression.kind === ts.SyntaxKind.ImportKeyword;
      if (loads) note(node.arguments[0]);
    } else if (ts.isNewExpression(node) && node.expression.getText() === 'URL') {
      // new Worker(new URL('./worker.js', import.meta.url)): loads a file as an import does.
      const [file, base] = node.arguments ?? [];
      if (base?.getText() === 'import.meta.url' && /\.[jt]s['"]$/.test(file?.getText() ?? '')) note(file);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** The file or package that an import means. */
function targetOf({ from, specifier }: Import): { file: string } | { package: string } | { builtin: true } {
  if (specifier.startsWith('.')) return { file: normalize(join(dirname(from), specifier)) };
  if (specifier.startsWith('node:') || builtinModules.includes(specifier)) return { builtin: true };
  const words = specifier.split('/');
  const name = specifier.startsWith('@') ? words.slice(0, 2).join('/') : words[0]!;
  // The package itself, by its own name.
  return name === 'evspec' ? { file: words.slice(1).join('/') } : { package: name };
}

/** What is wrong with an import, and what to do; undefined if nothing is. */
function flawOf(found: Import): string | undefined {
  const { from, line, specifier } = found;
  const floor = floorOf(from);
  if (floor === undefined) return `${from}: belongs to no floor; name its folder in test/arrows.test.ts`;
  if (FREE.includes(floor)) return undefined;
  const where = `${from}:${line} imports '${specifier}'`;
  const target = targetOf(found);
  if ('builtin' in target) return undefined;
  if ('package' in target) {
    if (isTest(from)) return undefined;
    const homes = PACKAGES[target.package];
    if (homes === undefined)
      return `${where}, a package without a place: name it in PACKAGES of test/arrows.test.ts, or do without`;
    if (homes.includes(floor)) return undefined;
    return `${where}, which belongs to ${homes.join(' and ')}: put there what you need of it, and import that`;
  }
  if (!existsSync(join(root, target.file.replace(/\.js$/, '.ts'))) && !existsSync(join(root, target.file)))
    return `${where}, which does not exist`;
  const to = floorOf(target.file);
  if (to === undefined) return `${where}, which belongs to no floor`;
  if (isTest(target.file) && !isTest(from))
    return `${where}, a file of a test: move what you need out of test/, or the file that needs it in`;
  const allowed = [
    floor,
    ...ARROWS[floor]!,
    ...(isTest(from) ? [...TESTS['']!, ...(TESTS[floor] ?? [])] : []),
  ];
  if (allowed.includes(to)) return undefined;
  const remedy =
    floor.startsWith('conformance') && to === 'reference'
      ? 'the kit judges the reference and must not know it: have cli/ name it as a subject, by its path'
      : `${floor}/ may know ${ARROWS[floor]!.join(', ') || 'nothing of the house'}: hand it what it needs as an argument, or move the code to the lower floor`;
  return `${where}, of ${to}/: ${remedy}`;
}

const sources = [...Object.keys(ARROWS).filter((floor) => !floor.includes('/')), ...FREE]
  .filter((folder) => existsSync(join(root, folder)))
  .flatMap((folder) => filesBelow(folder, /\.[mc]?[jt]s$/));
const imports = sources.flatMap((path) => importsOf(path));

void t.test('every import follows an arrow', (t) => {
  t.ok(imports.length > 300, 'the imports were found');
  t.same(
    imports.map(flawOf).filter((flaw) => flaw !== undefined),
    [],
  );
  t.end();
});

void t.test('within the reference, too, arrows point down: the loop knows no stream', (t) => {
  const up = imports.filter(
    (found) =>
      found.from.startsWith('reference/ioloop/') &&
      !isTest(found.from) &&
      found.specifier.includes('/iostream'),
  );
  t.same(up, []);
  t.end();
});

void t.test('every floor has files', (t) => {
  for (const floor of Object.keys(ARROWS))
    t.ok(
      sources.some((path) => floorOf(path) === floor),
      floor,
    );
  t.end();
});

void t.test('what is not allowed is found', (t) => {
  const flaw = (from: string, specifier: string) => flawOf({ from, specifier, line: 1 });
  t.match(flaw('conformance/judge.ts', '../reference/ioloop/index.js'), /must not know it/);
  t.match(flaw('conformance/judge.ts', '../posix/index.js'), /conformance\/ may know spec/);
  t.match(flaw('conformance/run.ts', './host/run.js'), /conformance\/ may know spec/);
  t.match(flaw('conformance/host/run.ts', '../judge.js'), /conformance\/host\/ may know spec, posix/);
  t.match(flaw('cli/main.ts', '../posix/index.js'), /cli\/ may know conformance, spec/);
  t.match(flaw('spec/trace.ts', '../posix/index.js'), /nothing of the house/);
  t.match(
    flaw('reference/ioloop/ioloop.ts', '../../conformance/index.js'),
    /reference\/ may know spec, posix/,
  );
  t.match(flaw('reference/ioloop/ioloop.ts', 'koffi'), /belongs to posix/);
  t.match(flaw('cli/main.ts', 'left-pad'), /without a place/);
  t.match(flaw('cli/main.ts', './test/help.js'), /does not exist|a file of a test/);
  t.equal(flaw('conformance/host/run.ts', '../../posix/index.js'), undefined);
  t.equal(flaw('cli/program.ts', 'node:fs'), undefined);
  t.end();
});

void t.test('imports of every form are seen', (t) => {
  const text = `
    import { a } from './a.js';
    import type { B } from './b.js';
    export * from './c.js';
    const d = await import('./d.js');
    type E = import('./e.js').E;
    const f = require('./f.js');
    new Worker(new URL('./g.js', import.meta.url));
    import h = require('./h.js');
    import './i.js';
    import(elsewhere);
  `;
  const found = importsOf('cli/none.ts', text).map(({ specifier }) => specifier);
  t.same(
    found,
    ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((name) => `./${name}.js`),
  );
  t.end();
});
