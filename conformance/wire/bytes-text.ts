/** Bytes as text for people: every byte that does not show is escaped, in the manner of spec/exchanges.md. */

const NAMED: Readonly<Record<string, string>> = {
  '\r': '\\r',
  '\n': '\\n',
  '\t': '\\t',
  '\0': '\\0',
  '\\': '\\\\',
};

/**
 * @param most bytes that are shown
 * @returns visible ASCII alone
 */
export function bytesText(bytes: Buffer | string, most: number): string {
  const text = typeof bytes === 'string' ? bytes.slice(0, most) : bytes.toString('latin1', 0, most);
  const shown = text.replace(
    /[^\x20-\x5b\x5d-\x7e]/g,
    (c) => NAMED[c] ?? `\\x${(c.charCodeAt(0) & 0xff).toString(16).padStart(2, '0')}`,
  );
  return bytes.length > most ? `${shown}…` : shown;
}
