/**
 * A watch: one registration of one fd, from addHandler to removeHandler.
 *
 * The answer of a poll ages while it is worked through: a handler may remove another, close its fd, open a file that
 * gets the same number, and add a handler for that. So the batch of ready fds holds watches, not numbers. A number that
 * was registered again has another watch, and what was polled for the first is void: one flag, no search.
 */
import type { Handler } from '../../spec/contract.js';

export class Watch {
  /** False from removal on. LOOP-DISPATCH-1, LOOP-DISPATCH-2 */
  active = true;
  /** What the last poll found, until it is dispatched: bits of READ, WRITE, ERROR, or {@link GONE}. */
  polled = 0;

  constructor(
    readonly fd: number,
    readonly handler: Handler,
    /** Bits of READ and WRITE to watch for. ERROR is always watched for. */
    public events: number,
    /** Counts the registrations of a loop, modulo 2^32: tells two watches of the same number apart in the kernel. */
    readonly generation: number,
  ) {}
}

/** In {@link Watch.polled}: the fd was closed without removeHandler. The value of POLLNVAL. */
export const GONE = 0x20;
