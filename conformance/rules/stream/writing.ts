/** Rules of `spec/stream/writing.md`. */
import { closedAt, type History } from '../../trace/history.js';
import type { RuleSet } from '../rule.js';
import { judgeWaiting } from '../spin.js';
import { firstDifference } from './first-difference.js';
import { collectedBefore, isGone, outputs, sentBefore, toldOf, type Output } from './output-facts.js';
import { passedSince } from './read-facts.js';
import { isError } from './reading.js';

/** Whether the loop has certainly polled often enough between two steps. */
const polledBetween = (h: History, loop: string, from: number, to: number): boolean =>
  h.horizons.some((horizon) => horizon.loop === loop && horizon.from > from && horizon.to <= to);

const undisturbed = ({ stream, peer }: Output): boolean =>
  closedAt(stream) === Infinity && !peer.closed && !stream.file.reset;

export const writingRules: RuleSet = {
  'STREAM-WRITE-1': (h, say) => {
    for (const { stream, peer, sent } of outputs(h)) {
      const { size, bytes } = peer.collected;
      if (size === 0) continue;
      const difference = firstDifference(bytes, sent.subarray(0, size));
      if (difference === undefined) say.kept();
      else
        say.broken(
          peer.collected.stepOf(size - 1)!,
          `the peer of stream ${stream.name} got other bytes than were written, ${difference}`,
        );
    }
  },

  'STREAM-WRITE-2': (h, say) => {
    for (const output of outputs(h)) {
      const { stream, sent, collects } = output;
      const [first] = collects;
      // Only what did not fit at once needs a second look of the stream.
      if (first === undefined || first.total >= sentBefore(output, first.step.index)) continue;
      const last = collects.at(-1)!;
      const before = collects.at(-2);
      if (last.total >= sent.length) say.kept();
      else if (before === undefined || !undisturbed(output)) continue;
      else if (last.got === 0 && polledBetween(h, stream.loop, before.step.index, last.step.index))
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
      if (sent.length === 0 || all === undefined || !undisturbed(output)) continue;
      const when = `though stream ${stream.name} has nothing left to write`;
      judgeWaiting(h, say, (gap) => gap.from >= all.step.index, when);
    }
  },

  'STREAM-WRITE-4': (h, say) => {
    for (const output of outputs(h)) {
      const { stream } = output;
      if (output.sends.length === 0 || !undisturbed(output)) continue;
      const first = output.collects[0]?.step.index ?? h.end;
      const blocked = (to: number): boolean =>
        to < first && collectedBefore(output, first + 1) < sentBefore(output, to);
      const when = `while the peer of stream ${stream.name} takes nothing`;
      judgeWaiting(h, say, (gap) => gap.from > output.sends[0]!.at && blocked(gap.to), when);
    }
  },

  'STREAM-WRITE-5': (h, say) => {
    for (const output of outputs(h)) {
      // TCP may need time between the ends; elsewhere what the kernel took can be read at once.
      if (output.stream.file.kind !== 'pair' && output.stream.file.kind !== 'pipe') continue;
      for (const send of output.sends) {
        const [frame] = send.frames;
        if (frame === undefined || toldOf(send) !== 'done' || send.bytes.length === 0) continue;
        const collect = output.collects.find(({ step }) => step.frame === frame);
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
    for (const { stream, sends } of outputs(h)) {
      const told = sends.filter((send) => send.told);
      for (const [i, send] of told.entries()) {
        const [first, again] = send.frames;
        const later = told.slice(i + 1).find((other) => toldOf(other) === 'done');
        const before = later?.frames[0]?.enter!.index ?? Infinity;
        if (again !== undefined)
          say.broken(again.enter!.index, `a write of stream ${stream.name} was told twice`);
        else if (before < (first?.enter!.index ?? h.end))
          say.broken(before, `a write of stream ${stream.name} was told before one that was written earlier`);
        else if (first !== undefined && told.length > 1) say.kept();
      }
    }
  },

  'STREAM-WRITE-7': (h, say) => {
    for (const output of outputs(h)) {
      const { stream, sends } = output;
      for (const [i, send] of sends.entries()) {
        if (send.bytes.length > 0 || !send.told || !undisturbed(output)) continue;
        // It may wait for its turn.
        if (sends.slice(0, i).some((other) => other.told && toldOf(other) === undefined)) continue;
        const passed = passedSince(h, stream, send.at);
        if (toldOf(send) === 'done') say.kept();
        else if (passed !== undefined)
          say.broken(passed, `an empty write of stream ${stream.name} was not told as done`);
      }
    }
  },

  'STREAM-WRITE-8': (h, say) => {
    for (const output of outputs(h)) {
      const { stream } = output;
      const send = stream.sends.find(({ at, failed }) => failed === undefined && isGone(output, at));
      if (send === undefined) continue;
      const run = h.runs.find(
        ({ loop, to, raised }) => loop === stream.loop && raised !== undefined && to > send.at,
      );
      const passed = h.horizons.find(({ loop, from }) => loop === stream.loop && from > send.at);
      if (run !== undefined && h.throws.length === 0)
        say.broken(run.to, `start raised after a write to a peer that is gone: ${run.raised!.text}`);
      else if (h.trace.unfinished === 'died')
        say.broken(h.end, `the subject died after stream ${stream.name} wrote to a peer that is gone`);
      else if (passed !== undefined) say.kept();
    }
  },

  'STREAM-WRITE-9': (h, say) => {
    for (const output of outputs(h)) {
      const { stream } = output;
      const send = stream.sends.find(({ at, failed }) => failed === undefined && isGone(output, at));
      if (send === undefined) continue;
      const logged = h.steps.find(({ index, record }) => isError(record) && index > send.at);
      const passed = h.horizons.find(({ loop, from }) => loop === stream.loop && from > send.at);
      if (logged !== undefined)
        say.broken(logged.index, `a write of stream ${stream.name} to a peer that is gone was reported`);
      else if (passed !== undefined) say.kept();
    }
  },

  'STREAM-WRITE-10': (h, say) => {
    for (const stream of h.streams)
      for (const send of stream.sends) {
        if (send.at < closedAt(stream)) continue;
        const told = toldOf(send);
        if (send.failed !== undefined) say.chose('raised', send.at);
        else if (told === 'done')
          say.broken(
            send.frames[0]!.enter!.index,
            `a write after the close of stream ${stream.name} was told as done`,
          );
        else if (told === 'failed') say.chose('failed', send.frames[0]!.enter!.index);
        else if (h.horizons.some(({ loop, from }) => loop === stream.loop && from > send.at))
          say.chose('ignored', send.at);
      }
  },

  'STREAM-WRITE-11': (h, say) => {
    for (const stream of h.streams) {
      const closed = closedAt(stream);
      const passed = h.horizons.find(({ loop, from }) => loop === stream.loop && from > closed);
      for (const send of stream.sends) {
        const told = send.frames[0]?.enter!.index ?? Infinity;
        if (!send.told || send.failed !== undefined || send.at > closed || told < closed) continue;
        if (told < Infinity) say.kept();
        else if (passed !== undefined)
          say.broken(
            passed.to,
            `a write that was pending when stream ${stream.name} was closed was never told so`,
          );
      }
    }
  },
};
