/** Rules of `spec/loop/dispatch.md`. */
import { eventsOf, type History, type LoopRun, type Registration } from '../../trace/history.js';
import type { Frame } from '../../trace/timeline.js';
import {
  brokenUp,
  firstBatchFrame,
  inFirstBatch,
  isQuiet,
  isTouched,
  wantedEvent as wanted,
} from '../batches.js';
import { nameOf, obligations } from '../obligations.js';
import type { Rule, RuleSet } from '../rule.js';

/** The handler of somebody else in which the step stands, if it runs in the first batch of its run. */
function firstBatchHandler(
  h: History,
  at: number,
  not: Registration,
): { frame: Frame; run: LoopRun } | undefined {
  const { frame } = h.steps[at]!;
  const first = firstBatchFrame(h, frame);
  return first === undefined || first.registration === not ? undefined : { frame, run: first.run };
}

const quietFrom = (h: History, at: number) => h.horizons.find((horizon) => horizon.from >= at);

/** Removed by another handler of the first batch, before it was called itself. */
function* removedByAnother(h: History): Generator<{ registration: Registration; by: Frame; run: LoopRun }> {
  for (const registration of h.registrations) {
    if (registration.endedBy !== 'remove') continue;
    const by = firstBatchHandler(h, registration.endedAt, registration);
    if (by !== undefined && inFirstBatch(h, by.run, registration, by.frame.enter!.index))
      yield { registration, by: by.frame, run: by.run };
  }
}

/** A log line or an exception out of `start` in [from, to), where no callback raised anything. */
function noiseBetween(h: History, from: number, to: number): { at: number; text: string } | undefined {
  if (h.frames.some((frame) => frame.raised !== undefined)) return undefined;
  for (let at = from; at < to; at++) {
    const record = h.steps[at]!.record;
    if (record.k === 'log') return { at, text: `was logged: ${record.text}` };
    if (record.k === 'did' && record.op === 'start' && record.raised !== undefined)
      return { at, text: `made start raise: ${record.raised.text}` };
  }
  return undefined;
}

/**
 * A new owner of a number whose old owner was in the batch that is being dispatched: the old event must not reach it.
 * @param removed whether the old owner was removed first, or just closed
 */
const newOwnerIsSpared =
  (removed: boolean): Rule =>
  (h, say) => {
    for (const old of h.registrations) {
      const { closedAt, number } = old.fd;
      const gone = old.endedBy === 'remove' && old.endedAt <= closedAt;
      if (closedAt === Infinity || gone !== removed) continue;
      const by = firstBatchHandler(h, closedAt, old);
      if (by === undefined || !inFirstBatch(h, by.run, old, by.frame.enter!.index)) continue;
      const heir = h.registrations.find(
        (r) => r.by === by.frame && r.at > closedAt && r.fd.number === number,
      );
      if (heir === undefined) continue;
      if (heir.failed !== undefined) {
        say.excused('it refuses a handler for a number whose old fd was closed without being removed');
        continue;
      }
      const stale = heir.frames.find((frame) => isQuiet(heir, heir.at, frame.enter!.index));
      if (stale !== undefined)
        say.broken(
          stale.enter!.index,
          `${nameOf(heir)} had nothing to report, but got [${eventsOf(stale).join(' ')}] of the fd that had its number before`,
        );
      else {
        const passed = quietFrom(h, heir.at);
        if (passed !== undefined && isQuiet(heir, heir.at, passed.to)) say.kept();
      }
    }
  };

