/**
 * How many scenarios one process should have in flight.
 *
 * Pipelining pays as long as an answer takes no longer than a line takes through the pipe; with scenarios that wait
 * for timers it only keeps them from an idle process. So the window is as large as what is answered in
 * {@link AHEAD}, at the pace of the last answers.
 */
const SMALLEST = 2;
const LARGEST = 8;
/** ms; about ten times the way through two pipes and two schedulers. */
const AHEAD = 4;

export class Window {
  #pace = 0;
  #last = 0;

  get size(): number {
    return Math.max(SMALLEST, Math.min(LARGEST, Math.ceil(AHEAD / this.#pace)));
  }

  /** The process was idle and got something to do. */
  begin(): void {
    this.#last = performance.now();
  }

  answered(): void {
    const now = performance.now();
    this.#pace += 0.25 * (now - this.#last - this.#pace);
    this.#last = now;
  }
}
