/** Rules of `spec/stream/closing.md`. */
import { closedAt, enterOf, type History, type StreamLife } from '../../trace/history.js';
import { horizonAfter, polledBetween } from '../horizons.js';
import type { RuleSet, Say } from '../rule.js';
import { judgeDue, passedSince } from './due.js';
import { callsOn } from './fd-calls.js';
import {
  collectedBefore,
  driesUp,
  isUndisturbed,
  mayLinger,
  outputOf,
  outputs,
  toldAt,
  toldOf,
  type Output,
} from './output-facts.js';
import { peerOf, wasReset } from './peers.js';
import { factsOf, nearLimit, readFacts, type ReadFact } from './read-facts.js';
import {
  closeFrame,
  closeFrameAt,
  closingAt,
  hasReadLimit,
  provokedAt,
  readsUntil,
  thrower,
  troubledAt,
} from './trouble.js';

/** When the connection was reset under a pending read: the read, and the stream that nothing else had ended. */
function* resetWhileReading(h: History): Generator<readonly [StreamLife, ReadFact]> {
  for (const fact of readFacts(h)) {
    const { stream, read, size, from, endAt } = fact;
    const { reset, brokenAt, eofAt } = stream.file;
    if (!reset || eofAt < brokenAt || readsUntil(stream) < brokenAt) continue;
    // A stream may be made over a connection that was reset before.
    if ((read.at > brokenAt && stream.at < brokenAt) || endAt < brokenAt || fact.overlaps) continue;
    if (size === undefined && !Number.isNaN(from)) yield [stream, fact];
  }
}

/** A read that may end well although nothing more comes. */
const takesWhatItHas = ({ read: { action } }: ReadFact): boolean =>
  action.op === 'readSome' || action.op === 'readUntilClose';

/** What certainly wasn't out when the program closed the stream, for no kernel holds so much. Bytes. */
const unsentAtClose = (output: Output, closing: number): number =>
  output.sent.length - collectedBefore(output, closing) - output.capacity;

/** A write that wasn't out when the program closed the stream was told later. */
function judgeLateWrites(h: History, stream: StreamLife, say: Say): void {
  const closing = closingAt(h, stream);
  const output = outputOf(h, stream);
  if (output === undefined || !(unsentAtClose(output, closing) > 0)) return;
  const end = output.collects.find(({ eof }) => eof);
  for (const send of output.sends) {
    // Of those before the last it isn't known whether they were out.
    const out = send.from + send.bytes.length - collectedBefore(output, closing) <= output.capacity;
    if (out || !send.told || toldAt(send) <= closing) continue;
    const discards = h.subject.choices['stream.close-unwritten'] === 'discard';
    const lost = end !== undefined && end.total < send.from + send.bytes.length;
    if (toldOf(send) === 'failed') say.kept();
    else if (toldOf(send) === 'done' && (discards || lost))
      say.broken(
        toldAt(send),
        `a write of stream ${stream.name} was told as done after the stream was closed`,
      );
    else if (toldOf(send) === 'done') say.excused('it sends what was written (stream.close-unwritten)');
  }
}

