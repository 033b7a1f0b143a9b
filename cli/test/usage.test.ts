/** Wrong usage: one sentence that says what to do, and exit code 2. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { checkOf, evspec } from './command.js';

// Of a host that is busy with other work, only a hang takes so long.
t.setTimeout(300_000);

const folder = t.testdir({
  'does-not-compile.ts': `const text: number = 'a text';\nexport default text;\n`,
  'no-syntax.mjs': 'export default {{;\n',
  'wrong-export.ts': 'export default 5;\n',
  'no-default.mjs': 'export const loop = 1;\n',
  'two-words.txt': 'LOOP-TIMER-1 LOOP-TIMER-2\n',
  'matches-nothing.txt': 'LOOP-NOTHING-*\n',
  'not-a-scenario.json': '{"name": "x"}',
  'no-json.json': '{',
  'subject.txt': '',
  folder: {},
});
const file = (name: string): string => join(folder, name);
mkdirSync(file('folder'), { recursive: true });

const CASES: readonly (readonly [sentence: RegExp, ...words: string[]])[] = [
  [/there is no profile 'lop': choose from loop/, 'run', '--profile', 'lop'],
  [
    /'LOOP-NOTHING-\*' matches no clause and no check: 'evspec list' shows/,
    'run',
    '--only',
    'LOOP-NOTHING-*',
  ],
  [/'LOOP-NOTHING-\*' matches no clause/, 'list', '--skip', 'LOOP-NOTHING-*'],
  [/nothing is left to judge/, 'run', '--only', 'LOOP-READY-1', '--skip', '*'],
  [
    /does-not-compile\.ts can't be used as a subject: .*TS2322/,
    'run',
    '--subject',
    file('does-not-compile.ts'),
  ],
  [/no-syntax\.mjs can't be used as a subject: /, 'run', '--subject', file('no-syntax.mjs')],
  [
    /wrong-export\.ts can't be used as a subject: .*default export is a number/,
    'run',
    '--subject',
    file('wrong-export.ts'),
  ],
  [/no-default\.mjs can't be used as a subject: /, 'doctor', '--subject', file('no-default.mjs')],
  [/there is no subject 'nobody': name one of reference, /, 'run', '--subject', 'nobody'],
  [/there is no subject '.*subject\.txt': .*goes after '--'/, 'run', '--subject', file('subject.txt')],
  [/there is no file '.*missing\.ts': --subject takes/, 'run', '--subject', file('missing.ts')],
  [/there is no file '.*folder\.py'/, 'run', '--subject', file('folder.py')],
  [/'uvloop' is not MODULE:FACTORY: say for example/, 'run', '--asyncio', 'uvloop'],
  [/there can be one subject only/, 'run', '--subject', 'reference', '--', 'command'],
  [/there is nothing after '--'/, 'run', '--'],
  [/could not be started: .*no-such-command/, 'run', '--', 'no-such-command'],
  [
    /can't read the known failing '.*missing': there is no such file/,
    'run',
    '--known-failing',
    file('missing'),
  ],
  [/can't read the known failing '.*folder': it is a folder/, 'run', '--known-failing', file('folder')],
  [/two-words\.txt: line 1 has more than one word/, 'run', '--known-failing', file('two-words.txt')],
  [
    /matches-nothing\.txt: line 1, 'LOOP-NOTHING-\*', matches no clause/,
    'run',
    '--known-failing',
    file('matches-nothing.txt'),
  ],
  [/can't write '.*': there is no such folder/, 'run', '--output', file('missing/report')],
  [/can't write '.*folder': it is a folder/, 'run', '--output', file('folder')],
  [/knows version 1\.0 of the spec only, not '1\.1'/, 'run', '--spec', '1.1'],
  [/--jobs takes a whole number from 1, not 'many'/, 'run', '--jobs', 'many'],
  [/unknown option '--ony' \(Did you mean --only\?\)/, 'run', '--ony', 'x'],
  [/'--reporter <name>' argument 'xml' is invalid/, 'run', '--reporter', 'xml'],
  [/'--only <glob>' argument missing/, 'run', '--only'],
  [/too many arguments for 'run'/, 'run', './adapter.ts'],
  [/unknown command 'rum' \(Did you mean run\?\)/, 'rum'],
  [/there is no clause 'LOOP-TIMR-2': did you mean LOOP-TIMER-2/, 'explain', 'LOOP-TIMR-2'],
  [/there is no clause 'x': 'evspec list' shows what there is/, 'explain', 'x'],
  [/missing required argument 'clause'/, 'explain'],
  [/shows one thing at a time/, 'list', '--checks', '--choices'],
  [/this command starts no subject/, 'list', '--', 'command'],
  [
    /'LOOP-READY-1\/\S+' is neither a check nor a file: did you mean/,
    'replay',
    checkOf('LOOP-READY-1').slice(0, -1),
  ],
  [/not-a-scenario\.json is not a scenario: /, 'replay', file('not-a-scenario.json')],
  [/no-json\.json is not JSON: /, 'replay', file('no-json.json')],
  [/can't read the hello '.*missing'/, 'judge', '--hello', file('missing'), '--traces', '-'],
  [/not-a-scenario\.json is not a hello: /, 'judge', '--hello', file('not-a-scenario.json'), '--traces', '-'],
  [/required option '--hello <file>' not specified/, 'judge'],
];

for (const [sentence, ...words] of CASES)
  void t.test(words.map((word) => word.replace(`${folder}/`, '')).join(' '), async (t) => {
    const { code, out, err } = await evspec(...words);
    t.equal(code, 2);
    t.match(err, sentence);
    t.match(err, /^evspec: [^\n]+\n$/, 'one line');
    t.equal(out, '', 'and nothing else');
  });

void t.test('an empty command line shows the help, and is no success', async (t) => {
  const { code, err } = await evspec();
  t.equal(code, 2);
  t.match(err, /Usage: evspec/);
});

void t.test('help and version', async (t) => {
  for (const command of ['run', 'list', 'explain', 'replay', 'doctor', 'emit', 'judge']) {
    const { code, out, err } = await evspec(command, '--help');
    t.equal(code, 0);
    t.match(out, /Examples?:/, command);
    t.equal(err, '');
  }
  const { code, out } = await evspec('--version');
  t.equal(code, 0);
  t.match(out, /^\d+\.\d+\.\d+\n$/);
});
