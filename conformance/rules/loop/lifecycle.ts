/** Rules of `spec/loop/lifecycle.md`. */
import type { Did } from '../../../spec/trace.js';
import { FAR_MS, type History, type LoopRun, type Registration, type Timer } from '../../trace/history.js';
import type { Frame } from '../../trace/timeline.js';
import { batchMates, brokenUp } from '../batches.js';
import { obligations } from '../obligations.js';
import type { RuleSet } from '../rule.js';
import { judgeWaiting } from '../spin.js';

/** Deadlines this much beyond the resolution are "well beyond" it. ms */
const MARGIN_MS = 2;

const ended = (run: LoopRun): boolean => run.to !== Infinity;

/** The run of the same loop before this one. */
const before = (h: History, run: LoopRun): LoopRun | undefined =>
  h.runs.findLast((r) => r.loop === run.loop && r.from < run.from && !run.nested);

/** Stops of this loop between its last run and this one. */
const idleStopsBefore = (h: History, run: LoopRun) =>
  h.idleStops.filter(
    ({ step, loop }) => loop === run.loop && step.index < run.from && step.index > (before(h, run)?.to ?? -1),
  );

/** A timer of the run that fired too late to be anything but the end of a wait that began after the step. */
const farTimerIn = (h: History, run: LoopRun, after: number) =>
  h.timers
    .flatMap((t) => (t.delay >= FAR_MS && t.notBefore > h.timeOf(after) ? t.frames : []))
    .find((f) => f.enter!.index > after && f.enter!.index < run.to);

/** A timer that fired in the run and was due well after another. */
const laterTimerIn = (h: History, run: LoopRun, other: Timer) =>
  h.timers
    .filter((t) => t.notBefore > other.notBefore + 2000 * (h.subject.timerResolutionMs + MARGIN_MS))
    .flatMap((t) => t.frames)
    .find((f) => f.enter!.index > run.from && f.enter!.index < run.to);

/** A timer that was set before the run, and not due yet when it began. */
function wasWaitedFor(h: History, { kind, token }: Frame, run: LoopRun): boolean {
  if (kind !== 'timer') return false;
  const { at, notBefore } = h.byToken[token] as Timer;
  return at < run.from && notBefore > h.timeOf(run.from);
}

/** Nobody but the loop itself can have ended the run: whole trace, nothing raised, no stop left over from before. */
const endedByItself = (h: History, run: LoopRun): boolean =>
  h.complete &&
  ended(run) &&
  run.raised === undefined &&
  run.stops.length === 0 &&
  idleStopsBefore(h, run).length === 0;

/** Something was still to be waited for when the run ended. A handler that threw may have been dropped: LOOP-ERROR-7. */
const hadWork = (h: History, run: LoopRun): boolean =>
  h.timers.some(
    (t) =>
      t.failed === undefined &&
      t.loop === run.loop &&
      t.at < run.to &&
      t.cancelledAt > run.to &&
      t.frames.length === 0,
  ) ||
  h.registrations.some(
    (r) =>
      r.loop === run.loop &&
      r.failed === undefined &&
      r.at < run.to &&
      r.endedAt > run.to &&
      r.fd.closedAt > run.to &&
      !r.frames.some((frame) => frame.raised !== undefined && frame.enter!.index < run.to),
  );

