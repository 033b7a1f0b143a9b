/**
 * What several rules share: when a loop owed somebody a call.
 */
import type { EventName } from '../../spec/trace.js';
import type { History, LoopRun, Registration } from '../trace/history.js';
import type { Frame } from '../trace/timeline.js';
import { once } from './once.js';

/** An event that was certain, watched for, and had time to be delivered. */
export interface Obligation {
  readonly registration: Registration;
  /** The step from which on it was owed. */
  readonly from: number;
  /** End of the horizon: it should have come before. */
  readonly to: number;
  /** The call that kept it; undefined if none came. */
  readonly delivery: Frame | undefined;
}

/**
 * For each registration and each horizon: was the event owed, and did it come? It was owed if the fd was certainly ready, and
 * watched for it, from the horizon's start until the call, or until the horizon's end. O(registrations × horizons).
 */
export const obligations = once((h, event: EventName): readonly Obligation[] => {
  const found: Obligation[] = [];
  for (const registration of h.registrations) {
    if (registration.failed !== undefined) continue;
    for (const horizon of h.horizons) {
      if (horizon.loop !== registration.loop) continue;
      const from = Math.max(horizon.from, registration.at);
      // Whatever was registered or became ready within the horizon had less than its whole length.
      if (from !== horizon.from) continue;
      // What becomes of a handler that throws is a choice.
      if (registration.frames.some((frame) => frame.raised !== undefined && frame.enter!.index < from))
        continue;
      if (knowsOfBreak(registration, from)) continue;
      const ready = registration.fd.file.certainly[event];
      if (!ready.at(from) || !h.wants(registration, event, from, from + 1)) continue;
      const delivery = h.delivery(registration, event, from, horizon.to);
      const until = delivery?.enter!.index ?? horizon.to;
      if (delivery === undefined && registration.fd.closedAt < until) continue;
      if (!ready.covers(from, until - 1) || !h.wants(registration, event, from, until)) continue;
      found.push({ registration, from, to: horizon.to, delivery });
    }
  }
  return found;
});

/** The loop may have reported that the connection is broken, and then watch it no more, as libuv documents. O(1). */
export const knowsOfBreak = ({ fd }: Registration, before: number): boolean => fd.file.breakHeardAt < before;

/** The run that ended with an error, none of a callback's making, while the registration was in force. */
export const brokenRun = (h: History, { failed, at, endedAt, loop }: Registration): LoopRun | undefined =>
  failed !== undefined || h.throws.length > 0
    ? undefined
    : h.runs.find((run) => run.loop === loop && run.raised !== undefined && at < run.to && endedAt > run.to);

/** `a` as `fd a (7)`. */
export const nameOf = (registration: Registration): string =>
  `fd ${registration.fd.name} (${registration.fd.number})`;

/** Registrations whose fd was closed while they were in force, and whose number nobody used again. */
export function closedBehind(h: History): Registration[] {
  return h.registrations.filter(
    ({ failed, fd, at, endedAt }) =>
      failed === undefined &&
      at < fd.closedAt &&
      fd.closedAt !== Infinity &&
      endedAt > fd.closedAt &&
      !h.fds.some((other) => other.number === fd.number && other.openedAt >= fd.closedAt),
  );
}
