/** Rules of `spec/loop/readiness.md`. */
import type { EventName } from '../../../spec/trace.js';
import { eventsOf, type History, type Registration } from '../../trace/history.js';
import type { Frame, Step } from '../../trace/timeline.js';
import {
  brokenRun,
  closedBehind,
  knowsOfBreak,
  nameOf,
  obligations,
  type Obligation,
} from '../obligations.js';
import type { RuleSet, Say } from '../rule.js';
import { judgeWaiting } from '../spin.js';

/** The first number that `select` can't watch. */
const BEYOND_SELECT = 1024;

const judgeObligation = (owed: Obligation, event: string, say: Say): void => {
  if (owed.delivery !== undefined) say.kept();
  else
    say.broken(
      owed.to,
      `${nameOf(owed.registration)} was ready to ${event} and watched for it, but its handler was not called`,
    );
};

/** Both directions; `error` is judged by its own clauses. */
function* allObligations(h: History): Generator<Obligation & { readonly event: EventName }> {
  for (const event of ['read', 'write'] as const)
    for (const owed of obligations(h, event)) yield { ...owed, event };
}

const raisedBy = (step: Step): string | undefined =>
  step.record.k === 'did' && step.record.raised !== undefined ? step.record.raised.text : undefined;

/** Whether nobody has the number at that step. */
const isFree = (h: History, number: number, at: number): boolean =>
  !h.fds.some((fd) => fd.number === number && fd.openedAt < at && at < fd.closedAt);

const passedAfter = (h: History, at: number, loop: string) =>
  h.horizons.find((horizon) => horizon.from >= at && horizon.loop === loop);

