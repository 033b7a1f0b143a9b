/** Rules of `spec/stream/connecting.md`. */
import { closedAt, enterOf, type Entity, type History, type StreamLife } from '../../trace/history.js';
import { horizonAfter } from '../horizons.js';
import type { RuleSet, Say } from '../rule.js';
import { judgeWaiting } from '../spin.js';
import { driesUp, isUndisturbed, outputOf, toldOf } from './output-facts.js';
import { reasonOf } from './read-facts.js';
import { closeFrameAt, closingAt, provokedAt } from './trouble.js';

interface Connecting {
  readonly stream: StreamLife;
  readonly connect: Entity;
  /** Step of the callback. */
  readonly endAt: number;
  readonly succeeded: boolean;
  readonly passed: number | undefined;
}

function* connects(h: History): Generator<Connecting> {
  for (const stream of h.streams) {
    const { connect } = stream;
    if (connect === undefined) continue;
    const [frame] = connect.frames;
    yield {
      stream,
      connect,
      endAt: frame?.enter!.index ?? Infinity,
      succeeded: frame !== undefined && enterOf(frame).failed === undefined,
      passed: horizonAfter(h, stream.loop, connect.at)?.to,
    };
  }
}

function judgeRefusal({ stream, connect, endAt, succeeded, passed }: Connecting, say: Say): void {
  const [, again] = connect.frames;
  if (succeeded)
    say.broken(endAt, `stream ${stream.name} was told that it is connected, though nobody listened`);
  else if (again !== undefined)
    say.broken(again.enter!.index, `stream ${stream.name} was told twice that it can't connect`);
  else if (endAt < Infinity) say.kept();
  else if (passed !== undefined)
    say.broken(passed, `stream ${stream.name} was never told that nobody listened`);
}

const raisedAtOnce = ({ stream, connect }: Connecting, say: Say): boolean => {
  if (connect.failed === undefined) return false;
  say.broken(
    connect.at,
    `connectStream as ${stream.name} raised ${connect.failed.type}: ${connect.failed.text}`,
  );
  return true;
};

const isUnix = (h: History, { connect }: Connecting): boolean => {
  const action = h.steps[connect.at]?.action;
  return action?.op === 'connectStream' && h.scenario.fds[action.to]?.family === 'unix';
};

