/**
 * The group `python`: a virtual environment with the event loops that python.txt pins.
 *
 * A stamp, written last, holds the hash of what was installed; so an installation that was broken off, or is out of
 * date, is made anew, and a finished one costs one read.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../spec/package-root.js';
import { PeerError, type Group } from './group.js';

const root = packageRoot();
const PINS = join(root, 'scripts/peers/python.txt');
const FOLDER = join(root, '.peers/python');
const STAMP = join(FOLDER, 'evspec-stamp');
/** Interpreter of the environment. */
export const PEER_PYTHON = join(FOLDER, 'bin/python');

/** The oldest Python that the pinned releases run on. */
const OLDEST = [3, 11] as const;
const CANDIDATES = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11'];

/** Exits with 0 if it is young enough and can make environments; else says why not. */
const PROBE = `
import sys
if sys.version_info < (${OLDEST.join(', ')}): sys.exit("it is Python %d.%d" % sys.version_info[:2])
try: import ensurepip, venv
except ImportError: sys.exit("it lacks venv (Debian: apt-get install python3-venv)")
`;

export const python: Group = {
  about: 'Tornado and uvloop in a virtual environment (.peers/python)',
  install() {
    const wanted = createHash('sha256').update(readFileSync(PINS)).digest('hex');
    if (existsSync(PEER_PYTHON) && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return;
    const interpreter = findPython();
    rmSync(FOLDER, { recursive: true, force: true });
    run(interpreter, ['-m', 'venv', FOLDER]);
    run(PEER_PYTHON, [
      ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'],
      ...['--require-hashes', '--only-binary', ':all:', '--requirement', PINS],
    ]);
    writeFileSync(STAMP, wanted);
  },
};

function findPython(): string {
  const found: string[] = [];
  for (const candidate of CANDIDATES) {
    const probe = spawnSync(candidate, ['-c', PROBE], { encoding: 'utf8' });
    if (probe.status === 0) return candidate;
    if (probe.error === undefined && found.length === 0)
      found.push(` (${candidate}: ${probe.stderr.trim()})`);
  }
  throw new PeerError(
    `the group 'python' needs Python ${OLDEST.join('.')} or newer as python3${found.join('')}`,
  );
}

function run(command: string, args: readonly string[]): void {
  // What it prints goes to stderr: stdout is for whoever reads this command's.
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    throw new PeerError(
      `'${command} ${args.slice(0, 3).join(' ')} …' failed: ${error?.message ?? `exit code ${status}`}`,
    );
  }
}
