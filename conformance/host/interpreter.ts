/**
 * Goes through the programs of a scenario: that of `main`, and those of the callbacks as the loop enters them.
 */
import { REGISTERING, type Action, type Scenario } from '../../spec/scenario.js';
import type { CallbackKind } from '../../spec/trace.js';
import type { ActionTable, ControlOp } from './action-table.js';
import type { Target } from './fds.js';
import { Impossible } from './impossible.js';
import { KERNEL_ACTIONS } from './kernel-actions.js';
import { LOOP_ACTIONS } from './loop-actions.js';
import { describe, typeOf } from './raised.js';
import type { Delivery, Outcome } from './recorder.js';
import type { Run } from './run.js';
import { STREAM_ACTIONS } from './stream-actions.js';
import { errorOf } from './thrown.js';

const ACTIONS: Omit<ActionTable, ControlOp> = { ...LOOP_ACTIONS, ...STREAM_ACTIONS, ...KERNEL_ACTIONS };
export const OPS: ReadonlySet<string> = new Set([...Object.keys(ACTIONS), 'start', 'throw']);

type Perform = (run: Run, action: Action, target: Target) => Outcome | void;

/** A program waits for a `start()` that returned a promise. */
interface Pause {
  /** The action to go on with. */
  readonly next: number;
  /** Never rejected. */
  readonly until: Promise<void>;
}

const NO_FD: Target = { name: '', number: -1 };
const NOTHING: readonly Action[] = [];

export class Interpreter {
  private readonly runs = new Map<string, number>();
  private tokens = 0;
  /** Ends the `start()` whose promise is pending. */
  private surface: ((error: unknown) => void) | undefined;

  constructor(
    private readonly run: Run,
    private readonly scenario: Scenario,
  ) {}

  /** Runs `main` from an action on. To be called from a macrotask. */
  main(from: number, ended: () => void): void {
    const pause = this.advance(this.scenario.main, from);
    if (pause === undefined) return ended();
    // A macrotask again: see run.ts.
    void pause.until.then(() => setImmediate(() => this.main(pause.next, ended)));
  }

  /** The loop calls a callback. */
  enter(name: string, as: CallbackKind, token: number, delivery?: Delivery): void | Promise<void> {
    if (this.run.over) return this.run.loops.stopAll();
    const nth = (this.runs.get(name) ?? 0) + 1;
    this.runs.set(name, nth);
    this.run.recorder.enter(name, nth, as, token, delivery);
    const spec = this.scenario.callbacks[name];
    return this.callback(spec?.runs[nth - 1] ?? spec?.rest ?? NOTHING, 0);
  }

  /** An exception arrived where nobody caught it: it is the outcome of the start under way, else it is logged. */
  uncaught(error: unknown): void {
    if (this.surface !== undefined) this.surface(error);
    else this.run.recorder.log({ level: 'error', text: `uncaught: ${describe(error).text}`, error });
  }

  private callback(actions: readonly Action[], from: number): void | Promise<void> {
    let pause: Pause | undefined;
    try {
      pause = this.advance(actions, from);
    } catch (error) {
      this.run.recorder.exit(typeOf(error));
      throw error;
    }
    if (pause === undefined) return this.run.recorder.exit();
    const { next, until } = pause;
    return until.then(() => this.callback(actions, next));
  }

  /** Carries out actions until the program ends, pauses, or throws what the scenario says. */
  private advance(actions: readonly Action[], from: number): Pause | undefined {
    for (let i = from; i < actions.length && !this.run.over; i++) {
      const action = actions[i]!;
      switch (action.op) {
        case 'start': {
          const until = this.start();
          if (until !== undefined) return { next: i + 1, until };
          break;
        }
        case 'throw': {
          const error = this.orFail(() => errorOf(action));
          this.run.recorder.did('throw', undefined);
          if (error !== undefined) throw error;
          break;
        }
        default:
          this.perform(action);
      }
    }
    return undefined;
  }

  private perform(action: Exclude<Action, { op: ControlOp }>): void {
    // The table's entry for an operation takes that operation's actions.
    const act = ACTIONS[action.op] as Perform;
    if (!('fd' in action)) return this.once(act, action, NO_FD);
    const grouped = action.fd.includes('*');
    for (const target of this.run.fds.targets(action.fd))
      if (!this.run.over) this.once(act, action, target, grouped ? target.name : undefined);
  }

  private once(act: Perform, action: Action, target: Target, member?: string): void {
    const token = REGISTERING.has(action.op) ? ++this.tokens : undefined;
    this.run.token = token ?? 0;
    let outcome: Outcome | void;
    try {
      outcome = act(this.run, action, target);
    } catch (error) {
      if (error instanceof Impossible) return this.run.fail(error.message);
      this.run.forget(action);
      outcome = { raised: describe(error) };
    }
    this.run.recorder.did(action.op, outcome ?? undefined, token, member);
  }

  private orFail<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof Impossible)) throw error;
      this.run.fail(error.message);
      return undefined;
    }
  }

  /** Starts the current loop. Returns when to go on, if the loop has not ended yet. */
  private start(): Promise<void> | undefined {
    const named = this.run.loops.current;
    const { recorder } = this.run;
    recorder.starting();
    named.starts++;
    const ended = (outcome?: Outcome): void => {
      named.starts--;
      recorder.did('start', outcome);
    };
    let returned: void | Promise<void>;
    try {
      returned = named.loop.start();
    } catch (error) {
      ended({ raised: describe(error) });
      return undefined;
    }
    if (!isThenable(returned)) {
      ended();
      return undefined;
    }
    return this.settled(returned, ended);
  }

  /** Resolved as soon as the loop has ended, or an exception came up outside of all callbacks. */
  private settled(returned: PromiseLike<void>, ended: (outcome?: Outcome) => void): Promise<void> {
    const outer = this.surface;
    return new Promise((resolve) => {
      let open = true;
      const settle = (outcome?: Outcome): void => {
        if (!open) return;
        open = false;
        this.surface = outer;
        ended(outcome);
        resolve();
      };
      const failed = (error: unknown): void => settle({ raised: describe(error) });
      this.surface = failed;
      returned.then(() => settle(), failed);
    });
  }
}

function isThenable(value: unknown): value is PromiseLike<void> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
