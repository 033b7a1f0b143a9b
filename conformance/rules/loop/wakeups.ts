/** Rules of `spec/loop/wakeups.md`. */
import type { Did } from '../../../spec/trace.js';
import type { History, Sent, SignalHandler, Wakeup } from '../../trace/history.js';
import type { Frame } from '../../trace/timeline.js';
import { hangs, oversleeps } from '../oversleep.js';
import type { Rule, RuleSet, Say } from '../rule.js';
import { judgeWaiting } from '../spin.js';

/** A pipe holds this many bytes, and one that is signalled more often must cope. */
const PIPE_BYTES = 65_536;

/** When it was sent for the last time, on the trace's clock. µs */
const lastSentAt = (h: History, sent: Sent): number => sent.thread?.lastAt ?? h.timeOf(sent.at);

/** The first call after the sending. A call that a thread caused can come while the thread still works. */
function callAfter(h: History, entity: Wakeup | SignalHandler, sent: Sent, time: number): Frame | undefined {
  return entity.frames.find((frame) => frame.enter!.index > sent.at && h.timeOf(frame.enter!.index) >= time);
}

/** So long a sleep after the sending is no delay of the host. µs */
const LONG_US = 250_000;

/**
 * The step at which another thread was told to wait until the loop sleeps, and waited in vain: it takes its orders one after
 * the other, so it has sent nothing since. Infinity if there is none.
 */
function mutedSince(h: History): number {
  let orders = 0;
  for (const { index, action } of h.steps) {
    if (action?.op !== 'thread') continue;
    const report = h.trace.threads?.[orders++];
    if (action.when === 'idle' && report?.slept !== true) return index;
  }
  return Infinity;
}

/** A thread that waits for nothing has sent it long before the subject was killed, and nobody was called. */
const lostInHang = (h: History, { frames, loop }: Wakeup, { at }: Sent): boolean => {
  const { action } = h.steps[at]!;
  const called = frames.some((frame) => frame.enter!.index > at);
  return action?.op === 'thread' && action.when === 'now' && !called && hangs(h)?.loop === loop;
};

/** By the loop's own thread. What became of another's is not known of a subject that hung or died. */
const byItself = (h: History, { at }: Sent): boolean => h.steps[at]!.action?.op !== 'thread';

/**
 * Calls come before the far timer, or they were lost: nothing else was there to bring them. One that comes in the same round
 * as the far timer may be called first, but the loop has slept until then.
 * @param sentAt step and time of the sending
 */
function judgeArrival(
  h: History,
  say: Say,
  call: Frame | undefined,
  sentAt: { readonly at: number; readonly time: number },
  what: string,
): void {
  const far = h.farAfter(sentAt.at);
  const enter = call?.enter!.index ?? h.end;
  const sleep = oversleeps(h).find(
    ({ to }) => to > sentAt.at && to <= enter && to < h.end && h.timeOf(to) - sentAt.time >= LONG_US,
  );
  if (sleep !== undefined) say.broken(sleep.to, `${what}: the loop slept until the far timer was due`);
  else if (call !== undefined && enter < far) say.kept();
  else if (far !== Infinity)
    say.broken(Math.min(far, h.end), `${what}: its callback had not been called when the far timer fired`);
}

const insideAnother = (frame: Frame): boolean => frame.parent !== undefined && frame.parent.kind !== 'main';

/** Sent by the loop's thread in a callback: the callback of it must not run there and then. */
const neverNested =
  (
    entities: (
      h: History,
    ) => readonly { readonly frames: readonly Frame[]; readonly sent: readonly Sent[] }[],
  ): Rule =>
  (h, say) => {
    for (const { frames, sent } of entities(h)) {
      const nested = frames.find(
        (frame) => insideAnother(frame) && h.runAt(frame.enter!.index)?.nested !== true,
      );
      if (nested !== undefined)
        say.broken(nested.enter!.index, `it was called inside '${nested.parent!.run}'`);
      else if (frames.length > 0 && sent.some((one) => one.by.kind !== 'main' && byItself(h, one)))
        say.kept();
    }
  };

const sentOf = (entity: Wakeup | SignalHandler): readonly Sent[] =>
  'signals' in entity ? entity.signals : entity.raises;
const withSent = (entity: Wakeup | SignalHandler) => ({ frames: entity.frames, sent: sentOf(entity) });

