/** Rules of `spec/stream/reading.md`. */
import {
  bytesOf,
  closedAt,
  READS,
  type History,
  type StreamLife,
  type StreamRead,
} from '../../trace/history.js';
import type { TraceRecord } from '../../../spec/trace.js';
import type { Rule, RuleSet, Say } from '../rule.js';
import { judgeWaiting, type Gap } from '../spin.js';
import { firstDifference } from './first-difference.js';
import {
  failedBy,
  nameOf,
  nearLimit,
  passedSince,
  readFacts,
  reasonOf,
  refusedReads,
  thrownAt,
  wasReset,
  type ReadFact,
} from './read-facts.js';
import { isThrottled } from './throttle.js';

type ReadOp = (typeof READS)[number];

const bytes = (n: number): string => (n === 1 ? '1 byte' : `${n} bytes`);

/** What a read got is no more and no less than what satisfies it. */
const judgeSize =
  (op: ReadOp): Rule =>
  (h, say) => {
    for (const fact of readFacts(h)) {
      if (fact.read.action.op !== op || fact.bytes === undefined || Number.isNaN(fact.from)) continue;
      const got = fact.bytes.length;
      if (fact.size === undefined)
        say.broken(
          fact.endAt,
          `${nameOf(fact)} got ${bytes(got)}, but nothing that satisfies it had been sent`,
        );
      else if (got !== fact.size)
        say.broken(fact.endAt, `${nameOf(fact)} got ${bytes(got)}, where ${bytes(fact.size)} satisfy it`);
      else say.kept();
    }
  };

/** A read whose bytes had come has to succeed before the loop has polled often enough; `when` ends the sentence. */
export function judgeDue(h: History, fact: ReadFact, say: Say, when: string): void {
  if (fact.overlaps || fact.size === undefined || nearLimit(fact) || wasReset(fact.stream)) return;
  if (thrownAt(fact.stream) < fact.dueAt) return;
  const passed = passedSince(h, fact.stream, fact.dueAt);
  if (fact.bytes !== undefined && (passed === undefined || fact.endAt <= passed)) say.kept();
  else if (passed === undefined) return;
  else if (failedBy(fact)) say.broken(fact.endAt, `${nameOf(fact)} failed ${reasonOf(fact.end!)}, ${when}`);
  else say.broken(passed, `${nameOf(fact)} was not called back, ${when}`);
}

/** Step at which its last byte was sent; -1 if it needs none. */
const lastByteAt = ({ input, from, size = 0 }: ReadFact): number =>
  size === 0 ? -1 : input.stepOf(from + size - 1)!;

/** Reads that were asked for while another was pending, with that other. */
function* overlapping(h: History): Generator<readonly [first: StreamRead, second: StreamRead]> {
  for (const { reads, closes } of h.streams) {
    const closed = closes[0]?.index ?? Infinity;
    let first: StreamRead | undefined;
    let firstEnd = -1;
    for (const read of reads) {
      if (first !== undefined && read.at < firstEnd && read.at < closed) yield [first, read];
      const end = read.frames[0]?.enter!.index ?? Infinity;
      if (read.failed !== undefined || end < firstEnd) continue;
      [first, firstEnd] = [read, end];
    }
  }
}

/** The peer's output has ended in order, and all that it sent before was sent. */
const endedAt = (stream: StreamLife): number => (wasReset(stream) ? Infinity : stream.file.eofAt);

/** Reads that came after the end, and that the call itself refused though their bytes were there. */
function judgeRefused(h: History, say: Say, isWanted: (op: ReadOp) => boolean): void {
  for (const { read, stream, size } of refusedReads(h)) {
    const { action, at, failed } = read;
    if (!isWanted(action.op) || size === undefined || size === 0 || at < endedAt(stream)) continue;
    // That it can't be asked for there is another matter: STREAM-REENTRY-3.
    if (read.by.kind === 'read') continue;
    say.broken(
      at,
      `${action.op} of stream ${stream.name} raised ${failed!.type}: ${failed!.text}, though ${bytes(size)} had come before the end of the peer's output`,
    );
  }
}

/** A warning is no exception. */
export const isError = (record: TraceRecord): boolean => record.k === 'log' && record.level !== 'warning';

