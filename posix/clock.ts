/**
 * Two clocks: how late it is, and how much this thread has worked. (man 2 clock_gettime)
 */
import { CLOCK_THREAD_CPUTIME_ID } from './constants.js';
import { libc } from './libc.js';

/**
 * `process.hrtime()` is CLOCK_MONOTONIC and not counted from anything of the process, as performance.now() is; it
 * works on every platform; and V8 takes its array apart without making it. Measured, ns a call: performance.now() 42,
 * this 54, process.hrtime.bigint() 77, clock_gettime through koffi 83.
 */
export function monotonicMs(): number {
  const time = process.hrtime();
  return time[0] * 1e3 + time[1] / 1e6;
}

/**
 * A `struct timespec`: 64 bits of seconds, 64 bits of nanoseconds; as 32-bit words, the lower ones at 0 and 2. (The
 * upper ones stay zero for the first 68 years of CPU time.)
 */
const timespec = new Int32Array(4);

/** Node 20 has no call for this clock. About 330 ns: it is a real system call, where CLOCK_MONOTONIC needs none. */
export function threadCpuMs(): number {
  libc.clock_gettime(CLOCK_THREAD_CPUTIME_ID, timespec);
  return (timespec[0] ?? 0) * 1e3 + (timespec[2] ?? 0) / 1e6;
}
