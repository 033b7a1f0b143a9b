/**
 * The history: what a trace says about registrations, tasks, timers, wake-ups and runs of the loop.
 *
 * Rules ask the history, not the records. It is built in one pass over the timeline; every entity is found by the token
 * that the trace gives to the operation which made it, so nothing is guessed from names. "When" is always the index
 * of a step, because causes are ordered by steps; clocks are for the few rules about time.
 */
import type { ActionOf, Scenario } from '../../spec/scenario.js';
import type { Did, Enter, EventName, Raised, ThreadReport } from '../../spec/trace.js';
import { OpenFile } from './kernel.js';
import { joinTrace, recordsOf, type Frame, type Step, type Timeline } from './timeline.js';
import type { Trace } from '../../spec/trace.js';

/** One number that a scenario has a name for, from its opening to its closing. */
export interface Fd {
  readonly name: string;
  readonly number: number;
  readonly file: OpenFile;
  readonly openedAt: number;
  closedAt: number;
}

/** One `start`: from its beginning until it returned or raised. */
export interface LoopRun {
  readonly loop: string;
  readonly from: number;
  /** Step of the `did start`; Infinity if the trace ends before. */
  to: number;
  /** A start inside a callback. */
  readonly nested: boolean;
  raised: Raised | undefined;
  readonly frames: Frame[];
  /** `stop` and `done` on this loop while it ran. */
  readonly stops: Step[];
}

interface Entity {
  readonly token: number;
  readonly loop: string;
  /** Step of the operation that made it. */
  readonly at: number;
  readonly run: string;
  /** Frame in which it was made. */
  readonly by: Frame;
  /** The operation raised: nothing was registered, or should not have been. */
  readonly failed: Raised | undefined;
  /** Runs of its callback. */
  readonly frames: Frame[];
}

export interface Registration extends Entity {
  readonly fd: Fd;
  /** Masks in force from a step on. The last with `events: []` if it ended. */
  readonly interest: { readonly at: number; readonly events: readonly EventName[] }[];
  /** Step of the remove that ended it, or of the add that replaced it. */
  endedAt: number;
  endedBy: 'remove' | 'add' | undefined;
  /** The registration that the loop held for this fd when this one was added. */
  readonly onTopOf: Registration | undefined;
}

export interface Task extends Entity {
  cancelledAt: number;
}

export interface Timer extends Entity {
  readonly delay: number;
  /** `timeoutAt`: name of the base; timers with one base have comparable deadlines. */
  readonly base: string | undefined;
  /** µs on the trace's clock: it may not fire before. Undefined for a deadline on a base whose clock was not read. */
  readonly notBefore: number;
  /** Step at which the clock was read that the deadline counts from: its own, or that of the `now` of its base. */
  readonly clockReadAt: number;
  cancelledAt: number;
  /** Every cancel of it, also one that failed or came too late. */
  readonly cancels: Step[];
}

export interface Periodic extends Entity {
  readonly interval: number;
  /** Steps of start and stop, alternating, beginning with the start. */
  readonly switches: number[];
}

/** A wake-up or a signal on its way. */
export interface Sent {
  readonly at: number;
  /** The frame that sent it, or had it sent. */
  readonly by: Frame;
  /** What the other thread did; undefined if the loop's own thread sent it. */
  readonly thread: ThreadReport | undefined;
  readonly times: number;
}

export interface Wakeup extends Entity {
  /** `wake` on the loop's own thread, and the `thread` actions that signal it. */
  readonly signals: Sent[];
}

export interface SignalHandler extends Entity {
  readonly signal: string;
  removedAt: number;
  readonly raises: Sent[];
}

export interface Barrier extends Entity {
  readonly rounds: number;
}

/** A span of one run of the loop in which it certainly polled often enough to report all that was ready. */
export interface Horizon {
  readonly from: number;
  readonly to: number;
  readonly loop: string;
}

/** A timer as long as this, once fired, proves that all that was due before it could happen. ms; scenarios use 1000. */
export const FAR_MS = 100;

/** What a rule may know about the subject. */
export interface SubjectFacts {
  readonly timerResolutionMs: number;
  readonly interest: 'combined' | 'split';
  /** The most ready fds that one poll reports. */
  readonly eventsPerPoll: number;
  /** Choices that the subject declared. */
  readonly choices: Readonly<Record<string, string>>;
}

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
    new Builder(this).build();
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