export const readingRules: RuleSet = {
  'STREAM-READ-1': (h, say) => {
    for (const fact of readFacts(h)) {
      if (fact.bytes === undefined || fact.bytes.length === 0 || Number.isNaN(fact.from)) continue;
      const end = Math.min(fact.from + fact.bytes.length, fact.input.sizeBefore(fact.endAt));
      const difference = firstDifference(fact.bytes, fact.input.bytes.subarray(fact.from, end));
      if (difference === undefined) say.kept();
      else say.broken(fact.endAt, `${nameOf(fact)} got other bytes than were sent, ${difference}`);
    }
  },

  'STREAM-READ-2': judgeSize('readBytes'),

  'STREAM-READ-3': judgeSize('readUntil'),

  'STREAM-READ-4': (h, say) => {
    for (const fact of readFacts(h)) {
      const { action } = fact.read;
      if (action.op !== 'readUntil' || fact.size === undefined) continue;
      const end = fact.from + fact.size;
      if (fact.input.piecesWithin(end - action.delimiter.length, end) < 2) continue;
      judgeDue(h, fact, say, 'though its delimiter had come, in pieces');
    }
  },

  'STREAM-READ-5': judgeSize('readUntilRegex'),

  'STREAM-READ-6': (h, say) => {
    for (const fact of readFacts(h))
      if (fact.read.action.op === 'readBytes' && fact.read.action.size === 0)
        judgeDue(h, fact, say, 'though it asks for no bytes');
  },

  'STREAM-READ-7': (h, say) => {
    for (const fact of readFacts(h)) {
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
    for (const [first, second] of overlapping(h)) {
      const firstEnd = first.frames[0]?.enter!.index ?? Infinity;
      const [end] = second.frames;
      if (second.failed !== undefined) say.chose('refused', second.at);
      else if (end === undefined) continue;
      else if (bytesOf(end) === undefined) {
        if (end.enter!.index < firstEnd) say.chose('failed', end.enter!.index);
      } else if (end.enter!.index > firstEnd) say.chose('queued', end.enter!.index);
      else
        say.broken(end.enter!.index, `of two reads of stream ${first.stream.name}, the second ended first`);
    }
  },

  'STREAM-READ-10': (h, say) => {
    for (const [first, second] of overlapping(h)) {
      const [end] = second.frames;
      const failed = second.failed !== undefined || (end !== undefined && bytesOf(end) === undefined);
      if (!failed) {
        say.excused('a second read is not refused (stream.overlapping-read)');
        continue;
      }
      const fact = readFacts(h).find(({ read }) => read === first);
      // Not what had its bytes before: if it isn't called, that is no work of the refusal.
      if (fact === undefined || fact.dueAt < second.at) continue;
      judgeDue(h, fact, say, 'after a second read was refused');
    }
  },

  'STREAM-READ-11': (h, say) => {
    for (const fact of readFacts(h))
      if (fact.read.action.op !== 'readUntilClose' && fact.read.at > endedAt(fact.stream))
        judgeDue(h, fact, say, "though its bytes had come before the end of the peer's output");
    judgeRefused(h, say, (op) => op !== 'readUntilClose');
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
      const ended = endedAt(fact.stream);
      if (fact.size !== undefined || ended === Infinity || fact.overlaps || Number.isNaN(fact.from)) continue;
      if (fact.read.action.op === 'readSome') continue;
      const passed = passedSince(h, fact.stream, Math.max(fact.read.at, ended));
      if (fact.bytes !== undefined)
        say.broken(
          fact.endAt,
          `${nameOf(fact)} succeeded with ${bytes(fact.bytes.length)}, which do not satisfy it`,
        );
      else if (passed === undefined) continue;
      else if (fact.endAt < passed) say.kept();
      else say.broken(passed, `${nameOf(fact)} is still pending, though the peer's output has ended`);
    }
  },

  'STREAM-READ-14': (h, say) => {
    for (const fact of readFacts(h)) {
      if (fact.read.action.op !== 'readUntilClose' || fact.size === undefined) continue;
      if (fact.bytes !== undefined && fact.bytes.length !== fact.size)
        say.broken(
          fact.endAt,
          `${nameOf(fact)} got ${bytes(fact.bytes.length)}, where ${bytes(fact.size)} came before the end`,
        );
      else judgeDue(h, fact, say, "though the peer's output had ended");
    }
    judgeRefused(h, say, (op) => op === 'readUntilClose');
  },

  'STREAM-READ-15': (h, say) => {
    for (const fact of readFacts(h)) {
      const { action } = fact.read;
      if (action.op !== 'readSome' || fact.bytes === undefined || fact.overlaps) continue;
      if (closedAt(fact.stream) < fact.endAt || wasReset(fact.stream)) continue;
      const got = fact.bytes.length;
      if (action.size !== undefined && got > action.size)
        say.broken(
          fact.endAt,
          `${nameOf(fact)} got ${bytes(got)}, where it asked for ${action.size} at most`,
        );
      else if (got > 0) say.kept();
      else if (fact.dueAt < fact.endAt)
        say.broken(fact.endAt, `${nameOf(fact)} got no bytes, though some had come`);
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
      const input = stream.file.peer?.written;
      if (input === undefined || input.size === 0 || stream.closes.length > 0) continue;
      const facts = readFacts(h).filter((fact) => fact.stream === stream);
      const takenBefore = (step: number): number =>
        facts.reduce((sum, { endAt, bytes }) => (endAt <= step ? sum + (bytes?.length ?? 0) : sum), 0);
      const waits = ({ from, to }: Gap): boolean =>
        !facts.some(({ read, endAt }) => read.at < to && endAt > from) &&
        input.sizeBefore(from) > takenBefore(from);
      judgeWaiting(h, say, waits, `while bytes wait in stream ${stream.name} that nobody reads`);
    }
  },

  'STREAM-READ-18': (h, say) => {
    for (const { name, file, loop } of h.streams) {
      if (!file.reset) continue;
      const passed = h.horizons.find((horizon) => horizon.loop === loop && horizon.from >= file.eofAt);
      const logged = h.steps.find(({ index, record }) => isError(record) && index > file.eofAt);
      if (logged !== undefined)
        say.broken(logged.index, `the reset of stream ${name} by its peer was reported`);
      else if (passed !== undefined) say.kept();
    }
  },
};
