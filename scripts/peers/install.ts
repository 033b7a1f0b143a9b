/**
 * What all groups have in common: the folder of the peers, the stamp, and the tools that are called.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../spec/package-root.js';
import { PeerError } from './group.js';

export const PEERS = join(packageRoot(), '.peers');
export const PINS = join(packageRoot(), 'scripts/peers');

/**
 * Installs into an empty folder what is not there yet. A stamp, written last, holds the hash of what the installation is made from:
 * so one that was broken off, or is out of date, is made anew, and a finished one costs a few reads.
 * @param sources contents of the files that it is made from, and whatever else it depends on
 */
export function installOnce(
  folder: string,
  sources: readonly (string | Buffer)[],
  install: () => void,
): void {
  const stamp = join(folder, 'evspec-stamp');
  const hash = createHash('sha256');
  for (const source of sources) hash.update(source);
  const wanted = hash.digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  install();
  writeFileSync(stamp, wanted);
}

interface Where {
  readonly cwd?: string;
  /** Variables besides this process's own. */
  readonly env?: NodeJS.ProcessEnv;
}

/** @throws PeerError */
export function run(command: string, args: readonly string[], { cwd, env }: Where = {}): void {
  // What it prints goes to stderr: stdout is for whoever reads this command's.
  const { status, error } = spawnSync(command, args, {
    stdio: ['ignore', 2, 2],
    cwd,
    env: { ...process.env, ...env },
  });
  if (status !== 0) {
    const shown = [command, ...args.slice(0, 3)].join(' ');
    throw new PeerError(`'${shown} …' failed: ${error?.message ?? `exit code ${status}, see above`}`);
  }
}