/** @throws TraceAuditError */
export function readHistory(scenario: Scenario, trace: Trace, subject: SubjectFacts): History {
  return new History(joinTrace(scenario, trace), subject);
}

/** Fills a {@link History}; its state is what is true "now" during the pass. */
class Builder {
  private readonly names = new Map<string, Fd>();
  /** By fd name; with split interest by name and event. */
  private readonly handlers = new Map<string, Registration>();
  private readonly tasksById = new Map<string, Task>();
  private readonly timersById = new Map<string, Timer>();
  private readonly periodicsById = new Map<string, Periodic>();
  private readonly wakeupsById = new Map<string, Wakeup>();
  private readonly signalsByName = new Map<string, SignalHandler>();
  private readonly bases = new Map<string, number>();
  private readonly running: LoopRun[] = [];
  private loop = 'main';
  private threads = 0;
  private groupIndex = 0;

  constructor(private readonly h: History) {}

  build(): void {
    this.openInitialFds();
    for (const step of this.h.steps) {
      const { record } = step;
      if (record.k === 'enter') this.enter(step, record);
      else if (record.k === 'starting') this.starting(step);
      else if (record.k === 'did') this.did(step, record);
    }
    this.collectHorizons();
  }

  private openInitialFds(): void {
    for (const [name, spec] of Object.entries(this.h.scenario.fds)) {
      const members =
        spec.count === undefined ? [name] : Array.from({ length: spec.count }, (_, i) => `${name}${i}`);
      for (const member of members) {
        const nearReads = spec.kind !== 'pipe' || spec.near !== 'write';
        const near = new OpenFile(spec.kind, nearReads, spec.kind !== 'pipe' || !nearReads);
        this.open(member, near, -1);
        if (spec.kind === 'listener' || spec.kind === 'file') continue;
        const far = new OpenFile(
          spec.kind,
          spec.kind !== 'pipe' || !nearReads,
          spec.kind !== 'pipe' || nearReads,
        );
        near.peer = far;
        far.peer = near;
        this.open(`${member}.peer`, far, -1);
        far.note(-1);
        near.note(-1);
      }
    }
  }

  private open(name: string, file: OpenFile, at: number, number = this.h.trace.fds[name] ?? -1): Fd {
    const fd: Fd = { name, number, file, openedAt: at, closedAt: Infinity };
    this.names.set(name, fd);
    this.h.fds.push(fd);
    return fd;
  }

  private closeFd(fd: Fd, at: number, reset = false): void {
    if (fd.closedAt !== Infinity) return;
    fd.closedAt = at;
    fd.file.release(reset, at);
  }

  private enter(step: Step, record: Enter): void {
    this.h.byToken[record.token]?.frames.push(step.frame);
    this.running.at(-1)?.frames.push(step.frame);
  }

  private starting(step: Step): void {
    const run: LoopRun = {
      loop: this.loop,
      from: step.index,
      to: Infinity,
      nested: step.frame.kind !== 'main',
      raised: undefined,
      frames: [],
      stops: [],
    };
    this.h.runs.push(run);
    this.running.push(run);
  }

  private entity(step: Step, record: Did, run: string): Entity {
    const { index: at, frame: by } = step;
    return { token: record.token!, loop: this.loop, at, run, by, failed: record.raised, frames: [] };
  }

  private remember<E extends Entity>(list: E[], entity: E): E {
    list.push(entity);
    this.h.byToken[entity.token] = entity;
    return entity;
  }

  /** The fd that an action names; for a group, the member that the record names. */
  private fdOf(step: Step, record: Did): Fd {
    const action = step.action as { fd: string };
    if (recordsOf(step.action!, this.h.scenario) === 1 && !action.fd.includes('*')) return this.fd(action.fd);
    return this.fd(record.fd ?? action.fd.replace('*', String(this.groupIndex++)));
  }

  private fd(name: string): Fd {
    return this.names.get(name) ?? this.open(name, new OpenFile('connection', true, true), -1);
  }

