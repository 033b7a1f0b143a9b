/** Rules of `spec/stream/reading.md`. */
import { bytesOf, READS, type History, type StreamLife, type StreamRead } from '../../trace/history.js';
import { MAX_DATA } from '../../../spec/trace.js';
import { horizonAfter } from '../horizons.js';
import type { Rule, RuleSet } from '../rule.js';
import { judgeWaiting, type Gap } from '../spin.js';
import { judgeDue, passedSince } from './due.js';
import { firstDifference } from './first-difference.js';
import { wasReset } from './peers.js';
import { factsOf, nameOf, readFacts, refusedReads, type ReadFact } from './read-facts.js';
import { isUneventful, reportedAfter } from './reported.js';
import { isThrottled } from './throttle.js';
import { closeFrameAt, readsUntil } from './trouble.js';

type ReadOp = (typeof READS)[number];

const bytes = (n: number): string => (n === 1 ? '1 byte' : `${n} bytes`);

/** What a read got is no more and no less than what satisfies it. */
const judgeSize =
  (op: ReadOp): Rule =>
  (h, say) => {
    for (const fact of readFacts(h)) {
      if (fact.read.action.op !== op || fact.bytes === undefined || Number.isNaN(fact.from)) continue;
      const got = fact.bytes.length;
      // A trace carries no more of it.
      const wanted = fact.size === undefined ? undefined : Math.min(fact.size, MAX_DATA);
      if (wanted === undefined)
        say.broken(
          fact.endAt,
          `${nameOf(fact)} got ${bytes(got)}, but nothing that satisfies it had been sent`,
        );
      else if (got !== wanted)
        say.broken(fact.endAt, `${nameOf(fact)} got ${bytes(got)}, where ${bytes(wanted)} satisfy it`);
      else say.kept();
    }
  };

/** Step at which its last byte was sent; -1 if it needs none. */
const lastByteAt = ({ input, from, size = 0 }: ReadFact): number =>
  size === 0 ? -1 : input.stepOf(from + size - 1)!;

/** What became of a second read: as the labels of `stream.overlapping-read`, or it was served before the first. */
type Fate = 'refused' | 'failed' | 'queued' | 'overtook';

interface Overlap {
  readonly first: StreamRead;
  readonly second: StreamRead;
  readonly fate: Fate;
  /** Step where it shows. */
  readonly at: number;
}

const endOf = ({ frames: [end] }: StreamRead): number => end?.enter!.index ?? Infinity;

/** A read of no bytes takes nothing away from the one that waits, and is to wait for nothing: STREAM-READ-6. */
const takesNothing = ({ action }: StreamRead): boolean => action.op === 'readBytes' && action.size === 0;

function fateOf(first: StreamRead, second: StreamRead): Fate | undefined {
  if (second.failed !== undefined) return 'refused';
  const [end] = second.frames;
  if (end === undefined) return undefined;
  const before = endOf(second) < endOf(first);
  if (before && takesNothing(second)) return undefined;
  if (bytesOf(end) !== undefined) return before ? 'overtook' : 'queued';
  // What fails after the first has waited for its turn, and failed for another reason.
  return before ? 'failed' : undefined;
}

/**
 * A read may be over for its stream before its callback is called: it is satisfied, or has failed for the limit. One that was itself
 * accepted behind another may be so as well.
 */
function mayBeOver({ from, limit, dueAt, input, overlaps, stream }: ReadFact, step: number): boolean {
  if (Number.isNaN(from) || overlaps || dueAt < step) return true;
  return input.sizeBefore(step) - from > Math.min(limit ?? Infinity, stream.maxRead ?? Infinity);
}

/** Reads that were asked for while another was pending, with that other: until something ends the stream. */
function* overlapping(h: History): Generator<Overlap> {
  for (const stream of h.streams) {
    const { reads, file } = stream;
    const facts = new Map(factsOf(h, stream).map((fact) => [fact.read, fact] as const));
    const open = Math.min(readsUntil(stream), file.eofAt);
    let first: StreamRead | undefined;
    for (const second of reads) {
      if (first !== undefined && second.at < endOf(first)) {
        const fate = fateOf(first, second);
        const at = fate === 'refused' ? second.at : endOf(second);
        const fact = facts.get(first);
        // To be accepted behind one that has its bytes is no sign of a queue.
        const isServed = fate === 'queued' && (fact === undefined || mayBeOver(fact, second.at));
        // A read that is served is no refusal, whatever happened meanwhile.
        if (fate !== undefined && !isServed && (fate === 'queued' ? second.at : at) < open)
          yield { first, second, fate, at };
      }
      if (second.failed === undefined && (first === undefined || endOf(second) > endOf(first)))
        first = second;
    }
  }
}

/** The peer's output has ended in order, and all that it sent before was sent. */
const endedAt = (stream: StreamLife): number => (wasReset(stream) ? Infinity : stream.file.eofAt);

