/** Rules of `spec/loop/tasks.md`. */
import { FAR_MS, type History, type Task } from '../../trace/history.js';
import type { Frame } from '../../trace/timeline.js';
import { deadlinesOf } from '../deadlines.js';
import { horizonAfter } from '../horizons.js';
import { firstRunOf, missedRound } from '../missed.js';
import { oversleeps, oversleptBetween } from '../oversleep.js';
import type { RuleSet } from '../rule.js';
import { alwaysReady, chainOf, dueTimers, judgeFairness, readyFds } from '../starvation.js';
import { stepCounter } from '../step-counter.js';

const enterOf = (frame: Frame): number => frame.enter!.index;
const loopsOf = (h: History): Set<string> => new Set(h.runs.map((run) => run.loop));

/** Unscheduled at the step by another task that waited with it: they were scheduled in one callback. */
function unscheduledByMate(h: History, task: Task, at: number): Frame | undefined {
  const { frame } = h.steps[at]!;
  if (frame.kind !== 'task') return undefined;
  const mate = h.byToken[frame.token];
  return mate?.by === task.by && mate.loop === task.loop && enterOf(frame) > task.at ? frame : undefined;
}

/** Tasks that were unscheduled before they ran. */
const unscheduled = (h: History): Task[] =>
  h.tasks.filter(
    ({ failed, cancelledAt, frames }) =>
      failed === undefined &&
      cancelledAt !== Infinity &&
      !frames.some((frame) => enterOf(frame) < cancelledAt),
  );

interface Refused {
  readonly task: Task;
  /** Where its unschedule failed. */
  readonly at: number;
  /** And yet. */
  readonly late: Frame;
}

/** Tasks that waited when an attempt to unschedule them failed, and ran. */
function refused(h: History): Refused[] {
  const scheduled = new Map(h.tasks.map((task) => [task.at, task]));
  const byId = new Map<string, Task>();
  const found: Refused[] = [];
  for (const { index: at, action, record } of h.steps) {
    if (action?.op === 'schedule' && action.id !== undefined) {
      const task = scheduled.get(at);
      if (task !== undefined) byId.set(action.id, task);
    }
    if (action?.op !== 'unschedule' || record.k !== 'did' || record.raised === undefined) continue;
    const task = byId.get(action.id);
    const late = task?.frames[0];
    if (task !== undefined && late !== undefined && enterOf(late) > at) found.push({ task, at, late });
  }
  return found;
}

/** The loop ran on for some rounds. */
const passedAfter = (h: History, { loop, cancelledAt }: Task): boolean =>
  horizonAfter(h, loop, cancelledAt) !== undefined;

