/**
 * From the tree of a generated program to its scenario.
 *
 * Theory of operation. Every tree gives a scenario that the host accepts and that ends:
 *  - Numbers become names modulo what there is. A step that can't mean anything (no listener to connect to, an operation that the
 *    subject doesn't offer) is left out, so that any part of a tree may be taken away.
 *  - Nothing is closed that is watched: `close` and `replace` remove the handler first, as every loop asks. And the name of what
 *    is closed stands for nothing afterwards, as the number may be the loop's by then.
 *  - A callback that has done all its runs takes its handlers away, so that an fd that stays ready doesn't make a program long.
 *  - The end comes by a barrier, or where something takes time, by a timer that is later than all others. In front of all stands the
 *    far sentinel, which only a loop that has lost something waits for.
 */
import type { Action, CallbackSpec, FdSpec, Scenario } from '../../spec/scenario.js';
import * as act from '../scenarios/program.js';
import { SENTINEL, SENTINEL_MS } from '../scenarios/program.js';
import type { GeneratedFd, LoopProgram } from './loop-program.js';
import type { Offer } from './offer.js';
import { DELAYS, MASKS, SIZES, type Step, type StepKind } from './steps.js';

/** Task, timer and clock names: so few that they are often used again. */
const IDS = 3;
/** ms; later than every timer that a program waits for, set by a timer as well. */
const END_MS = 5;
/** A program that goes round for longer than this has shown what it has to show. */
const MAX_RECORDS = 600;
const SIGNAL = 'SIGUSR2';
/** Steps that name an fd. */
const OF_FDS: ReadonlySet<StepKind> = new Set<StepKind>([
  'add',
  'update',
  'remove',
  'close',
  'replace',
  'dup',
  'write',
  'read',
  'drain',
  'fill',
  'shutdown',
  'closePeer',
  'reset',
  'connect',
  'accept',
]);

const fdName = (index: number): string => `f${index}`;

function fdSpec({ kind }: GeneratedFd): FdSpec {
  switch (kind) {
    case 'pipe-write':
      return { kind: 'pipe', near: 'write' };
    case 'tcp':
      return { kind, buffer: 4096 };
    default:
      return { kind };
  }
}

/** @param offer what the subject has; the rest is left out */
export function renderLoop(name: string, program: LoopProgram, offer: Offer): Scenario {
  return new LoopRenderer(program, offer).scenario(name);
}

class LoopRenderer {
  private readonly fds: readonly GeneratedFd[];
  private readonly made = { task: new Set<string>(), timer: new Set<string>() };
  private usesClock = false;
  private usesWakeup = false;
  private usesPeriodic = false;
  /** By callback: the fds that it is a handler of. */
  private readonly handles: Set<string>[];
  private names = 0;
  private readonly isSplit: boolean;

  constructor(
    private readonly program: LoopProgram,
    private readonly offer: Offer,
  ) {
    this.isSplit = !offer.has('combined');
    // A host whose loop watches no fds need not know any.
    this.fds = (offer.has('ready') ? program.fds : []).map((fd) =>
      (fd.kind === 'tcp' || fd.kind === 'listener') && !offer.has('tcp') ? { ...fd, kind: 'pair' } : fd,
    );
    this.handles = program.callbacks.map(() => new Set<string>());
  }

  scenario(name: string): Scenario {
    const { program, offer } = this;
    const initial = this.fds.flatMap((fd, i) => this.initial(fd, i));
    const main = this.steps(program.main);
    const again = program.again === undefined || !offer.has('restart') ? [] : this.steps(program.again);
    const bodies = program.callbacks.map((runs) => runs.map((run) => this.steps(run)));
    const known = (action: Action): boolean =>
      offer.allows(action) &&
      (action.op === 'unschedule'
        ? this.made.task.has(action.id)
        : action.op !== 'cancel' || this.made.timer.has(action.id));
    const callbacks = bodies.map((runs, i): [string, CallbackSpec] => [
      `c${i}`,
      {
        runs: runs.map((run) => run.filter(known)),
        rest: [...this.handles[i]!].map((fd) => act.remove(fd)).filter(known),
      },
    ]);
    const end = program.takesTime && offer.has('timers') ? act.timeout(END_MS, 'end') : act.barrier('end');
    const second = again.length > 0 || program.again !== undefined ? [...again, end, act.start] : [];
    return {
      name,
      fds: Object.fromEntries(this.fds.map((fd, i) => [fdName(i), fdSpec(fd)])),
      main: [
        ...(offer.has('timers') ? [act.timeout(SENTINEL_MS, SENTINEL)] : []),
        ...[...this.resources(), ...initial, ...main].filter(known),
        end,
        act.start,
        ...(offer.has('restart') ? second.filter(known) : []),
      ],
      callbacks: {
        ...Object.fromEntries(callbacks),
        end: { runs: [], rest: [act.done] },
        [SENTINEL]: { runs: [], rest: [act.done] },
      },
      maxRecords: MAX_RECORDS,
      forgetClosed: true,
    };
  }

  /** What steps refer to by a fixed name. */
  private resources(): Action[] {
    return [
      ...(this.usesClock ? [act.now('base')] : []),
      ...(this.usesWakeup ? [act.wakeup('wakeup', this.callback(0))] : []),
    ];
  }

  private initial({ watch, by, ready, kind }: GeneratedFd, index: number): Action[] {
    const fd = fdName(index);
    const actions: Action[] = [];
    if (watch >= 0) actions.push(this.add(fd, watch, by));
    if (ready && kind !== 'listener' && kind !== 'pipe-write') actions.push(act.write(`${fd}.peer`));
    return actions;
  }

  private callback(index: number): string {
    return `c${index % this.program.callbacks.length}`;
  }