/** How many at the beginning meet a condition that none meets after one that does not. O(log n) tests. */
function countWhile<T>(items: readonly T[], test: (item: T) => boolean): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (test(items[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** It threw, and was not called again: what becomes of it is a choice (errors.throwing-handler). */
function wasDropped({ frames }: Registration): boolean {
  const threw = frames.findIndex(({ raised }) => raised !== undefined);
  return threw >= 0 && threw === frames.length - 1;
}

export const dispatchRules: RuleSet = {
  'LOOP-DISPATCH-1': (h, say) => {
    for (const { registration } of removedByAnother(h)) {
      const late = h.firstRunAfter(registration, registration.endedAt);
      if (late !== undefined)
        say.broken(
          late.enter!.index,
          `the handler of ${nameOf(registration)} was called after another handler had removed it`,
        );
      else if (quietFrom(h, registration.endedAt) !== undefined) say.kept();
    }
  },

  'LOOP-DISPATCH-2': newOwnerIsSpared(true),

  'LOOP-DISPATCH-3': newOwnerIsSpared(false),

  'LOOP-DISPATCH-4': (h, say) => {
    for (const { action, record, frame, index } of h.steps) {
      if (action?.op !== 'remove' || record.k !== 'did' || frame.kind !== 'handler') continue;
      const registration = h.byToken[frame.token] as Registration;
      const { fd, endedAt } = registration;
      if (fd.name !== action.fd || index > fd.closedAt || h.steps[fd.closedAt]?.frame !== frame) continue;
      if (record.raised !== undefined) {
        say.broken(index, `removing itself raised ${record.raised.text}`);
        continue;
      }
      if (endedAt !== index) continue;
      const late = h.firstRunAfter(registration, index);
      const exit = frame.exit?.index ?? h.end;
      const passed = quietFrom(h, index);
      const noise = noiseBetween(h, exit, h.end);
      if (late !== undefined)
        say.broken(
          late.enter!.index,
          `the handler of ${nameOf(registration)} was called after it had removed itself`,
        );
      else if (noise !== undefined)
        say.broken(noise.at, `that ${nameOf(registration)} removed and closed itself ${noise.text}`);
      else if (passed !== undefined) say.kept();
    }
  },

  'LOOP-DISPATCH-5': (h, say) => {
    for (const { registration, by } of removedByAnother(h)) {
      if (h.steps[registration.fd.closedAt]?.frame !== by) continue;
      const noise = noiseBetween(h, registration.endedAt, h.end);
      if (noise !== undefined)
        say.broken(noise.at, `that another handler removed and closed ${nameOf(registration)} ${noise.text}`);
      else if (quietFrom(h, registration.endedAt) !== undefined) say.kept();
    }
  },

  'LOOP-DISPATCH-6': (h, say) => {
    for (const added of h.registrations) {
      const inside = added.frames[0]?.enter!.index ?? Infinity;
      if (inside < added.at && h.runAt(added.at) !== undefined) {
        say.broken(inside, `${nameOf(added)} was served inside the call that added it`);
        continue;
      }
      // One that takes the place of another may get what was polled for that one (handlers.duplicate).
      const isFirst = added.failed === undefined && added.onTopOf === undefined;
      const by = isFirst ? firstBatchHandler(h, added.at, added) : undefined;
      const event = wanted(h, added, added.at);
      if (
        by === undefined ||
        event === undefined ||
        added.fd.file.certainly[event].at(added.at) === undefined
      )
        continue;
      const batch = h.registrations.filter((r) => inFirstBatch(h, by.run, r, by.frame.enter!.index));
      const waiting = batch.filter((r) => inFirstBatch(h, by.run, r, added.at));
      if (waiting.length === 0) continue;
      const parts = brokenUp(h, batch.length);
      if (parts !== undefined) {
        say.excused(parts);
        continue;
      }
      const first = h.firstRunAfter(added, added.at);
      if (first === undefined) continue;
      const passedOver = waiting.find((r) => inFirstBatch(h, by.run, r, first.enter!.index));
      if (passedOver !== undefined)
        say.broken(
          first.enter!.index,
          `${nameOf(added)} was served in the round in which it was added, before ${nameOf(passedOver)}`,
        );
      else say.kept();
    }
  },

  'LOOP-DISPATCH-7': (h, say) => {
    for (const run of h.runs) {
      // Handlers that were ready when the run began, and stay so: each round calls each once. Of two for one fd, with split interest
      // for one direction, both may be called.
      const group = h.registrations.filter(
        (r) =>
          inFirstBatch(h, run, r, run.from + 1) &&
          h.interestAt(r, run.from).length === 1 &&
          !h.registrations.some(({ onTopOf }) => onTopOf === r) &&
          !wasDropped(r),
      );
      if (group.length < 2) continue;
      const parts = brokenUp(h, group.length);
      if (parts !== undefined) {
        say.excused(parts);
        continue;
      }
      const stillReady = (frame: Frame): boolean =>
        group.every((r) => {
          const at = frame.enter!.index;
          const event = wanted(h, r, run.from)!;
          const isReady = r.fd.file.certainly[event].covers(run.from, at);
          return isReady && h.wants(r, event, run.from, at + 1) && !isTouched(r, run.from, at + 1);
        });
      const calls = new Map(group.map((r) => [r.token, 0]));
      /** How often all were called, and how many were not called more often. */
      let [rounds, behind] = [0, group.length];
      for (const frame of run.frames.slice(0, countWhile(run.frames, stillReady))) {
        const count = calls.get(frame.token);
        if (count === undefined) continue;
        if (count > rounds) {
          say.broken(
            frame.enter!.index,
            `${nameOf(h.byToken[frame.token] as Registration)} was called a second time in one round`,
          );
          return;
        }
        calls.set(frame.token, count + 1);
        if (--behind === 0) [rounds, behind] = [rounds + 1, group.length];
      }
      if (rounds >= 2) say.kept();
    }
  },

  'LOOP-DISPATCH-8': (h, say) => {
    const busy = h.registrations.filter((r) => r.frames.length >= 2);
    for (const event of ['read', 'write'] as const) {
      for (const owed of obligations(h, event)) {
        const readySince = owed.registration.fd.file.certainly[event].at(owed.from)!.from;
        if (h.runAt(readySince) === undefined) continue;
        const beside = busy.some((r) => {
          const its = wanted(h, r, owed.from);
          return (
            r !== owed.registration &&
            its !== undefined &&
            r.fd.file.certainly[its].covers(owed.from, owed.delivery?.enter!.index ?? owed.to - 1)
          );
        });
        if (!beside) continue;
        if (owed.delivery !== undefined) say.kept();
        else
          say.broken(
            owed.to,
            `${nameOf(owed.registration)} was not served while other fds were ready all the time`,
          );
      }
    }
  },

  'LOOP-DISPATCH-9': (h, say) => {
    for (const registration of h.registrations) {
      for (const [i, change] of registration.interest.entries()) {
        if (i === 0 || change.at === registration.endedAt) continue;
        const by = firstBatchHandler(h, change.at, registration);
        const before = registration.interest[i - 1]!.events;
        const { certainly } = registration.fd.file;
        if (by === undefined || !inFirstBatch(h, by.run, registration, change.at)) continue;
        if (!before.every((e) => certainly[e].covers(by.run.from, change.at))) continue;
        const dropped = before.filter((e) => !change.events.includes(e));
        const next = h.firstRunAfter(registration, change.at);
        if (dropped.length === 0 || next === undefined) continue;
        if (next.enter!.index > (registration.interest[i + 1]?.at ?? Infinity)) continue;
        say.chose(eventsOf(next).some((e) => dropped.includes(e)) ? 'stale' : 'masked', next.enter!.index);
      }
    }
  },
};