/** The last byte of a delimiter was written by another callback than its first. */
function cameApart(h: History, { read: { action }, input, from, size }: ReadFact): boolean {
  if (action.op !== 'readUntil' || size === undefined) return false;
  const end = from + size;
  const [first, last] = [input.stepOf(end - action.delimiter.length)!, input.stepOf(end - 1)!];
  return h.steps[first]!.frame !== h.steps[last]!.frame;
}

/** Reads whose bytes were others when the scenario was over: with the step of their callback, and the end of a sentence. */
function* changedReads(h: History): Generator<readonly [StreamRead, number, string]> {
  const changed = new Map((h.trace.changed ?? []).map((change) => [change.record, change] as const));
  if (changed.size === 0) return;
  for (const { reads } of h.streams)
    for (const read of reads)
      for (const frame of read.frames) {
        const { index } = frame.enter!;
        const change = changed.get(index);
        const before = bytesOf(frame);
        if (change === undefined || before === undefined) continue;
        const now = Buffer.concat([before.subarray(0, change.at), Buffer.from(change.data, 'latin1')]);
        const difference = firstDifference(now, before);
        if (difference !== undefined) yield [read, index, difference.text];
      }
}

export const readingRules: RuleSet = {
  'STREAM-READ-1': (h, say) => {
    for (const { name, reads } of h.streams)
      for (const { action, frames } of reads)
        if (frames[1] !== undefined)
          say.broken(frames[1].enter!.index, `${action.op} of stream ${name} was called back twice`);
    for (const [{ action, stream }, at, text] of changedReads(h))
      say.broken(at, `what ${action.op} of stream ${stream.name} got was overwritten later, ${text}`);
    for (const fact of readFacts(h)) {
      if (fact.bytes === undefined || fact.bytes.length === 0 || Number.isNaN(fact.from)) continue;
      const end = Math.min(fact.from + fact.bytes.length, fact.input.sizeBefore(fact.endAt));
      const difference = firstDifference(fact.bytes, fact.input.bytes.subarray(fact.from, end));
      if (difference === undefined) say.kept();
      else say.broken(fact.endAt, `${nameOf(fact)} got other bytes than were sent, ${difference.text}`);
    }
  },

  'STREAM-READ-2': judgeSize('readBytes'),

  'STREAM-READ-3': judgeSize('readUntil'),

  'STREAM-READ-4': (h, say) => {
    for (const fact of readFacts(h))
      if (cameApart(h, fact)) judgeDue(h, fact, say, 'though its delimiter had come, in pieces');
  },

  'STREAM-READ-5': judgeSize('readUntilRegex'),

  'STREAM-READ-6': (h, say) => {
    for (const fact of [...readFacts(h), ...refusedReads(h)]) {
      const { read, stream } = fact;
      if (read.action.op !== 'readBytes' || read.action.size !== 0) continue;
      // One that may be closed by now serves what it still has, and that is nothing.
      if (Math.min(closeFrameAt(stream), stream.file.eofAt) > read.at)
        judgeDue(h, fact, say, 'though it asks for no bytes');
    }
  },

  'STREAM-READ-7': (h, say) => {
    for (const fact of [...readFacts(h), ...refusedReads(h)]) {
      // The bytes before its own came in one piece with them, and the read before got those: so its own were there.
      const together = fact.from > 0 && fact.input.stepOf(fact.from - 1) === fact.input.stepOf(fact.from);
      if (fact.size !== undefined && fact.size > 0 && together && fact.dueAt === fact.read.at)
        judgeDue(h, fact, say, 'though its bytes had come together with those of the read before');
    }
  },

  'STREAM-READ-8': (h, say) => {
    for (const fact of readFacts(h))
      // One of no bytes waits for none: STREAM-READ-6.
      if (fact.read.action.op !== 'readUntilClose' && fact.size !== 0)
        judgeDue(h, fact, say, 'though its bytes had come');
  },

  'STREAM-READ-9': (h, say) => {
    for (const { first, fate, at } of overlapping(h))
      if (fate === 'overtook')
        say.broken(at, `of two reads of stream ${first.stream.name}, the second ended first`);
      else say.chose(fate, at);
  },

  'STREAM-READ-10': (h, say) => {
    const facts = new Map([...readFacts(h)].map((fact) => [fact.read, fact] as const));
    for (const { first, fate, at } of overlapping(h)) {
      const fact = facts.get(first);
      if (fate === 'queued' || fate === 'overtook')
        say.excused('a second read is not refused (stream.overlapping-read)');
      // What had its bytes before is another matter: if it isn't called, that is no work of the refusal.
      else if (fact !== undefined && fact.dueAt > at)
        judgeDue(h, fact, say, 'after a second read was refused');
    }
  },

  'STREAM-READ-11': (h, say) => {
    for (const fact of [...readFacts(h), ...refusedReads(h)])
      // Nor has a read of no bytes any that came before the end: STREAM-READ-6.
      if (fact.read.action.op !== 'readUntilClose' && fact.size !== 0 && fact.read.at > endedAt(fact.stream))
        judgeDue(h, fact, say, "though its bytes had come before the end of the peer's output");
  },

  'STREAM-READ-12': (h, say) => {
    for (const fact of readFacts(h)) {
      const ended = endedAt(fact.stream);
      if (fact.read.action.op === 'readUntilClose' || fact.size === undefined) continue;
      if (fact.read.at < lastByteAt(fact) && ended < fact.endAt)
        judgeDue(h, fact, say, "though its bytes had come together with the end of the peer's output");
    }
  },

  'STREAM-READ-13': (h, say) => {
    for (const fact of readFacts(h)) {
      const { read, stream, endAt } = fact;
      const ended = endedAt(stream);
      if (fact.size !== undefined || ended === Infinity || fact.overlaps || Number.isNaN(fact.from)) continue;
      if (read.action.op === 'readSome' && read.action.size === 0) continue;
      const passed = passedSince(h, stream, Math.max(read.at, ended));
      // A read of whatever is there may be told of the end by no bytes.
      const empty = read.action.op === 'readSome' && fact.bytes?.length === 0;
      if (fact.bytes !== undefined && !empty)
        say.broken(
          endAt,
          `${nameOf(fact)} succeeded with ${bytes(fact.bytes.length)}, which do not satisfy it`,
        );
      else if (passed === undefined || endAt < ended) continue;
      else if (endAt <= passed) say.kept();
      else say.broken(passed, `${nameOf(fact)} is still pending, though the peer's output has ended`);
    }
  },

  'STREAM-READ-14': (h, say) => {
    for (const fact of readFacts(h)) {
      const { stream, size, endAt } = fact;
      if (fact.read.action.op !== 'readUntilClose' || wasReset(stream) || Number.isNaN(fact.from)) continue;
      // A close has told it of another end, and so has whatever else ends the stream.
      if (readsUntil(stream) < endAt && endAt < Infinity) continue;
      const got = fact.bytes?.length;
      if (got !== undefined && endAt < stream.file.eofAt)
        say.broken(endAt, `${nameOf(fact)} succeeded before the end of the peer's output`);
      else if (size === undefined) continue;
      else if (got !== undefined && got !== Math.min(size, MAX_DATA))
        say.broken(endAt, `${nameOf(fact)} got ${bytes(got)}, where ${bytes(size)} came before the end`);
      else judgeDue(h, fact, say, "though the peer's output had ended");
    }
  },

  'STREAM-READ-15': (h, say) => {
    for (const fact of readFacts(h)) {
      const { read, stream, endAt } = fact;
      if (read.action.op !== 'readSome' || fact.bytes === undefined || fact.overlaps) continue;
      if (read.action.size === 0 || readsUntil(stream) < endAt || wasReset(stream)) continue;
      const got = fact.bytes.length;
      if (read.action.size !== undefined && got > read.action.size)
        say.broken(
          endAt,
          `${nameOf(fact)} got ${bytes(got)}, where it asked for ${read.action.size} at most`,
        );
      else if (got > 0) say.kept();
      else if (fact.dueAt < endAt) say.broken(endAt, `${nameOf(fact)} got no bytes, though some had come`);
      else if (stream.file.eofAt > endAt)
        say.broken(endAt, `${nameOf(fact)} got no bytes, though the peer's output has not ended`);
    }
  },

  'STREAM-READ-16': (h, say) => {
    for (const stream of h.streams) {
      const throttled = isThrottled(h, stream);
      if (throttled === undefined) continue;
      if (throttled.stopped) say.kept();
      else
        say.broken(
          throttled.at,
          `the peer of stream ${stream.name}, from which nobody reads, could send ${bytes(throttled.taken)} and more`,
        );
    }
  },

  'STREAM-READ-17': (h, say) => {
    for (const stream of h.streams) {
      const facts = factsOf(h, stream);
      const input = stream.file.peer?.written;
      // How many of the bytes a read took that failed isn't known.
      if (input === undefined || input.size === 0) continue;
      if (facts.some(({ end, bytes }) => end !== undefined && bytes === undefined)) continue;
      const takenBefore = (step: number): number =>
        facts.reduce((sum, { endAt, bytes }) => (endAt <= step ? sum + (bytes?.length ?? 0) : sum), 0);
      const until = readsUntil(stream);
      const waits = ({ from, to }: Gap): boolean =>
        from > stream.at &&
        to < until &&
        !facts.some(({ read, endAt }) => read.at < to && endAt > from) &&
        input.sizeBefore(from) > takenBefore(from);
      judgeWaiting(h, say, waits, `while bytes wait in stream ${stream.name} that nobody reads`);
    }
  },

  'STREAM-READ-18': (h, say) => {
    if (!isUneventful(h)) return;
    for (const stream of h.streams) {
      const { name, file, loop } = stream;
      if (!file.reset || readsUntil(stream) < file.brokenAt) continue;
      const logged = reportedAfter(h, file.brokenAt);
      if (logged !== undefined) say.broken(logged, `the reset of stream ${name} by its peer was reported`);
      else if (horizonAfter(h, loop, file.brokenAt) !== undefined) say.kept();
    }
  },
};
