/**
 * What surrounds a run in a simulated process, in place of threads, /proc and Node's loop.
 */
import { Impossible } from '../host/impossible.js';
import type { FdCount, Surroundings } from '../host/surroundings.js';
import type { Machine } from './machine.js';
import type { SimulatedThread } from './simulated-thread.js';

class SimulatedFds implements FdCount {
  private soft: number | undefined;

  constructor(private readonly machine: Machine) {}

  count(): number {
    return this.machine.table.count;
  }

  limit(spare: number): number {
    const { table } = this.machine;
    this.soft ??= table.limit.soft;
    let limit = 0;
    for (let free = 0; free < spare || table.get(limit) !== undefined; limit++)
      if (table.get(limit) === undefined) free++;
    if (limit > table.limit.hard)
      throw new Impossible(`limitFds: ${spare} spare fds are beyond the hard limit of ${table.limit.hard}`);
    table.limit.soft = limit;
    return spare;
  }

  restore(): void {
    if (this.soft !== undefined) this.machine.table.limit.soft = this.soft;
    this.soft = undefined;
  }
}

export class SimulatedProcess implements Surroundings {
  readonly openFds: FdCount;

  constructor(
    private readonly machine: Machine,
    readonly threads: SimulatedThread,
  ) {
    this.openFds = new SimulatedFds(machine);
  }

  restoreStandardFds(): void {
    // The next scenario runs on a machine that was booted anew.
  }

  guardSignals(): () => void {
    // No signal ends a simulated process.
    return () => undefined;
  }

  raiseFromProcess(): undefined {
    this.machine.signal();
  }

  burn(ms: number): void {
    this.machine.work(ms * 1e6);
  }

  /** A blocking loop shares its thread with nobody. */
  afterTurn(callback: () => void): void {
    callback();
  }
}
