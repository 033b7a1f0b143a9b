/**
 * The operations of streams: each is a call of the subject's own method, and nothing is made up for one that is missing.
 */
import type { ActionTable, StreamOp } from './action-table.js';
import { Impossible } from './impossible.js';

const lacks = (): never => {
  throw new Impossible('the subject has no streams');
};

export const STREAM_ACTIONS = {
  stream: lacks,
  connectStream: lacks,
  readUntil: lacks,
  readUntilRegex: lacks,
  readBytes: lacks,
  readSome: lacks,
  readUntilClose: lacks,
  send: lacks,
  onClose: lacks,
  endStream: lacks,
  closeStream: lacks,
  streamState: lacks,
} satisfies Pick<ActionTable, StreamOp>;
