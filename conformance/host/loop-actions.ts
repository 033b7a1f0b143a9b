/**
 * The operations of the loop: each is a call of the subject's own method, and nothing is made up for one that is missing.
 */
import { ERROR, READ, WRITE, type Callback, type Handle, type Loop } from '../../spec/contract.js';
import type { ActionOf } from '../../spec/scenario.js';
import type { EventName } from '../../spec/trace.js';
import type { ActionTable, LoopOp } from './action-table.js';
import type { Target } from './fds.js';
import { Impossible } from './impossible.js';
import type { Run } from './run.js';
import { isSignal } from './signals.js';
import { TaskCallback } from './task-callback.js';
import type { Direction } from './watched.js';

const DIRECTIONS: readonly Direction[] = ['read', 'write'];
const BITS: Readonly<Record<EventName, number>> = { read: READ, write: WRITE, error: ERROR };
const EVENT_NAMES = Object.keys(BITS) as EventName[];
/** One that is under way, one that is sure, and one to spare. The kit sets its own number. */
const DEFAULT_ROUNDS = 3;

const maskOf = (events: readonly Direction[]): number =>
  events.reduce((mask, event) => mask | BITS[event], 0);
const eventsOf = (mask: number): EventName[] => EVENT_NAMES.filter((name) => (mask & BITS[name]) !== 0);

/** The kit asks only for what `hello` claims; a scenario from elsewhere may ask for more. */
function lacks(method: keyof Loop): never {
  throw new Impossible(`the loop has no ${method}`);
}

/** Split interest: both directions share the token of the action, and each is entered with its own event. */
function addSplit(run: Run, action: ActionOf<'add'>, { name, number }: Target): void {
  const { loop } = run.loops.current;
  const { token } = run;
  for (const event of action.events) {
    const entered = (): void | Promise<void> =>
      run.enter(action.run, 'handler', token, { fd: name, number, events: [event] });
    if (event === 'read') {
      if (loop.addReader === undefined) lacks('addReader');
      loop.addReader(number, entered);
      run.leaves(() => loop.removeReader?.(number));
    } else {
      if (loop.addWriter === undefined) lacks('addWriter');
      loop.addWriter(number, entered);
      run.leaves(() => loop.removeWriter?.(number));
    }
    run.watched.add(run.loops.current, number, event);
  }
}

/** All that was added, unless the action names directions; if nothing was, both: what the loop says to that is its own. */
function removeSplit(run: Run, action: ActionOf<'remove'>, { number }: Target): void {
  const { loop } = run.loops.current;
  const added = run.watched.of(run.loops.current, number);
  const directions = action.events ?? (added.length > 0 ? added : DIRECTIONS);
  for (const direction of directions) {
    run.watched.remove(run.loops.current, number, direction);
    if (direction === 'read') {
      if (loop.removeReader === undefined) lacks('removeReader');
      loop.removeReader(number);
    } else {
      if (loop.removeWriter === undefined) lacks('removeWriter');
      loop.removeWriter(number);
    }
  }
}

/** A chain of callbacks of the loop's own, each of which can run only after one more poll. */
function barrier(run: Run, action: ActionOf<'barrier'>): void {
  const { loop } = run.loops.current;
  const { token } = run;
  let left = action.rounds ?? DEFAULT_ROUNDS;
  const later = (callback: Callback): void => {
    if (run.rounds === 'tasks') {
      if (loop.addCallback === undefined) lacks('addCallback');
      loop.addCallback(callback);
    } else {
      if (loop.callLater === undefined) lacks('callLater');
      loop.callLater(0, callback);
    }
  };
  const round = (): void | Promise<void> => {
    if (run.over || left-- <= 0) return run.enter(action.run, 'barrier', token);
    later(round);
  };
  later(round);
}

/** The same function for the same callback; a function of its own for a task that may be taken back. */
function taskCallback(run: Run, action: ActionOf<'schedule'>): Callback {
  const { token } = run;
  if (action.id !== undefined) return () => run.enter(action.run, 'task', token);
  let task = run.taskCallbacks.get(action.run);
  if (task === undefined) {
    task = new TaskCallback((of) => run.enter(action.run, 'task', of));
    run.taskCallbacks.set(action.run, task);
  }
  task.expect(token);
  return task.call;
}

/** Keeps the handle of a timer under its name, together with the loop that gave it. */
function timer(run: Run, loop: Loop, id: string | undefined, handle: Handle): void {
  run.leaves(() => loop.removeTimeout?.(handle));
  if (id === undefined) return;
  run.timers.set(id, () => {
    if (loop.removeTimeout === undefined) lacks('removeTimeout');
    loop.removeTimeout(handle);
  });
}

