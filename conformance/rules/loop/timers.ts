/** Rules of `spec/loop/timers.md`. */
import { FAR_MS, type History, type Timer } from '../../trace/history.js';
import type { Frame } from '../../trace/timeline.js';
import { deadlinesOf, type Deadlines, NOISE_US } from '../deadlines.js';
import { missedDeadline } from '../missed.js';
import { hangs, oversleeps, oversleptBetween } from '../oversleep.js';
import { periodicRules } from '../periodic.js';
import type { Rule, RuleSet, Say } from '../rule.js';
import { judgeWaiting, WINDOW_MS } from '../spin.js';
import { alwaysReady, chainOf, dueTimers, judgeFairness, readyFds } from '../starvation.js';
import { stepCounter } from '../step-counter.js';
import { goBegin, TimerOrder } from '../timer-order.js';

/** The longest timeout that `epoll_wait` takes. ms */
const LONGEST_WAIT_MS = 2_147_483_647;
/** No scenario takes as long. ms */
const BEYOND_ANY_RUN_MS = 600_000;

const enterOf = (frame: Frame): number => frame.enter!.index;
const endsOf = (h: History): number => h.frames.at(-1)?.enter?.index ?? -1;
const loopsOf = (h: History): Set<string> => new Set(h.runs.map((run) => run.loop));
const closedBefore = (h: History, at: number): boolean =>
  h.steps.some((step) => step.index < at && step.action?.op === 'closeLoop');

/** Another callback ran on after the frame: a second call would have had its time. */
const wentOn = (h: History, frame: Frame): boolean =>
  frame.exit !== undefined && endsOf(h) > frame.exit.index;

/** The loop went on past the time: it polled after it, or fired a timer that was due later. */
function wentPast(h: History, deadlines: Deadlines, loop: string, after: number, time: number): boolean {
  const polled = h.horizons.some(
    (horizon) => horizon.loop === loop && horizon.from > after && h.timeOf(horizon.from) >= time,
  );
  if (polled) return true;
  return h.timers.some(
    (timer) =>
      timer.loop === loop &&
      timer.frames.some((frame) => enterOf(frame) > after) &&
      deadlines.earliest(timer) >= time + deadlines.apart,
  );
}

/** Timers with one deadline, set one after the other in one callback. */
function* ties(h: History): Generator<Timer[]> {
  const cached = h.subject.choices['timers.clock'] === 'cached';
  const groups = new Map<string, Timer[]>();
  for (const timer of h.timers) {
    if (timer.base === undefined && !cached) continue;
    const read = timer.base === undefined ? '' : `@${timer.clockReadAt}`;
    const key = `${timer.loop}:${goBegin(h, timer)}${read}+${timer.delay}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [timer]);
    else group.push(timer);
  }
  for (const group of groups.values()) if (group.length > 1) yield group;
}

function bySetter(h: History): Map<Frame, Timer[]> {
  const groups = new Map<Frame, Timer[]>();
  for (const timer of h.timers) {
    const group = groups.get(timer.by);
    if (group === undefined) groups.set(timer.by, [timer]);
    else group.push(timer);
  }
  return groups;
}

/** A timer that was due when it was set had to be called without a wait. */
function calledAtOnce(
  h: History,
  say: Say,
  wanted: (timer: Timer) => boolean,
  kept: (timer: Timer, frame: Frame) => void,
): void {
  const deadlines = deadlinesOf(h);
  const sleeps = oversleeps(h);
  for (const timer of h.timers) {
    if (timer.failed !== undefined || timer.cancelledAt !== Infinity || !wanted(timer)) continue;
    const frame = timer.frames[0];
    const until = frame === undefined ? h.end : enterOf(frame);
    const sleep = oversleptBetween(sleeps, timer.loop, timer.at, until);
    const missed = frame === undefined ? missedDeadline(h, deadlines, timer) : undefined;
    if (sleep !== undefined)
      say.broken(sleep.to, `timer ${timer.run}, due when it was set, waited while the loop slept`);
    else if (missed !== undefined)
      say.broken(missed, `timer ${timer.run}, due when it was set, was not called though the loop went on`);
    else if (frame !== undefined) kept(timer, frame);
  }
}

/** A timer beyond any run must neither fail nor fire nor keep the loop awake. */
const longTimers =
  (from: number, to: number): Rule =>
  (h, say) => {
    const those = h.timers.filter(({ delay }) => delay >= from && delay <= to);
    if (those.length === 0) return;
    const waiting = stepCounter(h);
    for (const { failed, at, frames, delay, cancelledAt } of those) {
      if (failed !== undefined) {
        if (!closedBefore(h, at)) say.broken(at, `a timer of ${delay} ms can't be set: ${failed.text}`);
        continue;
      }
      if (frames[0] !== undefined) say.broken(enterOf(frames[0]), `a timer of ${delay} ms fired`);
      waiting.during(at, Math.min(cancelledAt, frames[0] === undefined ? Infinity : enterOf(frames[0])));
    }
    const waits = waiting.counts();
    const threw = h.frames.some((frame) => frame.raised !== undefined);
    for (const run of h.runs)
      if (run.raised !== undefined && !threw && waits[run.to - 1]! > 0)
        say.broken(run.to, `the run ended with an error while a long timer was set: ${run.raised.text}`);
    const longest = Math.max(...h.timers.map((timer) => timer.delay));
    if (h.registrations.length + h.signalHandlers.length > 0 || longest > to || isBusy(h)) return;
    judgeWaiting(h, say, (gap) => waits[gap.from]! > 0, `while a timer of ${those[0]!.delay} ms was set`);
  };

