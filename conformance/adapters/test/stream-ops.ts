import type { Op } from '../../../spec/scenario.js';

/** The operations of streams, which have a test of their own. */
export const STREAM_OPS: readonly Op[] = [
  'stream',
  'connectStream',
  'readUntil',
  'readUntilRegex',
  'readBytes',
  'readSome',
  'readUntilClose',
  'send',
  'onClose',
  'endStream',
  'closeStream',
  'streamState',
];
