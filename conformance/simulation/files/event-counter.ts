/** An eventfd: a counter of 64 bits that can be waited for. (man 2 eventfd; fs/eventfd.c) */
import { EAGAIN, EFD_SEMAPHORE, EINVAL, O_RDWR, POLLIN, POLLOUT, type Result } from '../../../posix/index.js';
import type { Machine } from '../machine.js';
import { OpenFile } from './open-file.js';

/** It holds less than this. */
const CEILING = 2n ** 64n - 1n;
const SIZE = 8;

/** An integer in the machine's byte order. */
const integer = new BigUint64Array(1);
const octets = new Uint8Array(integer.buffer);

export class EventCounter extends OpenFile {
  private count: bigint;
  private readonly one: boolean;

  constructor(machine: Machine, initial: number, flags: number) {
    super(machine, O_RDWR | (flags & ~EFD_SEMAPHORE));
    this.count = BigInt(initial);
    this.one = (flags & EFD_SEMAPHORE) !== 0;
  }

  get type(): number {
    return 0;
  }

  ready(): number {
    return (this.count > 0n ? POLLIN : 0) | (this.count < CEILING - 1n ? POLLOUT : 0);
  }

  read(bytes: Uint8Array, offset: number, length: number): Result {
    if (length < SIZE) return -EINVAL;
    if (this.count === 0n) return -EAGAIN;
    integer[0] = this.one ? 1n : this.count;
    this.count -= integer[0];
    bytes.set(octets, offset);
    this.notify(POLLOUT);
    return SIZE;
  }

  write(bytes: Uint8Array, offset: number, length: number): Result {
    // Exactly; before Linux 6.8 or so, what was more was ignored.
    if (length !== SIZE) return -EINVAL;
    octets.set(bytes.subarray(offset, offset + SIZE));
    const added = integer[0]!;
    if (added === CEILING) return -EINVAL;
    if (added >= CEILING - this.count) return -EAGAIN;
    this.count += added;
    this.notify(POLLIN);
    return SIZE;
  }

  protected released(): void {
    // The counter is all there is.
  }
}
