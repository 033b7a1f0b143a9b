/**
 * Whether the loop slept while it waited, by the thread's CPU time between callbacks.
 *
 * A quiet window of 20 ms costs at most 0.4 ms of CPU time, on busy cores too. A spinning one costs all that the thread gets: 5 ms and
 * more where three others want its core, and less where more do. So there is a share that shows a spin, a far smaller one that shows
 * sleep, and between them nothing is said: the kit runs the check again, and at last calls its clause unexercised.
 *
 * What disturbs is a garbage collection of the subject's language. It disturbs one window, not three, so the costliest of several
 * windows is left out, and fewer prove nothing.
 */
import type { History } from '../trace/history.js';
import type { Say } from './rule.js';
import { stepCounter } from './step-counter.js';

/** A span in which the loop ran, but none of its callbacks: two neighbouring steps. */
export interface Gap {
  readonly from: number;
  readonly to: number;
}

/** Neighbouring gaps that add up to at least {@link WINDOW_MS}. */
export interface Window extends Gap {
  readonly wallMs: number;
  /** Without what the rounds themselves may cost. */
  readonly cpuMs: number;
}

export const WINDOW_MS = 20;
/** So many windows are needed for a judgement. A check waits for them: three timers of 21 ms, one after the other. */
export const WINDOWS = 3;
/** CPU time that one round may take for itself: to wake up, to find the callback, to poll again. ms */
const ROUND_MS = 0.25;

/**
 * All gaps, in order. Not what follows the last callback of a run, where a loop tidies up; nor what a barrier lies over, which
 * keeps the loop busy.
 */
export function* gaps(h: History): Generator<Gap> {
  const barriers = stepCounter(h);
  for (const { at, failed, frames } of h.barriers)
    if (failed === undefined) barriers.during(at, frames[0]?.enter?.index ?? h.end);
  const busy = barriers.counts();
  for (let to = 1; to < h.end; to++) {
    const before = h.steps[to - 1]!.record.k;
    const after = h.steps[to]!.record.k;
    const waits = before === 'starting' || before === 'exit' || before === 'log';
    if (waits && (after === 'enter' || after === 'log') && busy[to - 1] === 0) yield { from: to - 1, to };
  }
}

/** Cuts the wanted gaps into windows. */
export function windowsOf(h: History, wanted: (gap: Gap) => boolean): Window[] {
  const windows: Window[] = [];
  let open: Window | undefined;
  for (const gap of gaps(h)) {
    if (!wanted(gap)) continue;
    const cpu = (h.cpuOf(gap.to) - h.cpuOf(gap.from)) / 1000;
    open = {
      from: open?.from ?? gap.from,
      to: gap.to,
      wallMs: (open?.wallMs ?? 0) + (h.timeOf(gap.to) - h.timeOf(gap.from)) / 1000,
      cpuMs: (open?.cpuMs ?? 0) + Math.max(0, cpu - ROUND_MS),
    };
    if (open.wallMs < WINDOW_MS) continue;
    windows.push(open);
    open = undefined;
  }
  return windows;
}

/**
 * A spinning thread gets a sixth of the time where five others want its core. A sleeping one was seen to take a fourteenth on such a
 * host, and a false alarm is worse than a spin that a flooded host hides.
 */
const SPINS = 1 / 6;
/** A spin was seen to get a thirteenth on a host with seven others for each core; there a loop that slept took a thousandth. */
const SLEEPS = 1 / 25;

/**
 * Says whether the loop spun in the wanted gaps; nothing, if they are too short or too few to tell, or the host too busy.
 * @param when what was special about these gaps; ends the sentence of the finding
 */
export function judgeWaiting(h: History, say: Say, wanted: (gap: Gap) => boolean, when: string): void {
  const windows = windowsOf(h, wanted);
  if (windows.length < WINDOWS) return;
  const costliest = windows.reduce((a, b) => (a.cpuMs > b.cpuMs ? a : b));
  const rest = windows.filter((window) => window !== costliest);
  const cpuMs = rest.reduce((sum, window) => sum + window.cpuMs, 0);
  const wallMs = rest.reduce((sum, window) => sum + window.wallMs, 0);
  if (cpuMs <= wallMs * SLEEPS) return say.kept();
  if (cpuMs <= wallMs * SPINS) return;
  say.broken(
    rest[0]!.to,
    `the thread used ${cpuMs.toFixed(1)} ms of CPU time in ${wallMs.toFixed(1)} ms without callbacks, ${when}; ` +
      `this is without the costliest of ${windows.length} windows`,
  );
}
