/**
 * Whether another thread of this process sleeps, by what /proc says of it. No clock is asked.
 *
 * A thread sleeps in its poll if its state is S, it does not wait for a lock, and it has not been switched out once more
 * between three looks at it. The files are opened once, because a scenario may leave the process without a spare fd.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import type { Posix } from '../../posix/index.js';
import { moveUp } from './high-fds.js';

/** futex(2) by architecture: the thread waits for another one, e.g. for V8's garbage collector. */
const FUTEX: Readonly<Record<string, string>> = { x64: '202', arm64: '98' };
const LOOKS = 3;

export class SleepDetector {
  private readonly stat: number;
  private readonly status: number;
  /** Not on every kernel. */
  private readonly syscall: number | undefined;
  private readonly buffer = Buffer.alloc(4096);
  private switches: string | undefined;
  private looks = 0;

  /** @param tid the thread to look at */
  constructor(posix: Posix, tid: number) {
    const open = (file: string): number => {
      const fd = openSync(`/proc/self/task/${tid}/${file}`, 'r');
      const high = moveUp(posix, fd);
      closeSync(fd);
      return high;
    };
    this.stat = open('stat');
    this.status = open('status');
    try {
      this.syscall = open('syscall');
    } catch {
      this.syscall = undefined;
    }
  }

  /** Looks once. True when it has slept through the last few looks. */
  look(): boolean {
    const switches = this.sleeps() ? this.voluntarySwitches() : undefined;
    this.looks = switches !== undefined && switches === this.switches ? this.looks + 1 : 1;
    this.switches = switches;
    return switches !== undefined && this.looks >= LOOKS;
  }

  forget(): void {
    this.switches = undefined;
    this.looks = 0;
  }

  private sleeps(): boolean {
    const stat = this.read(this.stat);
    // The name of the thread stands in brackets before the state, and may hold anything.
    if (stat[stat.lastIndexOf(')') + 2] !== 'S') return false;
    if (this.syscall === undefined) return true;
    const call = this.read(this.syscall);
    return !call.startsWith('running') && call.slice(0, call.indexOf(' ')) !== FUTEX[process.arch];
  }

  private voluntarySwitches(): string | undefined {
    return /^voluntary_ctxt_switches:\s*(\d+)/m.exec(this.read(this.status))?.[1];
  }

  private read(fd: number): string {
    return this.buffer.toString('latin1', 0, readSync(fd, this.buffer, 0, this.buffer.length, 0));
  }
}