export const connectingRules: RuleSet = {
  'STREAM-CONNECT-1': (h, say) => {
    for (const connecting of connects(h)) {
      const { stream, connect, endAt, succeeded, passed } = connecting;
      const [, again] = connect.frames;
      // A full backlog keeps it waiting, and a program that closes it meanwhile may hear nothing.
      if (!stream.listened || stream.file.peer === undefined || closedAt(stream) < endAt) continue;
      if (provokedAt(stream) < endAt) continue;
      if (raisedAtOnce(connecting, say)) continue;
      if (again !== undefined)
        say.broken(again.enter!.index, `stream ${stream.name} was told twice that it is connected`);
      else if (endAt < connect.at)
        say.broken(endAt, `stream ${stream.name} was told by the very call that connects it`);
      else if (succeeded) say.kept();
      else if (endAt < Infinity)
        say.broken(endAt, `stream ${stream.name} failed to connect ${reasonOf(connect.frames[0]!)}`);
      else if (passed !== undefined)
        say.broken(passed, `stream ${stream.name} was never told that it is connected`);
    }
  },

  'STREAM-CONNECT-2': (h, say) => {
    for (const connecting of connects(h)) {
      const { stream, endAt } = connecting;
      if (stream.listened || isUnix(h, connecting) || closedAt(stream) < endAt) continue;
      if (!raisedAtOnce(connecting, say)) judgeRefusal(connecting, say);
    }
  },

  'STREAM-CONNECT-3': (h, say) => {
    for (const connecting of connects(h)) {
      const { stream, endAt } = connecting;
      if (stream.listened || !isUnix(h, connecting) || closedAt(stream) < endAt) continue;
      if (!raisedAtOnce(connecting, say)) judgeRefusal(connecting, say);
    }
  },

  'STREAM-CONNECT-4': (h, say) => {
    for (const { stream, endAt, succeeded } of connects(h)) {
      const output = outputOf(h, stream);
      const early = output?.sends.filter(({ at }) => at < endAt) ?? [];
      const due = early.reduce((sum, { bytes }) => sum + bytes.length, 0);
      const last = output?.collects.at(-1);
      if (output === undefined || last === undefined || due === 0 || !succeeded) continue;
      const { collected } = output.peer;
      const dry = driesUp(h, output);
      // That they are the right ones is STREAM-WRITE-1.
      if (last.total >= due) {
        if (collected.bytes.subarray(0, due).equals(output.sent.subarray(0, due))) say.kept();
      } else if (dry !== undefined && isUndisturbed(output, dry.step.index))
        say.broken(
          dry.step.index,
          `of ${due} bytes written to stream ${stream.name} before it was connected, ${last.total} came`,
        );
    }
  },

  'STREAM-CONNECT-5': (h, say) => {
    for (const stream of h.streams) {
      if (stream.file.kind !== 'socket' || stream.failed !== undefined) continue;
      // Who uses it as if it were connected gets what comes of that.
      const used = [stream.reads[0]?.at, stream.sends[0]?.at, stream.ends[0]?.index];
      const to = Math.min(closingAt(h, stream), ...used.map((at) => at ?? Infinity));
      const closed = closeFrameAt(stream);
      if (closed < to) say.broken(closed, `stream ${stream.name}, which is not connected, was closed`);
      else
        judgeWaiting(
          h,
          say,
          (gap) => gap.from > stream.at && gap.to < to,
          `while stream ${stream.name} is not connected`,
        );
    }
  },

  'STREAM-CONNECT-6': (h, say) => {
    for (const { stream, connect, endAt } of connects(h)) {
      if (connect.failed !== undefined) continue;
      const to = Math.min(endAt, closedAt(stream));
      const when = `while stream ${stream.name} connects`;
      judgeWaiting(h, say, (gap) => gap.from > connect.at && gap.to < to, when);
    }
  },

  'STREAM-CONNECT-7': (h, say) => {
    for (const { stream, connect, endAt, succeeded } of connects(h)) {
      const closing = closingAt(h, stream);
      if (closing >= endAt || closing === Infinity || connect.failed !== undefined) continue;
      if (succeeded)
        say.broken(endAt, `stream ${stream.name} was told that it is connected after it was closed`);
      else if (horizonAfter(h, stream.loop, closing) !== undefined) say.kept();
    }
  },

  'STREAM-CONNECT-8': (h, say) => {
    for (const { stream, connect, endAt } of connects(h)) {
      if (stream.listened || closedAt(stream) < endAt) continue;
      for (const send of stream.sends) {
        if (!send.told || send.at > endAt) continue;
        if (send.failed !== undefined) {
          say.excused('a write is refused that comes after the connect has failed in its call');
          continue;
        }
        const [first, again] = send.frames;
        const passed = horizonAfter(h, stream.loop, Math.max(connect.at, send.at))?.to;
        if (again !== undefined)
          say.broken(
            again.enter!.index,
            `a write of stream ${stream.name}, which can't connect, was told twice`,
          );
        else if (toldOf(send) === 'done')
          say.broken(
            first!.enter!.index,
            `a write of stream ${stream.name}, which can't connect, was told as done`,
          );
        else if (first !== undefined) say.kept();
        else if (passed !== undefined)
          say.broken(passed, `a write of stream ${stream.name}, which can't connect, was never told`);
      }
    }
  },

  'STREAM-CONNECT-9': (h, say) => {
    for (const { stream, connect, endAt, succeeded } of connects(h)) {
      if (stream.listened || succeeded || endAt === Infinity || closedAt(stream) < endAt) continue;
      // It has another reason to fail.
      if (provokedAt(stream) < endAt) continue;
      const { failed } = enterOf(connect.frames[0]!);
      if (failed?.errno === 'ECONNREFUSED' || failed?.text.includes('ECONNREFUSED') === true) say.kept();
      else say.broken(endAt, `stream ${stream.name} does not tell that the connection was refused`);
    }
  },
};
