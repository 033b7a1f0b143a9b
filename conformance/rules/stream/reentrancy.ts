/** Rules of `spec/stream/reentrancy.md`. */
import { closedAt, enterOf, type History, type StreamLife } from '../../trace/history.js';
import type { Frame, Step } from '../../trace/timeline.js';
import type { RuleSet } from '../rule.js';
import { callbacksOf, ownerOf } from './owners.js';
import { peerOf, wasReset } from './peers.js';
import { factsOf, nearLimit, readFacts, type ReadFact } from './read-facts.js';
import { isInnocent } from './reported.js';
import { closingAt, hasReadLimit, readsUntil, troubledAt } from './trouble.js';

/** Links of a chain that show whether it has an end, or a bottom. */
const MANY = 500;
/** Callbacks that may lie within each other. A stack takes thousands; what piles up has no bound. */
const DEEP = 50;
/** A timer may be late by so much for reasons of the clock. ms */
const COARSE_MS = 2;

/** Reads each of which was asked for in the callback of a read, and that have ended. */
const chainOf = (h: History, stream: StreamLife): readonly ReadFact[] =>
  factsOf(h, stream).filter(({ read, endAt }) => read.by.kind === 'read' && endAt < Infinity);

/** Callbacks of reads that lie around one, itself counted; no more than are of interest. */
function depthOf(frame: Frame): number {
  let depth = 0;
  for (let at: Frame | undefined = frame; at?.kind === 'read' && depth <= DEEP; at = at.parent) depth++;
  return depth;
}