export const taskRules: RuleSet = {
  'LOOP-TASK-1': (h, say) => {
    for (const { at, by, frames, run } of h.tasks) {
      const first = frames[0];
      if (first === undefined) continue;
      const entered = enterOf(first);
      // A start inside the callback may well run it.
      const inside = entered < (by.exit?.index ?? h.end) && h.runAt(entered) === h.runAt(at);
      if (entered < at || inside) say.broken(entered, `task ${run} ran inside the call that scheduled it`);
      else say.kept();
    }
  },

  'LOOP-TASK-2': (h, say) => {
    const sleeps = oversleeps(h);
    const last = h.frames.at(-1)?.enter?.index ?? -1;
    for (const task of h.tasks) {
      if (task.failed !== undefined || task.cancelledAt !== Infinity) continue;
      const [first, second] = task.frames;
      if (second !== undefined)
        say.broken(enterOf(second), `task ${task.run} ran ${task.frames.length} times for one schedule`);
      else if (first === undefined) {
        const missed = missedRound(h, sleeps, task);
        if (missed !== undefined) say.broken(missed, `task ${task.run} did not run, though the loop went on`);
      } else if (last > (first.exit?.index ?? Infinity)) say.kept();
    }
  },

  'LOOP-TASK-3': (h, say) => {
    const sleeps = oversleeps(h);
    const waiting = new Map<string, Task>();
    for (const task of h.tasks) {
      if (task.failed !== undefined || task.cancelledAt !== Infinity) continue;
      const key = `${task.loop} ${task.run}`;
      const other = waiting.get(key);
      waiting.set(key, task);
      const otherRan = other?.frames[0];
      if (other === undefined || (otherRan !== undefined && enterOf(otherRan) < task.at)) continue;
      const runs = other.frames.length + task.frames.length;
      if (runs >= 2) say.kept();
      else if (runs === 1) {
        const missed = missedRound(h, sleeps, other.frames.length === 0 ? other : task);
        if (missed !== undefined)
          say.broken(missed, `callback ${task.run} was scheduled twice, and ran once`);
      }
    }
  },

  'LOOP-TASK-4': (h, say) => {
    // One that ran inside its schedule has not waited.
    const ran = h.tasks.filter(
      ({ at, frames: [first], cancelledAt }) =>
        first !== undefined && enterOf(first) > at && cancelledAt === Infinity,
    );
    for (let i = 1; i < ran.length; i++) {
      const [earlier, later] = [ran[i - 1]!, ran[i]!];
      const [a, b] = [enterOf(earlier.frames[0]!), enterOf(later.frames[0]!)];
      // They waited together, and nothing ended the run between them.
      if (earlier.loop !== later.loop || a < later.at || h.runAt(a) !== h.runAt(b)) continue;
      say.chose(a < b ? 'fifo' : 'other', Math.max(a, b));
    }
  },

  'LOOP-TASK-5': (h, say) => {
    const handlers = stepCounter(h);
    for (const frame of h.frames) if (frame.kind === 'handler') handlers.since(enterOf(frame));
    const handled = handlers.counts();
    for (const loop of loopsOf(h)) {
      const unready = stepCounter(h);
      for (const [step, ready] of alwaysReady(h, loop).waiting.entries())
        if (ready === 0) unready.during(step, step + 1);
      // How often, until each step, no fd was ready.
      let idle = 0;
      const idles = unready.counts().map((missing) => (idle += missing));
      for (const third of h.tasks) {
        if (third.loop !== loop || third.by.kind !== 'task') continue;
        const second = h.byToken[third.by.token];
        if (second === undefined || second.by.kind !== 'task') continue;
        const [last, first] = [third.frames[0], second.by];
        if (last === undefined || h.runAt(enterOf(last)) !== h.runAt(enterOf(first))) continue;
        const began = h.byToken[first.token]!.at;
        if (idles[enterOf(last)] !== idles[began]) continue;
        // A round may begin or end with its fds, so only the second round between three links is sure to show them.
        const served = handled[enterOf(last)]! > handled[enterOf(first)]!;
        say.chose(served ? 'next-round' : 'same-round', enterOf(last));
      }
    }
  },

  'LOOP-TASK-6': (h, say) => {
    const sleeps = oversleeps(h);
    // What would wake the loop by itself.
    const others = stepCounter(h);
    for (const { at, frames } of h.barriers) others.during(at, frames[0]?.enter?.index ?? h.end);
    for (const { at, frames } of h.tasks) others.during(at, frames[0]?.enter?.index ?? h.end);
    for (const { at, frames, delay } of h.timers)
      if (delay < FAR_MS) others.during(at, frames[0]?.enter?.index ?? h.end);
    for (const { switches } of h.periodics)
      for (let i = 0; i < switches.length; i += 2) others.during(switches[i]!, switches[i + 1] ?? h.end);
    const busy = others.counts();
    const ready = new Map([...loopsOf(h)].map((loop) => [loop, alwaysReady(h, loop).waiting]));
    for (const task of h.tasks) {
      const { failed, cancelledAt, at, by, loop, frames, run } = task;
      if (failed !== undefined || cancelledAt !== Infinity || by.kind === 'main') continue;
      const entered = frames[0] === undefined ? h.end : enterOf(frames[0]);
      const sleep = oversleptBetween(sleeps, loop, at, entered);
      if (sleep !== undefined) {
        const stopped = firstRunOf(h, task)?.stops.some((stop) => stop.index < sleep.from) === true;
        if (!stopped)
          say.broken(sleep.to, `task ${run}, scheduled by a ${by.kind}, waited while the loop slept`);
      } else if (frames[0] !== undefined && busy[at] === 1 && (ready.get(loop)?.[entered] ?? 0) === 0)
        say.kept();
    }
  },

  'LOOP-TASK-7': (h, say) => {
    for (const loop of loopsOf(h))
      judgeFairness(
        h,
        say,
        chainOf(h, 'task', loop),
        'a task that schedules itself again',
        readyFds(h, loop),
      );
  },

  'LOOP-TASK-8': (h, say) => {
    const deadlines = deadlinesOf(h);
    for (const loop of loopsOf(h)) {
      const due = dueTimers(h, deadlines, loop);
      judgeFairness(h, say, chainOf(h, 'task', loop), 'a task that schedules itself again', due);
    }
  },

  'LOOP-TASK-9': (h, say) => {
    for (const { task, at, late } of refused(h))
      if (unscheduledByMate(h, task, at) === undefined)
        say.broken(enterOf(late), `task ${task.run} ran, as unscheduling it had failed`);
    for (const task of unscheduled(h)) {
      if (unscheduledByMate(h, task, task.cancelledAt) !== undefined) continue;
      const late = h.firstRunAfter(task, task.cancelledAt);
      if (late !== undefined) say.broken(enterOf(late), `task ${task.run} ran after it was unscheduled`);
      else if (passedAfter(h, task)) say.kept();
    }
  },

  'LOOP-TASK-10': (h, say) => {
    for (const { task, at, late } of refused(h))
      if (unscheduledByMate(h, task, at) !== undefined)
        say.broken(enterOf(late), `task ${task.run} ran, as unscheduling it had failed`);
    for (const task of unscheduled(h)) {
      const mate = unscheduledByMate(h, task, task.cancelledAt);
      if (mate === undefined) continue;
      const late = h.firstRunAfter(task, task.cancelledAt);
      if (late !== undefined)
        say.broken(
          enterOf(late),
          `task ${task.run} ran after task ${mate.run} of its round had unscheduled it`,
        );
      else if (passedAfter(h, task)) say.kept();
    }
  },
};