  private did(step: Step, record: Did): void {
    const action = step.action!;
    const at = step.index;
    switch (action.op) {
      case 'add':
        return this.add(step, record, action);
      case 'update': {
        const fd = this.fdOf(step, record);
        const registration = this.handlers.get(fd.name);
        if (registration === undefined) {
          if (fd.closedAt > at) this.h.orphans.push(step);
        } else if (record.raised === undefined) registration.interest.push({ at, events: action.events });
        return;
      }
      case 'remove':
        return this.remove(step, record, action);
      case 'schedule': {
        const task = this.remember(this.h.tasks, {
          ...this.entity(step, record, action.run),
          cancelledAt: Infinity,
        });
        if (action.id !== undefined) this.tasksById.set(action.id, task);
        return;
      }
      case 'unschedule': {
        const task = this.tasksById.get(action.id);
        if (task !== undefined && record.raised === undefined)
          task.cancelledAt = Math.min(task.cancelledAt, at);
        return;
      }
      case 'now':
        this.bases.set(action.as, at);
        return;
      case 'timeout':
      case 'timeoutAt': {
        const base = action.op === 'timeoutAt' ? action.base : undefined;
        const clockReadAt = base === undefined ? at : (this.bases.get(base) ?? NaN);
        const from = Number.isNaN(clockReadAt) ? NaN : this.h.timeOf(clockReadAt - 1);
        const timer = this.remember(this.h.timers, {
          ...this.entity(step, record, action.run),
          delay: action.delay,
          base,
          notBefore: from + action.delay * 1000,
          clockReadAt,
          cancelledAt: Infinity,
          cancels: [],
        });
        if (action.id !== undefined) this.timersById.set(action.id, timer);
        return;
      }
      case 'cancel': {
        const timer = this.timersById.get(action.id);
        timer?.cancels.push(step);
        if (timer !== undefined && record.raised === undefined)
          timer.cancelledAt = Math.min(timer.cancelledAt, at);
        return;
      }
      case 'periodic': {
        const periodic = this.remember(this.h.periodics, {
          ...this.entity(step, record, action.run),
          interval: action.interval,
          switches: [at],
        });
        this.periodicsById.set(action.id, periodic);
        return;
      }
      case 'periodicStart':
      case 'periodicStop': {
        const switches = this.periodicsById.get(action.id)?.switches;
        if (switches !== undefined && (switches.length % 2 === 1) === (action.op === 'periodicStop'))
          switches.push(at);
        return;
      }
      case 'barrier':
        this.remember(this.h.barriers, {
          ...this.entity(step, record, action.run),
          rounds: action.rounds ?? 0,
        });
        return;
      case 'wakeup':
        this.wakeupsById.set(
          action.id,
          this.remember(this.h.wakeups, { ...this.entity(step, record, action.run), signals: [] }),
        );
        return;
      case 'wake':
        this.wakeupsById
          .get(action.id)
          ?.signals.push({ at, by: step.frame, thread: undefined, times: action.times ?? 1 });
        return;
      case 'signal':
        this.signalsByName.set(
          action.signal,
          this.remember(this.h.signalHandlers, {
            ...this.entity(step, record, action.run),
            signal: action.signal,
            removedAt: Infinity,
            raises: [],
          }),
        );
        return;
      case 'unsignal': {
        const handler = this.signalsByName.get(action.signal);
        if (handler !== undefined) handler.removedAt = at;
        return;
      }
      case 'raise':
        return this.raise(action.signal, { at, by: step.frame, thread: undefined, times: 1 });
      case 'thread':
        return this.thread(step, action);
      case 'start': {
        const run = this.running.pop();
        if (run === undefined) return;
        run.to = at;
        run.raised = record.raised;
        return;
      }
      case 'stop':
      case 'done':
        return this.stop(step);
      case 'throw':
        this.h.throws.push({ frame: step.frame, action });
        return;
      case 'newLoop':
        return;
      case 'useLoop':
        this.loop = action.as;
        return;
      case 'closeLoop':
      case 'burn':
      case 'countFds':
      case 'limitFds':
      case 'isOpen':
        return;
      default:
        if (record.errno === undefined || action.op === 'fill' || action.op === 'drain')
          this.systemCall(step, record, action);
    }
  }

  /** What the loop keeps a handler under: an fd, or an fd and a direction. */
  private keysOf(fd: Fd, events: readonly EventName[]): string[] {
    return this.h.subject.interest === 'combined' ? [fd.name] : events.map((event) => `${fd.name} ${event}`);
  }

