/**
 * Whether the loop slept on although something was to be done.
 *
 * Not by a clock: a host that stops for a while delays everything. But who sleeps until a far timer is due, and has it
 * wake him, would have slept for ever without it.
 */
import type { History, Timer } from '../trace/history.js';
import { once } from './once.js';
import { gaps, type Gap } from './spin.js';

/** Timers as long as this are the far ones here; the sentinel of a check is twice as long. ms */
const FAR_AWAY_MS = 500;

export interface Oversleep extends Gap {
  readonly loop: string;
}

const farTimers = (h: History): Timer[] =>
  h.timers.filter(({ delay, failed }) => failed === undefined && delay >= FAR_AWAY_MS && delay < 1e6);

/** Spans in which the loop slept until a far timer was due, and that in which it hung, if it did. O(steps + far sleeps × timers). */
export const oversleeps = once((h): readonly Oversleep[] => {
  const far = farTimers(h);
  const found: Oversleep[] = [];
  for (const { from, to } of gaps(h)) {
    const woken = h.timeOf(to) + h.subject.timerResolutionMs * 1000;
    if (h.timeOf(to) - h.timeOf(from) < (FAR_AWAY_MS / 2) * 1000) continue;
    const due = far.find(
      ({ at, cancelledAt, frames, notBefore }) =>
        at <= from && cancelledAt > to && (frames[0]?.enter?.index ?? to) >= to && notBefore <= woken,
    );
    if (due !== undefined) found.push({ from, to, loop: due.loop });
  }
  const hung = hangs(h);
  if (hung !== undefined) found.push(hung);
  return found;
});

/** The loop, not one of its callbacks, was at work when the subject had to be killed. */
export function hangs(h: History): Oversleep | undefined {
  const last = h.steps.at(-1)?.record.k;
  const run = h.runs.at(-1);
  if (h.trace.unfinished !== 'hung' || run === undefined || run.to !== Infinity) return undefined;
  return last === 'starting' || last === 'exit'
    ? { from: h.end - 1, to: h.end - 1, loop: run.loop }
    : undefined;
}

/** The oversleep that lies between the steps. */
export const oversleptBetween = (
  sleeps: readonly Oversleep[],
  loop: string,
  from: number,
  to: number,
): Oversleep | undefined =>
  sleeps.find((sleep) => sleep.loop === loop && sleep.from >= from && sleep.to <= to);
