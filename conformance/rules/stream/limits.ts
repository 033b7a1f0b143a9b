/** Rules of `spec/stream/limits.md`. */
import type { History, StreamRead } from '../../trace/history.js';
import type { Rule, RuleSet } from '../rule.js';
import { MORE_THAN_FITS, outputs } from './output-facts.js';
import {
  failedBy,
  nameOf,
  nearLimit,
  passedSince,
  readFacts,
  refusedReads,
  type ReadFact,
} from './read-facts.js';
import { judgeDue } from './reading.js';

/** Bytes that had come for a read, of which it may take no more than its limit. */
interface Breach {
  readonly fact: ReadFact;
  /** Step by which so much had come that every way of counting has exceeded the limit. */
  readonly at: number;
}

/** A limit is exceeded for sure when twice as much has come and the delimiter hasn't, or lies beyond that. */
const CERTAINLY = 2;

function* breaches(h: History): Generator<Breach> {
  for (const fact of readFacts(h)) {
    const { limit, from, size = Infinity, input, read } = fact;
    if (limit === undefined || Number.isNaN(from) || fact.overlaps || size <= CERTAINLY * limit) continue;
    const reached = input.stepOf(from + CERTAINLY * limit);
    if (reached !== undefined) yield { fact, at: Math.max(reached, read.at) };
  }
}

const failsBeyond =
  (own: boolean): Rule =>
  (h, say) => {
    for (const { fact, at } of breaches(h)) {
      if (('max' in fact.read.action && fact.read.action.max !== undefined) !== own) continue;
      const passed = passedSince(h, fact.stream, at);
      const limit = `its limit of ${fact.limit} bytes`;
      if (failedBy(fact)) say.kept();
      else if (fact.bytes !== undefined)
        say.broken(fact.endAt, `${nameOf(fact)} got ${fact.bytes.length} bytes, beyond ${limit}`);
      else if (passed !== undefined) say.broken(passed, `${nameOf(fact)} is pending still, beyond ${limit}`);
    }
    // A call that raises has failed as well; that it should not raise is STREAM-LIMIT-5.
    for (const { action } of raisedReads(h))
      if ((action.op === 'readUntil' && action.max !== undefined) === own) say.kept();
  };

/** Reads that the call itself refused, though none was pending, for more had come than they may take. */
function* raisedReads(h: History): Generator<StreamRead> {
  for (const { read } of refusedReads(h)) {
    const { action, at, by, stream } = read;
    const limit = action.op === 'readUntil' ? (action.max ?? stream.maxRead) : undefined;
    // In a read's callback, it may be the place that is refused: STREAM-REENTRY-3.
    if (limit === undefined || by.kind === 'read') continue;
    if ((stream.file.peer?.written.sizeBefore(at) ?? 0) > CERTAINLY * limit) yield read;
  }
}

export const limitRules: RuleSet = {
  'STREAM-LIMIT-1': failsBeyond(false),

  'STREAM-LIMIT-2': (h, say) => {
    for (const { fact, at } of breaches(h)) {
      const { stream, endAt } = fact;
      if (!failedBy(fact) || stream.maxRead === undefined || stream.closeCallbacks.length === 0) continue;
      const closed = stream.closeCallbacks.at(-1)?.frames[0]?.enter!.index ?? Infinity;
      const passed = passedSince(h, stream, Math.max(at, endAt));
      if (closed < (passed ?? 0)) say.chose('closed', closed);
      else if (passed !== undefined) say.chose('open', passed);
    }
  },

  'STREAM-LIMIT-3': (h, say) => {
    for (const fact of readFacts(h)) {
      const { limit, size, input } = fact;
      if (limit === undefined || size === undefined || nearLimit(fact) || input.size < CERTAINLY * limit)
        continue;
      judgeDue(h, fact, say, `though it needs only ${size} bytes of the ${limit} that it may take`);
    }
  },

  'STREAM-LIMIT-4': (h, say) => {
    for (const fact of readFacts(h)) {
      const { limit, size, read, end } = fact;
      if (read.action.op !== 'readUntil' || limit === undefined || size === undefined || end === undefined)
        continue;
      if (Number.isNaN(fact.from) || fact.overlaps) continue;
      const payload = size - read.action.delimiter.length;
      if (size === limit) {
        if (fact.bytes === undefined)
          say.broken(fact.endAt, `${nameOf(fact)} failed, though its ${size} bytes are just its limit`);
      } else if (size > limit && payload <= limit)
        say.chose(fact.bytes === undefined ? 'counted' : 'not-counted', fact.endAt);
    }
  },

  'STREAM-LIMIT-5': (h, say) => {
    for (const { fact } of breaches(h)) {
      const again = fact.read.frames[1];
      if (again !== undefined) say.broken(again.enter!.index, `${nameOf(fact)} was called back twice`);
      else if (failedBy(fact)) say.kept();
    }
    for (const { stream, failed, at } of raisedReads(h))
      say.broken(at, `readUntil of stream ${stream.name} raised ${failed!.type}: ${failed!.text}`);
  },

  'STREAM-LIMIT-6': (h, say) => {
    for (const { stream, peer, sent, collects } of outputs(h)) {
      if (stream.maxWrite === undefined) continue;
      let accepted = 0;
      for (const { at, bytes, failed } of stream.sends) {
        const taken = collects.findLast(({ step }) => step.index < at)?.total ?? 0;
        const waiting = Math.max(bytes.length, accepted + bytes.length - taken - MORE_THAN_FITS);
        if (failed === undefined) accepted += bytes.length;
        if (waiting <= stream.maxWrite && failed === undefined) continue;
        if (failed === undefined)
          say.broken(
            at,
            `stream ${stream.name} accepted a write of ${bytes.length} bytes, so that ${waiting} or more wait, where ${stream.maxWrite} may`,
          );
        else if (collects.length > 0 && peer.collected.size >= sent.length) say.kept();
        else if (collects.length > 0)
          say.broken(at, `stream ${stream.name} refused a write, and what was written before did not arrive`);
      }
    }
  },

  'STREAM-LIMIT-7': failsBeyond(true),
};
