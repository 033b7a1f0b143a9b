/** Rules of `spec/loop/errors.md`. */
import type { CallbackKind } from '../../../spec/trace.js';
import { eventsOf, type History, type LoopRun, type Sent } from '../../trace/history.js';
import type { Frame } from '../../trace/timeline.js';
import { batchMates, isQuiet } from '../batches.js';
import { nameOf, obligations } from '../obligations.js';
import type { RuleSet } from '../rule.js';

/** Callbacks that raised an error which the loop has to isolate and report. `EPIPE` is the seed's own matter. */
export const isolated = (h: History, kind?: CallbackKind): Frame[] =>
  h.throws
    .filter(
      ({ frame, action }) =>
        action.kind !== 'fatal' && action.errno !== 'EPIPE' && (kind === undefined || frame.kind === kind),
    )
    .map(({ frame }) => frame);

const fatal = (h: History): Frame[] =>
  h.throws.filter(({ action }) => action.kind === 'fatal').map(({ frame }) => frame);

/** What left it may have been meant to: nothing else is to blame. */
const hasFatal = (h: History, run: LoopRun): boolean => fatal(h).some((frame) => run.frames.includes(frame));

/** Signals without a callback that a thread sent while the loop slept. */
export const interruptions = (h: History): Sent[] =>
  h.raises.filter(
    (sent) =>
      sent.thread?.slept === true && !h.signalHandlers.some((handler) => handler.signal === sent.signal),
  );

/** The run of the loop during which another thread acted. */
export const runDuring = (h: History, sent: Sent): LoopRun | undefined =>
  h.runs.findLast(
    (run) =>
      h.timeOf(run.from) <= sent.thread!.startedAt &&
      (run.to === Infinity || h.timeOf(run.to) >= sent.thread!.startedAt),
  );

const passedIn = (h: History, run: LoopRun, after: number) =>
  h.horizons.find((horizon) => horizon.from >= after && horizon.to < run.to) ??
  h.horizons.find((horizon) => horizon.to > after && horizon.to < run.to && horizon.from >= run.from);

