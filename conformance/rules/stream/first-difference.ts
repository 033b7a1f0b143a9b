/** Where two runs of bytes part, as text and as hex. */

/** Bytes that are shown from the difference on. */
const SHOWN = 16;

const text = (bytes: Buffer): string => JSON.stringify(bytes.toString('latin1'));
const hex = (bytes: Buffer): string => bytes.toString('hex').replace(/../g, '$& ').trimEnd();

export interface Difference {
  /** Position of the first byte that differs. */
  readonly at: number;
  /** The end of a sentence. */
  readonly text: string;
}

/**
 * The first difference; undefined if there is none.
 * @param got and @param wanted compared from their beginnings; one that ends early differs there
 */
export function firstDifference(got: Buffer, wanted: Buffer): Difference | undefined {
  if (got.equals(wanted)) return undefined;
  const length = Math.min(got.length, wanted.length);
  let at = 0;
  while (at < length && got[at] === wanted[at]) at++;
  const show = (bytes: Buffer): string => {
    const part = bytes.subarray(at, at + SHOWN);
    return part.length === 0 ? 'nothing more' : `${text(part)} (${hex(part)})`;
  };
  return { at, text: `from byte ${at} on: ${show(got)}, where ${show(wanted)} is due` };
}