/** Another thread wakes the loop more often than once in a window. */
const isBusy = (h: History): boolean =>
  h.steps.some(
    ({ action }) => action?.op === 'thread' && (action.times ?? 1) > 1 && (action.every ?? 0) < WINDOW_MS,
  );

/** Nothing else is there that could wake the loop, or keep it awake. */
const hasOnlyTimers = (h: History): boolean =>
  h.registrations.length + h.wakeups.length + h.signalHandlers.length === 0;

export const timerRules: RuleSet = {
  'LOOP-TIMER-1': (h, say) => {
    const deadlines = deadlinesOf(h);
    const order = new TimerOrder(h, deadlines);
    const hung = hangs(h);
    for (const timer of h.timers) {
      if (timer.failed !== undefined || timer.cancelledAt !== Infinity) continue;
      const { run, delay, frames } = timer;
      const [first, second] = frames;
      if (second !== undefined) say.broken(enterOf(second), `timer ${run} was called ${frames.length} times`);
      else if (first !== undefined) {
        if (wentOn(h, first)) say.kept();
        continue;
      }
      const passed = order.passedBy(timer);
      const missed = missedDeadline(h, deadlines, timer);
      if (passed !== undefined)
        say.broken(passed.at, `timer ${run} was not called, though timer ${passed.by.run} was due later`);
      else if (missed !== undefined)
        say.broken(missed, `timer ${run} was not called, though the loop went on after its deadline`);
      else if (hung?.loop === timer.loop && delay < FAR_MS)
        say.broken(h.end - 1, `timer ${run} of ${delay} ms was not called; the loop hung`);
    }
  },

  'LOOP-TIMER-2': (h, say) => {
    const deadlines = deadlinesOf(h);
    const slack = h.subject.timerResolutionMs * 1000 + NOISE_US;
    for (const timer of h.timers) {
      const frame = timer.frames[0];
      const due = deadlines.earliest(timer);
      if (frame === undefined || due === -Infinity) continue;
      const early = due - h.timeOf(enterOf(frame));
      if (early > slack)
        say.broken(
          enterOf(frame),
          `a timer of ${timer.delay} ms fired ${(early / 1000).toFixed(3)} ms early`,
        );
      else say.kept();
    }
  },

  'LOOP-TIMER-3': (h, say) => {
    const deadlines = deadlinesOf(h);
    const order = new TimerOrder(h, deadlines);
    for (const timer of h.timers) {
      const { cancelledAt: at, frames, loop, run } = timer;
      if (at === Infinity || timer.failed !== undefined || frames.some((frame) => enterOf(frame) < at))
        continue;
      // One that was due already is LOOP-TIMER-10's.
      if (deadlines.dueAt(timer) < at) continue;
      const late = h.firstRunAfter(timer, at);
      if (late !== undefined) say.broken(enterOf(late), `timer ${run} fired after it was cancelled`);
      else if (
        (order.passedBy(timer)?.at ?? -1) > at ||
        wentPast(h, deadlines, loop, at, deadlines.latest(timer))
      )
        say.kept();
    }
  },

  'LOOP-TIMER-4': (h, say) => {
    for (const tied of ties(h)) {
      const fired = tied.flatMap(({ frames }) => (frames[0] === undefined ? [] : [enterOf(frames[0])]));
      const pairs = fired.slice(1).flatMap((at, i) => {
        const before = fired[i]!;
        return h.runAt(before) === h.runAt(at) ? [{ at: Math.max(before, at), fifo: before < at }] : [];
      });
      // A clock of whole milliseconds may tick between the reading of it and the setting of the timer. That makes one late.
      const slips = h.subject.timerResolutionMs > 0 ? Math.max(1, tied.length / 16) : 0;
      const disordered = pairs.filter(({ fifo }) => !fifo).length > slips;
      for (const { at, fifo } of pairs) if (fifo || disordered) say.chose(fifo ? 'fifo' : 'other', at);
    }
  },

  'LOOP-TIMER-5': (h, say) => {
    for (const { timer, frame, overtakenBy, inOrder } of new TimerOrder(h, deadlinesOf(h)).firings) {
      if (overtakenBy !== undefined)
        say.broken(
          enterOf(frame),
          `timer ${timer.run} fired after timer ${overtakenBy.run}, which was due later`,
        );
      else if (inOrder) say.kept();
    }
  },

  'LOOP-TIMER-6': (h, say) => {
    const order = new TimerOrder(h, deadlinesOf(h));
    const threw = h.frames.some((frame) => frame.raised !== undefined);
    for (const tied of ties(h)) {
      const good = tied.filter((timer) => timer.failed === undefined);
      const bad = tied.find((timer) => timer.failed !== undefined);
      if (bad !== undefined && good.length > 0 && !closedBefore(h, bad.at)) {
        say.broken(bad.at, `the second timer with one deadline can't be set: ${bad.failed!.text}`);
        continue;
      }
      const lost = good.find((timer) => timer.frames.length === 0 && timer.cancelledAt === Infinity);
      const passed = lost && order.passedBy(lost);
      const raised = lost && h.runs.find((run) => run.raised !== undefined && run.to > lost.at);
      if (passed !== undefined)
        say.broken(passed.at, `timer ${lost!.run} was not called; others have its deadline`);
      else if (raised !== undefined && !threw)
        say.broken(
          raised.to,
          `the run ended with an error while timers had one deadline: ${raised.raised!.text}`,
        );
      else if (lost === undefined && good.length > 1 && good.every((timer) => timer.frames.length === 1))
        say.kept();
    }
  },

  'LOOP-TIMER-7': (h, say) => {
    const { apart } = deadlinesOf(h);
    for (let i = 1; i < h.timers.length; i++) {
      const [a, b] = [h.timers[i - 1]!, h.timers[i]!];
      if (a.by !== b.by || a.by.kind === 'main' || a.base !== undefined || b.base !== undefined) continue;
      if (a.loop !== b.loop || a.delay < 0 || b.delay < 0 || goBegin(h, a) !== goBegin(h, b)) continue;
      // Sooner by its delay, later by the time that passed between the two calls.
      const later = h.timeOf(b.at - 1) + b.delay * 1000 - (h.timeOf(a.at) + a.delay * 1000);
      if (a.delay * 1000 < b.delay * 1000 + apart || later < apart) continue;
      const [first, second] = [a.frames[0], b.frames[0]];
      if (first === undefined || second === undefined) continue;
      if (h.runAt(enterOf(first)) !== h.runAt(enterOf(second))) continue;
      say.chose(
        enterOf(first) < enterOf(second) ? 'live' : 'cached',
        Math.max(enterOf(first), enterOf(second)),
      );
    }
  },

  'LOOP-TIMER-8': (h, say) => {
    const deadlines = deadlinesOf(h);
    const due = (timer: Timer): boolean =>
      timer.base === undefined ? timer.delay === 0 : deadlines.latest(timer) <= h.timeOf(timer.at - 1);
    calledAtOnce(h, say, due, () => say.kept());
  },

  'LOOP-TIMER-9': (h, say) => {
    const negative = ({ base, delay }: Timer): boolean => base === undefined && delay < 0;
    for (const timer of h.timers)
      if (negative(timer) && timer.failed !== undefined && !closedBefore(h, timer.at))
        say.chose('rejected', timer.at);
    calledAtOnce(h, say, negative, (_, frame) => say.chose('as-zero', enterOf(frame)));
  },

  'LOOP-TIMER-10': (h, say) => {
    const deadlines = deadlinesOf(h);
    const order = new TimerOrder(h, deadlines);
    for (const timer of h.timers) {
      const { cancelledAt: at, frames, loop, run } = timer;
      if (at === Infinity || timer.failed !== undefined || frames.some((frame) => enterOf(frame) < at))
        continue;
      const { frame: canceller } = h.steps[at]!;
      // Both were due before the first of them was called.
      if (canceller.kind !== 'timer' || deadlines.dueAt(timer) >= enterOf(canceller)) continue;
      const late = h.firstRunAfter(timer, at);
      if (late !== undefined)
        say.broken(
          enterOf(late),
          `timer ${run} fired after timer ${canceller.run}, due with it, had cancelled it`,
        );
      else if (
        (order.passedBy(timer)?.at ?? -1) > at ||
        wentPast(h, deadlines, loop, at, deadlines.latest(timer))
      )
        say.kept();
    }
  },

  'LOOP-TIMER-11': (h, say) => {
    for (const { frames, cancels } of h.timers) {
      for (const { index, record } of cancels) {
        if (!frames.some((frame) => enterOf(frame) < index) || closedBefore(h, index)) continue;
        say.chose(record.k === 'did' && record.raised !== undefined ? 'error' : 'ignored', index);
      }
    }
  },

  'LOOP-TIMER-12': (h, say) => {
    for (const loop of loopsOf(h))
      judgeFairness(
        h,
        say,
        chainOf(h, 'timer', loop),
        'a timer without delay that sets itself again',
        readyFds(h, loop),
      );
  },

  'LOOP-TIMER-13': (h, say) => {
    if (!hasOnlyTimers(h) || h.timers.some((timer) => timer.delay >= BEYOND_ANY_RUN_MS)) return;
    const forTimer = (to: number): boolean => {
      const { record } = h.steps[to]!;
      return record.k === 'enter' && (record.as === 'timer' || record.as === 'periodic');
    };
    judgeWaiting(h, say, (gap) => forTimer(gap.to), 'while it waited for timers');
  },

  'LOOP-TIMER-14': longTimers(BEYOND_ANY_RUN_MS, LONGEST_WAIT_MS),
  'LOOP-TIMER-15': longTimers(LONGEST_WAIT_MS + 1, Infinity),

  'LOOP-TIMER-16': (h, say) => {
    const deadlines = deadlinesOf(h);
    const order = new TimerOrder(h, deadlines);
    const overtaken = new Map(order.firings.map(({ timer, overtakenBy }) => [timer, overtakenBy]));
    const sleeps = oversleeps(h);
    const far = stepCounter(h);
    for (const { failed, delay, at, frames, cancelledAt } of h.timers)
      if (failed === undefined && delay >= FAR_MS)
        far.during(at, Math.min(cancelledAt, frames[0] === undefined ? Infinity : enterOf(frames[0])));
    const waits = far.counts();
    for (const timer of h.timers) {
      const { failed, cancelledAt, at, by, frames, delay, loop, run } = timer;
      if (failed !== undefined || cancelledAt !== Infinity || by.kind === 'main') continue;
      if (delay >= FAR_MS / 2 || waits[at]! === 0) continue;
      const frame = frames[0];
      const other = overtaken.get(timer) ?? order.passedBy(timer)?.by;
      const sleep = oversleptBetween(sleeps, loop, at, frame === undefined ? h.end : enterOf(frame));
      if (sleep !== undefined)
        say.broken(sleep.to, `timer ${run} of ${delay} ms waited until a far timer was due`);
      else if (other !== undefined && other.at < at && other.delay >= FAR_MS)
        say.broken(
          frame === undefined ? h.end - 1 : enterOf(frame),
          `timer ${run} waited for timer ${other.run}`,
        );
      else if (frame !== undefined) say.kept();
    }
  },

  'LOOP-TIMER-17': (h, say) => {
    const deadlines = deadlinesOf(h);
    for (const loop of loopsOf(h))
      judgeFairness(
        h,
        say,
        alwaysReady(h, loop),
        'handlers of fds that stay ready',
        dueTimers(h, deadlines, loop),
      );
  },

  'LOOP-TIMER-18': (h, say) => {
    const deadlines = deadlinesOf(h);
    const handlers = stepCounter(h);
    for (const frame of h.frames) if (frame.kind === 'handler') handlers.since(enterOf(frame));
    const handled = handlers.counts();
    const ready = new Map([...loopsOf(h)].map((loop) => [loop, alwaysReady(h, loop).waiting]));
    for (const [frame, timers] of bySetter(h)) {
      // The loop could not look at them before the callback ended, and then all were due.
      const end = frame.exit?.index ?? h.runs.find((run) => run.from > timers.at(-1)!.at)?.from;
      if (end === undefined) continue;
      const due = timers.filter(
        (timer) =>
          timer.cancelledAt === Infinity &&
          timer.frames.length > 0 &&
          !deadlines.dueWhenSet(timer) &&
          deadlines.latest(timer) + deadlines.apart <= h.timeOf(end),
      );
      const entered = due.map((timer) => enterOf(timer.frames[0]!)).sort((a, b) => a - b);
      const [first, last] = [entered[0], entered.at(-1)];
      if (first === undefined || last === undefined || first === last || first < end) continue;
      if (h.runAt(first) !== h.runAt(last)) continue;
      if (handled[last] !== handled[first])
        say.broken(
          last,
          `of ${due.length} timers that were due together, the last fired after fds had been served`,
        );
      else if ((ready.get(due[0]!.loop)?.[last] ?? 0) > 0) say.kept();
    }
  },

  ...periodicRules,
};
