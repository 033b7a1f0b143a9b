/**
 * From a timeline to its history, in one pass: the state of the pass is what is true "now".
 */
import type { ActionOf, Scenario } from '../../spec/scenario.js';
import type { Did, Enter, EventName, Trace } from '../../spec/trace.js';
import {
  History,
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
  FAR_MS,
  type SubjectFacts,
} from './history.js';
import { byteCount, payloadBytes } from './byte-log.js';
import { OpenFile } from './kernel.js';
import { StreamBuilder } from './stream-builder.js';
import { joinTrace, recordsOf, type Frame, type Step } from './timeline.js';

/** @throws TraceAuditError */
export function readHistory(scenario: Scenario, trace: Trace, subject: SubjectFacts): History {
  const history = new History(joinTrace(scenario, trace), subject);
  new Builder(history).build();
  return history;
}

/** An fd that could not be opened has no number. */
const keyOf = (fd: Fd): string => (fd.number < 0 ? fd.name : String(fd.number));

/** Fills a {@link History}; its state is what is true "now" during the pass. */
class Builder {
  private readonly names = new Map<string, Fd>();
  /** Open fds by number. */
  private readonly numbers = new Map<number, Fd>();
  /** By what the loop keeps them under: the number; with split interest number and event. */
  private readonly handlers = new Map<string, Registration>();
  private readonly tasksById = new Map<string, Task>();
  private readonly timersById = new Map<string, Timer>();
  private readonly periodicsById = new Map<string, Periodic>();
  private readonly wakeupsById = new Map<string, Wakeup>();
  private readonly signalsByName = new Map<string, SignalHandler>();
  private readonly bases = new Map<string, number>();
  private readonly streams: StreamBuilder;
  /** Runs of a callback inside the operation that registers it, by its token: the operation's own record follows. */
  private readonly early = new Map<number, Frame[]>();
  private readonly running: LoopRun[] = [];
  private loop = 'main';
  private threads = 0;
  private groupIndex = 0;

