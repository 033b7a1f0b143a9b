/** Rules of `spec/stream/limits.md`. */
import type { History } from '../../trace/history.js';
import type { Rule, RuleSet } from '../rule.js';
import { judgeDue, passedSince } from './due.js';
import { driesUp, isUndisturbed, outputs, sentBefore, toldOf, collectedBefore } from './output-facts.js';
import { wasReset } from './peers.js';
import {
  failedBy,
  isHeldBack,
  nameOf,
  nearLimit,
  readFacts,
  refusedReads,
  type ReadFact,
} from './read-facts.js';
import { closeFrameAt, readsUntil } from './trouble.js';

/** A read for which more had come than it may take. */
interface Breach {
  readonly fact: ReadFact;
  readonly limit: number;
  /** Step by which so much had come that every way of counting has exceeded the limit. */
  readonly at: number;
}

/** A limit is exceeded for sure when twice as much has come and the delimiter hasn't, or lies beyond that. */
const CERTAINLY = 2;

function breachOf(fact: ReadFact): Breach | undefined {
  const { limit, from, size = Infinity, input, read, stream } = fact;
  if (limit === undefined || Number.isNaN(from) || fact.overlaps || wasReset(stream)) return undefined;
  const delimiter = read.action.op === 'readUntil' ? read.action.delimiter.length : 0;
  const beyond = CERTAINLY * limit + delimiter;
  const reached = size <= beyond ? undefined : input.stepOf(from + beyond);
  return reached === undefined || isHeldBack(fact, from + beyond)
    ? undefined
    : { fact, limit, at: Math.max(reached, read.at) };
}

/** Of reads that were accepted; a stream that was closed meanwhile has told of that. */
function* breaches(h: History): Generator<Breach> {
  for (const fact of readFacts(h)) {
    const breach = breachOf(fact);
    if (breach !== undefined && readsUntil(fact.stream) > Math.min(breach.at, fact.endAt)) yield breach;
  }
}

/** Of reads whose call raised, since so much had come before. */
function* raisedAtOnce(h: History): Generator<Breach> {
  for (const fact of refusedReads(h)) {
    const breach = breachOf(fact);
    const { read, stream } = fact;
    if (breach?.at === read.at && Math.min(readsUntil(stream), stream.file.eofAt) > read.at) yield breach;
  }
}

/** The limit is the read's own, and the read one up to a delimiter, or it is the stream's. */
const isOf = (own: boolean, { fact: { read } }: Breach): boolean =>
  read.action.op === 'readUntil' && (read.action.max !== undefined) === own;

const failsBeyond =
  (own: boolean): Rule =>
  (h, say) => {
    for (const breach of breaches(h)) {
      if (!isOf(own, breach)) continue;
      const { fact, limit, at } = breach;
      const passed = passedSince(h, fact.stream, at);
      const beyond = `beyond its limit of ${limit} bytes`;
      if (fact.bytes !== undefined)
        say.broken(fact.endAt, `${nameOf(fact)} got ${fact.bytes.length} bytes, ${beyond}`);
      else if (passed !== undefined && fact.endAt > passed)
        say.broken(passed, `${nameOf(fact)} is pending still, ${beyond}`);
      else if (failedBy(fact)) say.kept();
    }
    // A call that raises has failed as well; that it should not raise is STREAM-LIMIT-5.
    for (const breach of raisedAtOnce(h)) if (isOf(own, breach)) say.kept();
  };

export const limitRules: RuleSet = {
  'STREAM-LIMIT-1': failsBeyond(false),

  'STREAM-LIMIT-2': (h, say) => {
    for (const { fact, at } of breaches(h)) {
      const { stream, endAt, read } = fact;
      const own = 'max' in read.action && read.action.max !== undefined;
      if (!failedBy(fact) || own || stream.closeCallbacks.length === 0) continue;
      const passed = passedSince(h, stream, Math.max(at, endAt));
      const closed = closeFrameAt(stream);
      // The end of the peer's output is another reason to close.
      if (passed === undefined || stream.file.eofAt < passed) continue;
      if (closed < passed) say.chose('closed', closed);
      else say.chose('open', passed);
    }
  },

  'STREAM-LIMIT-3': (h, say) => {
    for (const fact of [...readFacts(h), ...refusedReads(h)]) {
      const { limit, size, input } = fact;
      if (limit === undefined || size === undefined || nearLimit(fact) || input.size < CERTAINLY * limit)
        continue;
      judgeDue(h, fact, say, `though it needs only ${size} bytes of the ${limit} that it may take`);
    }
  },

  'STREAM-LIMIT-4': (h, say) => {
    for (const fact of readFacts(h)) {
      const { limit, size, read, stream, dueAt, endAt } = fact;
      if (read.action.op !== 'readUntil' || limit === undefined || size === undefined) continue;
      if (fact.overlaps || wasReset(stream) || limit > (stream.maxRead ?? Infinity)) continue;
      const passed = passedSince(h, stream, dueAt);
      const payload = size - read.action.delimiter.length;
      if (fact.bytes === undefined && passed === undefined) continue;
      if (size === limit) {
        if (fact.bytes !== undefined) say.kept();
        else
          say.broken(
            Math.min(endAt, passed!),
            `${nameOf(fact)} did not get its ${size} bytes, which are just its limit`,
          );
      } else if (size > limit && payload <= limit && endAt < Infinity)
        say.chose(fact.bytes === undefined ? 'counted' : 'not-counted', endAt);
    }
  },

  'STREAM-LIMIT-5': (h, say) => {
    for (const { fact } of breaches(h)) {
      const again = fact.read.frames[1];
      if (again !== undefined) say.broken(again.enter!.index, `${nameOf(fact)} was called back twice`);
      else if (failedBy(fact)) say.kept();
    }
    for (const { fact } of raisedAtOnce(h)) {
      const { failed, at } = fact.read;
      say.broken(at, `${nameOf(fact)} raised ${failed!.type}: ${failed!.text}`);
    }
  },

  'STREAM-LIMIT-6': (h, say) => {
    for (const output of outputs(h)) {
      const { stream, peer, collects, capacity } = output;
      const { name, maxWrite } = stream;
      if (maxWrite === undefined) continue;
      for (const send of stream.sends) {
        const { at, bytes } = send;
        const refused = send.failed !== undefined || (bytes.length > maxWrite && toldOf(send) === 'failed');
        const complete = peer.collected.size >= sentBefore(output, at);
        if (refused && complete && output.faithful && collects.length > 0) say.kept();
        else if (
          refused &&
          !complete &&
          output.faithful &&
          driesUp(h, output) !== undefined &&
          stream.closes.length === 0
        )
          say.broken(at, `stream ${name} refused a write, and what was written before did not arrive`);
        // What the kernel takes at once doesn't wait.
        const waits = sentBefore(output, at + 1) - collectedBefore(output, at) - capacity;
        if (!refused && waits > maxWrite && isUndisturbed(output, at))
          say.broken(
            at,
            `stream ${name} accepted a write, so that at least ${waits} bytes wait, where ${maxWrite} may`,
          );
      }
    }
  },

  'STREAM-LIMIT-7': failsBeyond(true),
};