/** How many of some steps in order lie in (from, to). O(log n). */
function countBetween(steps: readonly number[], from: number, to: number): number {
  const before = (step: number): number => {
    let low = 0;
    let high = steps.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (steps[middle]! < step) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return Math.max(0, before(to) - before(from + 1));
}

/** Somebody who was to be served from a step on. */
interface Waiting {
  readonly name: string;
  readonly since: number;
  readonly served: number;
}

/** The first step at which a clock reading was reached. O(log n). */
function stepAt(h: History, time: number): number {
  let low = 0;
  let high = h.end;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (h.timeOf(middle) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Timers that are due, and reads of other streams whose bytes have come. */
function* othersThan(h: History, stream: StreamLife): Generator<Waiting> {
  const coarse = 1000 * (COARSE_MS + h.subject.timerResolutionMs);
  for (const { loop, failed, cancelledAt, notBefore, at, run, frames } of h.timers) {
    if (loop !== stream.loop || failed !== undefined || cancelledAt < Infinity || Number.isNaN(notBefore))
      continue;
    const since = Math.max(at, stepAt(h, notBefore + coarse));
    yield { name: `timer '${run}'`, since, served: frames[0]?.enter!.index ?? Infinity };
  }
  for (const other of h.streams) {
    if (other === stream || other.loop !== stream.loop || wasReset(other)) continue;
    for (const fact of factsOf(h, other)) {
      const { overlaps, dueAt, endAt } = fact;
      if (overlaps || dueAt === Infinity || nearLimit(fact) || readsUntil(other) < Math.min(endAt, h.end))
        continue;
      yield { name: `a read of stream ${other.name}`, since: dueAt, served: endAt };
    }
  }
}

const STREAM_OPS: ReadonlySet<string> = new Set([
  'readUntil',
  'readUntilRegex',
  'readBytes',
  'readSome',
  'readUntilClose',
  'send',
  'closeStream',
]);

export const reentrancyRules: RuleSet = {
  'STREAM-REENTRY-1': (h, say) => {
    for (const stream of h.streams) {
      const deep = stream.reads.find(({ frames: [end] }) => end !== undefined && depthOf(end) > DEEP);
      const run = h.runs.find(({ loop, raised }) => loop === stream.loop && raised !== undefined);
      if (deep !== undefined)
        say.broken(
          deep.frames[0]!.enter!.index,
          `more than ${DEEP} callbacks of stream ${stream.name} lie within each other`,
        );
      else if (chainOf(h, stream).length < MANY) continue;
      else if (run !== undefined && isInnocent(h))
        say.broken(
          run.to,
          `start raised after a chain of reads of stream ${stream.name}: ${run.raised!.text}`,
        );
      else say.kept();
    }
  },

  'STREAM-REENTRY-2': (h, say) => {
    for (const stream of h.streams)
      for (const { at, failed, frames } of callbacksOf(stream)) {
        const enter = frames[0]?.enter!.index;
        if (enter === undefined || failed !== undefined) continue;
        if (enter < at)
          say.broken(enter, `a callback of stream ${stream.name} was called by the call that asked for it`);
        else say.kept();
      }
  },

  'STREAM-REENTRY-3': (h, say) => {
    const named = new Map<string, StreamLife[]>();
    for (const stream of h.streams) named.set(stream.name, [...(named.get(stream.name) ?? []), stream]);
    for (const { index, action, record, frame } of h.steps) {
      if (action === undefined || !STREAM_OPS.has(action.op) || record.k !== 'did') continue;
      const stream = ownerOf(h, frame);
      if (stream === undefined || !('stream' in action)) continue;
      // A name may have gone over to another stream.
      if (named.get(action.stream)?.findLast(({ at }) => at < index) !== stream) continue;
      if (frame.kind === 'closed' || enterOf(frame).failed !== undefined) continue;
      const { eofAt, brokenAt } = stream.file;
      if (Math.min(closedAt(stream), eofAt, brokenAt) < index || peerOf(h, stream) === undefined) continue;
      if (troubledBefore(stream, index) || (action.op === 'send' && hasEnded(stream, index))) continue;
      const { raised } = record;
      if (raised === undefined) say.kept();
      else if (!isBusy(stream, index) && !hasReadLimit(stream) && stream.maxWrite === undefined)
        say.broken(
          index,
          `${action.op} in a callback of stream ${stream.name} raised ${raised.type}: ${raised.text}`,
        );
    }
  },

  'STREAM-REENTRY-4': (h, say) => {
    for (const stream of h.streams)
      for (const { step, state } of stream.states) {
        const { frame } = step;
        if (frame.kind !== 'read' || ownerOf(h, frame) !== stream) continue;
        if (state.reading === undefined) {
          say.excused("it can't be asked whether it is reading");
          continue;
        }
        // What is closed reads no more, whatever it says.
        if (closedAt(stream) < step.index) continue;
        // Another that waits, or was asked for just now; also if it was refused.
        if (isBusy(stream, step.index) || asksBefore(stream, step)) continue;
        if (state.reading)
          say.broken(step.index, `stream ${stream.name} says in a read's callback that it is reading`);
        else say.kept();
      }
  },

  'STREAM-REENTRY-5': (h, say) => {
    for (const stream of h.streams) {
      const ends = chainOf(h, stream).map(({ endAt }) => endAt);
      const last = ends.at(-1);
      if (last === undefined || ends.length < MANY) continue;
      for (const { name, since, served } of othersThan(h, stream)) {
        if (since > last || served < ends[0]!) continue;
        const links = countBetween(ends, since, served);
        if (links >= MANY)
          say.broken(
            Math.min(served, last),
            `${name} had to wait while ${links} reads of stream ${stream.name} were served`,
          );
        else if (served < Infinity) say.kept();
      }
    }
  },

  'STREAM-REENTRY-6': (h, say) => {
    for (const fact of readFacts(h)) {
      const { stream, dueAt, endAt, bytes, size } = fact;
      const closing = closingAt(h, stream);
      if (size === undefined || fact.overlaps || nearLimit(fact) || wasReset(stream)) continue;
      if (dueAt > closing || endAt <= closing || troubledAt(stream) < closing) continue;
      if (bytes !== undefined && (bytes.length > 0 || size === 0)) say.chose('delivered', endAt);
      else if (endAt < Infinity) say.chose('dropped', endAt);
    }
  },
};

/** A read was asked for in the same callback, before a step. */
const asksBefore = ({ reads }: StreamLife, { frame, index }: Step): boolean =>
  reads.some(({ by, at }) => by === frame && at < index);

/** A read is pending: it makes the refusal of another lawful, and true that the stream is reading. */
const isBusy = (stream: StreamLife, step: number): boolean => busyUntil(stream, step) > step;

const known = new WeakMap<StreamLife, { readonly at: number; readonly until: number }[]>();

/** When the last of the reads ends that were asked for before a step. O(log n) after the first time. */
function busyUntil(stream: StreamLife, step: number): number {
  let ends = known.get(stream);
  if (ends === undefined) {
    let until = -1;
    ends = stream.reads
      .filter(({ failed }) => failed === undefined)
      .map(({ at, frames: [end] }) => ({
        at,
        until: (until = Math.max(until, end?.enter!.index ?? Infinity)),
      }));
    known.set(stream, ends);
  }
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ends[middle]!.at < step) low = middle + 1;
    else high = middle;
  }
  return ends[low - 1]?.until ?? -1;
}

const troubledBefore = (stream: StreamLife, step: number): boolean => troubledAt(stream) < step;

const hasEnded = ({ ends: [first] }: StreamLife, step: number): boolean => (first?.index ?? Infinity) < step;
