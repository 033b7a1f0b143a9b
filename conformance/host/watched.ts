/**
 * What the scenario has added to the loops and not removed: numbers of fds, and with split interest their directions.
 */
import type { NamedLoop } from './loops.js';

export type Direction = 'read' | 'write';

export class Watched {
  private readonly byFd = new Map<string, Set<Direction>>();

  add(loop: NamedLoop, fd: number, direction: Direction): void {
    const key = keyOf(loop, fd);
    const directions = this.byFd.get(key);
    if (directions === undefined) this.byFd.set(key, new Set([direction]));
    else directions.add(direction);
  }

  remove(loop: NamedLoop, fd: number, direction: Direction): void {
    this.byFd.get(keyOf(loop, fd))?.delete(direction);
  }

  of(loop: NamedLoop, fd: number): Direction[] {
    return [...(this.byFd.get(keyOf(loop, fd)) ?? [])];
  }
}

const keyOf = (loop: NamedLoop, fd: number): string => `${loop.name}/${fd}`;
