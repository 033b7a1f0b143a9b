/**
 * How an operation is carried out: one function for each, found by the name of the operation.
 */
import type { ActionOf, Op } from '../../spec/scenario.js';
import type { Target } from './fds.js';
import type { Outcome } from './recorder.js';
import type { Run } from './run.js';

/** `target` is the fd that the action names; for a group it is done once for each member. */
export type ActionTable = {
  readonly [O in Op]: (run: Run, action: ActionOf<O>, target: Target) => Outcome | void;
};

/** Those that the interpreter does itself, because they change what comes next. */
export type ControlOp = 'start' | 'throw';

/** Calls of the subject's loop. */
export type LoopOp =
  | 'add'
  | 'update'
  | 'remove'
  | 'schedule'
  | 'unschedule'
  | 'timeout'
  | 'now'
  | 'timeoutAt'
  | 'cancel'
  | 'periodic'
  | 'periodicStart'
  | 'periodicStop'
  | 'stop'
  | 'done'
  | 'newLoop'
  | 'useLoop'
  | 'closeLoop'
  | 'wakeup'
  | 'wake'
  | 'signal'
  | 'unsignal'
  | 'barrier';

/** Calls of the subject's streams. */
export type StreamOp =
  | 'stream'
  | 'connectStream'
  | 'readUntil'
  | 'readUntilRegex'
  | 'readBytes'
  | 'readSome'
  | 'readUntilClose'
  | 'send'
  | 'onClose'
  | 'endStream'
  | 'closeStream'
  | 'streamState';

/** System calls of the host. */
export type KernelOp = Exclude<Op, LoopOp | StreamOp | ControlOp>;
