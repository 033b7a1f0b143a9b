/**
 * How long the kit waits before it says that a subject hangs.
 *
 * Theory of operation. A fixed time-out is flaky on a busy host and slow on an idle one; so every budget here is made of
 * measured times, and is spent only while the subject could have made progress.
 *
 * Units. `spawnMs`: what starting and ending a Node process that does nothing costs on this host now (25 to 150 ms on an idle
 * one). `roundTripMs`: the longest time that this subject took to answer a scenario that does nothing.
 *
 *     hello     =  HELLO × spawnMs                    the start of an interpreter, of a virtual machine, of a compiler
 *     ping      =  PING × (spawnMs + time of hello)   nothing is known of the subject but how long it took to start
 *     scenario  =  what it waits for on purpose       (expected-duration.ts)
 *               +  SCENARIO × (spawnMs + roundTripMs)
 *               +  work × spawnMs / PIECES            fds, actions, rounds, records: 15 to 75 µs each
 *     bye       =  BYE × (spawnMs + roundTripMs)
 *     grace     =  GRACE × (spawnMs + roundTripMs)    for a helper process to see that its parent is gone
 *
 * The factors are generous, because they only cost time where something is broken: a subject that is right never
 * waits for one.
 *
 * Jitter. A budget is spent in slices, each of which the kit must be scheduled for itself (countdown.ts): if the host
 * stalls, is suspended or is overloaded, the kit's own timer comes late, and the slice counts only its nominal length. And time
 * in which the subject was ready to run but had no CPU, which Linux reports exactly, is not counted at all: neither
 * here nor in the measures above. So a budget is the same on a busy host as on an idle one; it only takes longer to spend.
 */
import type { Scenario } from '../../spec/scenario.js';
import { expectedDuration, work } from './expected-duration.js';
import { spawnCost } from './host-load.js';

const HELLO = 400;
const PING = 20;
const SCENARIO = 40;
const PIECES = 2000;
const BYE = 20;
const GRACE = 5;

export class Budgets {
  /** Of the slowest answer so far to a scenario that does nothing, ms. */
  roundTripMs = 0;
  readonly #spawnMs: number;
  readonly #patience: number;

  private constructor(spawnMs: number, patience: number) {
    this.#spawnMs = spawnMs;
    this.#patience = patience;
  }

  /** @param patience multiplies all budgets; Infinity (for a debugger) waits for ever */
  static async measure(patience = 1): Promise<Budgets> {
    return new Budgets(await spawnCost(), patience);
  }

  hello(): number {
    return this.#patience * HELLO * this.#spawnMs;
  }

  /** @param helloMs how long the subject took from its spawn to its hello */
  ping(helloMs: number): number {
    return this.#patience * PING * (this.#spawnMs + helloMs);
  }

  scenario(scenario: Scenario): number {
    const overhead =
      SCENARIO * (this.#spawnMs + this.roundTripMs) + (work(scenario) * this.#spawnMs) / PIECES;
    return expectedDuration(scenario) + this.#patience * overhead;
  }

  bye(): number {
    return this.#patience * BYE * (this.#spawnMs + this.roundTripMs);
  }

  grace(): number {
    return this.#patience * GRACE * (this.#spawnMs + this.roundTripMs);
  }

  /** The length of the slices in which budgets are spent, ms. */
  get slice(): number {
    return this.#spawnMs / 2;
  }
}