export const readinessRules: RuleSet = {
  'LOOP-READY-1': (h, say) => {
    for (const owed of obligations(h, 'read')) judgeObligation(owed, 'read', say);
  },

  'LOOP-READY-2': (h, say) => {
    for (const owed of obligations(h, 'write')) judgeObligation(owed, 'write', say);
  },

  'LOOP-READY-3': (h, say) => {
    for (const owed of allObligations(h)) {
      // Level-triggered: an earlier call left the fd as ready as it was.
      const before = h.lastDelivery(owed.registration, owed.event, owed.from);
      if (before === undefined) continue;
      if (!owed.registration.fd.file.certainly[owed.event].covers(before.enter!.index, owed.from)) continue;
      judgeObligation(owed, `${owed.event}, still`, say);
    }
  },

  'LOOP-READY-4': (h, say) => {
    for (const registration of h.registrations) {
      for (const frame of registration.frames) {
        const at = frame.enter!.index;
        // Inside the add it watches for nothing yet: LOOP-DISPATCH-6.
        if (at < registration.at || at > registration.endedAt) continue;
        const watched = h.interestAt(registration, at);
        const stray = eventsOf(frame).find((event) => event !== 'error' && !watched.includes(event));
        const everWatched = registration.interest.some(
          (change) => stray !== undefined && change.events.includes(stray),
        );
        // What an update stopped watching for may have been polled before: LOOP-READY-8 and LOOP-DISPATCH-9.
        if (stray !== undefined && !everWatched)
          say.broken(
            at,
            `${nameOf(registration)} was reported ready to ${stray}, which its handler does not watch for`,
          );
        // Only an event that could have been reported shows that it was held back.
        else if (
          (['read', 'write'] as const).some(
            (e) => !watched.includes(e) && registration.fd.file.certainly[e].at(at) !== undefined,
          )
        )
          say.kept();
      }
    }
  },

  'LOOP-READY-5': (h, say) => {
    for (const registration of h.registrations) {
      const gone = registration.fd.file.certainly.error;
      for (const { from, to, loop } of h.horizons) {
        if (loop !== registration.loop || from < registration.at || gone.at(from) === undefined) continue;
        if (h.interestAt(registration, from).length === 0) continue;
        // What becomes of a handler that throws is a choice.
        if (registration.frames.some((frame) => frame.raised !== undefined && frame.enter!.index < from))
          continue;
        // Any event will do: loops turn a hang-up into what is watched.
        const called = registration.frames.some(
          (frame) => frame.enter!.index > from && frame.enter!.index < to,
        );
        if (called) say.kept();
        else if (knowsOfBreak(registration, from)) continue;
        else if (gone.covers(from, to) && registration.endedAt > to && registration.failed === undefined)
          say.broken(to, `the other end of ${nameOf(registration)} was gone, but its handler was not called`);
      }
    }
  },

  'LOOP-READY-6': (h, say) => {
    for (const registration of h.registrations) {
      const { file } = registration.fd;
      if (!file.isTcp) continue;
      for (const frame of registration.frames) {
        const at = frame.enter!.index;
        if (at < file.eofAt || file.certainlyNot.error.at(at) === undefined) continue;
        if (!h.interestAt(registration, at).includes('read')) continue;
        if (eventsOf(frame).includes('error'))
          say.broken(at, `the end of the peer's output was reported on ${nameOf(registration)} as an error`);
        else if (eventsOf(frame).includes('read')) say.kept();
      }
    }
  },

  'LOOP-READY-7': (h, say) => {
    for (const registration of h.registrations) {
      const { certainly } = registration.fd.file;
      for (const [i, frame] of registration.frames.entries()) {
        const at = frame.enter!.index;
        // The poll that led here came after its previous call, or after the start.
        const since =
          registration.frames[i - 1]?.enter!.index ??
          Math.max(registration.at, h.runAt(at)?.from ?? Infinity);
        if (since === registration.at && h.runAt(since) !== undefined) continue;
        if (registration.fd.closedAt < at) continue;
        const both = (['read', 'write'] as const).every(
          (e) => certainly[e].covers(since, at) && h.wants(registration, e, since, at),
        );
        if (!both) continue;
        const events = eventsOf(frame);
        if (events.includes('read') && events.includes('write')) say.kept();
        else
          say.broken(
            at,
            `${nameOf(registration)} was ready to read and to write, but its handler was told only of ${events.join(', ')}`,
          );
      }
    }
  },

  'LOOP-READY-8': (h, say) => {
    for (const step of h.steps) {
      const { action, index } = step;
      const raised = raisedBy(step);
      if (action?.op !== 'update' || action.events.length === 0 || raised === undefined) continue;
      const updated = h.registrations.find(
        (r) =>
          r.fd.name === action.fd && r.at < index && index < r.endedAt && index < r.fd.closedAt && !r.failed,
      );
      if (updated !== undefined && !knowsOfBreak(updated, index))
        say.broken(index, `the update of ${nameOf(updated)}, which is watched, raised: ${raised}`);
    }
    for (const registration of h.registrations) {
      for (const [i, change] of registration.interest.entries()) {
        if (i === 0 || change.events.length === 0) continue;
        const until = registration.interest[i + 1]?.at ?? Infinity;
        const passed = passedAfter(h, change.at, registration.loop);
        if (passed === undefined || passed.to > until) continue;
        const before = registration.interest[i - 1]!.events;
        const { certainly } = registration.fd.file;
        const dropped = before.filter(
          (e) => !change.events.includes(e) && certainly[e].covers(passed.from, passed.to),
        );
        const gained = change.events.filter(
          (e) => !before.includes(e) && certainly[e].covers(passed.from, passed.to),
        );
        const late = registration.frames.find(
          (frame) =>
            frame.enter!.index > passed.to &&
            frame.enter!.index < until &&
            eventsOf(frame).some((e) => dropped.includes(e)),
        );
        const frames = registration.frames.filter(
          (f) => f.enter!.index > change.at && f.enter!.index < passed.to,
        );
        // The first call after an update may still carry what was polled before it.
        const stale = frames.slice(1).find((frame) => eventsOf(frame).some((e) => dropped.includes(e)));
        const missing = gained.find((e) => !frames.some((frame) => eventsOf(frame).includes(e)));
        if (late !== undefined || stale !== undefined)
          say.broken(
            (late ?? stale)!.enter!.index,
            `${nameOf(registration)} was reported ready to ${dropped.join(', ')} after an update to ${change.events.join(', ')}`,
          );
        else if (missing !== undefined)
          say.broken(
            passed.to,
            `${nameOf(registration)} was not reported ready to ${missing} after an update to it`,
          );
        else if (dropped.length > 0 || gained.length > 0) say.kept();
      }
    }
  },

  'LOOP-READY-9': (h, say) => {
    for (const step of h.orphans) {
      if (step.action?.op !== 'update') continue;
      if (raisedBy(step) !== undefined) say.kept();
      else say.broken(step.index, `the update of fd ${step.action.fd}, which has no handler, was accepted`);
    }
  },

  'LOOP-READY-10': (h, say) => {
    for (const registration of h.registrations) {
      if (registration.endedBy !== 'remove') continue;
      const late = h.firstRunAfter(registration, registration.endedAt);
      if (late !== undefined) {
        say.broken(
          late.enter!.index,
          `the handler of ${nameOf(registration)} was called after it was removed`,
        );
        continue;
      }
      const [event] = h.interestAt(registration, registration.endedAt - 1);
      const tempted = h.horizons.some(
        (horizon) =>
          horizon.from >= registration.endedAt &&
          horizon.loop === registration.loop &&
          event !== undefined &&
          registration.fd.file.certainly[event].covers(horizon.from, horizon.to),
      );
      if (tempted) say.kept();
    }
  },

  'LOOP-READY-11': (h, say) => {
    for (const step of h.orphans) {
      if (step.action?.op !== 'remove') continue;
      const raised = raisedBy(step);
      if (raised !== undefined)
        say.broken(step.index, `the remove of fd ${step.action.fd}, which has no handler, raised: ${raised}`);
      else if (h.steps[step.index - 1]?.record.k === 'log')
        say.broken(step.index - 1, `the remove of fd ${step.action.fd}, which has no handler, was logged`);
      else say.kept();
    }
  },

  'LOOP-READY-12': (h, say) => {
    for (const owed of allObligations(h)) {
      const { registration } = owed;
      if (
        h.registrations.some(
          (r) => r.fd === registration.fd && r.endedBy === 'remove' && r.endedAt < registration.at,
        )
      )
        judgeObligation(owed, `${owed.event} after it was added again`, say);
    }
  },

  'LOOP-READY-13': (h, say) => {
    for (const registration of h.registrations) {
      const { fd, at } = registration;
      if (fd.closedAt > at || !isFree(h, fd.number, at)) continue;
      const reused =
        h.fds.find((other) => other.number === fd.number && other.openedAt > at)?.openedAt ?? Infinity;
      if (
        registration.failed !== undefined ||
        registration.frames.some((frame) => eventsOf(frame).includes('error'))
      )
        say.kept();
      else {
        // One that was removed before has asked for no report.
        const passed = passedAfter(h, at, registration.loop);
        const run = brokenRun(h, registration);
        if (run !== undefined && run.to < reused)
          say.broken(
            run.to,
            `a handler was added for ${nameOf(registration)}, which is not open, and start raised: ${run.raised!.text}`,
          );
        else if (passed !== undefined && passed.to < Math.min(reused, registration.endedAt))
          say.broken(
            passed.to,
            `a handler was added for ${nameOf(registration)}, which is not open, and nobody was told`,
          );
      }
    }
  },

  'LOOP-READY-14': (h, say) => {
    for (const failed of h.registrations) {
      const { fd, at } = failed;
      if (fd.closedAt > at || fd.number < 0) continue;
      if (failed.failed === undefined) {
        if (isFree(h, fd.number, at)) say.excused('an add of a number that is not open does not fail');
        continue;
      }
      const next = h.registrations.find(
        (r) => r.at > failed.at && r.fd.number === failed.fd.number && r.fd.closedAt > r.at,
      );
      if (next === undefined) continue;
      const stray = failed.frames[0];
      if (next.failed !== undefined)
        say.broken(next.at, `after a failed add, ${nameOf(next)} was refused: ${next.failed.text}`);
      else if (stray !== undefined) say.broken(stray.enter!.index, `the handler of a failed add was called`);
      else if (next.frames.length > 0) say.kept();
      else {
        const passed = passedAfter(h, next.at, next.loop);
        const owed =
          passed !== undefined &&
          next.fd.file.certainly.read.covers(passed.from, passed.to) &&
          h.wants(next, 'read', passed.from, passed.to);
        if (owed) say.broken(passed.to, `after a failed add, the handler of ${nameOf(next)} was not called`);
      }
    }
  },

  'LOOP-READY-15': (h, say) => {
    for (const [first, second] of duplicates(h)) {
      const stray = second.frames[0];
      if (second.failed !== undefined) {
        // It may refuse the connection, and not the second handler.
        if (knowsOfBreak(first, second.at)) continue;
        if (stray !== undefined)
          say.broken(
            stray.enter!.index,
            `the add of a second handler for ${nameOf(second)} failed, but that handler was called`,
          );
        else say.chose('rejected', second.at);
        continue;
      }
      // With split interest the first keeps the direction that the second doesn't ask for.
      const shared = h
        .interestAt(first, second.at - 1)
        .filter((e) => h.interestAt(second, second.at).includes(e));
      const isShared = (frame: Frame): boolean =>
        h.subject.interest === 'combined' || eventsOf(frame).some((event) => shared.includes(event));
      const firstCalled = first.frames.find((f) => f.enter!.index > second.at && isShared(f));
      if (stray !== undefined && firstCalled !== undefined)
        say.chose('both', Math.max(stray.enter!.index, firstCalled.enter!.index));
      else if (stray !== undefined) {
        if (hadItsTurn(h, second, h.interestAt(first, second.at - 1)))
          say.chose('replaced', stray.enter!.index);
      } else if (firstCalled !== undefined && hadItsTurn(h, second, h.interestAt(second, second.at)))
        say.broken(
          firstCalled.enter!.index,
          `the add of a second handler for ${nameOf(second)} succeeded, but only the first was called`,
        );
    }
  },

  'LOOP-READY-16': (h, say) => {
    for (const [first, second] of duplicates(h)) {
      if (second.failed === undefined) {
        say.excused('a second handler is not refused (handlers.duplicate)');
        continue;
      }
      const stray = second.frames[0];
      if (stray !== undefined)
        say.broken(stray.enter!.index, `the refused second handler for ${nameOf(second)} was called`);
      for (const event of ['read', 'write'] as const)
        for (const owed of obligations(h, event))
          if (owed.registration === first && owed.from >= second.at)
            judgeObligation(owed, `${event} after a second handler was refused`, say);
    }
  },

  'LOOP-READY-17': (h, say) => {
    for (const registration of h.registrations) {
      if (registration.fd.file.kind !== 'file') continue;
      if (registration.failed !== undefined) say.chose('rejected', registration.at);
      else if (registration.frames.length > 0)
        say.chose('always-ready', registration.frames[0]!.enter!.index);
      else {
        const passed = passedAfter(h, registration.at, registration.loop);
        if (passed !== undefined)
          say.broken(passed.to, `a handler for a regular file was accepted, but never called`);
      }
    }
  },

  'LOOP-READY-18': (h, say) => {
    for (const owed of allObligations(h))
      if (owed.registration.fd.number === 0) judgeObligation(owed, owed.event, say);
  },

  'LOOP-READY-19': (h, say) => {
    for (const owed of allObligations(h))
      if (owed.registration.fd.number >= BEYOND_SELECT) judgeObligation(owed, owed.event, say);
    for (const registration of h.registrations) {
      const run = registration.fd.number >= BEYOND_SELECT ? brokenRun(h, registration) : undefined;
      if (run !== undefined)
        say.broken(run.to, `start raised while ${nameOf(registration)} was watched: ${run.raised!.text}`);
    }
  },

  'LOOP-READY-20': (h, say) => {
    const owedBy = new Map<number, { all: number; missing: Obligation | undefined }>();
    for (const owed of allObligations(h)) {
      const seen = owedBy.get(owed.to) ?? { all: 0, missing: undefined };
      seen.all++;
      if (owed.delivery === undefined) seen.missing ??= owed;
      owedBy.set(owed.to, seen);
    }
    for (const [to, { all, missing }] of owedBy) {
      if (all < BEYOND_SELECT) continue;
      if (missing === undefined) say.kept();
      else say.broken(to, `of ${all} ready fds, ${nameOf(missing.registration)} was not served`);
    }
  },

  'LOOP-READY-21': (h, say) => {
    for (const owed of allObligations(h)) {
      const { registration } = owed;
      const copied = h.registrations.some(
        (r) =>
          r !== registration &&
          r.fd !== registration.fd &&
          r.fd.file === registration.fd.file &&
          r.failed === undefined &&
          r.at < owed.to,
      );
      if (copied) judgeObligation(owed, `${owed.event}, as is a copy of it`, say);
    }
  },

  'LOOP-READY-22': (h, say) => {
    for (const registration of h.registrations) {
      const { fd } = registration;
      if (
        registration.endedBy !== 'remove' ||
        fd.closedAt <= registration.endedAt ||
        fd.closedAt === Infinity ||
        fd.file.closed
      )
        continue;
      const late = h.firstRunAfter(registration, fd.closedAt);
      if (late !== undefined)
        say.broken(late.enter!.index, `${nameOf(registration)} was reported after it was removed and closed`);
      else if (fd.file.certainly.read.at(h.end - 1) !== undefined)
        judgeWaiting(
          h,
          say,
          (gap) => gap.from >= fd.closedAt,
          `while a copy of ${nameOf(registration)}, removed and closed, stays open`,
        );
    }
  },

  'LOOP-READY-23': (h, say) => {
    for (const registration of h.registrations) {
      const { file } = registration.fd;
      if (registration.endedBy !== 'remove' || file.closed) continue;
      if (h.isWatched(registration.fd, h.end - 1)) continue;
      if (file.eofAt === Infinity) continue;
      const since = Math.max(registration.endedAt, file.eofAt);
      judgeWaiting(
        h,
        say,
        (gap) => gap.from >= since,
        `while nobody watches ${nameOf(registration)}, whose other end is gone`,
      );
    }
  },

  'LOOP-READY-24': (h, say) => {
    for (const registration of closedBehind(h)) {
      const { closedAt } = registration.fd;
      const called = h.firstRunAfter(registration, closedAt);
      const raised = h.runs.find((run) => run.raised !== undefined && run.to > closedAt);
      if (called !== undefined) say.chose('reported', called.enter!.index);
      else if (raised !== undefined) say.chose('reported', raised.to);
      else {
        // Silence after a removal, however late that came, is what every handler owes.
        const passed = passedAfter(h, closedAt, registration.loop);
        if (passed !== undefined && registration.endedAt > passed.to) say.chose('silent', passed.to);
      }
    }
  },

  'LOOP-READY-25': (h, say) => {
    const [closed] = closedBehind(h);
    if (closed === undefined) return;
    const run = brokenRun(h, closed);
    if (run !== undefined && run.to > closed.fd.closedAt)
      say.broken(
        run.to,
        `after ${nameOf(closed)} was closed while it was watched, start raised: ${run.raised!.text}`,
      );
    for (const owed of allObligations(h))
      if (owed.from >= closed.fd.closedAt)
        judgeObligation(owed, `${owed.event} after another watched fd was closed`, say);
    judgeWaiting(
      h,
      say,
      (gap) => gap.from >= closed.fd.closedAt,
      `after ${nameOf(closed)} was closed while it was watched`,
    );
  },

  'LOOP-READY-26': (h, say) => {
    for (const step of h.steps) {
      const { action, index } = step;
      if (action?.op !== 'remove' || step.record.k !== 'did') continue;
      const late = h.registrations.find(
        (r) =>
          r.fd.name === action.fd && r.failed === undefined && r.fd.closedAt < index && r.endedAt >= index,
      );
      if (late === undefined) continue;
      const raised = raisedBy(step);
      if (raised !== undefined)
        say.broken(index, `removing ${nameOf(late)}, which was closed already, raised: ${raised}`);
      else if (h.steps[index - 1]?.record.k === 'log')
        say.broken(index - 1, `removing ${nameOf(late)}, which was closed already, was logged`);
      else say.kept();
    }
  },
};

/**
 * Whether a handler that shares its fd with the second one had to be called if it was in force: for a whole horizon the fd was ready
 * for what it watches, and nobody removed or updated anything.
 */
const hadItsTurn = (h: History, second: Registration, watched: readonly EventName[]): boolean =>
  h.horizons.some(
    ({ loop, from, to }) =>
      loop === second.loop &&
      from >= second.at &&
      to < second.endedAt &&
      second.interest.every(({ at }) => at <= second.at || at > to) &&
      watched.some((event) => second.fd.file.certainly[event].covers(from, to)),
  );

/** Pairs of a registration and one that was added while the first was in force. */
function duplicates(h: History): [Registration, Registration][] {
  return h.registrations.filter((r) => r.onTopOf !== undefined).map((second) => [second.onTopOf!, second]);
}
