/**
 * What is going to happen without the loop's thread: the deeds of another thread, a segment that is sent again.
 *
 * There are a handful at any time, so a sorted list it is. Who is scheduled is an object with a method, not a closure, and
 * is scheduled at most once at a time.
 */
export interface Happening {
  /** When, ns. Set by the agenda. */
  dueNs: number;
  happen(): void;
}

export class Agenda {
  /** Sorted; of equal ones the earlier scheduled first. */
  private readonly list: Happening[] = [];
  /** When the next one is due, ns; Infinity: nothing is going to happen. */
  nextNs = Infinity;

  reset(): void {
    this.list.length = 0;
    this.nextNs = Infinity;
  }

  schedule(happening: Happening, dueNs: number): void {
    happening.dueNs = dueNs;
    let i = this.list.length;
    while (i > 0 && this.list[i - 1]!.dueNs > dueNs) i--;
    this.list.splice(i, 0, happening);
    this.nextNs = this.list[0]!.dueNs;
  }

  cancel(happening: Happening): void {
    const i = this.list.indexOf(happening);
    if (i < 0) return;
    this.list.splice(i, 1);
    this.nextNs = this.list[0]?.dueNs ?? Infinity;
  }

  /** Lets everything happen that is due. */
  happen(nowNs: number): void {
    while (this.nextNs <= nowNs) {
      const first = this.list.shift()!;
      this.nextNs = this.list[0]?.dueNs ?? Infinity;
      first.happen();
    }
  }
}
