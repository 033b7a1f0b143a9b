/** Rules of `spec/stream/writing.md`. */
import { closedAt, type History, type Send } from '../../trace/history.js';
import { horizonAfter, polledBetween } from '../horizons.js';
import type { RuleSet, Say } from '../rule.js';
import { judgeWaiting } from '../spin.js';
import { firstDifference } from './first-difference.js';
import {
  driesUp,
  isGone,
  isUndisturbed,
  mayLinger,
  outputs,
  roomAt,
  sentBefore,
  toldAt,
  toldOf,
  type Output,
} from './output-facts.js';
import { isInnocent, isUneventful, reportedAfter } from './reported.js';
import { closeFrameAt, closingAt } from './trouble.js';

/** Writes that were accepted after the program had ended the stream's output, to a peer that has got that end. */
function* writesAfterTheEnd(h: History): Generator<readonly [Output, Send]> {
  for (const output of outputs(h)) {
    const { stream, sent, collects } = output;
    const ended = stream.ends.find((step) => step.record.k === 'did' && step.record.raised === undefined);
    const eof = collects.find((collect) => collect.eof);
    if (ended === undefined || eof === undefined || eof.total > sent.length) continue;
    for (const send of stream.sends)
      if (send.at > ended.index && send.failed === undefined) yield [output, send];
  }
}

/** The first write that was accepted after the peer had gone, of streams that the program hasn't closed by then. */
function* writesToNobody(h: History): Generator<Send> {
  for (const output of outputs(h)) {
    const send = output.sends.find(({ at, bytes }) => bytes.length > 0 && isGone(output, at));
    if (send !== undefined) yield send;
  }
}

/**
 * The step by which a write's callback has to have been called: there was room for all that the stream was given, and the loop polled
 * since. Not for this write's bytes alone: libuv hands the kernel all that waits in one piece, and tells of it when that is out.
 */
function dueBy(h: History, output: Output, send: Send): number | undefined {
  const room = Math.max(send.at, roomAt(output, output.sent.length));
  const passed = horizonAfter(h, output.stream.loop, room)?.to;
  return passed !== undefined && output.faithful && isUndisturbed(output, passed) ? passed : undefined;
}

/** For each write the first step at which a later one was told as done. O(n). */
function laterTold(sends: readonly Send[]): number[] {
  const later: number[] = [];
  let first = Infinity;
  for (let i = sends.length - 1; i >= 0; i--) {
    later[i] = first;
    if (toldOf(sends[i]!) === 'done') first = Math.min(first, toldAt(sends[i]!));
  }
  return later;
}

function judgeTold(h: History, output: Output, say: Say): void {
  const { stream } = output;
  const told = output.sends.filter((send) => send.told);
  const later = laterTold(told);
  for (const [i, send] of told.entries()) {
    const [first, again] = send.frames;
    const due = dueBy(h, output, send);
    if (again !== undefined)
      say.broken(again.enter!.index, `a write of stream ${stream.name} was told twice`);
    // One that failed isn't told as done, and may be told when that is known.
    else if (toldOf(send) === 'failed') continue;
    else if (later[i]! < Math.min(toldAt(send), h.end))
      say.broken(later[i]!, `a write of stream ${stream.name} was told before one that was written earlier`);
    // An empty one has a clause of its own: STREAM-WRITE-7.
    else if (due !== undefined && toldAt(send) > due && send.bytes.length > 0)
      say.broken(due, `a write of stream ${stream.name} was not told as done, though it was out`);
    else if (first !== undefined && told.length > 1) say.kept();
  }
}

