/** Rules of `spec/loop/timers.md`. */
import type { RuleSet } from '../rule.js';

export const timerRules: RuleSet = {
  'LOOP-TIMER-2': (h, say) => {
    for (const timer of h.timers) {
      const frame = timer.frames[0];
      if (frame === undefined || Number.isNaN(timer.notBefore)) continue;
      const early = (timer.notBefore - h.timeOf(frame.enter!.index)) / 1000;
      if (early > h.subject.timerResolutionMs)
        say.broken(frame.enter!.index, `a timer of ${timer.delay} ms fired ${early.toFixed(3)} ms early`);
      else say.kept();
    }
  },

  'LOOP-TIMER-3': (h, say) => {
    for (const timer of h.timers) {
      if (
        timer.cancelledAt === Infinity ||
        timer.frames.some((frame) => frame.enter!.index < timer.cancelledAt)
      )
        continue;
      const late = h.firstRunAfter(timer, timer.cancelledAt);
      if (late !== undefined)
        say.broken(late.enter!.index, `timer ${timer.run} fired after it was cancelled`);
      else if (h.steps.some((step) => step.index > timer.cancelledAt && step.record.t > timer.notBefore))
        say.kept();
    }
  },

  'LOOP-TIMER-4': (h, say) => {
    for (let i = 1; i < h.timers.length; i++) {
      const [earlier, later] = [h.timers[i - 1]!, h.timers[i]!];
      if (earlier.base === undefined || earlier.base !== later.base || earlier.delay !== later.delay)
        continue;
      const [a, b] = [earlier.frames[0], later.frames[0]];
      if (a === undefined || b === undefined) continue;
      say.chose(a.enter!.index < b.enter!.index ? 'fifo' : 'other', b.enter!.index);
    }
  },
};
