/**
 * How much memory a line of JSON would take, counted before it is parsed.
 *
 * 16 MiB of `[[[[…` or `{},{},…` become 500 MB of objects, before any schema can refuse them. So the values and the
 * depth of a long line are counted in its bytes first.
 */
export interface Complexity {
  readonly depth: number;
  /** Values, at most. */
  readonly values: number;
}

/** The deepest reply (hello's limits, a record's exception) has 5 levels. */
export const MAX_DEPTH = 32;
/** Values in one line, whatever was asked for: about 100 MB of objects. */
export const MAX_VALUES = 1_600_000;
/** Lines up to this length are not worth counting, bytes. */
export const HARMLESS = 64 * 1024;

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

export function complexity(line: Buffer): Complexity {
  let depth = 0;
  let deepest = 0;
  let values = 1;
  let inString = false;
  for (let index = 0; index < line.length; index++) {
    const byte = line[index];
    if (inString) {
      if (byte === BACKSLASH) index++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) {
      inString = true;
    } else if (byte === COMMA) {
      values++;
    } else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      values++;
      if (++depth > deepest) deepest = depth;
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
      depth--;
    }
  }
  return { depth: deepest, values };
}
