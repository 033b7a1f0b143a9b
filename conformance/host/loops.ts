/**
 * The loops of a scenario, by name, and which of them its actions mean.
 */
import type { Logger, Loop, LoopSubject } from '../../spec/contract.js';
import { Impossible } from './impossible.js';

export interface NamedLoop {
  readonly name: string;
  readonly loop: Loop;
  /** How many of its starts are under way. */
  starts: number;
  closed: boolean;
}

export class Loops {
  private readonly byName = new Map<string, NamedLoop>();
  private selected: NamedLoop;

  constructor(
    private readonly subject: LoopSubject,
    private readonly logger: Logger,
  ) {
    this.selected = this.create('main');
  }

  get current(): NamedLoop {
    return this.selected;
  }

  create(name: string): NamedLoop {
    const made = { name, loop: this.subject.createLoop(this.logger), starts: 0, closed: false };
    this.byName.set(name, made);
    return made;
  }

  use(name: string): void {
    const named = this.byName.get(name);
    if (named === undefined)
      throw new Impossible(`'useLoop' names the loop '${name}', which has not been made`);
    this.selected = named;
  }

  /** For the host, when a scenario is over before its end. */
  stopAll(): void {
    for (const { loop, starts } of this.byName.values()) if (starts > 0) quietly(() => loop.stop());
  }

  closeAll(): void {
    for (const named of this.byName.values()) {
      if (named.closed) continue;
      named.closed = true;
      quietly(() => named.loop.close());
    }
  }
}

/** Clean-up is not part of the trace; what fails in it shows in the count of fds. */
export function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // See above.
  }
}
