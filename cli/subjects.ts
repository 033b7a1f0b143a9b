/** How the words of the command line become the command that starts a subject. */
import { existsSync, statSync } from 'node:fs';
import { delimiter, extname, join, resolve } from 'node:path';
import { commandLine, type Launch } from '../conformance/subject/launch.js';
import { packageRoot } from '../spec/package-root.js';
import { UsageError } from './errors.js';

/** What was said about the subject. */
export interface SubjectWords {
  readonly subject?: string | undefined;
  readonly asyncio?: string | undefined;
  readonly python?: string | undefined;
  /** After `--`. */
  readonly command?: readonly string[] | undefined;
}

export interface Subject {
  readonly launch: Launch;
  /** For sentences about it. */
  readonly label: string;
  /** The words that choose it again, to stand at the end of a command line. */
  readonly words: string;
}

/** Subjects that have a name: the module that a host loads, from the package's root. */
const NAMED: Readonly<Record<string, string>> = {
  reference: 'dist/fixtures/subjects/reference.js',
  'reference:poll': 'dist/fixtures/subjects/reference-poll.js',
  'reference:select': 'dist/fixtures/subjects/reference-select.js',
  'reference:run': 'dist/fixtures/subjects/reference-run.js',
};
export const DEFAULT_SUBJECT = 'reference';
export const SUBJECT_NAMES = Object.keys(NAMED);

const JAVASCRIPT = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'];
const PYTHON = ['.py'];

const javascriptHost = (module: string): Launch => ({
  command: process.execPath,
  args: [join(packageRoot(), 'dist/conformance/host/main.js'), module],
});

/** The interpreter: as asked for, else the one that has the peers installed, else the system's. */
function interpreter(asked: string | undefined): string {
  const fromEnvironment = process.env['EVSPEC_PYTHON'] ?? '';
  const own = join(packageRoot(), '.peers/python/bin/python');
  return asked ?? (fromEnvironment !== '' ? fromEnvironment : existsSync(own) ? own : 'python3');
}

function pythonHost(asked: string | undefined, args: readonly string[]): Launch {
  const path = [join(packageRoot(), 'conformance/adapters/python'), process.env['PYTHONPATH'] ?? ''];
  return {
    command: interpreter(asked),
    args: ['-m', 'evspec_host', ...args],
    env: { PYTHONPATH: path.filter((folder) => folder !== '').join(delimiter) },
  };
}

const quoted = (...words: string[]): string => commandLine({ command: words[0]!, args: words.slice(1) });

function fileSubject(file: string, python: string | undefined): Subject {
  const extension = extname(file).toLowerCase();
  const isPython = PYTHON.includes(extension);
  if (!isPython && !JAVASCRIPT.includes(extension)) {
    const names = SUBJECT_NAMES.join(', ');
    throw new UsageError(
      `there is no subject '${file}': name one of ${names}, or a file ending in ${[...JAVASCRIPT, ...PYTHON].join(', ')}; a command that speaks the protocol goes after '--'`,
    );
  }
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true)
    throw new UsageError(
      `there is no file '${file}': --subject takes the path of an adapter, or one of ${SUBJECT_NAMES.join(', ')}`,
    );
  const path = resolve(file);
  return {
    launch: isPython ? pythonHost(python, [path]) : javascriptHost(path),
    label: file,
    words: quoted('--subject', file, ...(python === undefined ? [] : ['--python', python])),
  };
}

/** @throws UsageError */
export function chooseSubject({ subject, asyncio, python, command }: SubjectWords): Subject {
  const given = [subject, asyncio, command].filter((word) => word !== undefined).length;
  if (given > 1)
    throw new UsageError(
      `there can be one subject only: choose between --subject, --asyncio and a command after '--'`,
    );
  if (command !== undefined) {
    const [program, ...args] = command;
    if (program === undefined)
      throw new UsageError(`there is nothing after '--': put the command there that starts the subject`);
    const words = commandLine({ command: program, args });
    return { launch: { command: program, args }, label: `'${words}'`, words: `-- ${words}` };
  }
  if (asyncio !== undefined) {
    if (!/^[\w.]+:[\w.]+$/.test(asyncio))
      throw new UsageError(
        `'${asyncio}' is not MODULE:FACTORY: say for example --asyncio uvloop:new_event_loop`,
      );
    return {
      launch: pythonHost(python, ['--asyncio', asyncio]),
      label: asyncio,
      words: quoted('--asyncio', asyncio, ...(python === undefined ? [] : ['--python', python])),
    };
  }
  const name = subject ?? DEFAULT_SUBJECT;
  const module = NAMED[name];
  if (module === undefined) return fileSubject(name, python);
  return { launch: javascriptHost(join(packageRoot(), module)), label: name, words: `--subject ${name}` };
}

/** What failures are compared with; nothing if the subject is that very loop. */
export function referenceFor(subject: Subject): Launch | undefined {
  const reference = chooseSubject({ subject: DEFAULT_SUBJECT });
  return subject.words === reference.words ? undefined : reference.launch;
}
