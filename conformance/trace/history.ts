/**
 * The history: what a trace says about registrations, tasks, timers, wake-ups and runs of the loop.
 *
 * Rules ask the history, not the records. It is built in one pass over the timeline (`history-builder.ts`); every entity is
 * found by the token that the trace gives to the operation which made it, so nothing is guessed from names. "When" is
 * always the index of a step, because causes are ordered by steps; clocks are for the few rules about time.
 */
import type { ActionOf, Scenario } from '../../spec/scenario.js';
import type { Enter, EventName, Trace } from '../../spec/trace.js';
import {
  type Fd,
  type LoopRun,
  type Entity,
  type Registration,
  type Task,
  type Timer,
  type Periodic,
  type Sent,
  type Wakeup,
  type SignalHandler,
  type Barrier,
  type Horizon,
  FAR_MS,
  type SubjectFacts,
} from './entities.js';
import type { StreamLife } from './streams.js';
import type { Frame, Step, Timeline } from './timeline.js';

export * from './entities.js';
export * from './streams.js';

export class History {
  readonly registrations: Registration[] = [];
  readonly tasks: Task[] = [];
  readonly timers: Timer[] = [];
  readonly periodics: Periodic[] = [];
  readonly wakeups: Wakeup[] = [];
  readonly signalHandlers: SignalHandler[] = [];
  readonly barriers: Barrier[] = [];
  readonly runs: LoopRun[] = [];
  readonly fds: Fd[] = [];
  readonly streams: StreamLife[] = [];
  readonly horizons: Horizon[] = [];
  /** `stop` of a loop that did not run then. */
  readonly idleStops: { readonly step: Step; readonly loop: string }[] = [];
  /** Every signal that was sent, with a callback or without. */
  readonly raises: (Sent & { readonly signal: string })[] = [];
  /** Callbacks that raised what they were told to raise. */
  readonly throws: { readonly frame: Frame; readonly action: ActionOf<'throw'> }[] = [];
  /** `update` and `remove` of an open fd that has no handler. */
  readonly orphans: Step[] = [];
  /** Deliveries, tasks, timers, …: every run of a callback, in order. */
  readonly frames: readonly Frame[];
  readonly steps: readonly Step[];
  readonly scenario: Scenario;
  readonly trace: Trace;
  /** By token; index 0 is unused. */
  readonly byToken: (Entity | undefined)[] = [undefined];

  constructor(
    readonly timeline: Timeline,
    readonly subject: SubjectFacts,
  ) {
    this.scenario = timeline.scenario;
    this.trace = timeline.trace;
    this.steps = timeline.steps;
    this.frames = timeline.frames;
  }

  /** The whole trace is there: the main program ended. */
  get complete(): boolean {
    return this.trace.unfinished === undefined && this.steps.at(-1)?.record.k !== 'cut';
  }

  /** Index one past the last step. */
  get end(): number {
    return this.steps.length;
  }

  /** µs since the scenario began. */
  timeOf(step: number): number {
    return this.steps[step]?.record.t ?? 0;
  }

  /** Thread CPU time, µs. */
  cpuOf(step: number): number {
    return this.steps[step]?.record.c ?? 0;
  }

  /** The run of the loop in which a step happened, innermost. */
  runAt(step: number): LoopRun | undefined {
    return this.runs.findLast((run) => run.from < step && step < run.to);
  }

  /** The interest mask of a registration just after a step; empty before it was made and after it ended. O(changes). */
  interestAt(registration: Registration, step: number): readonly EventName[] {
    return registration.interest.findLast((change) => change.at <= step)?.events ?? [];
  }

  /** Whether the registration wants the event, without a break, in all of [from, to). */
  wants(registration: Registration, event: EventName, from: number, to: number): boolean {
    if (event !== 'error' && !this.interestAt(registration, from).includes(event)) return false;
    if (registration.at > from || registration.endedAt < to || registration.failed !== undefined)
      return false;
    return registration.interest.every(
      (change) => change.at <= from || change.at >= to || event === 'error' || change.events.includes(event),
    );
  }

  /** Its first run after `from` and before `to` in which the loop passed the event. */
  delivery(registration: Registration, event: EventName, from: number, to: number): Frame | undefined {
    return registration.frames.find((frame) => {
      const enter = frame.enter!;
      return (
        enter.index > from && enter.index < to && (enter.record as Enter).events?.includes(event) === true
      );
    });
  }

  /** Its last run before `to` in which the loop passed the event. */
  lastDelivery(registration: Registration, event: EventName, to: number): Frame | undefined {
    return registration.frames.findLast(
      (frame) => frame.enter!.index < to && (frame.enter!.record as Enter).events?.includes(event) === true,
    );
  }

  /** Whether any registration watches the fd at a step. */
  isWatched(fd: Fd, step: number): boolean {
    return this.registrations.some(
      (r) => r.fd === fd && r.failed === undefined && r.at <= step && step < r.endedAt,
    );
  }

  /** The step at which a far timer fired after a step: what had not come until then did not come. Infinity if none did. */
  farAfter(step: number): number {
    for (const timer of this.timers) {
      const frame = timer.delay >= FAR_MS ? timer.frames[0] : undefined;
      if (frame === undefined || frame.enter!.index <= step) continue;
      // One that fired much too early tells nothing of what had not come by then.
      const waited = this.timeOf(frame.enter!.index) - this.timeOf(timer.at);
      if (waited >= timer.delay * 500) return frame.enter!.index;
    }
    return this.trace.unfinished === 'hung' ? this.end : Infinity;
  }

  /** The first run of an entity's callback after a step. */
  firstRunAfter(entity: Entity, step: number): Frame | undefined {
    return entity.frames.find((frame) => frame.enter!.index > step);
  }
}

export const eventsOf = (frame: Frame): readonly EventName[] => (frame.enter?.record as Enter).events ?? [];