  private add(fd: string, how: number, by: number): Action {
    this.handles[by % this.handles.length]!.add(fd);
    const mask = MASKS[how % MASKS.length]!;
    // With split interest an add of two directions may succeed for one and fail for the other, and is not one operation.
    return act.add(fd, this.isSplit ? [mask[0]] : mask, this.callback(by));
  }

  /** A near end; or with `peers` any end of a pair. */
  private end(which: number, peers = false): string {
    const fd = fdName(which % this.fds.length);
    const hasPeer = this.fds[which % this.fds.length]!.kind !== 'listener';
    return peers && hasPeer && which >= this.fds.length ? `${fd}.peer` : fd;
  }

  private kindOf(which: number): GeneratedFd['kind'] {
    return this.fds[which % this.fds.length]!.kind;
  }

  private closing(fd: string, close: (fd: string) => Action): Action[] {
    return [act.remove(fd), close(fd)];
  }

  private fresh(): string {
    return `n${this.names++}`;
  }

  private steps(steps: readonly Step[]): Action[] {
    return steps.flatMap((step) =>
      this.fds.length === 0 && OF_FDS.has(step.kind) ? [] : LoopRenderer.steps[step.kind](this, step),
    );
  }

  private id(kind: 'task' | 'timer', which: number): string {
    const id = `${kind}${which % IDS}`;
    this.made[kind].add(id);
    return id;
  }

  /** @param index into {@link DELAYS} */
  private delay(index: number): number {
    const delay = DELAYS[index % DELAYS.length]!;
    return delay > 0 && delay < END_MS && !this.program.takesTime ? 0 : delay;
  }

  static readonly steps = {
    add: (r, { which, other, how }) => [r.add(r.end(which), how, other)],
    update: (r, { which, how }) => [act.update(r.end(which), MASKS[how % MASKS.length]!)],
    remove: (r, { which, how }) => [
      r.isSplit && how < 4 ? act.remove(r.end(which), MASKS[how % 2]) : act.remove(r.end(which)),
    ],
    close: (r, { which }) => r.closing(r.end(which), act.close),
    replace: (r, { which, other, how }) => {
      const [onto, from] = [r.end(which), r.end(other)];
      if (onto === from) return [];
      const as = r.fresh();
      return [act.remove(onto), act.dup2(from, onto, as), r.add(as, how, other)];
    },
    dup: (r, { which, other, how }) => {
      const as = r.fresh();
      return [act.dup(r.end(which), as), r.add(as, how, other)];
    },
    write: (r, { which, how }) => [
      how === 7
        ? act.writeBytes(r.end(which, true), SIZES[3])
        : act.writeBytes(r.end(which, true), SIZES[how % 3]!),
    ],
    read: (r, { which }) => [act.read(r.end(which, true), 1)],
    drain: (r, { which }) => [act.drain(r.end(which, true))],
    fill: (r, { which }) => [act.fill(r.end(which, true))],
    shutdown: (r, { which, how }) => [
      act.shutdown(r.end(which, true), (['write', 'write', 'both', 'read'] as const)[how % 4]!),
    ],
    closePeer: (r, { which }) =>
      r.kindOf(which) === 'listener' ? [] : r.closing(`${r.end(which)}.peer`, act.close),
    reset: (r, { which }) => (r.kindOf(which) === 'tcp' ? r.closing(`${r.end(which)}.peer`, act.reset) : []),
    connect: (r, { which }) => (r.kindOf(which) === 'listener' ? [act.connect(r.end(which), r.fresh())] : []),
    accept: (r, { which, other, how }) => {
      if (r.kindOf(which) !== 'listener') return [];
      const as = r.fresh();
      return [act.accept(r.end(which), as), r.add(as, how, other)];
    },
    schedule: (r, { which, other, how }) => [
      how < 4 ? act.schedule(r.callback(other)) : act.schedule(r.callback(other), r.id('task', which)),
    ],
    unschedule: (_, { which }) => [act.unschedule(`task${which % IDS}`)],
    timeout: (r, { which, other, how }) => [
      act.timeout(r.delay(how), r.callback(other), r.id('timer', which)),
    ],
    timeoutAt: (r, { which, other, how }) => {
      r.usesClock = true;
      return [act.timeoutAt('base', r.delay(how), r.callback(other), r.id('timer', which))];
    },
    cancel: (_, { which }) => [act.cancel(`timer${which % IDS}`)],
    periodic: (r, { other, how }) => {
      if (r.usesPeriodic || !r.program.takesTime) return [];
      r.usesPeriodic = true;
      return [act.periodic('periodic', 1 + (how % 2), r.callback(other))];
    },
    periodicStop: (r) => (r.usesPeriodic ? [act.periodicStop('periodic')] : []),
    wake: (r, { how }) => {
      r.usesWakeup = true;
      return [act.wake('wakeup', 1 + how)];
    },
    // Another thread takes its time, and only a timer waits for it.
    wakeFromThread: (r, { how }) => {
      if (!r.program.takesTime || !r.offer.has('wake')) return [];
      r.usesWakeup = true;
      return [act.thread(how < 4 ? 'now' : 'idle', [{ op: 'wake', id: 'wakeup' }])];
    },
    // Interrupted calls are of the facet `errors`.
    interrupt: (r, { how }) => {
      if (!r.offer.has('errors')) return [];
      if (how < 4) return [act.raise(SIGNAL)];
      return r.program.takesTime ? [act.thread('idle', [{ op: 'raise', signal: SIGNAL }])] : [];
    },
    stop: () => [act.stop],
    throw: (_, { how }) => [
      how === 7 ? act.throwFatal : how === 6 ? act.throwErrno('EPIPE') : act.throwError,
    ],
  } satisfies Record<StepKind, (r: LoopRenderer, step: Step) => Action[]>;
}