export const errorRules: RuleSet = {
  'LOOP-ERROR-1': (h, say) => {
    for (const sent of interruptions(h)) {
      const run = runDuring(h, sent);
      if (run === undefined || hasFatal(h, run)) continue;
      const after = run.frames.filter(
        (frame) => frame.enter!.index > sent.at && h.timeOf(frame.enter!.index) >= sent.thread!.startedAt,
      );
      const lost = (['read', 'write'] as const)
        .flatMap((event) => [...obligations(h, event)])
        .find((owed) => owed.from >= sent.at && owed.delivery === undefined);
      if (run.raised !== undefined)
        say.broken(run.to, `the interrupted poll made start raise: ${run.raised.text}`);
      else if (run.to !== Infinity && run.stops.length === 0)
        say.broken(run.to, `the interrupted poll ended the run`);
      else if (lost !== undefined)
        say.broken(lost.to, `after the interruption, ${nameOf(lost.registration)} was not served`);
      else if (after.length > 0) say.kept();
      else if (h.trace.unfinished !== undefined)
        say.broken(h.end, `after the interruption, nothing was called any more`);
    }
  },

  'LOOP-ERROR-2': (h, say) => {
    for (const sent of interruptions(h)) {
      const { thread } = sent;
      if (thread === undefined || sent.times < 2) continue;
      for (const timer of h.timers) {
        // Only a timer that the signals could have put off: due in the first half of the storm.
        const dueIn =
          timer.notBefore > thread.startedAt && timer.notBefore < (thread.startedAt + thread.endedAt) / 2;
        if (!dueIn || timer.cancelledAt !== Infinity || timer.failed !== undefined) continue;
        const fired = timer.frames[0]?.enter?.index;
        if (fired !== undefined && h.timeOf(fired) < thread.endedAt) say.kept();
        else if (fired !== undefined || h.farAfter(sent.at) !== Infinity)
          say.broken(fired ?? h.end, `timer ${timer.run} fired only after the signals had ended`);
      }
    }
  },

  'LOOP-ERROR-3': (h, say) => {
    const thrown = isolated(h);
    if (thrown.length === 0 || !h.complete || h.throws.length > thrown.length) return;
    const logs = h.steps.filter((step) => step.record.k === 'log');
    if (logs.length < thrown.length)
      say.broken(h.end, `${thrown.length} callbacks threw, but ${logs.length} reports were made`);
    else if (logs.length > thrown.length)
      say.broken(
        logs.at(-1)!.index,
        `${thrown.length} callbacks threw, but ${logs.length} reports were made`,
      );
    else say.kept();
  },

  'LOOP-ERROR-4': (h, say) => {
    for (const frame of isolated(h, 'handler')) {
      const run = h.runAt(frame.enter!.index);
      const mates = batchMates(h, frame);
      if (run === undefined || mates.length === 0 || hasFatal(h, run)) continue;
      if (run.raised !== undefined) {
        say.broken(run.to, `what the handler '${frame.run}' threw made start raise`);
        continue;
      }
      const passed = passedIn(h, run, frame.enter!.index);
      const skipped = mates.find(
        (r) => !r.frames.some((f) => f.enter!.index > frame.enter!.index && f.enter!.index < run.to),
      );
      if (skipped !== undefined && passed !== undefined && skipped.endedAt > passed.to)
        say.broken(passed.to, `after a handler threw, ${nameOf(skipped)} was not served`);
      else if (skipped === undefined) say.kept();
    }
  },

  'LOOP-ERROR-5': (h, say) => {
    for (const frame of isolated(h, 'task')) {
      const at = frame.enter!.index;
      const run = h.runAt(at);
      const waiting = h.tasks.filter(
        (t) =>
          t.at < at &&
          t.cancelledAt === Infinity &&
          t.failed === undefined &&
          t.token !== frame.token &&
          !t.frames.some((f) => f.enter!.index < at),
      );
      if (run === undefined || waiting.length === 0 || hasFatal(h, run)) continue;
      const skipped = waiting.find((t) => !t.frames.some((f) => f.enter!.index < run.to));
      if (run.raised !== undefined) say.broken(run.to, `what the task '${frame.run}' threw made start raise`);
      else if (skipped === undefined) say.kept();
      else {
        const passed = passedIn(h, run, at);
        if (passed !== undefined)
          say.broken(passed.to, `after a task threw, task ${skipped.run} did not run`);
      }
    }
  },

  'LOOP-ERROR-6': (h, say) => {
    for (const frame of isolated(h, 'timer')) {
      const at = frame.enter!.index;
      const run = h.runAt(at);
      const due = h.timers.filter(
        (t) =>
          t.at < at &&
          t.notBefore <= h.timeOf(at) &&
          t.token !== frame.token &&
          t.cancelledAt === Infinity &&
          t.failed === undefined &&
          !t.frames.some((f) => f.enter!.index < at),
      );
      if (run === undefined || due.length === 0 || hasFatal(h, run)) continue;
      const skipped = due.find((t) => !t.frames.some((f) => f.enter!.index < run.to));
      if (run.raised !== undefined)
        say.broken(run.to, `what the timer '${frame.run}' threw made start raise`);
      else if (skipped === undefined) say.kept();
      else {
        const later = h.timers
          .filter((t) => t.notBefore > h.timeOf(at))
          .flatMap((t) => t.frames)
          .find((f) => f.enter!.index > at && f.enter!.index < run.to);
        const passed = later?.enter!.index ?? h.farAfter(at);
        if (passed !== Infinity)
          say.broken(Math.min(passed, h.end), `after a timer threw, timer ${skipped.run} did not fire`);
      }
    }
  },

  'LOOP-ERROR-7': (h, say) => {
    for (const frame of isolated(h, 'handler')) {
      const registration = h.registrations.find((r) => r.token === frame.token);
      const at = frame.enter!.index;
      if (registration === undefined) continue;
      // With split interest it is one direction's callback that has thrown, and the other is not concerned.
      const threw = h.subject.interest === 'split' ? eventsOf(frame) : h.interestAt(registration, at);
      const [event] = threw;
      if (event === undefined) continue;
      const passed = h.horizons.find((horizon) => horizon.from >= at);
      const until = passed?.to ?? h.end;
      // Not what a start inside the handler called before it threw.
      const again = registration.frames.find(
        (other) =>
          other.enter!.index > (frame.exit?.index ?? h.end) &&
          (h.subject.interest === 'combined' || eventsOf(other).some((each) => threw.includes(each))),
      );
      if (again !== undefined) say.chose('kept', again.enter!.index);
      else if (
        passed !== undefined &&
        registration.fd.file.certainly[event].covers(at, until) &&
        registration.endedAt > until
      )
        say.chose('removed', until);
    }
  },

  'LOOP-ERROR-8': (h, say) => {
    for (const frame of isolated(h, 'periodic')) {
      const periodic = h.periodics.find((p) => p.token === frame.token);
      if (periodic === undefined) continue;
      const stopped = periodic.switches[1] ?? Infinity;
      const again = h.firstRunAfter(periodic, frame.enter!.index);
      // Another timer tells how much time has passed.
      const long = h.frames.find(
        (f) =>
          f.kind === 'timer' &&
          h.timeOf(f.enter!.index) > h.timeOf(frame.enter!.index) + 3000 * periodic.interval,
      );
      if (again !== undefined && again.enter!.index < stopped) say.chose('continued', again.enter!.index);
      else if (long !== undefined && long.enter!.index < stopped) say.chose('stopped', long.enter!.index);
    }
  },

  'LOOP-ERROR-9': (h, say) => {
    for (const frame of fatal(h)) {
      const run = h.runAt(frame.enter!.index);
      if (run === undefined) continue;
      const far = h.farAfter(frame.exit?.index ?? h.end);
      // Of two in one run, one leaves it: which one, the trace doesn't tell.
      const isOnly = !fatal(h).some((other) => other !== frame && run.frames.includes(other));
      if (far < run.to || (run.raised === undefined && run.to !== Infinity))
        say.broken(Math.min(far, run.to), `a fatal exception in '${frame.run}' did not leave start`);
      else if (run.raised !== undefined && isOnly) say.kept();
    }
  },

  'LOOP-ERROR-10': (h, say) => {
    for (const run of runsAfterFatal(h)) {
      if (run.raised !== undefined && fatal(h).some((frame) => run.frames.includes(frame))) continue;
      const served =
        run.frames.some((frame) => frame.kind === 'handler') &&
        run.frames.some((frame) => frame.kind === 'timer' || frame.kind === 'barrier');
      if (run.raised !== undefined)
        say.broken(run.to, `start failed after a fatal exception had left it: ${run.raised.text}`);
      else if (run.to !== Infinity && run.stops.length === 0)
        say.broken(run.to, `start returned at once after a fatal exception had left it`);
      else if (served) say.kept();
      else if (h.farAfter(run.from) !== Infinity)
        say.broken(
          Math.min(h.farAfter(run.from), h.end),
          `nothing was served in the run after a fatal exception`,
        );
    }
  },

  'LOOP-ERROR-11': (h, say) => {
    for (const run of runsAfterFatal(h)) {
      const passed = h.horizons.find((horizon) => horizon.from >= run.from && horizon.to < run.to);
      const until = passed?.to ?? run.to;
      for (const registration of h.registrations) {
        if (registration.failed !== undefined || registration.loop !== run.loop) continue;
        const removed = registration.endedBy === 'remove' && registration.endedAt < run.from;
        const quiet = isQuiet(registration, run.from, Math.min(until, h.end - 1));
        if (!removed && !quiet) continue;
        const stale = registration.frames.find((f) => f.enter!.index > run.from && f.enter!.index < until);
        if (stale !== undefined)
          say.broken(stale.enter!.index, `${nameOf(registration)} was told of an event of the run before`);
        else if (passed !== undefined) say.kept();
      }
    }
  },
};

/** Runs that followed one which a fatal exception left. */
function runsAfterFatal(h: History): LoopRun[] {
  const frames = fatal(h);
  return h.runs.filter((run, i) => {
    const last = h.runs[i - 1];
    return (
      last?.raised !== undefined &&
      frames.some((frame) => frame.enter!.index > last.from && frame.enter!.index < last.to) &&
      run.loop === last.loop
    );
  });
}
