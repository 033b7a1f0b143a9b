/**
 * Whether a read was answered when it had to be.
 */
import type { History, StreamLife } from '../../trace/history.js';
import { horizonAfter } from '../horizons.js';
import type { Say } from '../rule.js';
import { wasReset } from './peers.js';
import { failedBy, isHeldBack, nameOf, nearLimit, reasonOf, type ReadFact } from './read-facts.js';
import { readsUntil } from './trouble.js';

/**
 * The step by which the loop had polled often enough since another for a stream to have done what it owed to a read; undefined if it
 * hadn't, or if the stream was closed before, or may have been.
 */
export function passedSince(h: History, stream: StreamLife, step: number): number | undefined {
  const passed = horizonAfter(h, stream.loop, step)?.to;
  return passed === undefined || readsUntil(stream) < passed ? undefined : passed;
}

/** A read whose bytes had come has to succeed before the loop has polled often enough; `when` ends the sentence. */
export function judgeDue(h: History, fact: ReadFact, say: Say, when: string): void {
  const { stream, read, dueAt, end, endAt, bytes } = fact;
  if (fact.overlaps || fact.size === undefined || nearLimit(fact) || wasReset(stream)) return;
  if (read.failed !== undefined) {
    // Refused, though its bytes were there.
    const { type, text } = read.failed;
    if (dueAt === read.at && readsUntil(stream) > read.at)
      say.broken(read.at, `${nameOf(fact)} raised ${type}: ${text}, ${when}`);
    return;
  }
  const passed = isHeldBack(fact, fact.from + fact.size - 1) ? undefined : passedSince(h, stream, dueAt);
  if (bytes !== undefined && (passed === undefined || endAt <= passed)) say.kept();
  else if (passed === undefined) return;
  else if (failedBy(fact)) say.broken(endAt, `${nameOf(fact)} failed ${reasonOf(end!)}, ${when}`);
  else say.broken(passed, `${nameOf(fact)} was not called back, ${when}`);
}
