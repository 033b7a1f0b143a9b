/**
 * Looks through a scenario before it runs: whether every name that it uses is made somewhere in it.
 *
 * That a name is made before it is used can't be seen from here: the order of callbacks is the loop's.
 */
import type { Action, Scenario } from '../../spec/scenario.js';
import { hasPeer, membersOf } from './fds.js';
import { Impossible } from './impossible.js';
import { isSignal, signalNumber } from './signals.js';

/** What a host has to prepare for. */
export interface Needs {
  /** Raised or handled. */
  readonly signals: ReadonlySet<NodeJS.Signals>;
  readonly thread: boolean;
}

/** Kinds of names, each with a space of its own. */
const KINDS = ['fd', 'callback', 'task', 'timer', 'periodic', 'wakeup', 'clock', 'loop', 'stream'] as const;
type Kind = (typeof KINDS)[number];

/**
 * @param ops all that there are
 * @throws Impossible
 */
export function auditScenario(scenario: Scenario, ops: ReadonlySet<string>): Needs {
  const names = new Names(scenario);
  const programs: (readonly Action[])[] = [scenario.main];
  for (const { runs, rest } of Object.values(scenario.callbacks)) {
    programs.push(...runs);
    if (rest !== undefined) programs.push(rest);
  }
  for (const program of programs) for (const action of program) names.define(action);
  const signals = new Set<NodeJS.Signals>();
  let thread = false;
  for (const program of programs)
    for (const action of program) {
      if (!ops.has(action.op)) throw new Impossible(`there is no operation '${action.op}'`);
      if (action.op === 'throw' && program === scenario.main)
        throw new Impossible(`'throw' stands in main, outside of any callback`);
      names.check(action);
      if (action.op === 'thread') {
        thread = true;
        for (const step of action.do) if (step.op === 'raise') addSignal(signals, step.signal);
      } else if ('signal' in action) addSignal(signals, action.signal);
    }
  return { signals, thread };
}

function addSignal(signals: Set<NodeJS.Signals>, name: string): void {
  if (signalNumber(name) === undefined) throw new Impossible(`there is no signal '${name}'`);
  if (isSignal(name)) signals.add(name);
}

class Names {
  private readonly known = Object.fromEntries(KINDS.map((kind) => [kind, new Set<string>()])) as Record<
    Kind,
    Set<string>
  >;

  constructor(scenario: Scenario) {
    for (const [name, spec] of Object.entries(scenario.fds)) {
      const names = spec.count === undefined ? [name] : [...membersOf(name, spec), `${name}*`];
      for (const near of names) {
        if (this.known.fd.has(near)) throw new Impossible(`two fds are called '${near}'`);
        this.known.fd.add(near);
        if (hasPeer(spec)) this.known.fd.add(`${near}.peer`);
      }
    }
    for (const name of Object.keys(scenario.callbacks)) this.known.callback.add(name);
    this.known.loop.add('main');
  }

  define(action: Action): void {
    switch (action.op) {
      case 'dup':
      case 'dup2':
      case 'accept':
      case 'connect':
        this.known.fd.add(action.as);
        break;
      case 'newLoop':
        this.known.loop.add(action.as);
        break;
      case 'stream':
      case 'connectStream':
        this.known.stream.add(action.as);
        break;
      case 'now':
        this.known.clock.add(action.as);
        break;
      case 'schedule':
        if (action.id !== undefined) this.known.task.add(action.id);
        break;
      case 'timeout':
      case 'timeoutAt':
        if (action.id !== undefined) this.known.timer.add(action.id);
        break;
      case 'periodic':
      case 'wakeup':
        this.known[action.op].add(action.id);
        break;
      default:
        break;
    }
  }

  check(action: Action): void {
    if ('fd' in action) this.must('fd', action.fd, action);
    if ('stream' in action) this.must('stream', action.stream, action);
    if ('run' in action && action.run !== undefined) this.must('callback', action.run, action);
    if ('as' in action && 'fd' in action) single(action.op, action.fd, action.as);
    else if ('as' in action && 'to' in action) single(action.op, action.to, action.as);
    switch (action.op) {
      case 'dup2':
        return this.must('fd', action.onto, action);
      case 'connect':
      case 'connectStream':
        return this.must('fd', action.to, action);
      case 'unschedule':
        return this.must('task', action.id, action);
      case 'cancel':
        return this.must('timer', action.id, action);
      case 'periodicStart':
      case 'periodicStop':
        return this.must('periodic', action.id, action);
      case 'wake':
        return this.must('wakeup', action.id, action);
      case 'thread':
        for (const step of action.do) if (step.op === 'wake') this.must('wakeup', step.id, action);
        return;
      case 'timeoutAt':
        return this.must('clock', action.base, action);
      case 'useLoop':
        return this.must('loop', action.as, action);
      default:
        return;
    }
  }

  private must(kind: Kind, name: string, action: Action): void {
    if (!this.known[kind].has(name))
      throw new Impossible(`'${action.op}' names a ${kind} '${name}', which the scenario does not make`);
  }
}

function single(op: string, ...names: string[]): void {
  for (const name of names)
    if (name.includes('*')) throw new Impossible(`'${op}' takes one fd, not the group '${name}'`);
}
