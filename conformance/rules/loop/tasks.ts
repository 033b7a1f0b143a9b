/** Rules of `spec/loop/tasks.md`. */
import type { RuleSet } from '../rule.js';

export const taskRules: RuleSet = {
  'LOOP-TASK-1': (h, say) => {
    for (const task of h.tasks) {
      const nested = task.frames.find((frame) => frame.enter!.index <= task.at);
      if (nested !== undefined)
        say.broken(nested.enter!.index, `the task ran inside the call that scheduled it`);
      else if (task.frames.length > 0) say.kept();
    }
  },

  'LOOP-TASK-2': (h, say) => {
    for (const task of h.tasks) {
      if (task.failed !== undefined || task.cancelledAt !== Infinity) continue;
      const again = task.frames[1];
      if (again !== undefined)
        say.broken(again.enter!.index, `task ${task.run} ran ${task.frames.length} times for one schedule`);
      else if (task.frames.length === 1) say.kept();
      else {
        const passed = h.horizons.find((horizon) => horizon.from > task.at && horizon.loop === task.loop);
        if (passed !== undefined)
          say.broken(passed.to, `task ${task.run} did not run although the loop went on for many rounds`);
      }
    }
  },

  'LOOP-TASK-4': (h, say) => {
    // Only tasks that waited together: scheduled one after the other in one frame.
    for (let i = 1; i < h.tasks.length; i++) {
      const [earlier, later] = [h.tasks[i - 1]!, h.tasks[i]!];
      if (earlier.by !== later.by || earlier.loop !== later.loop) continue;
      const [a, b] = [earlier.frames[0], later.frames[0]];
      if (a === undefined || b === undefined) continue;
      say.chose(a.enter!.index < b.enter!.index ? 'fifo' : 'other', b.enter!.index);
    }
  },
};
