/**
 * Timers by deadline: a heap that knows where each of its timers is.
 *
 * The array `nodes` is a tree in which no parent comes after its children; the children of node i are
 * 4i + 1 … 4i + 4. Four children and not two halve the depth, and a node's children lie next to each other in memory.
 * Each timer carries its own index, so that cancelling needs no search. Equal deadlines are told apart by a sequence
 * number, which makes the order total: first set, first fired, and callbacks are never compared.
 */
import type { Callback } from '../../spec/contract.js';

const ARITY = 4;
/** Index of a timer that is in no heap. */
const NOWHERE = -1;

/** What became of a timer. It is DUE from when it left the heap until it fires or is cancelled. */
export type TimerState = 'waiting' | 'due' | 'over';

/** A handle for {@link TimerHeap.cancel}. */
export class Timer {
  state: TimerState = 'waiting';
  /** Where it is in the heap. */
  index = NOWHERE;

  constructor(
    /** When to fire, ms on the loop's clock. */
    readonly deadlineMs: number,
    /** Counts the timers of a heap. */
    readonly sequence: number,
    readonly callback: Callback,
  ) {}
}

/** Whether `a` fires before `b`. LOOP-TIMER-4, LOOP-TIMER-5, LOOP-TIMER-6, LOOP-SEED-7 */
function precedes(a: Timer, b: Timer): boolean {
  return a.deadlineMs < b.deadlineMs || (a.deadlineMs === b.deadlineMs && a.sequence < b.sequence);
}

export class TimerHeap {
  readonly #nodes: Timer[] = [];
  #nextSequence = 0;

  /** How many timers wait. O(1) */
  get size(): number {
    return this.#nodes.length;
  }

  /** The first deadline, ms on the loop's clock; undefined if no timer waits. O(1) */
  get firstDeadlineMs(): number | undefined {
    return this.#nodes[0]?.deadlineMs;
  }

  /** Makes a timer and puts it in. O(log n) */
  add(deadlineMs: number, callback: Callback): Timer {
    const timer = new Timer(deadlineMs, this.#nextSequence++, callback);
    this.#insert(timer);
    return timer;
  }

  /** Sees to it that a timer does not fire, if it has not yet. O(log n) */
  cancel(timer: Timer): void {
    if (this.#nodes[timer.index] === timer) this.#removeAt(timer.index);
    timer.state = 'over'; // LOOP-TIMER-10
  }

  /** Takes the first timer out, if it is due. O(log n) */
  takeDue(nowMs: number): Timer | undefined {
    const first = this.#nodes[0];
    if (first === undefined || first.deadlineMs > nowMs) return undefined;
    this.#removeAt(0);
    first.state = 'due';
    return first;
  }

  /** Puts a due timer back, to its old place among equals. O(log n) */
  putBack(timer: Timer): void {
    timer.state = 'waiting';
    this.#insert(timer);
  }

  #insert(timer: Timer): void {
    this.#siftUp(timer, this.#nodes.length);
  }

  #removeAt(index: number): void {
    this.#at(index).index = NOWHERE;
    const last = this.#nodes.pop() as Timer;
    if (index === this.#nodes.length) return;
    const parent = (index - 1) >> 2;
    if (index > 0 && precedes(last, this.#at(parent))) this.#siftUp(last, index);
    else this.#siftDown(last, index);
  }

  /** Places a timer at `index` or above, moving later parents down. */
  #siftUp(timer: Timer, index: number): void {
    while (index > 0) {
      const parent = (index - 1) >> 2;
      if (!precedes(timer, this.#at(parent))) break;
      this.#place(this.#at(parent), index);
      index = parent;
    }
    this.#place(timer, index);
  }

  /** Places a timer at `index` or below, moving earlier children up. */
  #siftDown(timer: Timer, index: number): void {
    for (;;) {
      const child = this.#firstChild(index);
      if (child === undefined || !precedes(child, timer)) break;
      const below = child.index;
      this.#place(child, index);
      index = below;
    }
    this.#place(timer, index);
  }

  /** The child of a node that fires first. */
  #firstChild(index: number): Timer | undefined {
    const start = index * ARITY + 1;
    let first = this.#nodes[start];
    if (first === undefined) return undefined;
    const end = Math.min(start + ARITY, this.#nodes.length);
    for (let i = start + 1; i < end; i++) {
      const sibling = this.#at(i);
      if (precedes(sibling, first)) first = sibling;
    }
    return first;
  }

  #place(timer: Timer, index: number): void {
    this.#nodes[index] = timer;
    timer.index = index;
  }

  #at(index: number): Timer {
    return this.#nodes[index] as Timer;
  }
}
