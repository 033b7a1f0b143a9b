/**
 * How many bytes satisfy a read.
 */
import type { ByteLog } from '../../trace/byte-log.js';
import type { StreamRead } from '../../trace/history.js';

/** A search begins with as much; each time that it finds nothing it looks at twice as much. Bytes. */
const WINDOW = 1024;

/**
 * Position of the end of the first match after a position. It costs as much as the match is far away, so that a long input is read in
 * one pass by however many reads. A match that touches the end of what was looked at might be longer, and is looked at again.
 */
function matchEnd(pattern: string, bytes: Buffer, from: number): number | undefined {
  const regex = new RegExp(pattern);
  for (let size = WINDOW; ; size *= 2) {
    const window = bytes.toString('latin1', from, from + size);
    const match = regex.exec(window);
    const end = match === null ? undefined : match.index + match[0].length;
    if (from + size >= bytes.length || (end !== undefined && end < window.length)) return end;
  }
}

/** How many of the bytes from a position on satisfy the read, of all that the peer ever wrote; undefined if nothing does. */
export function sizeOf({ action, stream }: StreamRead, input: ByteLog, from: number): number | undefined {
  const { bytes } = input;
  const left = bytes.length - from;
  switch (action.op) {
    case 'readUntil': {
      const found = bytes.indexOf(Buffer.from(action.delimiter, 'latin1'), from);
      return found < 0 ? undefined : found + action.delimiter.length - from;
    }
    case 'readUntilRegex':
      return matchEnd(action.pattern, bytes, from);
    case 'readBytes':
      return left >= action.size ? action.size : undefined;
    case 'readSome':
      return left > 0 && action.size !== 0 ? 1 : undefined;
    case 'readUntilClose':
      return stream.file.eofAt === Infinity ? undefined : left;
  }
}
