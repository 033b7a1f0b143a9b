/**
 * The one source of chance in a simulation: sfc32, by Chris Doty-Humphrey. 128 bits of state, a few additions and shifts
 * a number, and the same numbers from the same seed everywhere.
 */
export class Prng {
  private a = 0;
  private b = 0;
  private c = 0;
  private counter = 0;

  constructor(seed: number) {
    this.reset(seed);
  }

  reset(seed: number): void {
    // What the author of sfc32 recommends: the seed in one word, and a dozen rounds until it has reached all of them.
    this.a = 0;
    this.b = seed | 0;
    this.c = (seed / 2 ** 32) | 0;
    this.counter = 1;
    for (let i = 0; i < 12; i++) this.next();
  }

  /** 32 random bits. */
  next(): number {
    const sum = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + sum;
    return sum >>> 0;
  }

  /** An integer from 0 to `end` - 1. */
  below(end: number): number {
    return Math.floor((this.next() / 2 ** 32) * end);
  }

  /** An integer from `first` to `last`, both included. */
  between(first: number, last: number): number {
    return first + this.below(last - first + 1);
  }

  /** True once in `times`, on average. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }
}