export const wakeupRules: RuleSet = {
  'LOOP-WAKE-1': (h, say) => {
    for (const wakeup of h.wakeups)
      for (const sent of wakeup.signals)
        if (sent.thread?.slept === true)
          judgeArrival(
            h,
            say,
            callAfter(h, wakeup, sent, sent.thread.startedAt),
            { at: sent.at, time: sent.thread.startedAt },
            `a thread signalled wakeup ${wakeup.run} while the loop slept`,
          );
  },

  'LOOP-WAKE-2': (h, say) => {
    const muted = mutedSince(h);
    for (const [i, wakeup] of h.wakeups.entries()) {
      for (const sent of wakeup.signals) {
        const together = h.wakeups.some(
          (other, j) => j !== i && other.signals.some((s) => s.by === sent.by && s.thread === sent.thread),
        );
        if (together && (byItself(h, sent) || (sent.thread !== undefined && sent.at < muted)))
          judgeArrival(
            h,
            say,
            callAfter(h, wakeup, sent, sent.thread?.startedAt ?? 0),
            { at: sent.at, time: lastSentAt(h, sent) },
            `wakeup ${wakeup.run} was signalled together with others`,
          );
      }
    }
  },

  'LOOP-WAKE-3': neverNested((h) => h.wakeups.map(withSent)),

  'LOOP-WAKE-4': (h, say) => {
    for (const wakeup of h.wakeups) {
      for (const sent of wakeup.signals) {
        if (!byItself(h, sent) || h.runAt(sent.at) !== undefined) continue;
        const run = h.runs.find((r) => r.loop === wakeup.loop && r.from > sent.at);
        if (run !== undefined)
          judgeArrival(
            h,
            say,
            h.firstRunAfter(wakeup, run.from),
            { at: run.from, time: h.timeOf(run.from) },
            `wakeup ${wakeup.run} was signalled before the loop started`,
          );
      }
    }
  },

  'LOOP-WAKE-5': (h, say) => {
    const muted = mutedSince(h);
    for (const wakeup of h.wakeups) {
      const last = wakeup.signals.at(-1);
      if (last !== undefined && lostInHang(h, wakeup, last))
        say.broken(h.end, `the last signal of wakeup ${wakeup.run} was lost; the loop hung`);
      if (last?.thread === undefined || last.at >= muted) continue;
      const lastAt = lastSentAt(h, last);
      judgeArrival(
        h,
        say,
        callAfter(h, wakeup, last, lastAt),
        { at: last.at, time: lastAt },
        `the last of ${last.times} signals of wakeup ${wakeup.run} was lost`,
      );
    }
  },

  'LOOP-WAKE-6': (h, say) => {
    for (const wakeup of h.wakeups)
      for (const sent of wakeup.signals)
        if (sent.by.token === wakeup.token && byItself(h, sent))
          judgeArrival(
            h,
            say,
            h.firstRunAfter(wakeup, sent.at),
            { at: sent.at, time: lastSentAt(h, sent) },
            `wakeup ${wakeup.run} was signalled in its own callback`,
          );
  },

  'LOOP-WAKE-7': (h, say) => {
    const woken = h.wakeups.flatMap((wakeup) => wakeup.frames.slice(0, 1));
    const since = Math.min(...woken.map((frame) => frame.enter!.index));
    judgeWaiting(h, say, (gap) => gap.from > since, 'after it was woken');
  },

  'LOOP-WAKE-8': (h, say) => {
    for (const wakeup of h.wakeups) {
      for (const sent of wakeup.signals) {
        if (!byItself(h, sent) || sent.times <= PIPE_BYTES) continue;
        const record = h.steps[sent.at]!.record as Did;
        if (record.raised !== undefined) say.broken(sent.at, `the signal failed: ${record.raised.text}`);
        else if (h.firstRunAfter(wakeup, sent.at) !== undefined) say.kept();
      }
    }
    const { pending } = h.timeline;
    if (h.trace.unfinished === 'hung' && pending?.op === 'wake' && (pending.times ?? 1) > PIPE_BYTES)
      say.broken(h.end, `signalling ${pending.times} times did not come to an end`);
  },

  'LOOP-WAKE-9': (h, say) => {
    const closed = h.steps.find((step) => step.action?.op === 'closeLoop')?.index;
    if (closed === undefined) return;
    const signalled = h.wakeups.flatMap((wakeup) => wakeup.signals).find((sent) => sent.at > closed);
    if (signalled === undefined) return;
    for (const { index, action, record } of h.steps) {
      if (index < signalled.at || action?.op !== 'read' || record.k !== 'did') continue;
      // Nobody wrote there.
      if ((record.result ?? 0) > 0)
        say.broken(index, `${record.result} bytes that nobody wrote came out of fd ${action.fd}`);
      else if (record.errno === 'EAGAIN') say.kept();
    }
  },

  'LOOP-SIGNAL-1': (h, say) => {
    for (const handler of h.signalHandlers)
      for (const sent of handler.raises)
        if (sent.at < handler.removedAt && sent.thread?.slept === true)
          judgeArrival(
            h,
            say,
            callAfter(h, handler, sent, sent.thread.startedAt),
            { at: sent.at, time: sent.thread.startedAt },
            `${handler.signal} arrived while the loop slept`,
          );
  },

  'LOOP-SIGNAL-2': (h, say) => {
    for (const handler of h.signalHandlers)
      for (const sent of handler.raises)
        if (sent.at < handler.removedAt && byItself(h, sent))
          judgeArrival(
            h,
            say,
            h.firstRunAfter(handler, sent.at),
            { at: sent.at, time: lastSentAt(h, sent) },
            `${handler.signal} arrived before the poll`,
          );
  },

  'LOOP-SIGNAL-3': neverNested((h) => h.signalHandlers.map(withSent)),

  'LOOP-SIGNAL-4': (h, say) => {
    for (const handler of h.signalHandlers) {
      const last = handler.raises.at(-1);
      if (last?.thread === undefined || last.times < 2 || last.at > handler.removedAt) continue;
      const lastAt = lastSentAt(h, last);
      judgeArrival(
        h,
        say,
        callAfter(h, handler, last, lastAt),
        { at: last.at, time: lastAt },
        `the last of ${last.times} ${handler.signal} was lost`,
      );
    }
  },

  'LOOP-SIGNAL-5': (h, say) => {
    for (const handler of h.signalHandlers) {
      const raised = h.raises.find((sent) => sent.signal === handler.signal && sent.at > handler.removedAt);
      const heir = h.signalHandlers.some(
        (other) => other.signal === handler.signal && other.at > handler.removedAt,
      );
      if (raised === undefined || heir) continue;
      const late = h.firstRunAfter(handler, raised.at);
      if (late !== undefined)
        say.broken(late.enter!.index, `the callback of ${handler.signal} was called after it was removed`);
      else if (h.horizons.some((horizon) => horizon.from > raised.at)) say.kept();
    }
  },
};