export const LOOP_ACTIONS = {
  add(run, action, target) {
    const { loop } = run.loops.current;
    if (loop.addHandler === undefined) return addSplit(run, action, target);
    const { token } = run;
    const { name, number } = target;
    loop.addHandler(
      number,
      (fd, mask) => run.enter(action.run, 'handler', token, { fd: name, number: fd, events: eventsOf(mask) }),
      maskOf(action.events),
    );
    run.leaves(() => loop.removeHandler?.(number));
  },

  update(run, action, { number }) {
    const { loop } = run.loops.current;
    if (loop.updateHandler === undefined) lacks('updateHandler');
    loop.updateHandler(number, maskOf(action.events));
  },

  remove(run, action, target) {
    const { loop } = run.loops.current;
    if (loop.removeHandler === undefined) return removeSplit(run, action, target);
    loop.removeHandler(target.number);
  },

  schedule(run, action) {
    const { loop } = run.loops.current;
    if (loop.addCallback === undefined) lacks('addCallback');
    let handle: Handle;
    try {
      handle = loop.addCallback(taskCallback(run, action));
    } catch (error) {
      run.taskCallbacks.get(action.run)?.forget(run.token);
      throw error;
    }
    run.leaves(() => loop.removeCallback?.(handle));
    if (action.id === undefined) return;
    run.tasks.set(action.id, () => {
      if (loop.removeCallback === undefined) lacks('removeCallback');
      loop.removeCallback(handle);
    });
  },

  unschedule(run, action) {
    run.tasks.get(action.id)?.();
  },

  timeout(run, action) {
    const { loop } = run.loops.current;
    const { token } = run;
    const fired = (): void | Promise<void> => run.enter(action.run, 'timer', token);
    if (loop.callLater !== undefined) return timer(run, loop, action.id, loop.callLater(action.delay, fired));
    if (loop.addTimeout === undefined || loop.now === undefined) lacks('callLater');
    timer(run, loop, action.id, loop.addTimeout(loop.now() + action.delay, fired));
  },

  now(run, action) {
    const { loop } = run.loops.current;
    if (loop.now === undefined) lacks('now');
    run.clocks.set(action.as, loop.now());
  },

  timeoutAt(run, action) {
    const { loop } = run.loops.current;
    const { token } = run;
    const base = run.clocks.get(action.base);
    if (loop.addTimeout === undefined) lacks('addTimeout');
    if (base === undefined)
      throw new Impossible(`'timeoutAt' names the clock '${action.base}', which has not been read`);
    timer(
      run,
      loop,
      action.id,
      loop.addTimeout(base + action.delay, () => run.enter(action.run, 'timer', token)),
    );
  },

  cancel(run, action) {
    run.timers.get(action.id)?.();
  },

  periodic(run, action) {
    const { loop } = run.loops.current;
    if (loop.periodic === undefined) lacks('periodic');
    const { token } = run;
    const periodic = loop.periodic(() => run.enter(action.run, 'periodic', token), action.interval);
    run.periodics.set(action.id, periodic);
    run.leaves(() => {
      periodic.stop();
    });
    periodic.start();
  },

  periodicStart(run, action) {
    run.periodics.get(action.id)?.start();
  },

  periodicStop(run, action) {
    run.periodics.get(action.id)?.stop();
  },

  stop(run) {
    run.loops.current.loop.stop();
  },

  done(run) {
    run.loops.current.loop.stop();
  },

  newLoop(run, action) {
    run.loops.create(action.as);
  },

  useLoop(run, action) {
    run.loops.use(action.as);
  },

  closeLoop(run) {
    const { current } = run.loops;
    current.closed = true;
    current.loop.close();
  },

  wakeup(run, action) {
    const { loop } = run.loops.current;
    if (loop.createWakeup === undefined) lacks('createWakeup');
    const { token } = run;
    run.wakeups.set(
      action.id,
      loop.createWakeup(() => run.enter(action.run, 'wakeup', token)),
    );
  },

  wake(run, action) {
    const wakeup = run.wakeups.get(action.id);
    for (let i = action.times ?? 1; i > 0; i--) wakeup?.signal();
  },

  signal(run, action) {
    const { loop } = run.loops.current;
    const { signal } = action;
    if (loop.addSignalHandler === undefined) lacks('addSignalHandler');
    if (!isSignal(signal)) throw new Impossible(`no handler can be set for '${signal}'`);
    const { token } = run;
    loop.addSignalHandler(signal, () => run.enter(action.run, 'signal', token));
    run.signals.set(signal, () => loop.removeSignalHandler?.(signal));
  },

  unsignal(run, action) {
    const { loop } = run.loops.current;
    if (loop.removeSignalHandler === undefined) lacks('removeSignalHandler');
    if (!isSignal(action.signal)) throw new Impossible(`no handler can be set for '${action.signal}'`);
    run.signals.delete(action.signal);
    loop.removeSignalHandler(action.signal);
  },

  barrier,
} satisfies Pick<ActionTable, LoopOp>;
