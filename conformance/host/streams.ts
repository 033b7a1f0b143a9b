/**
 * The streams of a scenario: by name, and all of them, since those that it left open are closed in the end.
 */
import type { Stream } from '../../spec/contract.js';
import { quietly } from './loops.js';
import type { Surroundings } from './surroundings.js';

/**
 * Where streams live on Node's own loop, a close may need a turn of it before the fd is gone; net.Socket needs none. What takes
 * longer than this many is a leak.
 */
const TURNS = 10;

export class Streams {
  private readonly byName = new Map<string, Stream>();
  private readonly made = new Set<Stream>();

  constructor(private readonly surroundings: Pick<Surroundings, 'afterTurn'>) {}

  /** Keeps a stream under its name. One that had the name before is closed in the end all the same. */
  keep(name: string, stream: Stream): void {
    this.byName.set(name, stream);
    this.made.add(stream);
  }

  get(name: string): Stream | undefined {
    return this.byName.get(name);
  }

  /** Its making raised, so the name stands for nothing. */
  forget(name: string): void {
    this.byName.delete(name);
  }

  /** The scenario closed it. */
  closed(stream: Stream): void {
    this.made.delete(stream);
  }

  /** Closes those that neither the scenario closed nor they themselves. */
  closeAll(): void {
    for (const stream of this.made)
      quietly(() => {
        if (stream.closed?.() !== true) stream.close();
      });
  }

  /**
   * Calls back when there is nothing more to wait for: after a turn of Node's loop, in which late calls of streams come to their
   * end; and after a few more, as long as `done` says no. Without streams at once.
   */
  settled(done: () => boolean, callback: () => void, turns = TURNS): void {
    if (this.byName.size + this.made.size === 0) return callback();
    this.surroundings.afterTurn(() => {
      if (turns <= 1 || done()) callback();
      else this.settled(done, callback, turns - 1);
    });
  }
}
