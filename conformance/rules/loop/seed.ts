/** Rules of `spec/loop/seed.md`: mostly one particular answer to a choice of another section. */
import type { Log } from '../../../spec/trace.js';
import type { z } from 'zod';
import { eventsOf, type Registration } from '../../trace/history.js';
import { nameOf, obligations } from '../obligations.js';
import type { Rule, RuleSet } from '../rule.js';
import { settles } from '../settles.js';
import { errorRules, interruptions, isolated, runDuring } from './errors.js';
import { lifecycleRules } from './lifecycle.js';
import { readinessRules } from './readiness.js';
import { taskRules } from './tasks.js';
import { timerRules } from './timers.js';

type LogRecord = z.infer<typeof Log>;

const owner =
  (rules: RuleSet, clause: string): Rule =>
  (h, say) =>
    rules[clause]?.(h, say);

export const seedRules: RuleSet = {
  'LOOP-SEED-1': (h, say) => {
    for (const owed of obligations(h, 'error')) {
      const frame = owed.registration.frames.find(
        (f) => f.enter!.index > owed.from && f.enter!.index < owed.to && eventsOf(f).includes('error'),
      );
      if (frame !== undefined) say.kept();
      else
        say.broken(
          owed.to,
          `the other end of ${nameOf(owed.registration)} was gone, but its handler was not told of an error`,
        );
    }
  },
  'LOOP-SEED-2': settles(owner(readinessRules, 'LOOP-READY-15'), 'rejected'),
  'LOOP-SEED-3': settles(owner(readinessRules, 'LOOP-READY-17'), 'rejected'),
  'LOOP-SEED-4': settles(owner(errorRules, 'LOOP-ERROR-7'), 'kept'),
  'LOOP-SEED-5': settles(owner(taskRules, 'LOOP-TASK-4'), 'fifo'),
  'LOOP-SEED-6': settles(owner(taskRules, 'LOOP-TASK-5'), 'next-round'),
  'LOOP-SEED-7': settles(owner(timerRules, 'LOOP-TIMER-4'), 'fifo'),
  'LOOP-SEED-8': settles(owner(timerRules, 'LOOP-TIMER-7'), 'live'),
  'LOOP-SEED-9': settles(owner(timerRules, 'LOOP-TIMER-21'), 'skipped'),
  'LOOP-SEED-10': settles(owner(timerRules, 'LOOP-TIMER-22'), 'grid'),
  'LOOP-SEED-11': settles(owner(lifecycleRules, 'LOOP-LIFE-4'), 'next-start'),
  'LOOP-SEED-12': settles(owner(lifecycleRules, 'LOOP-LIFE-8'), 'finished'),
  'LOOP-SEED-13': settles(owner(lifecycleRules, 'LOOP-LIFE-11'), 'refused'),

  'LOOP-SEED-14': (h, say) => {
    for (const wakeup of h.wakeups) {
      const sent = wakeup.signals.find((s) => s.thread?.slept === true);
      const run = sent === undefined ? undefined : runDuring(h, sent);
      if (sent === undefined || run === undefined) continue;
      const stop = run.stops.find((step) => step.frame.token === wakeup.token);
      const far = h.farAfter(sent.at);
      if (stop !== undefined && run.to < far) say.kept();
      else if (far !== Infinity && (stop !== undefined || wakeup.frames.length === 0))
        say.broken(
          Math.min(far, h.end),
          `a thread woke the loop for a callback that stops it, but start did not return before the far timer fired`,
        );
    }
  },

  'LOOP-SEED-15': (h, say) => {
    const pipes = h.throws.filter(
      ({ frame, action }) => action.errno === 'EPIPE' && frame.kind === 'handler',
    );
    if (pipes.length === 0 || pipes.length < h.throws.length || !h.complete) return;
    const log = h.steps.find((step) => step.record.k === 'log');
    const run = h.runs.find((r) => r.raised !== undefined);
    if (log !== undefined)
      say.broken(log.index, `the broken pipe was logged: ${(log.record as LogRecord).text}`);
    else if (run !== undefined) say.broken(run.to, `the broken pipe made start raise`);
    else if (h.horizons.some((horizon) => horizon.to > pipes[0]!.frame.enter!.index)) say.kept();
  },

  'LOOP-SEED-16': (h, say) => {
    for (const sent of interruptions(h)) {
      if (h.throws.length > 0 || !h.complete) continue;
      const log = h.steps.find((step) => step.index > sent.at && step.record.k === 'log');
      if (log !== undefined)
        say.broken(log.index, `the interrupted poll was logged: ${(log.record as LogRecord).text}`);
      else say.kept();
    }
  },

  'LOOP-SEED-17': (h, say) => {
    for (const frame of isolated(h, 'handler')) {
      const registration = h.byToken[frame.token] as Registration;
      const log = h.steps.find((step) => step.index > frame.enter!.index && step.record.k === 'log');
      if (log === undefined || h.throws.length > 1) continue;
      const { fd, text } = log.record as LogRecord;
      const { number } = registration.fd;
      if (fd === number || new RegExp(`\\b${number}\\b`).test(text)) say.kept();
      else say.broken(log.index, `the report does not name fd ${number}: ${text}`);
    }
  },

  'LOOP-SEED-18': (h, say) => {
    for (const { record, frame, index } of h.steps)
      if (
        record.k === 'did' &&
        record.op === 'write' &&
        record.errno === 'EPIPE' &&
        frame.kind === 'handler' &&
        h.end > index + 1
      )
        say.kept();
    const { pending } = h.timeline;
    const last = h.frames.findLast((frame) => frame.exit === undefined);
    if (h.trace.unfinished === 'died' && pending?.op === 'write' && last?.kind === 'handler')
      say.broken(h.end, `the process died of a write to a broken pipe`);
  },

  'LOOP-SEED-19': (h, say) => {
    for (const wakeup of h.wakeups) {
      for (const sent of wakeup.signals) {
        const woken = h.firstRunAfter(wakeup, sent.at);
        if (
          sent.thread === undefined ||
          sent.by.exit === undefined ||
          sent.by.kind === 'main' ||
          woken === undefined
        )
          continue;
        // Overdue when the callback ended, so the loop must not sleep before it has fired.
        const overdue = h.timers.filter(
          (t) =>
            t.at < sent.at &&
            t.failed === undefined &&
            t.cancelledAt === Infinity &&
            t.token !== sent.by.token &&
            t.notBefore < h.timeOf(sent.by.exit!.index) &&
            !t.frames.some((f) => f.enter!.index < sent.at),
        );
        for (const timer of overdue) {
          const fired = timer.frames[0]?.enter!.index ?? Infinity;
          if (fired < woken.enter!.index) say.kept();
          else if (sent.thread.slept)
            say.broken(woken.enter!.index, `the loop slept although timer ${timer.run} was overdue`);
        }
      }
    }
  },
};
