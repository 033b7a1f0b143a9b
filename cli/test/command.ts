/** Runs the built command, as a user would. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { loadSuite } from '../../conformance/suite.js';
import { packageRoot } from '../../spec/package-root.js';

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export const fixture = (name: string): string => join(packageRoot(), 'fixtures', name);

/** An adapter of the reference that is wrong in one way: its timers can't be cancelled. */
export const STUBBORN = `
import subject from ${JSON.stringify(pathToFileURL(join(packageRoot(), 'dist/fixtures/subjects/reference.js')).href)};
export default {
  ...subject,
  name: 'stubborn',
  createLoop(logger) {
    const loop = subject.createLoop(logger);
    loop.removeTimeout = () => undefined;
    return loop;
  },
};
`;

/** The name of some check that must exercise the clause. */
export const checkOf = (clause: string): string =>
  loadSuite().checks.find(({ clauses }) => clauses.includes(clause))!.scenario.name;

/** Its arguments, and what stands on its standard input. */
export function evspecWith(input: string, ...words: string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    // What a test runner adds for its children slows each start down, and dies of the signals that checks send.
    const plain = ['-u', 'NODE_OPTIONS', '-u', 'NODE_V8_COVERAGE', process.execPath];
    const child = spawn('env', [...plain, join(packageRoot(), 'dist/cli/main.js'), ...words], {
      env: { ...process.env, COLUMNS: '' },
    });
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, out, err });
    });
    child.stdin.end(input);
  });
}

export const evspec = (...words: string[]): Promise<Ended> => evspecWith('', ...words);
