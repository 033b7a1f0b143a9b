/**
 * Text from a subject, made safe to show: it may hold escape sequences, NULs or half a character, and be of any length.
 */

const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Control and direction characters as `\x1b` or `\u202e`; line feeds stay. */
export function visible(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.charCodeAt(0);
    if (character === '\t') return '\\t';
    if (character === '\r') return '\\r';
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** {@link visible}, on one line and of at most `length` characters of the original. */
export function excerpt(text: string, length = 200): string {
  const shown = visible(text.slice(0, length)).replaceAll('\n', '\\n');
  return text.length > length ? `${shown}…` : shown;
}
