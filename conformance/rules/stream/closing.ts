/** Rules of `spec/stream/closing.md`. */
import { closedAt, enterOf, type History, type StreamLife } from '../../trace/history.js';
import type { Frame } from '../../trace/timeline.js';
import type { RuleSet } from '../rule.js';
import { MORE_THAN_FITS, outputs, toldOf } from './output-facts.js';
import { passedSince, readFacts, thrownAt, wasReset, type ReadFact } from './read-facts.js';
import { judgeDue } from './reading.js';

/** A horizon of the stream's loop that begins after a step: what its close had to bring has come by its end. */
const horizonAfter = (h: History, { loop }: StreamLife, step: number) =>
  h.horizons.find((horizon) => horizon.loop === loop && horizon.from > step);

/** The first call of its close callback. */
const closeFrame = ({ closeCallbacks }: StreamLife): Frame | undefined => closeCallbacks.at(-1)?.frames[0];

const closedFrameAt = (stream: StreamLife): number => closeFrame(stream)?.enter!.index ?? Infinity;

const factsOf = (h: History, stream: StreamLife): ReadFact[] =>
  readFacts(h).filter((fact) => fact.stream === stream);

/** When the connection was reset under a pending read: the read, and what came of it. */
function* resetWhileReading(h: History): Generator<readonly [StreamLife, ReadFact]> {
  for (const fact of readFacts(h)) {
    const { stream } = fact;
    const { file } = stream;
    if (!file.reset || fact.read.at > file.eofAt || fact.endAt < file.eofAt || fact.overlaps) continue;
    if (fact.size !== undefined || closedAt(stream) < file.eofAt) continue;
    yield [stream, fact];
  }
}