export const writingRules: RuleSet = {
  'STREAM-WRITE-1': (h, say) => {
    for (const { stream, peer, sent } of outputs(h)) {
      const { size, bytes } = peer.collected;
      if (size === 0) continue;
      const difference = firstDifference(bytes, sent.subarray(0, size));
      if (difference === undefined) say.kept();
      else
        say.broken(
          peer.collected.stepOf(Math.min(difference.at, size - 1))!,
          `the peer of stream ${stream.name} got other bytes than were written, ${difference.text}`,
        );
    }
  },

  'STREAM-WRITE-2': (h, say) => {
    for (const output of outputs(h)) {
      const { stream, sends, sent, collects } = output;
      const [first] = collects;
      const [send] = sends;
      // Only what did not fit at once needs a second look of the stream.
      if (first === undefined || send === undefined || !first.all) continue;
      if (first.total >= sentBefore(output, first.step.index)) continue;
      if (!polledBetween(h, stream.loop, send.at, first.step.index)) continue;
      const last = collects.at(-1)!;
      if (last.total >= sent.length) say.kept();
      else if (driesUp(h, output) !== undefined && isUndisturbed(output, last.step.index))
        say.broken(
          last.step.index,
          `of ${sent.length} bytes that stream ${stream.name} was given to write, ${last.total} came, though the peer had made room`,
        );
    }
  },

  'STREAM-WRITE-3': (h, say) => {
    for (const output of outputs(h)) {
      const { stream, sent, collects } = output;
      const all = collects.find(({ total }) => total >= sent.length);
      if (sent.length === 0 || all === undefined) continue;
      const when = `though stream ${stream.name} has nothing left to write`;
      // A pipe whose reader has left shows an error that can't be masked. Sockets have reads that tell of it, and rules of those.
      const isPipe = stream.file.kind === 'pipe';
      judgeWaiting(
        h,
        say,
        (gap) => gap.from >= all.step.index && (isPipe || isUndisturbed(output, gap.to)),
        when,
      );
    }
  },

  'STREAM-WRITE-4': (h, say) => {
    for (const output of outputs(h)) {
      const { stream, sends, collects } = output;
      const [first] = collects;
      if (first === undefined) continue;
      // So much did fit; what was written beyond that has waited.
      const blocked = sends.find((send) => send.from + send.bytes.length > first.total);
      if (blocked === undefined || !first.all) continue;
      const when = `while the peer of stream ${stream.name} takes nothing`;
      judgeWaiting(
        h,
        say,
        (gap) => gap.from > blocked.at && gap.to < first.step.index && isUndisturbed(output, gap.to),
        when,
      );
    }
  },

  'STREAM-WRITE-5': (h, say) => {
    for (const [{ stream }, send] of writesAfterTheEnd(h))
      if (toldOf(send) === 'done' && send.bytes.length > 0)
        say.broken(
          toldAt(send),
          `a write of stream ${stream.name} was told as done, though it had ended its output before, and its peer got the end`,
        );
    for (const output of outputs(h)) {
      // TCP may need time between the ends; elsewhere what the kernel took can be read at once.
      if (output.stream.file.kind !== 'pair' && output.stream.file.kind !== 'pipe') continue;
      const byFrame = new Map(
        output.collects
          .filter(({ all, errno }) => all && errno === undefined)
          .map((collect) => [collect.step.frame, collect] as const),
      );
      for (const send of output.sends) {
        const [frame] = send.frames;
        if (frame === undefined || toldOf(send) !== 'done' || send.bytes.length === 0) continue;
        const collect = byFrame.get(frame);
        if (collect === undefined) continue;
        const due = send.from + send.bytes.length;
        if (collect.total >= due) say.kept();
        else
          say.broken(
            frame.enter!.index,
            `a write of stream ${output.stream.name} was told as done when the kernel had ${collect.total} of its ${due} bytes`,
          );
      }
    }
  },

  'STREAM-WRITE-6': (h, say) => {
    for (const output of outputs(h)) judgeTold(h, output, say);
  },

  'STREAM-WRITE-7': (h, say) => {
    for (const output of outputs(h))
      for (const send of output.sends) {
        if (send.bytes.length > 0 || !send.told) continue;
        const due = dueBy(h, output, send);
        if (toldOf(send) === 'done') say.kept();
        else if (toldOf(send) === 'failed' && isUndisturbed(output, toldAt(send) - 1))
          say.broken(toldAt(send), `an empty write of stream ${output.stream.name} was told as failed`);
        else if (due !== undefined)
          say.broken(due, `an empty write of stream ${output.stream.name} was not told as done`);
      }
  },

  'STREAM-WRITE-8': (h, say) => {
    if (!isInnocent(h)) return;
    for (const { stream, at } of writesToNobody(h)) {
      const run = h.runs.find(
        ({ loop, to, raised }) => loop === stream.loop && raised !== undefined && to > at,
      );
      if (run !== undefined)
        say.broken(run.to, `start raised after a write to a peer that is gone: ${run.raised!.text}`);
      else if (h.trace.unfinished === 'died')
        say.broken(h.end, `the subject died after stream ${stream.name} wrote to a peer that is gone`);
      else if (horizonAfter(h, stream.loop, at) !== undefined) say.kept();
    }
  },

  'STREAM-WRITE-9': (h, say) => {
    if (!isUneventful(h)) return;
    for (const { stream, at } of writesToNobody(h)) {
      const logged = reportedAfter(h, at);
      if (logged !== undefined)
        say.broken(logged, `a write of stream ${stream.name} to a peer that is gone was reported`);
      else if (horizonAfter(h, stream.loop, at) !== undefined) say.kept();
    }
  },

  'STREAM-WRITE-10': (h, say) => {
    for (const stream of h.streams)
      for (const send of stream.sends) {
        if (send.at < closedAt(stream)) continue;
        // A write after the end of the stream's own output is a mistake of its own.
        if ((stream.ends[0]?.index ?? Infinity) < send.at) continue;
        const told = toldOf(send);
        if (send.failed !== undefined) say.chose('raised', send.at);
        else if (told === 'done')
          say.broken(toldAt(send), `a write after the close of stream ${stream.name} was told as done`);
        else if (told === 'failed') say.chose('failed', toldAt(send));
        else if (horizonAfter(h, stream.loop, send.at) !== undefined) say.chose('ignored', send.at);
      }
  },

  'STREAM-WRITE-11': (h, say) => {
    const ended = new Map(
      [...outputs(h)].map(({ stream, collects }) => [stream, collects.find(({ eof }) => eof)] as const),
    );
    for (const stream of h.streams) {
      const closing = closingAt(h, stream);
      if (closing === Infinity) continue;
      // One that sends first what it has is closed when its peer sees the end, or when it says so.
      const closed = mayLinger(h, stream)
        ? Math.min(ended.get(stream)?.step.index ?? Infinity, closeFrameAt(stream))
        : closing;
      const passed = horizonAfter(h, stream.loop, closed);
      for (const send of stream.sends) {
        if (!send.told || send.failed !== undefined || send.at > closing || toldAt(send) <= closing) continue;
        if (toldAt(send) < Infinity) say.kept();
        else if (passed !== undefined)
          say.broken(
            passed.to,
            `a write that was pending when stream ${stream.name} was closed was never told so`,
          );
      }
    }
  },
};
