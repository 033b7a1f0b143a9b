/**
 * The reference IOLoop: an event loop in the manner of Tornado's first, in TypeScript. To be read in this order:
 *
 *     ioloop.ts        the iteration, and the public calls
 *     watch.ts         what a registration is, and why events don't go stale
 *     handlers.ts      the table of them; split-interest.ts: a reader and a writer over one
 *     poller.ts        how the kernel is asked: epoll-poller.ts, poll-poller.ts, select-poller.ts, open-files.ts
 *     tasks.ts         callbacks for the next iteration
 *     timers.ts        callbacks with a deadline: timer-heap.ts, periodic.ts
 *     isolation.ts     what becomes of exceptions and promises; microtasks.ts
 *     waker.ts         how another thread ends a wait; wakeups.ts, signals.ts
 *     cooperative.ts   sharing the thread with Node's own loop; sleeper.ts
 *     errors.ts        what is refused
 */
export { ERROR, READ, StopEverything, WRITE } from '../../spec/contract.js';
export * from './errors.js';
export { EVENTS_PER_POLL } from './epoll-poller.js';
export { IOLoop, type IOLoopOptions } from './ioloop.js';
export { PeriodicCallback } from './periodic.js';
export type { PollerName } from './pollers.js';
export { Task } from './tasks.js';
export { Timer } from './timer-heap.js';
export { LoopWakeup, signalWakeup, type WakeupToken } from './wakeups.js';
