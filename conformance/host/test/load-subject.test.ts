import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { packageVersion } from '../../../spec/package-root.js';
import type { Hello, Reply } from '../../../spec/protocol.js';
import {
  entered,
  hello,
  reference,
  recordsOf,
  root,
  SubjectProcess,
  withSubject,
  type Test,
} from './subject-process.js';

/** Starting a subject, and compiling one, takes long on a machine that is busy. */
t.setTimeout(300_000);

/** Files of a folder in which the package is installed; far from the tsconfig.json of the package itself. */
function project(t: Test, files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'evspec-test-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/evspec'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

async function answerOf(module: string): Promise<{ reply: Reply; stderr: string }> {
  const subject = new SubjectProcess(module);
  const reply = await subject.ask(hello);
  await subject.end();
  return { reply, stderr: subject.stderr };
}

const errorOf = async (module: string): Promise<string> => {
  const { reply } = await answerOf(module);
  return 'error' in reply ? reply.error : JSON.stringify(reply);
};
const helloOf = async (module: string): Promise<Hello> => {
  const { reply } = await answerOf(module);
  if ('hello' in reply) return reply.hello;
  throw new Error(JSON.stringify(reply));
};

/** A loop that has tasks, and no more, on Node's own; as TypeScript, and without its types. */
const TYPED = `
import { readFileSync } from 'node:fs';
import { StopEverything, type LoopSubject } from 'evspec/contract';
import { name } from './name.js';

const subject: LoopSubject = {
  name,
  version: '1' + typeof readFileSync + new StopEverything('').name + process.platform,
  facets: ['tasks', 'run', 'timers'],
  unclaimed: { manyLoops: 'there is one' },
  createLoop() {
    let stopped: () => void = () => undefined;
    return {
      addCallback: (callback) => setImmediate(() => void callback()),
      start: () => new Promise((resolve) => (stopped = resolve)),
      stop: () => stopped(),
      close: () => undefined,
    };
  },
};
export default subject;
`;
const NAME = `export const name: string = 'little';`;
const UNTYPED = `{
  name: 'little', version: '1', facets: ['tasks', 'run'],
  createLoop: () => ({ addCallback() {}, start() {}, stop() {}, close() {} }),
}`;

void t.test('TypeScript, in all sorts of projects', async (t) => {
  const strict = {
    module: 'nodenext',
    moduleResolution: 'nodenext',
    verbatimModuleSyntax: true,
    strict: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    composite: true,
    baseUrl: '.',
    rootDir: 'src',
  };
  const projects: [name: string, file: string, files: Record<string, string>][] = [
    ['bare', 'a.ts', {}],
    ['of ES modules', 'a.mts', { 'package.json': '{"type":"module"}' }],
    ['of CommonJS modules', 'a.cts', { 'package.json': '{"type":"commonjs"}' }],
    [
      'with a tsconfig.json of its own',
      'a.ts',
      {
        'package.json': '{"type":"module"}',
        'tsconfig.json': JSON.stringify({ compilerOptions: strict }),
      },
    ],
  ];
  for (const [name, file, files] of projects) {
    const folder = project(t, { ...files, [file]: TYPED, 'name.ts': NAME });
    t.match(
      await helloOf(join(folder, file)),
      {
        name: 'little',
        version: `1functionStopEverything${process.platform}`,
        language: /^TypeScript, Node \d/,
        facets: ['tasks', 'run'],
        unclaimed: { timers: 'not in its API', combined: 'not in its API', cancel: 'not in its API' },
        rounds: 'tasks',
        loop: 'ambient',
      },
      name,
    );
  }
});

void t.test('TypeScript in a folder below its tsconfig.json, with a thread that wakes it', async (t) => {
  const folder = project(t, {
    'tsconfig.json': JSON.stringify({ compilerOptions: { strict: true, outDir: 'dist', rootDir: '.' } }),
  });
  mkdirSync(join(folder, 'adapters'));
  const waking = TYPED.replace("'timers'", "'wake'")
    .replace('createLoop()', 'signalFromThread: () => undefined,\n  createLoop()')
    .replace('close: ', 'createWakeup: () => ({ signal: () => undefined, token: 1 }),\n      close: ');
  writeFileSync(join(folder, 'adapters/a.ts'), waking);
  writeFileSync(join(folder, 'adapters/name.ts'), NAME);
  const { facets, unclaimed } = await helloOf(join(folder, 'adapters/a.ts'));
  t.same(facets, ['tasks', 'run', 'wake']);
  t.equal(unclaimed['thread'], undefined);
});

void t.test('the reference is of the version of the package', async (t) => {
  t.equal((await helloOf(reference())).version, packageVersion());
});

void t.test('JavaScript', async (t) => {
  const folder = project(t, {
    'a.mjs': `export default ${UNTYPED}`,
    'a.cjs': `module.exports = ${UNTYPED}`,
    'b.cjs': `exports.__esModule = true; exports.default = ${UNTYPED}`,
    'a.js': `module.exports = ${UNTYPED}`,
    'package.json': '{}',
  });
  for (const file of ['a.mjs', 'a.cjs', 'b.cjs', 'a.js'])
    t.match(await helloOf(join(folder, file)), { name: 'little', language: /^JavaScript/ }, file);
});

void t.test('what is no subject gets a sentence', async (t) => {
  const folder = project(t, {
    'type-error.ts': `// Two lines\n\nexport const x: number = 'text';\n${TYPED}`,
    'name.ts': NAME,
    'in-import.ts': `import { y } from './type-error-too.js';\nexport default y;`,
    'type-error-too.ts': `export const y: number = 'text';`,
    'syntax.ts': `export default {;`,
    'module.ts': `export default import.meta.url;`,
    'throws.ts': `throw new RangeError('not today');\nexport default 1;`,
    'syntax.mjs': `export default {;`,
    'nothing.mjs': ``,
    'named.mjs': `export const loop = 1, other = 2;`,
    'number.mjs': `export default 5;`,
    'nameless.mjs': `export default { version: '1' };`,
    'facet.mjs': `export default { ...${UNTYPED}, facets: ['tasks', 'wings'] };`,
    'loopless.mjs': `export default { ...${UNTYPED}, createLoop: undefined };`,
    'broken.mjs': `export default { ...${UNTYPED}, createLoop() { throw new RangeError('no loop'); } };`,
  });
  const at = (file: string): string => join(folder, file);
  const { reply, stderr } = await answerOf(at('type-error.ts'));
  t.match(reply, {
    error: /type-error\.ts:3: error TS2322: Type 'string' is not assignable to type 'number'\.$/,
  });
  t.match(stderr, /type-error\.ts\(3,14\): error TS2322/, 'all diagnostics, as text');
  t.match(await errorOf(at('in-import.ts')), /type-error-too\.ts:1: error TS2322/);
  t.match(await errorOf(at('syntax.ts')), /syntax\.ts:1: error TS1/);
  t.match(
    await errorOf(at('module.ts')),
    /module\.ts:1: error TS1343: .*compile what needs an ES module first/,
  );
  t.match(await errorOf(at('throws.ts')), /^the subject can't be loaded: RangeError: not today$/);
  t.match(await errorOf(at('syntax.mjs')), /^the subject can't be loaded: SyntaxError: /);
  t.match(await errorOf(at('missing.mjs')), /^there is no file .*missing\.mjs$/);
  const should = `should export by default a LoopSubject of 'evspec/contract' \\(name, version, facets, createLoop\\)`;
  t.match(
    await errorOf(at('nothing.mjs')),
    new RegExp(`nothing\\.mjs ${should}, but has no default export: it exports nothing$`),
  );
  t.match(await errorOf(at('named.mjs')), /has no default export: it exports loop, other$/);
  t.match(await errorOf(at('number.mjs')), /but its default export is a number$/);
  t.match(await errorOf(at('nameless.mjs')), /but its 'name' is missing, not a string$/);
  t.match(await errorOf(at('facet.mjs')), /but its facet "wings" is none of ready, tasks, /);
  t.match(await errorOf(at('loopless.mjs')), /but its 'createLoop' is missing, not a function$/);
  t.match(await errorOf(at('broken.mjs')), /^the subject can't be loaded: RangeError: no loop$/);
});

void t.test('prints of the subject go to standard error, from anywhere', async (t) => {
  const folder = project(t, {
    'prints.mjs': `
      import reference from '${reference()}';
      console.log('at load');
      export default {
        ...reference,
        createLoop(logger) {
          const loop = reference.createLoop(logger);
          const addCallback = loop.addCallback.bind(loop);
          loop.addCallback = (callback) => addCallback(() => { console.log('in a callback'); process.stdout.write('raw\\n'); callback(); });
          return loop;
        },
      };`,
  });
  await withSubject(t, join(folder, 'prints.mjs'), async (run, subject) => {
    for (let i = 0; i < 3; i++) {
      const trace = await run({
        main: [{ op: 'schedule', run: 'end' }, { op: 'start' }],
        callbacks: { end: { runs: [[{ op: 'done' }]] } },
      });
      t.same(entered(trace), ['end']);
    }
    await subject.end();
    t.equal(subject.stderr.match(/in a callback\nraw\n/g)?.length, 3);
    t.match(subject.stderr, /^at load\n/);
  });
});

void t.test('exceptions that nobody catches', async (t) => {
  const folder = project(t, {
    'ambient.mjs': `
      export default {
        name: 'ambient', version: '1', facets: ['tasks', 'timers', 'run'], unclaimed: { manyLoops: 'one', closeLoop: 'never' },
        createLoop() {
          let stopped;
          return {
            addCallback: (callback) => setImmediate(callback),
            callLater: (delay, callback) => setTimeout(callback, delay),
            removeTimeout: (timer) => clearTimeout(timer),
            start: () => new Promise((resolve) => (stopped = resolve)),
            stop: () => stopped?.(),
            close() {},
          };
        },
      };`,
  });
  await withSubject(t, join(folder, 'ambient.mjs'), async (run) => {
    const trace = await run({
      main: [
        { op: 'schedule', run: 'bad' },
        { op: 'timeout', delay: 50, run: 'late' },
        { op: 'start' },
        { op: 'schedule', run: 'end' },
        { op: 'start' },
      ],
      callbacks: {
        bad: { runs: [[{ op: 'throw', kind: 'error' }]] },
        end: { runs: [[{ op: 'done' }]] },
        late: { runs: [] },
      },
    });
    t.match(
      recordsOf(trace, 'did').filter(({ op }) => op === 'start'),
      [{ raised: { type: 'Error', text: 'thrown by the scenario' } }, {}],
    );
    const quiet = await run({
      main: [{ op: 'timeout', delay: 100, run: 'end' }, { op: 'start' }],
      callbacks: { end: { runs: [[{ op: 'done' }]] } },
    });
    t.same(entered(quiet), ['end'], 'the timer of the scenario before is not heard of again');
  });
});
