/**
 * The reference IOStream: a buffered, non-blocking stream over an fd, on the reference IOLoop. To be read in this order:
 *
 *     iostream.ts       what happens when; the states; the public calls
 *     input.ts          the reading half: when it wants bytes, and when it has ended
 *     reads.ts          the kinds of reads, and what satisfies them; delimiter-search.ts
 *     read-buffer.ts    the bytes between kernel and reader; chunk-queue.ts, chunk.ts
 *     write-queue.ts    the bytes between writer and kernel; fifo.ts
 *     callbacks.ts      how many callbacks have a turn, and what becomes of their exceptions and promises
 *     promises.ts       the promise form of every call
 *     transport.ts      what an fd is; connect.ts: how it gets a peer
 *     errors.ts         what is refused, and how things fail; arguments.ts
 */
export * from './errors.js';
export {
  IOStream,
  MAX_READ_BYTES,
  type Consumer,
  type IOStreamOptions,
  type StreamLoop,
} from './iostream.js';
