/**
 * Whether a loop went on without calling somebody who was to be called.
 */
import type { History, LoopRun, Timer } from '../trace/history.js';
import type { Deadlines } from './deadlines.js';
import { horizonAfter } from './horizons.js';
import { oversleptBetween, type Oversleep } from './oversleep.js';

interface Waiting {
  readonly loop: string;
  readonly at: number;
}

/** The run of the loop in which it had its first chance. O(runs). */
export function firstRunOf(h: History, { loop, at }: Waiting): LoopRun | undefined {
  const within = h.runAt(at);
  return within?.loop === loop ? within : h.runs.find((run) => run.loop === loop && run.from > at);
}

/** The step, unless the loop was told to stop before, or another run began. */
function fairly(h: History, waiting: Waiting, step: number | undefined): number | undefined {
  const run = firstRunOf(h, waiting);
  if (step === undefined || run === undefined || step < run.from || step > run.to) return undefined;
  return run.stops.some((stop) => stop.index > waiting.at && stop.index < step) ? undefined : step;
}

/** For somebody to be called in the next round, who never was: the step by which that had passed. */
export function missedRound(h: History, sleeps: readonly Oversleep[], waiting: Waiting): number | undefined {
  const passed = horizonAfter(h, waiting.loop, waiting.at)?.to;
  const slept = oversleptBetween(sleeps, waiting.loop, waiting.at, h.end)?.to;
  return fairly(h, waiting, passed) ?? fairly(h, waiting, slept);
}

/** For a timer that never was called: the step by which the loop had polled enough since its deadline. */
export function missedDeadline(h: History, deadlines: Deadlines, timer: Timer): number | undefined {
  const due = deadlines.latest(timer) + deadlines.apart;
  const passed = h.horizons.find(
    ({ loop, from, to }) =>
      loop === timer.loop &&
      from > timer.at &&
      h.timeOf(from) >= due &&
      // Else a backlog may not be worked off yet.
      !h.timers.some(
        ({ frames: [first] }) => first !== undefined && first.enter!.index > from && first.enter!.index < to,
      ),
  );
  return fairly(h, timer, passed?.to);
}
