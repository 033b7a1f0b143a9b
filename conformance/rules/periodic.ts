/** Rules about periodic timers; a part of `spec/loop/timers.md`. */
import type { History, Periodic } from '../trace/history.js';
import type { Frame } from '../trace/timeline.js';
import { deadlinesOf } from './deadlines.js';
import { hangs } from './oversleep.js';
import type { RuleSet, Say } from './rule.js';

/** A periodic timer between a start and the next stop. */
interface Span {
  readonly periodic: Periodic;
  readonly from: number;
  readonly to: number;
  /** It had been stopped before. */
  readonly restarted: boolean;
  readonly frames: readonly Frame[];
}

const enterOf = (frame: Frame): number => frame.enter!.index;

/** Spans end where the callback throws, too: what follows is a choice. */
function* spansOf(h: History): Generator<Span> {
  for (const periodic of h.periodics) {
    if (periodic.failed !== undefined) continue;
    const { switches } = periodic;
    for (let i = 0; i < switches.length; i += 2) {
      const from = switches[i]!;
      const threw = periodic.frames.find((frame) => enterOf(frame) > from && frame.raised !== undefined);
      const to = Math.min(switches[i + 1] ?? h.end, threw?.exit?.index ?? h.end);
      const frames = periodic.frames.filter((frame) => enterOf(frame) > from && enterOf(frame) < to);
      yield { periodic, from, to, restarted: i > 0, frames };
    }
  }
}

/** "Again and again". */
const REPEATEDLY = 3;
/** A far timer is so far that no delay of the host explains what did not happen before it. ms */
const FAR_AWAY_MS = 500;
/** Runs that tell a grid from a drift. */
const SPACINGS = 4;