export const closingRules: RuleSet = {
  'STREAM-CLOSE-1': (h, say) => {
    for (const stream of h.streams) {
      const callback = stream.closeCallbacks.at(-1);
      if (callback === undefined || callback.failed !== undefined) continue;
      const again = stream.closeCallbacks.flatMap(({ frames }) => frames)[1];
      const passed = horizonAfter(h, stream, Math.min(closedAt(stream), closedFrameAt(stream)));
      if (again !== undefined)
        say.broken(again.enter!.index, `the close callback of stream ${stream.name} was called twice`);
      else if (passed === undefined || callback.at > closedAt(stream)) continue;
      else if (closeFrame(stream) !== undefined) say.kept();
      else say.broken(passed.to, `the close callback of stream ${stream.name} was not called`);
    }
  },

  'STREAM-CLOSE-2': (h, say) => {
    for (const { name, closes } of h.streams)
      for (const step of closes.slice(1)) {
        const raised = step.record.k === 'did' ? step.record.raised : undefined;
        if (raised === undefined) say.kept();
        else say.broken(step.index, `closing stream ${name} again raised ${raised.type}: ${raised.text}`);
      }
  },

  'STREAM-CLOSE-3': (h, say) => {
    for (const stream of h.streams) {
      const facts = factsOf(h, stream);
      const { file } = stream;
      const taken = facts.reduce((sum, fact) => sum + (fact.bytes?.length ?? 0), 0);
      const idle = facts.every(({ endAt, bytes }) => endAt < file.eofAt && bytes !== undefined);
      if (closeFrame(stream) === undefined && stream.closeCallbacks.length === 0) continue;
      if (file.eofAt === Infinity || wasReset(stream) || !idle || taken < (file.peer?.written.size ?? 0))
        continue;
      const passed = passedSince(h, stream, file.eofAt);
      if (passed === undefined || thrownAt(stream) < Infinity) continue;
      const closed = closedFrameAt(stream);
      if (closed < passed) say.chose('closed', closed);
      else say.chose('open', passed);
    }
  },

  'STREAM-CLOSE-4': (h, say) => {
    for (const [stream, fact] of resetWhileReading(h)) {
      const passed = horizonAfter(h, stream, stream.file.eofAt)?.to;
      if (passed === undefined) continue;
      if (fact.endAt > passed)
        say.broken(
          passed,
          `a read of stream ${stream.name} is still pending, though the connection was reset`,
        );
      else if (
        fact.bytes !== undefined &&
        fact.read.action.op !== 'readSome' &&
        fact.read.action.op !== 'readUntilClose'
      )
        say.broken(
          fact.endAt,
          `a read of stream ${stream.name} succeeded, though the connection was reset before`,
        );
      else say.kept();
    }
  },

  'STREAM-CLOSE-5': (h, say) => {
    for (const stream of h.streams) {
      const closed = closedAt(stream);
      const passed = horizonAfter(h, stream, closed);
      if (closed === Infinity) continue;
      // What had its bytes before may be delivered yet: STREAM-REENTRY-6.
      const reads = factsOf(h, stream).filter(
        ({ read, endAt, dueAt }) => read.at < closed && endAt > closed && dueAt > closed,
      );
      const sends = stream.sends.filter(
        ({ at, told, failed, frames: [frame] }) =>
          told && failed === undefined && at < closed && (frame?.enter!.index ?? Infinity) > closed,
      );
      const read = reads.find(({ bytes }) => bytes !== undefined && bytes.length > 0);
      const send = sends.find((other) => toldOf(other) === 'done');
      if (read !== undefined)
        say.broken(read.endAt, `a read of stream ${stream.name} succeeded after the stream was closed`);
      else if (send !== undefined)
        say.broken(
          send.frames[0]!.enter!.index,
          `a write of stream ${stream.name} was told as done after the stream was closed`,
        );
      else if (passed !== undefined && reads.length + sends.length > 0) say.kept();
    }
  },

  'STREAM-CLOSE-6': (h, say) => {
    for (const fact of readFacts(h)) {
      const { stream } = fact;
      const closed = closedFrameAt(stream);
      if (wasReset(stream) || fact.overlaps || stream.closeCallbacks.length === 0) continue;
      if (closed === Infinity && passedSince(h, stream, stream.file.eofAt) !== undefined)
        say.excused("it stays open when the peer's output ends (stream.peer-end)");
      if (closed === Infinity || closedAt(stream) < closed) continue;
      if (fact.size === undefined || fact.read.at > closed || stream.file.eofAt > closed) continue;
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
    for (const stream of h.streams) {
      const at = thrownAt(stream);
      if (at === Infinity || closedAt(stream) < Infinity || stream.file.eofAt < Infinity) continue;
      const passed = horizonAfter(h, stream, at)?.to ?? Infinity;
      const closed = closedFrameAt(stream);
      const after = factsOf(h, stream).filter(({ endAt }) => endAt > at);
      const served = after.find(({ bytes }) => bytes !== undefined);
      const overdue = after
        .map((fact) => (fact.endAt < Infinity ? undefined : passedSince(h, stream, fact.dueAt)))
        .find((step) => step !== undefined);
      if (closed < passed) say.chose('closed', closed);
      else if (served !== undefined) say.chose('continued', served.endAt);
      else if (overdue !== undefined && stream.closeCallbacks.length > 0)
        say.broken(
          overdue,
          `after a callback of stream ${stream.name} raised, it was neither closed nor did it go on`,
        );
    }
  },

  'STREAM-CLOSE-9': (h, say) => {
    for (const [stream, fact] of resetWhileReading(h)) {
      const frames = [fact.end, closeFrame(stream)].filter((frame) => frame !== undefined);
      if (frames.length === 0) continue;
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
    for (const { fd, ...stream } of h.streams) {
      const closed = closedFrameAt(stream as StreamLife);
      if (fd === undefined) continue;
      for (const { index, action, record } of h.steps) {
        if (action?.op !== 'isOpen' || action.fd !== fd.name || index < closed || record.k !== 'did')
          continue;
        if (record.result === 0) say.kept();
        else
          say.broken(index, `stream ${stream.name} has called its close callback, but its fd is still open`);
      }
    }
  },

  'STREAM-CLOSE-11': (h, say) => {
    for (const { stream, sent, collects } of outputs(h)) {
      const [end] = stream.ends;
      const last = collects.at(-1);
      if (end === undefined || last === undefined || last.step.index < end.index || wasReset(stream))
        continue;
      if (end.record.k === 'did' && end.record.raised !== undefined) continue;
      const eof = collects.find(({ step }) => step.record.k === 'did' && step.record.eof === true);
      if (eof !== undefined && eof.total < sent.length)
        say.broken(
          eof.step.index,
          `the peer of stream ${stream.name} got the end after ${eof.total} of ${sent.length} bytes`,
        );
      else if (eof !== undefined) say.kept();
      else if (passedSince(h, stream, end.index)! <= last.step.index)
        say.broken(last.step.index, `stream ${stream.name} ended its output, but its peer saw no end`);
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
    for (const { stream, sends, sent, collects } of outputs(h)) {
      const closed = closedAt(stream);
      const last = collects.at(-1);
      const ended =
        last?.step.record.k === 'did' && (last.step.record.eof ?? last.step.record.errno !== undefined);
      const before = collects.findLast(({ step }) => step.index < closed)?.total ?? 0;
      const unsent =
        sends.length > 0 && sent.length - before > MORE_THAN_FITS && !sends.some(toldOfBefore(closed));
      if (last === undefined || closed === Infinity || ended !== true || !unsent) continue;
      say.chose(last.total >= sent.length ? 'flushed' : 'discarded', last.step.index);
    }
  },

  'STREAM-CLOSE-14': (h, say) => {
    for (const stream of h.streams) {
      const closed = closedAt(stream);
      const passed = horizonAfter(h, stream, closed);
      for (const { read, endAt, overlaps } of factsOf(h, stream)) {
        if (read.at > closed || endAt < closed || overlaps) continue;
        if (endAt < (passed?.to ?? Infinity)) say.kept();
        else if (passed !== undefined)
          say.broken(
            passed.to,
            `a read that was pending when stream ${stream.name} was closed is pending still`,
          );
      }
    }
  },

  'STREAM-CLOSE-15': (h, say) => {
    for (const { stream, collects } of outputs(h)) {
      const closed = closedAt(stream);
      const passed = horizonAfter(h, stream, closed);
      const last = collects.findLast(({ step }) => step.index > (passed?.from ?? Infinity));
      if (last?.step.record.k !== 'did') continue;
      const { eof, errno } = last.step.record;
      if (eof === true || errno !== undefined) say.kept();
      else if (last.got === 0)
        say.broken(last.step.index, `stream ${stream.name} was closed, but its peer saw no end`);
    }
  },

  'STREAM-CLOSE-16': (h, say) => {
    for (const [stream] of resetWhileReading(h)) {
      const passed = horizonAfter(h, stream, stream.file.eofAt)?.to;
      if (passed === undefined || stream.closeCallbacks.length === 0) continue;
      if (closedFrameAt(stream) < passed) say.kept();
      else
        say.broken(
          passed,
          `the close callback of stream ${stream.name} was not called, though the connection was reset`,
        );
    }
  },
};

const toldOfBefore =
  (step: number) =>
  ({ frames: [frame] }: { readonly frames: readonly Frame[] }): boolean =>
    (frame?.enter!.index ?? Infinity) < step;
