/**
 * Which handlers the first poll of a run found ready. It is the one batch that a trace can tell apart: what was ready and
 * watched before the start, and was not called yet.
 */
import type { EventName } from '../../spec/trace.js';
import type { History, LoopRun, Registration } from '../trace/history.js';
import type { Frame } from '../trace/timeline.js';

/** The first event that a registration wants. */
export const wantedEvent = (h: History, registration: Registration, at: number): EventName | undefined =>
  h.interestAt(registration, at)[0];

/** Whether there was certainly nothing that a registration could be told of, in all of [from, to]. O(changes of its interest). */
export function isQuiet(registration: Registration, from: number, to: number): boolean {
  const { certainlyNot } = registration.fd.file;
  const watched = registration.interest.filter((change) => change.at <= to).flatMap(({ events }) => events);
  return [...watched, 'error' as const].every((event) => certainlyNot[event].covers(from, to));
}

/**
 * Whether any handler for its fd was added, updated or removed between two steps: with split interest, what is done to one direction
 * may ask the kernel anew about both.
 */
export const isTouched = ({ fd }: Registration, from: number, to: number): boolean =>
  fd.touched.some((step) => step > from && step < to);

/** Whether the first poll of the run found it ready, and it was not called before the step. O(its runs). */
export function inFirstBatch(h: History, run: LoopRun, registration: Registration, at: number): boolean {
  if (registration.failed !== undefined || registration.at > run.from || registration.loop !== run.loop)
    return false;
  const event = wantedEvent(h, registration, run.from);
  if (event === undefined || !registration.fd.file.certainly[event].covers(run.from, at - 1)) return false;
  if (isTouched(registration, run.from, at)) return false;
  if (!h.wants(registration, event, run.from, at)) return false;
  return !registration.frames.some((frame) => frame.enter!.index > run.from && frame.enter!.index < at);
}

/** A handler's frame that is the first of its registration in a first batch, with its run. */
export function firstBatchFrame(
  h: History,
  frame: Frame,
): { registration: Registration; run: LoopRun } | undefined {
  if (frame.kind !== 'handler') return undefined;
  const registration = h.byToken[frame.token] as Registration;
  const run = h.runAt(frame.enter!.index);
  if (run === undefined || !inFirstBatch(h, run, registration, frame.enter!.index)) return undefined;
  return { registration, run };
}

/** Why nothing can be seen of a batch that is larger than what one poll reports; undefined if it is not. */
export const brokenUp = (h: History, size: number): string | undefined =>
  size <= h.subject.eventsPerPoll
    ? undefined
    : `one poll reports no more than ${h.subject.eventsPerPoll} of ${size} that are ready together (limits.eventsPerPoll)`;

/** The others that were found ready with it and still wait, just before the frame is entered. O(registrations). */
export function batchMates(h: History, frame: Frame): Registration[] {
  const first = firstBatchFrame(h, frame);
  if (first === undefined) return [];
  const at = frame.enter!.index;
  return h.registrations.filter((r) => r !== first.registration && inFirstBatch(h, first.run, r, at));
}
