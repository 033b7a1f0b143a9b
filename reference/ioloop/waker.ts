/**
 * The waker: an eventfd that the loop watches for READ, so that another thread can end its wait. LOOP-WAKE-1
 *
 * An eventfd is a counter. A write adds to it and never blocks (it would take 2^64 of them); a read takes all of it:
 * one read drains it, however many wrote. LOOP-WAKE-7, LOOP-WAKE-8
 *
 * Threads outlive loops. Once the waker is closed, its number may stand for anybody's file, where eight stray bytes do
 * harm. So who writes goes through a gate: a shared integer that counts the threads inside, and whose sign says closed.
 * Whoever is the last, of those inside and the one who closes, closes the fd.
 *
 *     write                                     close
 *     ----------------------------------------  ------------------------------------
 *     if the gate is open: gate += 1            gate |= CLOSED: nobody enters any more
 *     write(2)                                  if nobody is inside: close(2)
 *     gate -= 1
 *     if it is CLOSED, nobody inside: close(2)
 *
 * Nobody waits for anybody, because a thread can end inside: Worker.terminate() stops JavaScript between any two of these
 * steps. Then the fd stays open for as long as the process, which harms nobody.
 *
 * LOOP-WAKE-9
 */
import { EFD_CLOEXEC, EFD_NONBLOCK, check, posix as kernel, type Posix } from '../../posix/index.js';

/** Sign bit of a 32-bit integer: the count below it is added and subtracted all the same. */
const CLOSED = -0x80000000;

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
  if (!enter(gate)) return;
  posix.write(fd, ONE);
  if (Atomics.sub(gate, 0, 1) === CLOSED + 1) posix.close(fd);
}

/** @returns False if it is closed. */
function enter(gate: Int32Array): boolean {
  for (let value = Atomics.load(gate, 0); value >= 0;) {
    const found = Atomics.compareExchange(gate, 0, value, value + 1);
    if (found === value) return true;
    value = found;
  }
  return false;
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
    if (Atomics.or(gate, 0, CLOSED) === 0) this.#posix.close(fd);
  }
}
