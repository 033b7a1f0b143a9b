/** Actions on streams, in a word each. */
import type { Action } from '../../../spec/scenario.js';

export const stream = (fd: string, as: string, maxRead?: number): Action => ({
  op: 'stream',
  fd,
  as,
  ...(maxRead !== undefined && { maxRead }),
});
export const start: Action = { op: 'start' };
export const barrier = (run: string, rounds = 8): Action => ({ op: 'barrier', run, rounds });
export const closeStream = (stream: string): Action => ({ op: 'closeStream', stream });
export const readSome = (stream: string, run: string, size?: number): Action => ({
  op: 'readSome',
  stream,
  run,
  ...(size !== undefined && { size }),
});
export const onClose = (stream: string, run: string): Action => ({ op: 'onClose', stream, run });
/** Callbacks that do nothing. */
export const idle = (...names: string[]) => Object.fromEntries(names.map((name) => [name, { runs: [] }]));
