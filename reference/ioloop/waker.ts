/**
 * The waker: an eventfd that the loop watches for READ, so that another thread can end its wait. LOOP-WAKE-1
 *
 * An eventfd is a counter. A write adds to it and never blocks (it would take 2^64 of them); a read takes all of it:
 * one read drains it, however many wrote. LOOP-WAKE-7, LOOP-WAKE-8
 *
 * Threads outlive loops. Once the waker is closed, its number may stand for anybody's file, where eight stray bytes do
 * harm. So who writes goes through a gate: a shared integer that counts the threads inside, and whose sign says closed.
 *
 *     write                          close
 *     -----------------------------  --------------------------------------
 *     gate += 1                      gate |= CLOSED: nobody writes any more
 *     if it was open: write(2)       while threads are inside: wait for them
 *     gate -= 1                      close(2)
 *
 * LOOP-WAKE-9
 */
import { EFD_CLOEXEC, EFD_NONBLOCK, check, posix as kernel, type Posix } from '../../posix/index.js';

/** Sign bit of a 32-bit integer: the count below it is added and subtracted all the same. */
const CLOSED = -0x80000000;
const COUNT = 0x7fffffff;

/** What a thread needs to write. Survives postMessage. */
export interface WakerToken {
  readonly fd: number;
  /** Over a SharedArrayBuffer. */
  readonly gate: Int32Array;
}

/** 1, in the machine's byte order. */
const ONE = new Uint8Array(new BigUint64Array([1n]).buffer);

/** Makes the waker's fd readable, on whatever thread; nothing happens once the waker is closed. */
export function writeToWaker({ fd, gate }: WakerToken, posix: Posix = kernel): void {
  const before = Atomics.add(gate, 0, 1);
  if (before >= 0) posix.write(fd, ONE);
  if (Atomics.sub(gate, 0, 1) < 0) Atomics.notify(gate, 0);
}

export class Waker {
  readonly token: WakerToken;
  readonly #posix: Posix;
  readonly #counter = new Uint8Array(8);

  constructor(posix: Posix) {
    this.#posix = posix;
    const fd = check(posix.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), 'eventfd');
    this.token = { fd, gate: new Int32Array(new SharedArrayBuffer(4)) };
  }

  /** Makes the fd readable. */
  write(): void {
    writeToWaker(this.token, this.#posix);
  }

  /** Makes the fd quiet again. */
  drain(): void {
    this.#posix.read(this.token.fd, this.#counter);
  }

  /** To be called once. */
  close(): void {
    const { fd, gate } = this.token;
    Atomics.or(gate, 0, CLOSED);
    for (let value = Atomics.load(gate, 0); (value & COUNT) !== 0; value = Atomics.load(gate, 0)) {
      Atomics.wait(gate, 0, value);
    }
    this.#posix.close(fd);
  }
}
