/**
 * Limits of the process. (man 2 getrlimit)
 */
import { EINVAL, type Result } from './errno.js';
import { libc, result } from './libc.js';

/** A limit: `soft` is enforced, and a process may set it to anything up to `hard`. Infinity: no limit. */
export interface Rlimit {
  soft: number;
  hard: number;
}

/** `struct rlimit`: soft, then hard. */
const words = new BigUint64Array(2);
/** What stands for "no limit": all bits set. */
const RLIM_INFINITY = 2n ** 64n - 1n;

export function getrlimit(resource: number, limit: Rlimit): Result {
  const r = result(libc.getrlimit(resource, words));
  if (r < 0) return r;
  limit.soft = decode(words[0]);
  limit.hard = decode(words[1]);
  return r;
}

export function setrlimit(resource: number, limit: Readonly<Rlimit>): Result {
  if (!valid(limit.soft) || !valid(limit.hard)) return -EINVAL;
  words[0] = encode(limit.soft);
  words[1] = encode(limit.hard);
  return result(libc.setrlimit(resource, words));
}

function decode(word = 0n): number {
  return word === RLIM_INFINITY ? Infinity : Number(word);
}

function encode(limit: number): bigint {
  return limit === Infinity ? RLIM_INFINITY : BigInt(limit);
}

function valid(limit: number): boolean {
  return limit >= 0 && (limit === Infinity || Number.isInteger(limit));
}
