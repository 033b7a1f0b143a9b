/**
 * Optional whitespace: SP and TAB, and nothing else. (RFC 9110 5.6.3)
 *
 * String.trim takes more, U+00A0 and U+FEFF among them, and would let a smuggler through, or whoever has an address to forge.
 */

/** A text without whitespace at its ends. O(length) */
export function trimOws(text: string): string {
  let start = 0;
  while (start < text.length && isOws(text.charCodeAt(start))) start++;
  return trimmedEnd(text, start, text.length);
}

/** What stands between two places, without the whitespace behind it. */
export function trimmedEnd(text: string, start: number, end: number): string {
  while (end > start && isOws(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isOws(code: number): boolean {
  return code === 0x20 || code === 0x09; // HTTP-FIELD-9
}
