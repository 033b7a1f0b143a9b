/**
 * Processes, threads, and signals to them.
 */
import type { Result } from './errno.js';
import { libc, result } from './libc.js';

/**
 * Numbers for `syscall`, man 2 syscall: each architecture has its own. Older libcs (glibc before 2.30, musl before
 * 1.2.2) have no function for the first two.
 */
const SYS =
  process.arch === 'x64'
    ? { gettid: 186, tgkill: 234, exitGroup: 231 }
    : { gettid: 178, tgkill: 131, exitGroup: 94 };

export function getpid(): number {
  return process.pid;
}

export function gettid(): number {
  return libc.syscall(SYS.gettid, 0, 0, 0);
}

export function kill(pid: number, signal: number): Result {
  return result(libc.kill(pid, signal));
}

export function tgkill(pid: number, tid: number, signal: number): Result {
  return result(libc.syscall(SYS.tgkill, pid, tid, signal));
}

export function exit(code: number): never {
  libc.syscall(SYS.exitGroup, code, 0, 0);
  throw new Error('exit_group(2) has returned');
}
