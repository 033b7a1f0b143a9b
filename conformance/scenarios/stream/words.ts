/**
 * The words of streams in which scenarios are written; the others are those of the loop (`program.ts`).
 */
import type { Action } from '../../../spec/scenario.js';
import { barrier, done } from '../program.js';

interface Limits {
  /** Bytes. */
  readonly maxRead?: number;
  readonly maxWrite?: number;
}

export const stream = (fd: string, as: string, limits: Limits = {}): Action => ({
  op: 'stream',
  fd,
  as,
  ...limits,
});
export const connectStream = (to: string, as: string, run: string): Action => ({
  op: 'connectStream',
  to,
  as,
  run,
});
/** @param max bytes, the delimiter included */
export const readUntil = (name: string, delimiter: string, run: string, max?: number): Action => ({
  op: 'readUntil',
  stream: name,
  delimiter,
  ...(max === undefined ? {} : { max }),
  run,
});
export const readUntilRegex = (name: string, pattern: string, run: string): Action => ({
  op: 'readUntilRegex',
  stream: name,
  pattern,
  run,
});
export const readBytes = (name: string, size: number, run: string): Action => ({
  op: 'readBytes',
  stream: name,
  size,
  run,
});
/** @param size bytes at most */
export const readSome = (name: string, run: string, size?: number): Action => ({
  op: 'readSome',
  stream: name,
  ...(size === undefined ? {} : { size }),
  run,
});
export const readUntilClose = (name: string, run: string): Action => ({
  op: 'readUntilClose',
  stream: name,
  run,
});
export const send = (name: string, data: string, run?: string): Action => ({
  op: 'send',
  stream: name,
  data,
  ...(run === undefined ? {} : { run }),
});
/** @param from position in the pattern of its first byte */
export const sendBytes = (name: string, size: number, run?: string, from = 0): Action => ({
  op: 'send',
  stream: name,
  size,
  ...(from === 0 ? {} : { from }),
  ...(run === undefined ? {} : { run }),
});
export const onClose = (name: string, run: string): Action => ({ op: 'onClose', stream: name, run });
export const endStream = (name: string): Action => ({ op: 'endStream', stream: name });
export const closeStream = (name: string): Action => ({ op: 'closeStream', stream: name });
export const streamState = (name: string): Action => ({ op: 'streamState', stream: name });
export const collect = (fd: string): Action => ({ op: 'collect', fd });

/**
 * Lists of actions, one after the other, and between them the loop polls as often as it takes for all that they cause to happen.
 * The last ends the program: `inTurn.begin` is the action that begins them, `inTurn.callbacks` belong to the callbacks.
 */
export function inTurn(...stages: readonly (readonly Action[])[]): {
  readonly begin: Action;
  readonly callbacks: Readonly<Record<string, readonly Action[]>>;
} {
  const next = (i: number): Action => (i < stages.length - 1 ? barrier(`stage${i + 2}`) : barrier('end'));
  return {
    begin: stages.length === 0 ? barrier('end') : barrier('stage1'),
    callbacks: {
      ...Object.fromEntries(stages.map((actions, i) => [`stage${i + 1}`, [...actions, next(i)]])),
      end: [done],
    },
  };
}

/** The same actions again and again, each time in a stage of their own. */
export const again = (times: number, ...actions: Action[]): Action[][] =>
  Array.from({ length: times }, () => actions);
