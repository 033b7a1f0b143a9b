/**
 * Loads modules that are written in TypeScript, with ts-node.
 *
 * Everything is compiled to CommonJS, whatever the nearest package.json or tsconfig.json says: `require` is the one
 * way that ts-node has for loading inside of a running process, and Node can `require` the ES modules among the
 * imports. The user's own tsconfig.json is respected in all that does not concern the module format.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, parse, relative } from 'node:path';
import { NoSubject } from './no-subject.js';
import { register, TSError, type RegisterOptions, type Service } from 'ts-node';

const require = createRequire(import.meta.url);

/** Loads a module from its path. `unchecked`: its types have been checked elsewhere. */
export function requireTypeScript(path: string, mode: 'checked' | 'unchecked'): unknown {
  const service = register(optionsFor(path, mode));
  service.compile = compiler(service);
  try {
    return require(path);
  } catch (error) {
    throw error instanceof TSError ? doesNotCompile(error) : error;
  }
}

function optionsFor(path: string, mode: 'checked' | 'unchecked'): RegisterOptions {
  const folder = dirname(path);
  return {
    cwd: folder,
    projectSearchDir: folder,
    compiler: require.resolve('typescript'),
    transpileOnly: mode === 'unchecked',
    // It checks no types, whatever the user's tsconfig.json says.
    swc: false,
    pretty: false,
    // An import of './x.js' finds x.ts.
    experimentalResolver: true,
    moduleTypes: { '/**/*': 'cjs' },
    compilerOptions: {
      module: 'commonjs',
      // Knows `exports` of packages; allowed with commonjs since TypeScript 6.
      moduleResolution: 'bundler',
      target: 'es2022',
      esModuleInterop: true,
      skipLibCheck: true,
      ignoreDeprecations: '6.0',
      types: ['*'],
      typeRoots: typeRoots(folder),
      // What forbids CommonJS, or emit.
      verbatimModuleSyntax: false,
      allowImportingTsExtensions: false,
      composite: false,
      noEmit: false,
      // Whatever is imported lies below it, and TypeScript 6 wants it said when the module is not beside its tsconfig.json.
      rootDir: parse(path).root,
      rootDirs: undefined,
    },
  };
}

/** Where types without a name are looked for: as usual, and beside this package. */
function typeRoots(folder: string): string[] {
  const roots: string[] = [];
  for (const start of [folder, import.meta.dirname])
    for (let at = start, up = ''; at !== up; up = at, at = dirname(at)) {
      const root = join(at, 'node_modules/@types');
      if (!roots.includes(root) && existsSync(root)) roots.push(root);
    }
  return roots;
}

/** TypeScript makes an ES module of a .mts file whatever its options say, so that is compiled a second time, as .ts. */
function compiler(service: Service): Service['compile'] {
  const compile = service.compile.bind(service);
  return (code, fileName, lineOffset) => {
    const output = compile(code, fileName, lineOffset);
    if (!fileName.endsWith('.mts')) return output;
    const compilerOptions = { ...service.config.options, sourceMap: false, inlineSourceMap: true };
    return service.ts.transpileModule(code, { fileName: fileName.replace(/mts$/, 'ts'), compilerOptions })
      .outputText;
  };
}

/** `import.meta` and `await` at the top level: what only ES modules have. */
const NEEDS_ES_MODULE: readonly number[] = [1343, 1378, 1309];
const ADVICE =
  'TypeScript is compiled to CommonJS here: compile what needs an ES module first, and name the .js file';

/** One line that names file and line, of what may be a hundred. */
function doesNotCompile(error: TSError): NoSubject {
  const text = error.diagnosticText.trim();
  const first = /^(?<file>.*?)\((?<line>\d+),\d+\): (?<what>.*)$/m.exec(text)?.groups;
  const file = first?.['file'] === undefined ? '' : relative(process.cwd(), first['file']);
  const message =
    first === undefined ? text.split('\n', 1)[0]! : `${file}:${first['line']}: ${first['what']}`;
  const esModule = error.diagnosticCodes.some((code) => NEEDS_ES_MODULE.includes(code));
  return new NoSubject(esModule ? `${message} (${ADVICE})` : message, text);
}