export const periodicRules: RuleSet = {
  'LOOP-TIMER-19': (h, say) => {
    const hung = hangs(h);
    for (const { periodic, from, to, frames } of spansOf(h)) {
      if (frames.length >= REPEATEDLY) {
        say.kept();
        continue;
      }
      if (periodic.interval * 20 > FAR_AWAY_MS) continue;
      const name = `the periodic timer ${periodic.run} of ${periodic.interval} ms`;
      const far = h.timers.find(({ loop, delay, frames: [fired] }) => {
        if (loop !== periodic.loop || delay < FAR_AWAY_MS || fired === undefined) return false;
        const at = enterOf(fired);
        const run = h.runAt(at);
        if (run === undefined || at > to || run.stops.some((stop) => stop.index < at)) return false;
        return h.timeOf(at) - h.timeOf(Math.max(from, run.from)) >= FAR_AWAY_MS * 1000;
      });
      if (far !== undefined)
        say.broken(
          enterOf(far.frames[0]!),
          `${name} was called ${frames.length} times before a timer of ${far.delay} ms`,
        );
      else if (hung?.loop === periodic.loop && to === h.end)
        say.broken(h.end - 1, `${name} was called ${frames.length} times; the loop hung`);
    }
  },

  'LOOP-TIMER-20': (h, say) => {
    const deadlines = deadlinesOf(h);
    for (const { failed, switches, frames, interval, loop, run } of h.periodics) {
      if (failed !== undefined) continue;
      for (let i = 1; i < switches.length; i += 2) {
        const stop = switches[i]!;
        const next = switches[i + 1] ?? h.end;
        const late = frames.find((frame) => enterOf(frame) > stop && enterOf(frame) < next);
        if (late !== undefined) {
          say.broken(enterOf(late), `the periodic timer ${run} was called after it was stopped`);
          continue;
        }
        // By then it would have come again.
        const due = h.timeOf(stop) + interval * 1000;
        const polled = h.horizons.some(
          (horizon) =>
            horizon.loop === loop &&
            horizon.from > stop &&
            horizon.to < next &&
            h.timeOf(horizon.from) >= due + deadlines.apart,
        );
        const fired = h.timers.some(
          (timer) =>
            timer.loop === loop &&
            timer.frames.some((frame) => enterOf(frame) > stop && enterOf(frame) < next) &&
            deadlines.earliest(timer) >= due + deadlines.apart,
        );
        if (polled || fired) say.kept();
      }
    }
  },

  'LOOP-TIMER-21': (h, say) => {
    const deadlines = deadlinesOf(h);
    for (const { periodic, from, to, frames } of spansOf(h)) {
      const period = periodic.interval * 1000;
      for (const timer of h.timers) {
        // The first timer that was set after a callback took so long.
        const fired = timer.frames[0];
        if (fired === undefined || enterOf(fired) > to || timer.loop !== periodic.loop) continue;
        const long = longBefore(h, from, timer.at, 4 * period, periodic.loop);
        if (long === undefined || h.runAt(enterOf(fired)) !== h.runAt(enterOf(long))) continue;
        const end = long.exit!.index;
        const missed = Math.floor((h.timeOf(end) - h.timeOf(enterOf(long))) / period);
        if (deadlines.earliest(timer) < h.timeOf(end)) continue;
        const made = frames.filter((frame) => enterOf(frame) > end && enterOf(frame) < enterOf(fired)).length;
        // One that was due, and what fell due by itself before the timer.
        const ordinary = 1 + Math.ceil((deadlines.latest(timer) - h.timeOf(end)) / period);
        if (ordinary >= missed) continue;
        if (made <= ordinary) say.chose('skipped', enterOf(fired));
        else if (made >= missed) say.chose('caught-up', enterOf(fired));
      }
    }
  },

  'LOOP-TIMER-22': (h, say) => {
    const { apart } = deadlinesOf(h);
    for (const { periodic, frames } of spansOf(h)) {
      const period = periodic.interval * 1000;
      let spacings = 0;
      for (const [i, frame] of frames.entries()) {
        const next = frames[i + 1];
        if (next === undefined || frame.exit === undefined) break;
        const took = h.timeOf(frame.exit.index) - h.timeOf(enterOf(frame));
        const pause = h.timeOf(enterOf(next)) - h.timeOf(frame.exit.index);
        // A loop is never early, so only a grid can bring it sooner than a period after the end of the run before.
        if (pause < period - apart) {
          say.chose('grid', enterOf(next));
          spacings = -Infinity;
        } else if (took % period >= period * 0.4) spacings++;
      }
      if (spacings >= SPACINGS) say.chose('drift', enterOf(frames.at(-1)!));
    }
  },

  'LOOP-TIMER-23': (h, say) => {
    for (const span of spansOf(h)) if (span.restarted) judgeRate(h, say, span, span.from);
  },

  'LOOP-TIMER-24': (h, say) => {
    for (const span of spansOf(h)) {
      const made = h.steps[span.periodic.at]?.action;
      for (const { index, action } of h.steps.slice(span.from + 1, span.to))
        if (action?.op === 'periodicStart' && made?.op === 'periodic' && action.id === made.id)
          judgeRate(h, say, span, index);
    }
  },

  'LOOP-TIMER-25': (h, say) => {
    const { apart } = deadlinesOf(h);
    for (const { periodic, from, restarted, frames } of spansOf(h)) {
      const first = frames[0];
      if (first === undefined || restarted) continue;
      const at = enterOf(first);
      const passed = h.horizons.some(
        (horizon) => horizon.loop === periodic.loop && horizon.from > from && horizon.to < at,
      );
      if (sinceStart(h, first, from) < periodic.interval * 1000 - apart) say.chose('at-once', at);
      else if (passed) say.chose('after-a-period', at);
    }
  },
};

/** µs, at the most: from the last step before a start, as a busy host may hold up the thread between the start and its record. */
const sinceStart = (h: History, frame: Frame, from: number): number =>
  h.timeOf(enterOf(frame)) - h.timeOf(from - 1);

/** Once in a period after a start; the first run may come at once, or by the grid of an earlier start. */
function judgeRate(h: History, say: Say, span: Span, from: number): void {
  const { interval, run } = span.periodic;
  const { apart } = deadlinesOf(h);
  const frames = span.frames.filter((frame) => enterOf(frame) > from);
  const early = frames.find((frame, i) => sinceStart(h, frame, from) < (i - 1) * interval * 1000 - apart);
  if (early !== undefined)
    say.broken(
      enterOf(early),
      `the periodic timer ${run} was called ${frames.indexOf(early) + 1} times in ` +
        `${(sinceStart(h, early, from) / 1000).toFixed(1)} ms after it was started again; its period is ${interval} ms`,
    );
  else if (frames.length > REPEATEDLY) say.kept();
}

/** The last callback before a step that took as long as this, in µs, and began after `from`. */
function longBefore(h: History, from: number, to: number, took: number, loop: string): Frame | undefined {
  return h.frames.findLast(
    ({ enter, exit }) =>
      enter !== undefined &&
      exit !== undefined &&
      enter.index > from &&
      exit.index < to &&
      h.timeOf(exit.index) - h.timeOf(enter.index) >= took &&
      h.runAt(enter.index)?.loop === loop,
  );
}
