/**
 * The bytes of the pattern (`patternByte` in spec/scenario.ts), out of a table, since they are asked for by the megabyte.
 */
import { patternByte } from '../../spec/scenario.js';

/** After so many bytes the pattern begins again: `patternByte` knows the lower 24 bits of the position. */
const PERIOD = 1 << 24;
/** Made at once, so that a scenario of the usual size spends no time of the loop's thread on it. */
const AT_FIRST = 1 << 18;

let table = extended(Buffer.alloc(0), AT_FIRST);

function extended(known: Buffer, size: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(size);
  known.copy(bytes);
  for (let i = known.length; i < size; i++) bytes[i] = patternByte(i);
  return bytes;
}

/**
 * The bytes from a position on: as many as are asked for, or fewer if they reach the end of the period. To be read only.
 * @param size at most {@link PERIOD}
 */
export function pattern(from: number, size: number): Buffer {
  const start = from % PERIOD;
  const end = Math.min(start + size, PERIOD);
  let length = table.length;
  while (length < end) length *= 2;
  if (length > table.length) table = extended(table, length);
  return table.subarray(start, end);
}
