/**
 * Virtual environments of Python, each with what a file of pins names, by hash.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PeerError, type Group } from './group.js';
import { installOnce, PEERS, PINS, run } from './install.js';

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

/** @param name of its folder, and of the file of pins */
function environment(name: string, about: string): Group {
  const folder = join(PEERS, name);
  const pins = join(PINS, `${name}.txt`);
  return {
    about: `${about} (.peers/${name})`,
    install() {
      installOnce(folder, [readFileSync(pins)], () => {
        run(findPython(), ['-m', 'venv', folder]);
        run(interpreter(name), [
          ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'],
          ...['--require-hashes', '--only-binary', ':all:', '--requirement', pins],
        ]);
      });
    },
  };
}

const interpreter = (name: string): string => join(PEERS, name, 'bin/python');

export const python = environment('python', 'Tornado and uvloop in a virtual environment');
/** Interpreter of that. */
export const PEER_PYTHON = interpreter('python');

export const tornado62 = environment(
  'python-tornado62',
  'Tornado 6.2, Debian 12’s, in a virtual environment',
);

function findPython(): string {
  const found: string[] = [];
  for (const candidate of CANDIDATES) {
    const probe = spawnSync(candidate, ['-c', PROBE], { encoding: 'utf8' });
    if (probe.status === 0) return candidate;
    if (probe.error === undefined && found.length === 0)
      found.push(` (${candidate}: ${probe.stderr.trim()})`);
  }
  throw new PeerError(`Python ${OLDEST.join('.')} or newer is needed as python3${found.join('')}`);
}