export const closingRules: RuleSet = {
  'STREAM-CLOSE-1': (h, say) => {
    for (const stream of h.streams) {
      const callbacks = stream.closeCallbacks.filter(({ failed }) => failed === undefined);
      const again = callbacks.find(({ frames }) => frames.length > 1)?.frames[1];
      const closing = closingAt(h, stream);
      const passed = horizonAfter(h, stream.loop, Math.min(closing, closeFrameAt(stream)));
      // One that has closed itself before had nobody to tell.
      const open = Math.min(closing, provokedAt(stream));
      if (again !== undefined)
        say.broken(again.enter!.index, `the close callback of stream ${stream.name} was called twice`);
      else if (passed === undefined || !callbacks.some(({ at }) => at <= open)) continue;
      else if (closeFrame(stream) !== undefined) say.kept();
      else if (!mayLinger(h, stream))
        say.broken(passed.to, `the close callback of stream ${stream.name} was not called`);
    }
  },

  'STREAM-CLOSE-2': (h, say) => {
    for (const stream of h.streams)
      for (const [i, step] of stream.closes.entries()) {
        // The first call closes what has closed itself as well.
        if (i === 0 && closeFrameAt(stream) > closingAt(h, stream)) continue;
        const raised = step.record.k === 'did' ? step.record.raised : undefined;
        if (raised === undefined) say.kept();
        else
          say.broken(step.index, `closing stream ${stream.name} again raised ${raised.type}: ${raised.text}`);
      }
  },

  'STREAM-CLOSE-3': (h, say) => {
    for (const stream of h.streams) {
      const { eofAt, brokenAt } = stream.file;
      const peer = peerOf(h, stream);
      const facts = factsOf(h, stream);
      const taken = facts.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0);
      const idle = facts.every(({ endAt, bytes }) => endAt < eofAt && bytes !== undefined);
      const told = stream.closeCallbacks.some(({ at, failed }) => at < eofAt && failed === undefined);
      if (peer === undefined || eofAt === Infinity || brokenAt < Infinity || wasReset(stream)) continue;
      if (!told || !idle || taken < peer.written.size) continue;
      // With its own output ended too there is nothing left to be open for; and what is queued may put a close off.
      if (stream.ends.length > 0 || stream.file.sentBytes > peer.collected.size) continue;
      const passed = passedSince(h, stream, eofAt);
      const closed = closeFrameAt(stream);
      if (passed === undefined || closed < eofAt) continue;
      if (closed < passed) say.chose('closed', closed);
      else say.chose('open', passed);
    }
  },

  'STREAM-CLOSE-4': (h, say) => {
    for (const [stream, fact] of resetWhileReading(h)) {
      const passed = horizonAfter(h, stream.loop, Math.max(stream.file.brokenAt, fact.read.at))?.to;
      if (passed === undefined) continue;
      if (fact.endAt > passed)
        say.broken(
          passed,
          `a read of stream ${stream.name} is still pending, though the connection was reset`,
        );
      else if (fact.bytes !== undefined && !takesWhatItHas(fact))
        say.broken(
          fact.endAt,
          `a read of stream ${stream.name} succeeded, though the connection was reset before`,
        );
      else say.kept();
    }
  },

  'STREAM-CLOSE-5': (h, say) => {
    for (const stream of h.streams) {
      const closing = closingAt(h, stream);
      if (closing === Infinity) continue;
      const passed = horizonAfter(h, stream.loop, closing);
      // What had its bytes before may be delivered yet: STREAM-REENTRY-6.
      for (const { read, endAt, dueAt, bytes, overlaps, from } of factsOf(h, stream)) {
        if (read.at > closing || endAt <= closing || dueAt < closedAt(stream)) continue;
        // What overtakes another, by bytes that were there, has had them before: STREAM-READ-9. So may one that begins nobody knows where.
        if (overlaps || Number.isNaN(from)) continue;
        const some = bytes !== undefined && bytes.length > 0;
        // A read up to the end has got it by the close.
        if (some && read.action.op === 'readUntilClose') continue;
        if (some) say.broken(endAt, `a read of stream ${stream.name} succeeded after the stream was closed`);
        else if (passed !== undefined) say.kept();
      }
      judgeLateWrites(h, stream, say);
    }
  },

  'STREAM-CLOSE-6': (h, say) => {
    for (const fact of readFacts(h)) {
      const { stream } = fact;
      const { eofAt } = stream.file;
      const closed = closeFrameAt(stream);
      if (wasReset(stream) || fact.overlaps || stream.closeCallbacks.length === 0) continue;
      if (closed === Infinity && passedSince(h, stream, eofAt) !== undefined)
        say.excused("it stays open when the peer's output ends (stream.peer-end)");
      if (closed === Infinity || readsUntil(stream) < closed) continue;
      if (fact.size === undefined || nearLimit(fact) || fact.read.at > closed || eofAt > closed) continue;
      // No bytes are none from before the end.
      if (fact.size === 0) continue;
      if (fact.endAt < closed && fact.bytes !== undefined) say.kept();
      else
        say.broken(
          closed,
          `stream ${stream.name} called its close callback before a read that could be satisfied`,
        );
    }
  },

  'STREAM-CLOSE-7': (h, say) => {
    for (const stream of h.streams)
      for (const { step, state } of stream.states) {
        if (step.frame !== closeFrame(stream) || state.closed === undefined) continue;
        if (state.closed) say.kept();
        else say.broken(step.index, `stream ${stream.name} says in its close callback that it isn't closed`);
      }
  },

  'STREAM-CLOSE-8': (h, say) => {
    const fatal = new Set(h.throws.filter(({ action }) => action.kind === 'fatal').map(({ frame }) => frame));
    for (const stream of h.streams) {
      const threw = thrower(stream);
      const at = threw?.exit?.index ?? Infinity;
      if (threw === undefined || at === Infinity || fatal.has(threw)) continue;
      // One that is told of a failure may be ending anyway, and so may one whose limit is exceeded before it calls back.
      if (enterOf(threw).failed !== undefined || hasReadLimit(stream)) continue;
      // Something else may close it before it has shown what it does.
      const until = Math.min(closedAt(stream), stream.file.eofAt);
      const closed = closeFrameAt(stream);
      const eof = outputOf(h, stream)?.collects.find((collect) => collect.eof);
      const ended = stream.ends.length > 0 ? Infinity : (eof?.step.index ?? Infinity);
      // Bytes that were there before may be delivered by a stream that is closed.
      const served = factsOf(h, stream).find(
        ({ endAt, dueAt, bytes }) => dueAt > at && endAt < until && bytes !== undefined,
      );
      if (Math.min(closed, ended) < until) {
        if (Math.min(closed, ended) > threw.enter!.index) say.chose('closed', Math.min(closed, ended));
      } else if (served !== undefined) say.chose('continued', served.endAt);
      else if (stream.closeCallbacks.length > 0) {
        const dead = factsOf(h, stream).find(({ endAt, size }) => endAt === Infinity && size !== undefined);
        const passed = dead && horizonAfter(h, stream.loop, Math.max(at, dead.dueAt))?.to;
        if (passed !== undefined && passed < until)
          say.broken(
            passed,
            `after a callback of stream ${stream.name} raised, it was neither closed nor did it go on`,
          );
      }
    }
  },

  'STREAM-CLOSE-9': (h, say) => {
    for (const [stream, fact] of resetWhileReading(h)) {
      // A limit is another cause.
      if (hasReadLimit(stream)) continue;
      // The kernel tells the cause once; a write that waits may have got it.
      if (stream.file.sentBytes > (stream.file.peer?.collected.size ?? 0)) continue;
      if (horizonAfter(h, stream.loop, Math.max(stream.file.brokenAt, fact.read.at)) === undefined) continue;
      const frames = [fact.end, closeFrame(stream)].filter((frame) => frame !== undefined);
      // Who closes it himself needs no reason.
      if (frames.length === 0 || closingAt(h, stream) < frames[0]!.enter!.index) continue;
      const told = frames.some((frame) => {
        const { failed } = enterOf(frame);
        return failed?.errno === 'ECONNRESET' || failed?.text.includes('ECONNRESET') === true;
      });
      if (told) say.kept();
      else
        say.broken(
          frames[0]!.enter!.index,
          `stream ${stream.name} does not tell that its connection was reset`,
        );
    }
  },

  'STREAM-CLOSE-10': (h, say) => {
    for (const stream of h.streams) {
      const { fd } = stream;
      const closed = closeFrameAt(stream);
      if (fd === undefined || closed === Infinity) continue;
      // Whoever opens something gets the number that has become free; the number of a stream that connects isn't known.
      const taken = [
        ...h.fds.filter(({ number, openedAt }) => number === fd.number && openedAt > fd.openedAt),
        ...h.streams.filter(({ connect }) => connect !== undefined).map(({ at }) => ({ openedAt: at })),
      ].map(({ openedAt }) => openedAt);
      for (const { op, step, fd: asked, result } of callsOn(h, stream.file)) {
        if (op !== 'isOpen' || asked !== fd || step.index < closed) continue;
        if (taken.some((at) => at > stream.at && at < step.index)) continue;
        if (result === 0) say.kept();
        else
          say.broken(
            step.index,
            `stream ${stream.name} has called its close callback, but its fd is still open`,
          );
      }
    }
  },

  'STREAM-CLOSE-11': (h, say) => {
    for (const output of outputs(h)) {
      const { stream, sent, collects } = output;
      const [end] = stream.ends;
      if (end === undefined || wasReset(stream)) continue;
      if (end.record.k === 'did' && end.record.raised !== undefined) continue;
      const eof = collects.find((collect) => collect.eof && collect.step.index > end.index);
      const dry = driesUp(h, output);
      if (eof !== undefined && isUndisturbed(output, eof.step.index)) {
        if (eof.total >= sent.length) say.kept();
        else
          say.broken(
            eof.step.index,
            `the peer of stream ${stream.name} got the end after ${eof.total} of ${sent.length} bytes`,
          );
      } else if (eof === undefined && dry !== undefined && isUndisturbed(output, dry.step.index)) {
        if (polledBetween(h, stream.loop, end.index, dry.step.index))
          say.broken(dry.step.index, `stream ${stream.name} ended its output, but its peer saw no end`);
      }
    }
  },

  'STREAM-CLOSE-12': (h, say) => {
    for (const fact of readFacts(h)) {
      const end = fact.stream.ends[0]?.index ?? Infinity;
      if (fact.dueAt > end && fact.size !== undefined)
        judgeDue(h, fact, say, 'after the stream had ended its own output');
    }
  },

  'STREAM-CLOSE-13': (h, say) => {
    for (const output of outputs(h)) {
      const { stream, sent, sends, collects } = output;
      const closing = closingAt(h, stream);
      const end = collects.find(({ eof }) => eof);
      if (closing === Infinity || end === undefined || end.step.index < closing) continue;
      if (wasReset(stream) || troubledAt(stream) < closing || unsentAtClose(output, closing) <= 0) continue;
      if (sends.some((send) => toldAt(send) <= closing && toldOf(send) === 'failed')) continue;
      say.chose(end.total >= sent.length ? 'flushed' : 'discarded', end.step.index);
    }
  },

  'STREAM-CLOSE-14': (h, say) => {
    for (const stream of h.streams) {
      const closing = closingAt(h, stream);
      if (closing === Infinity) continue;
      const passed = horizonAfter(h, stream.loop, closing)?.to;
      for (const fact of factsOf(h, stream)) {
        const { read, endAt, dueAt, bytes, overlaps } = fact;
        if (read.at > closing || endAt <= closing || overlaps || read.action.op === 'readUntilClose')
          continue;
        if (passed === undefined && endAt === Infinity) continue;
        if (endAt > (passed ?? Infinity)) {
          if (!mayLinger(h, stream))
            say.broken(
              passed!,
              `a read that was pending when stream ${stream.name} was closed is pending still`,
            );
          continue;
        }
        // What had its bytes before is STREAM-REENTRY-6's.
        if (bytes === undefined || (bytes.length === 0 && takesWhatItHas(fact))) say.kept();
        else if (dueAt > closedAt(stream) && !Number.isNaN(fact.from))
          say.broken(
            endAt,
            `a read of stream ${stream.name} succeeded, though it was not satisfied when the stream was closed`,
          );
      }
    }
  },

  'STREAM-CLOSE-15': (h, say) => {
    for (const output of outputs(h)) {
      const { stream, collects } = output;
      const closing = closingAt(h, stream);
      if (closing === Infinity) continue;
      const passed = horizonAfter(h, stream.loop, closing)?.to ?? Infinity;
      const last = collects.findLast(({ step }) => step.index > passed);
      const before = collects.at(-2)?.step.index ?? -1;
      if (last === undefined) continue;
      if (last.eof || last.errno !== undefined) say.kept();
      // One that sends the rest first has not necessarily ended yet.
      else if (last.got === 0 && last.all && polledBetween(h, stream.loop, before, last.step.index))
        say.broken(last.step.index, `stream ${stream.name} was closed, but its peer saw no end`);
    }
  },

  'STREAM-CLOSE-16': (h, say) => {
    for (const [stream, fact] of resetWhileReading(h)) {
      const brokenAt = Math.max(stream.file.brokenAt, fact.read.at);
      const passed = horizonAfter(h, stream.loop, brokenAt)?.to;
      const told = stream.closeCallbacks.some(({ at, failed }) => at < brokenAt && failed === undefined);
      const closed = closeFrameAt(stream);
      if (passed === undefined || !told || closingAt(h, stream) < Math.min(passed, closed)) continue;
      if (closed < passed) say.kept();
      else
        say.broken(
          passed,
          `the close callback of stream ${stream.name} was not called, though the connection was reset`,
        );
    }
  },
};