  constructor(private readonly h: History) {
    this.streams = new StreamBuilder(h, {
      fd: (name) => this.fd(name),
      entity: (step, record, run) => this.entity(step, record, run),
      remember: (list, entity) => this.remember(list, entity),
    });
  }

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
        if (spec.kind === 'listener' || spec.kind === 'file' || spec.kind === 'socket') continue;
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
    const fd: Fd = { name, number, file, openedAt: at, closedAt: Infinity, touched: [] };
    this.names.set(name, fd);
    if (number >= 0) this.numbers.set(number, fd);
    this.h.fds.push(fd);
    return fd;
  }

  private closeFd(fd: Fd, at: number, reset = false): void {
    if (fd.closedAt !== Infinity) return;
    fd.closedAt = at;
    this.numbers.delete(fd.number);
    fd.file.release(reset, at);
  }

  private enter(step: Step, record: Enter): void {
    const known = this.h.byToken[record.token]?.frames ?? this.early.get(record.token);
    if (known === undefined) this.early.set(record.token, [step.frame]);
    else known.push(step.frame);
    this.running.at(-1)?.frames.push(step.frame);
    if (record.as === 'handler')
      this.hear(this.h.byToken[record.token] as Registration | undefined, step.index);
  }

  private hear(registration: Registration | undefined, at: number): void {
    if (registration === undefined) return;
    const { file } = registration.fd;
    if (at < file.breakHeardAt && file.certainlyNot.error.at(at) === undefined) file.breakHeardAt = at;
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
    const token = record.token!;
    const frames = this.early.get(token) ?? [];
    return { token, loop: this.loop, at, run, by, failed: record.raised, frames };
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

  /** A name stands for a number: of a closed fd, for whatever has the number now, or for nothing if the scenario says so. */
  private fd(name: string): Fd {
    const named = this.names.get(name) ?? this.open(name, new OpenFile('connection', true, true), -1);
    if (named.closedAt === Infinity) return named;
    if (this.h.scenario.forgetClosed === true) return { ...named, number: -1 };
    return this.numbers.get(named.number) ?? named;
  }

  private did(step: Step, record: Did): void {
    const action = step.action!;
    const at = step.index;
    switch (action.op) {
      case 'add':
        return this.add(step, record, action);
      case 'update': {
        const fd = this.fdOf(step, record);
        fd.touched.push(at);
        const registration = this.handlers.get(keyOf(fd));
        if (registration === undefined) {
          if (fd.number >= 0 && fd.closedAt > at) this.h.orphans.push(step);
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
        const entity = this.entity(step, record, action.run);
        // At the latest before its first call, if that is inside the call that sets it.
        const setBy = entity.frames[0]?.enter?.index ?? at;
        const clockReadAt = base === undefined ? setBy : (this.bases.get(base) ?? NaN);
        const from = Number.isNaN(clockReadAt) ? NaN : this.h.timeOf(clockReadAt - 1);
        const timer = this.remember(this.h.timers, {
          ...entity,
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
        if (this.streams.did(step, record, action)) return;
        if (
          record.errno === undefined ||
          action.op === 'fill' ||
          action.op === 'drain' ||
          action.op === 'collect'
        )
          this.systemCall(step, record, action);
        // The name stands for no fd at all, whatever it stood for in an earlier run.
        else if ('as' in action) this.names.delete(action.as);
    }
  }

  /** What the loop keeps a handler under: an fd, or an fd and a direction. */
  private keysOf(fd: Fd, events: readonly EventName[]): string[] {
    const key = keyOf(fd);
    return this.h.subject.interest === 'combined' ? [key] : events.map((event) => `${key} ${event}`);
  }

  private add(step: Step, record: Did, action: ActionOf<'add'>): void {
    const fd = this.fdOf(step, record);
    fd.touched.push(step.index);
    const keys = this.keysOf(fd, action.events);
    const held = keys.filter((key) => this.handlers.has(key));
    // A handler of a closed fd whose number this one has got is not the same fd's.
    const onTopOf = held.map((key) => this.handlers.get(key)!).find((other) => other.fd === fd);
    const registration = this.remember<Registration>(this.h.registrations, {
      ...this.entity(step, record, action.run),
      fd,
      interest: [{ at: step.index, events: action.events }],
      endedAt: record.raised === undefined ? Infinity : step.index,
      endedBy: undefined,
      onTopOf,
    });
    if (record.raised !== undefined) return;
    // Whether it replaced the first or joined it is for the rules to see; what the first is owed ends here.
    for (const key of held) this.release(key, step.index, 'add');
    for (const key of keys) this.handlers.set(key, registration);
  }

  private remove(step: Step, record: Did, action: ActionOf<'remove'>): void {
    const fd = this.fdOf(step, record);
    fd.touched.push(step.index);
    const keys = this.keysOf(fd, action.events ?? ['read', 'write']);
    const held = keys.filter((key) => this.handlers.has(key));
    if (held.length === 0 && fd.number >= 0 && fd.closedAt > step.index) this.h.orphans.push(step);
    if (record.raised !== undefined) return;
    for (const key of held) this.release(key, step.index, 'remove');
  }

  /** Takes a direction from its registration, or all of it; it ends when none is left. O(handlers). */
  private release(key: string, at: number, by: 'remove' | 'add'): void {
    const registration = this.handlers.get(key)!;
    this.handlers.delete(key);
    const left = [...this.handlers]
      .filter(([, r]) => r === registration)
      .map(([k]) => k.split(' ')[1] as EventName);
    registration.interest.push({ at, events: left });
    if (left.length > 0) return;
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
    switch (action.op) {
      case 'write': {
        const bytes = byteCount('write', record.result);
        const { file } = this.fdOf(step, record);
        file.written.add(at, payloadBytes(action, 'utf8').subarray(0, bytes));
        file.wrote(bytes, at);
        return;
      }
      case 'fill': {
        const bytes = byteCount('fill', record.result);
        const { file } = this.fdOf(step, record);
        file.written.add(at, payloadBytes({ size: bytes }, 'utf8'));
        file.filled(bytes, at);
        return;
      }
      case 'read':
      case 'drain':
      case 'collect': {
        const bytes = byteCount(action.op, record.result);
        const { file } = this.fdOf(step, record);
        const data = Buffer.from(record.data ?? '', 'latin1');
        file.collected.add(at, data);
        if (data.length < bytes) file.collectedWhole = false;
        file.wasRead(bytes, action.op !== 'read' || record.eof === true, at);
        return;
      }
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
      case 'connect': {
        const { file } = this.open(action.as, new OpenFile('connection', true, true), at, record.result);
        if (action.op === 'accept') this.streams.accepted(action.fd, file);
        else this.streams.connects(action.to, undefined);
        return;
      }
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
        // A barrier that was set for an earlier run has spent some of its rounds there.
        const isBarrier = frame.kind === 'barrier';
        if (isBarrier && h.runs.some((r) => r.loop === run.loop && r.from > entity.at && r.from < run.from))
          continue;
        h.horizons.push({ from: Math.max(entity.at, run.from), to, loop: entity.loop });
      }
    }
    h.horizons.sort((a, b) => a.to - b.to);
  }
}
