/**
 * Time as a simulated thread sees it: it passes when the thread works, and when it sleeps, and at no other moment.
 *
 * Both clocks count nanoseconds, as integers: exact for the first hundred days.
 */
/** Where the monotonic clock begins: the machine has been up for 17 minutes. */
const BOOT_NS = 1e12;
/** What `process.hrtime` takes. */
const READING_NS = 50;

export class VirtualClock {
  nowNs = BOOT_NS;
  cpuNs = 0;

  reset(): void {
    this.nowNs = BOOT_NS;
    this.cpuNs = 0;
  }

  /** The thread is busy for so long. */
  work(ns: number): void {
    this.nowNs += ns;
    this.cpuNs += ns;
  }

  /** The thread sleeps until then. */
  sleepUntil(ns: number): void {
    if (ns > this.nowNs) this.nowNs = ns;
  }

  /** As CLOCK_MONOTONIC. To look takes time too, so that a thread that waits for a moment by looking at the clock arrives there. */
  monotonicMs(): number {
    this.work(READING_NS);
    return this.nowNs / 1e6;
  }

  /** As CLOCK_THREAD_CPUTIME_ID. */
  threadCpuMs(): number {
    this.work(READING_NS);
    return this.cpuNs / 1e6;
  }
}
