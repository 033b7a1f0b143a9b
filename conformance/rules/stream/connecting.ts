/** Rules of `spec/stream/connecting.md`. */
import { closedAt, enterOf, type Entity, type History, type StreamLife } from '../../trace/history.js';
import type { RuleSet, Say } from '../rule.js';
import { judgeWaiting } from '../spin.js';
import { outputs, toldOf } from './output-facts.js';
import { reasonOf } from './read-facts.js';

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
    const passed = h.horizons.find(({ loop, from }) => loop === stream.loop && from > connect.at)?.to;
    yield {
      stream,
      connect,
      endAt: frame?.enter!.index ?? Infinity,
      succeeded: frame !== undefined && enterOf(frame).failed === undefined,
      passed,
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
    const byStream = new Map(outputs(h).map((output) => [output.stream, output]));
    for (const { stream, endAt, succeeded } of connects(h)) {
      const output = byStream.get(stream);
      const early = output?.sends.filter(({ at }) => at < endAt) ?? [];
      if (output === undefined || early.length === 0 || !succeeded) continue;
      const due = early.reduce((sum, { bytes }) => sum + bytes.length, 0);
      const last = output.collects.at(-1);
      const passed = h.horizons.find(({ loop, from }) => loop === stream.loop && from > endAt);
      if (last === undefined) continue;
      if (
        last.total >= due &&
        output.peer.collected.bytes.subarray(0, due).equals(output.sent.subarray(0, due))
      )
        say.kept();
      else if (passed !== undefined && passed.to <= last.step.index)
        say.broken(
          last.step.index,
          `of ${due} bytes written to stream ${stream.name} before it was connected, ${last.total} came`,
        );
    }
  },

  'STREAM-CONNECT-5': (h, say) => {
    for (const stream of h.streams) {
      if (stream.file.kind !== 'socket' || stream.failed !== undefined) continue;
      const closed = stream.closeCallbacks.flatMap(({ frames }) => frames)[0];
      if (closed !== undefined && closedAt(stream) === Infinity)
        say.broken(closed.enter!.index, `stream ${stream.name}, which is not connected, was closed`);
      else
        judgeWaiting(
          h,
          say,
          (gap) => gap.from > stream.at && gap.to < closedAt(stream),
          `while stream ${stream.name} is not connected`,
        );
    }
  },

  'STREAM-CONNECT-6': (h, say) => {
    for (const { stream, connect, endAt } of connects(h)) {
      const to = Math.min(endAt, closedAt(stream));
      const when = `while stream ${stream.name} connects`;
      judgeWaiting(h, say, (gap) => gap.from > connect.at && gap.to < to, when);
    }
  },

  'STREAM-CONNECT-7': (h, say) => {
    for (const { stream, connect, endAt, succeeded } of connects(h)) {
      const closed = closedAt(stream);
      if (closed > endAt || closed === Infinity || connect.failed !== undefined) continue;
      const passed = h.horizons.some(({ loop, from }) => loop === stream.loop && from > closed);
      if (succeeded)
        say.broken(endAt, `stream ${stream.name} was told that it is connected after it was closed`);
      else if (passed) say.kept();
    }
  },

  'STREAM-CONNECT-8': (h, say) => {
    for (const { stream, endAt, passed } of connects(h)) {
      if (stream.listened) continue;
      for (const send of stream.sends) {
        if (!send.told || send.at > endAt || closedAt(stream) < send.at) continue;
        // It had failed to connect already: who is refused is told.
        if (send.failed !== undefined) {
          say.kept();
          continue;
        }
        const [first, again] = send.frames;
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
      if (stream.listened || succeeded || endAt === Infinity) continue;
      const { failed } = enterOf(connect.frames[0]!);
      if (failed?.errno === 'ECONNREFUSED' || failed?.text.includes('ECONNREFUSED') === true) say.kept();
      else say.broken(endAt, `stream ${stream.name} does not tell that the connection was refused`);
    }
  },
};