export const lifecycleRules: RuleSet = {
  'LOOP-LIFE-1': (h, say) => {
    for (const run of h.runs) {
      const [stop] = run.stops;
      if (stop === undefined || stop.frame.kind === 'main') continue;
      const waited = farTimerIn(h, run, stop.index);
      if (waited !== undefined)
        say.broken(waited.enter!.index, `the loop went on after stop was called in a ${stop.frame.kind}`);
      else if (ended(run)) say.kept();
      else if (h.trace.unfinished === 'hung')
        say.broken(h.end, `start did not return after stop was called in a ${stop.frame.kind}`);
    }
  },

  'LOOP-LIFE-2': (h, say) => {
    for (const run of h.runs) {
      if (run.nested || !ended(run)) continue;
      if (endedByItself(h, run) && hadWork(h, run))
        say.broken(run.to, `start returned, but nobody had called stop`);
      else if (run.stops.length > 0 && hadWork(h, run)) say.kept();
    }
  },

  'LOOP-LIFE-3': (h, say) => {
    for (const run of h.runs) {
      const [stop] = run.stops;
      if (stop === undefined || !ended(run)) continue;
      const soonest = h.timeOf(stop.index) + (h.subject.timerResolutionMs + MARGIN_MS) * 1000;
      const pending = h.timers.filter(
        (t) =>
          t.failed === undefined &&
          t.loop === run.loop &&
          t.at < stop.index &&
          t.cancelledAt > run.to &&
          t.notBefore > soonest &&
          t.notBefore < Infinity,
      );
      // A callback that took long may make it due; the loop itself has nothing to wait for.
      const fired = pending
        .map((t) => t.frames.find((f) => f.enter!.index > stop.index && f.enter!.index < run.to))
        .find((f) => f !== undefined && h.timeOf(f.enter!.index - 1) < soonest);
      if (fired !== undefined)
        say.broken(
          fired.enter!.index,
          `the loop waited for timer ${fired.run} although stop had been called`,
        );
      else if (pending.length > 0) say.kept();
    }
  },

  'LOOP-LIFE-4': (h, say) => {
    for (const { step } of h.idleStops)
      if ((step.record as Did).raised !== undefined) say.chose('error', step.index);
    for (const run of h.runs) {
      const stops = idleStopsBefore(h, run).filter(({ step }) => (step.record as Did).raised === undefined);
      if (stops.length === 0 || run.nested || !h.complete) continue;
      // The one iteration that is left serves timers that are due.
      const wentOn = run.frames.some((frame) => frame.kind === 'barrier' || wasWaitedFor(h, frame, run));
      if (run.stops.length === 0 && ended(run) && !wentOn) say.chose('next-start', run.to);
      else if (wentOn) say.chose('ignored', run.to);
    }
  },

  'LOOP-LIFE-5': (h, say) => {
    for (const run of h.runs) {
      const last = before(h, run);
      if (last === undefined || last.raised !== undefined) continue;
      for (const event of ['read', 'write'] as const) {
        for (const owed of obligations(h, event)) {
          if (owed.registration.at > last.to || owed.from < run.from || owed.to > run.to) continue;
          if (owed.delivery !== undefined) say.kept();
          else
            say.broken(
              owed.to,
              `fd ${owed.registration.fd.name}, watched since the run before, was not served`,
            );
        }
      }
      for (const timer of h.timers) {
        if (
          timer.failed !== undefined ||
          timer.loop !== run.loop ||
          timer.at > last.to ||
          timer.cancelledAt < run.to ||
          timer.delay >= FAR_MS
        )
          continue;
        if (timer.frames.some((frame) => frame.enter!.index < run.from)) continue;
        const fired = h.firstRunAfter(timer, run.from);
        const later = farTimerIn(h, run, run.from) ?? laterTimerIn(h, run, timer);
        if (later !== undefined && (fired === undefined || fired.enter!.index > later.enter!.index))
          say.broken(later.enter!.index, `timer ${timer.run}, set in the run before, did not fire`);
        else if (fired !== undefined && fired.enter!.index < run.to) say.kept();
      }
    }
  },

  'LOOP-LIFE-6': (h, say) => {
    for (const run of h.runs) {
      const last = before(h, run);
      if (last === undefined || last.stops.length === 0 || run.nested) continue;
      if (endedByItself(h, run))
        say.broken(
          run.to,
          `the run ended without a stop of its own: one of the ${last.stops.length} stops of the run before ended it`,
        );
      else if (last.stops.length >= 2 && run.stops.length > 0) say.kept();
    }
  },

  'LOOP-LIFE-7': (h, say) => {
    for (const task of h.tasks) {
      const born = h.runAt(task.at);
      if (born === undefined || !ended(born) || task.failed !== undefined || task.cancelledAt !== Infinity)
        continue;
      const next = h.runs.find((run) => run.loop === task.loop && run.from > born.to);
      if (next === undefined) continue;
      if (task.frames.some((frame) => frame.enter!.index < born.to)) {
        const stopped = born.stops.some((stop) => stop.frame === task.by && stop.index > task.at);
        if (stopped) say.excused('a task that was scheduled before the stop still runs (stop.tasks-after-…)');
        continue;
      }
      if (h.firstRunAfter(task, next.from) !== undefined) say.kept();
      else {
        const passed = h.horizons.find((horizon) => horizon.from >= next.from && horizon.to < next.to);
        if (passed !== undefined)
          say.broken(passed.to, `task ${task.run}, scheduled in the run before, did not run`);
      }
    }
  },

  'LOOP-LIFE-8': (h, say) => {
    for (const run of h.runs) {
      const [stop] = run.stops;
      if (stop === undefined || !ended(run) || run.raised !== undefined) continue;
      const from = stop.frame.enter?.index ?? stop.index;
      // A handler that is removed or updated meanwhile is owed nothing.
      const untouched = (r: Registration): boolean => {
        const until = h.firstRunAfter(r, from)?.enter!.index ?? run.to;
        return !r.interest.some(({ at }) => at > from && at < Math.min(until, run.to));
      };
      const mates = batchMates(h, stop.frame).filter(untouched);
      if (mates.length === 0) continue;
      const parts = brokenUp(h, mates.length + 1);
      if (parts !== undefined) {
        say.excused(parts);
        continue;
      }
      const served = mates.filter((r) =>
        r.frames.some((f) => f.enter!.index > stop.index && f.enter!.index < run.to),
      ).length;
      say.chose(served === mates.length ? 'finished' : served === 0 ? 'left' : 'partly', run.to);
    }
  },

  'LOOP-LIFE-9': (h, say) => {
    for (const [label, at] of tasksOfStoppers(h, 'handler')) say.chose(label, at);
  },

  'LOOP-LIFE-10': (h, say) => {
    for (const [label, at] of tasksOfStoppers(h, 'task')) say.chose(label, at);
  },

  'LOOP-LIFE-11': (h, say) => {
    for (const run of h.runs) {
      if (!run.nested || !ended(run)) continue;
      if (run.raised !== undefined) say.chose('refused', run.to);
      else if (run.stops.length > 0) say.chose('nested', run.to);
      else if (h.complete) say.broken(run.to, `a start inside a callback neither failed nor ran the loop`);
    }
  },

  'LOOP-LIFE-12': (h, say) => {
    for (const nested of h.runs) {
      if (!nested.nested || !ended(nested)) continue;
      if (nested.raised === undefined) {
        say.excused('a nested start is not refused (start.nested)');
        continue;
      }
      const outer = h.runs.findLast((run) => run.from < nested.from && run.to > nested.to);
      if (outer === undefined) continue;
      const later = outer.frames.some((frame) => frame.enter!.index > nested.to);
      if (endedByItself(h, outer) || outer.raised !== undefined)
        say.broken(outer.to, `the refused start ended the outer run`);
      else if (later && outer.stops.length > 0) say.kept();
    }
  },

  'LOOP-LIFE-13': (h, say) => {
    for (const { step, loop } of h.idleStops) {
      const run = h.runAt(step.index);
      if (run === undefined || run.loop === loop) continue;
      if (endedByItself(h, run))
        say.broken(run.to, `the stop of another loop ended the run of '${run.loop}'`);
      else if (run.frames.some((frame) => frame.enter!.index > step.index) && run.stops.length > 0)
        say.kept();
    }
  },

  'LOOP-LIFE-14': (h, say) => {
    const counts = h.steps.filter((step) => step.action?.op === 'countFds');
    const openLoops = (at: number): number =>
      h.steps.reduce(
        (open, { index, action }) =>
          index >= at ? open : open + Number(action?.op === 'newLoop') - Number(action?.op === 'closeLoop'),
        0,
      );
    const openFds = (at: number): number => h.fds.filter((fd) => fd.openedAt < at && fd.closedAt > at).length;
    for (let i = 1; i < counts.length; i++) {
      const [a, b] = [counts[i - 1]!, counts[i]!];
      const closed = h.steps.slice(a.index, b.index).filter((step) => step.action?.op === 'closeLoop').length;
      if (closed === 0 || openLoops(a.index) !== openLoops(b.index) || openFds(a.index) !== openFds(b.index))
        continue;
      const leaked = (b.record as Did).result! - (a.record as Did).result!;
      if (leaked > 0)
        say.broken(b.index, `${leaked} more fds are open after ${closed} loops were made and closed`);
      else say.kept();
    }
  },

  'LOOP-LIFE-15': (h, say) => {
    for (const step of h.steps) {
      if (step.action?.op !== 'closeLoop') continue;
      for (const fd of h.fds) {
        if (fd.openedAt > step.index || fd.closedAt < step.index) continue;
        const use = firstUse(h, fd.name, step.index);
        if (use === undefined || use.index > fd.closedAt) continue;
        if (isDead(use.record as Did))
          say.broken(use.index, `fd ${fd.name} was closed together with the loop`);
        else say.kept();
      }
    }
  },

  'LOOP-LIFE-16': (h, say) => {
    const closes = h.steps.filter((step) => step.action?.op === 'closeLoop');
    const second = closes[1];
    if (
      second === undefined ||
      h.steps.some(
        ({ index, action }) => index < second.index && index > closes[0]!.index && action?.op === 'useLoop',
      )
    )
      return;
    for (const fd of h.fds) {
      if (fd.openedAt < closes[0]!.index || fd.openedAt > second.index || fd.closedAt < second.index)
        continue;
      const use = firstUse(h, fd.name, second.index);
      if (use === undefined) continue;
      if (isDead(use.record as Did))
        say.broken(
          use.index,
          `fd ${fd.name}, opened after the loop was closed, was closed by a second close`,
        );
      else say.kept();
    }
  },

  'LOOP-LIFE-17': (h, say) => {
    const healthy = h.fds.every((fd) => fd.file.eofAt === Infinity && !fd.file.hungUp && !fd.file.reset);
    if (!healthy) return;
    const idle = (at: number): boolean =>
      h.registrations.every(
        (r) =>
          r.at > at ||
          r.endedAt <= at ||
          r.failed !== undefined ||
          h
            .interestAt(r, at)
            .every((event) => r.fd.file.certainlyNot[event].at(at) !== undefined && r.fd.closedAt > at),
      );
    judgeWaiting(h, say, (gap) => idle(gap.from), 'while nothing was ready and nothing due');
  },

  'LOOP-LIFE-18': (h, say) => {
    const limited = h.steps.find((step) => step.action?.op === 'limitFds' && step.action.spare === 0);
    if (limited === undefined) return;
    const run = h.runs.find((r) => r.to > limited.index);
    if (run?.raised !== undefined)
      return say.broken(run.to, `start raised when the process had no fd left: ${run.raised.text}`);
    const kinds = new Set(
      h.frames.filter((f) => f.enter !== undefined && f.enter.index > limited.index).map((f) => f.kind),
    );
    const far = h.farAfter(limited.index);
    const owed = [
      ...(h.registrations.length > 0 ? (['handler'] as const) : []),
      ...(h.tasks.length > 0 ? (['task'] as const) : []),
      ...(h.wakeups.length > 0 ? (['wakeup'] as const) : []),
    ];
    const missing = owed.find((kind) => !kinds.has(kind));
    if (missing !== undefined && far !== Infinity)
      say.broken(Math.min(far, h.end), `with no fd left, no ${missing} ran`);
    else if (missing === undefined && owed.length > 0) say.kept();
  },
};

