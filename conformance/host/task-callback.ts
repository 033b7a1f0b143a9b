/**
 * The function that a loop gets for a callback that is scheduled as a task: one function, however often it is scheduled,
 * since a loop may mistake two tasks for one only if they look the same to it. LOOP-TASK-3
 *
 * Which of the schedules a call answers can't be told from the call. They are taken in order, as far as there are any: calls
 * that are missing, or too many, show all the same.
 */
import type { Callback } from '../../spec/contract.js';

export class TaskCallback {
  readonly #waiting: number[] = [];
  #last = 0;

  /** @param enter runs the callback on behalf of a token */
  constructor(private readonly enter: (token: number) => void | Promise<void>) {}

  /** Another schedule is under way. */
  expect(token: number): void {
    this.#waiting.push(token);
  }

  /** The loop has refused it. */
  forget(token: number): void {
    const index = this.#waiting.indexOf(token);
    if (index >= 0) this.#waiting.splice(index, 1);
  }

  readonly call: Callback = () => {
    this.#last = this.#waiting.shift() ?? this.#last;
    return this.enter(this.#last);
  };
}
