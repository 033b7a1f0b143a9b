/**
 * Load: wrk, one thread of it.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { packageRoot } from '../../spec/package-root.js';

const SCRIPT = join(packageRoot(), 'bench/http/load.lua');

export interface Load {
  readonly connections: number;
  /** Requests that a connection sends at once. */
  readonly depth: number;
  /** How long a connection waits on average before it sends again; 0: not at all. */
  readonly delayMs: number;
}

export interface Loaded {
  readonly requests: number;
  readonly seconds: number;
}

/**
 * @param prefix what wrk is started by
 * @throws Error if one request was not answered by 2xx or 3xx
 */
export async function wrk(
  port: number,
  { connections, depth, delayMs }: Load,
  seconds: number,
  prefix: readonly string[],
): Promise<Loaded> {
  const [file, ...args] = [
    ...prefix,
    ...['wrk', '--threads', '1', '--connections', String(connections), '--duration', `${seconds}s`],
    ...['--script', SCRIPT, `http://127.0.0.1:${port}/`, '--', String(depth), String(delayMs)],
  ];
  const child = spawn(file!, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const failed = new Promise<never>((_resolve, reject) => child.on('error', reject));
  const printed = await Promise.race([text(child.stdout), failed]);
  const last = printed.trim().split('\n').at(-1) ?? '';
  if (!last.startsWith('{')) throw new Error(`wrk has not measured anything:\n${printed}`);
  const { errors, ...loaded } = JSON.parse(last) as Loaded & { readonly errors: number };
  if (errors > 0) throw new Error(`${errors} of ${loaded.requests} requests failed`);
  return loaded;
}