/** Tasks that a callback of this kind scheduled before it called stop: did they still run in that run? */
function tasksOfStoppers(h: History, kind: 'handler' | 'task'): [label: 'ran' | 'kept', at: number][] {
  return h.runs.flatMap((run) => {
    const [stop] = run.stops;
    if (stop === undefined || stop.frame.kind !== kind || !ended(run) || run.raised !== undefined) return [];
    return h.tasks
      .filter(
        ({ by, at, cancelledAt, frames: [first] }) =>
          by === stop.frame &&
          at < stop.index &&
          cancelledAt === Infinity &&
          // One that ran before the stop was not waiting then.
          (first?.enter!.index ?? Infinity) > stop.index,
      )
      .map((task): ['ran' | 'kept', number] => [
        task.frames.some((frame) => frame.enter!.index < run.to) ? 'ran' : 'kept',
        run.to,
      ]);
  });
}

/** The first system call on an fd after a step that tells whether its number is still open. */
function firstUse(h: History, name: string, after: number) {
  return h.steps.find(({ index, action }) => {
    if (index <= after || action === undefined) return false;
    const uses = action.op === 'isOpen' || action.op === 'read' || action.op === 'write';
    return uses && action.fd === name;
  });
}

const isDead = (record: Did): boolean =>
  record.errno === 'EBADF' || (record.op === 'isOpen' && record.result === 0);