  private add(step: Step, record: Did, action: ActionOf<'add'>): void {
    const fd = this.fdOf(step, record);
    const keys = this.keysOf(fd, action.events);
    const previous = keys.map((key) => this.handlers.get(key)).find((r) => r !== undefined);
    const registration = this.remember<Registration>(this.h.registrations, {
      ...this.entity(step, record, action.run),
      fd,
      interest: [{ at: step.index, events: action.events }],
      endedAt: record.raised === undefined ? Infinity : step.index,
      endedBy: undefined,
      onTopOf: previous,
    });
    if (record.raised !== undefined) return;
    // Whether it replaced the first or joined it is for the rules to see; what the first is owed ends here.
    if (previous !== undefined) this.end(previous, step.index, 'add');
    for (const key of keys) this.handlers.set(key, registration);
  }

  private remove(step: Step, record: Did, action: ActionOf<'remove'>): void {
    const fd = this.fdOf(step, record);
    const keys = this.keysOf(fd, action.events ?? ['read', 'write']);
    const held = keys.filter((key) => this.handlers.has(key));
    if (held.length === 0 && fd.closedAt > step.index) this.h.orphans.push(step);
    if (record.raised !== undefined) return;
    for (const key of held) {
      const registration = this.handlers.get(key)!;
      this.handlers.delete(key);
      const left = [...this.handlers]
        .filter(([, r]) => r === registration)
        .map(([k]) => k.split(' ')[1] as EventName);
      registration.interest.push({ at: step.index, events: left });
      if (left.length === 0) this.end(registration, step.index, 'remove');
    }
  }

  private end(registration: Registration, at: number, by: 'remove' | 'add'): void {
    if (registration.endedAt !== Infinity) return;
    registration.endedAt = at;
    registration.endedBy = by;
  }

  private thread(step: Step, action: ActionOf<'thread'>): void {
    const thread = this.h.trace.threads?.[this.threads++];
    for (const act of action.do) {
      const sent: Sent = { at: step.index, by: step.frame, thread, times: action.times ?? 1 };
      if (act.op === 'wake') this.wakeupsById.get(act.id)?.signals.push(sent);
      else this.raise(act.signal, sent);
    }
  }

  private raise(signal: string, sent: Sent): void {
    this.h.raises.push({ ...sent, signal });
    this.signalsByName.get(signal)?.raises.push(sent);
  }

  private stop(step: Step): void {
    const run = this.running.findLast((r) => r.loop === this.loop);
    if (run === undefined) this.h.idleStops.push({ step, loop: this.loop });
    else run.stops.push(step);
  }

  private systemCall(step: Step, record: Did, action: Extract<Step['action'], { op: string }>): void {
    const at = step.index;
    const bytes = record.result ?? 0;
    switch (action.op) {
      case 'write':
        this.fdOf(step, record).file.wrote(bytes, at);
        return;
      case 'fill':
        this.fdOf(step, record).file.filled(bytes, at);
        return;
      case 'read':
        this.fdOf(step, record).file.wasRead(bytes, record.eof === true, at);
        return;
      case 'drain':
        this.fdOf(step, record).file.wasRead(bytes, true, at);
        return;
      case 'shutdown':
        this.fdOf(step, record).file.shutdown(action.how, at);
        return;
      case 'close':
      case 'reset':
        this.closeFd(this.fdOf(step, record), at, action.op === 'reset');
        return;
      case 'dup': {
        const fd = this.fd(action.fd);
        fd.file.refs++;
        this.open(action.as, fd.file, at, record.result);
        return;
      }
      case 'dup2': {
        const [from, onto] = [this.fd(action.fd), this.fd(action.onto)];
        this.closeFd(onto, at);
        from.file.refs++;
        this.open(action.as, from.file, at, onto.number);
        return;
      }
      case 'accept':
      case 'connect':
        this.open(action.as, new OpenFile('connection', true, true), at, record.result);
        return;
      default:
        return;
    }
  }

  private collectHorizons(): void {
    const { h } = this;
    const timers = h.timers.filter((timer) => timer.delay >= FAR_MS);
    for (const entity of [...h.barriers, ...timers]) {
      for (const frame of entity.frames) {
        const to = frame.enter!.index;
        const run = h.runAt(to);
        if (run === undefined) continue;
        h.horizons.push({ from: Math.max(entity.at, run.from), to, loop: entity.loop });
      }
    }
    h.horizons.sort((a, b) => a.to - b.to);
  }
}
