/**
 * The co-operative run: the loop takes turns with Node's own on one thread.
 *
 *     BUSY      a turn each setImmediate: one iteration of the loop, which polls but does not wait; between two turns
 *               Node serves its own timers and sockets
 *     ASLEEP    nothing to do: a sleeper waits for the loop's fds and its next deadline; Node goes on
 *
 *     state \ event   iteration was idle   iteration was not   sleeper is awake   stopped
 *     -------------   ------------------   -----------------   ----------------   --------
 *     BUSY            ASLEEP               BUSY                -                  resolved
 *     ASLEEP          -                    -                   BUSY               (wakes the sleeper, by the waker)
 *
 * Whoever changes the loop while it is ASLEEP, from a callback of Node's for instance, writes to the waker.
 */
import { PollSet } from '../../posix/index.js';
import { Sleeper } from './sleeper.js';

/** What the co-operative run needs of its loop. */
export interface Turns {
  /** Called once, before the first turn, at the bottom of the stack. */
  begin(): void;
  /**
   * One iteration.
   * @returns How long there is nothing to do, whole ms; -1: forever; undefined: the loop was stopped.
   */
  turn(): number | undefined;
  /** Adds to a set what the loop waits for; from here until the next turn, a change must wake the sleeper. */
  sleep(set: PollSet): void;
}

/** Takes turns until the loop is stopped; rejects with what leaves a turn. */
export async function takeTurns(loop: Turns): Promise<void> {
  const sleeper = await Sleeper.acquire();
  const set = new PollSet();
  try {
    await new Promise<void>((resolve, reject: (error: Error) => void) => {
      const turn = () => {
        try {
          const idleMs = loop.turn();
          if (idleMs === undefined) return resolve();
          if (idleMs === 0) return void setImmediate(turn);
          set.clear();
          loop.sleep(set);
          sleeper.sleep(set, idleMs, turn);
        } catch (error) {
          reject(error as Error);
        }
      };
      setImmediate(() => {
        loop.begin();
        turn();
      });
    });
  } finally {
    sleeper.release();
  }
}
