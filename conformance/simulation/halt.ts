/**
 * The end of a simulated machine before its program's end: in a real process, somebody would have to kill it.
 */
export class Halt extends Error {
  override readonly name: string = 'Halt';
}

/** The only thread sleeps, and nothing is scheduled that could wake it. */
export class Deadlock extends Halt {
  override readonly name = 'Deadlock';

  constructor(call: string) {
    super(
      `the loop sleeps for ever: ${call} waits without a deadline, and nothing is left that could happen`,
    );
  }
}

/** It makes system call after system call, and comes to no end. */
export class Runaway extends Halt {
  override readonly name = 'Runaway';

  constructor(calls: number) {
    super(`the loop does not come to an end: ${calls} system calls were made`);
  }
}
