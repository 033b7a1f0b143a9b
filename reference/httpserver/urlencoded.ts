/**
 * application/x-www-form-urlencoded: queries, and the bodies of simple forms. (WHATWG URL 5.1)
 *
 * Names and values without content are kept, and what occurs several times is kept several times. A `%` that no two hex digits follow
 * stands for itself; bytes that are not UTF-8 become U+FFFD.
 */

import { MalformedBodyError } from './errors.js';

/**
 * Adds the pairs of a text, one character (U+0000 to U+00FF) a byte, to lists by name. O(length)
 * @param maxPairs How many there may be: a body of some megabytes has millions of short ones, and each costs far more than its bytes.
 * @throws {MalformedBodyError}
 */
export function parseUrlencoded(text: string, maxPairs: number, lists: Map<string, string[]>): void {
  let pairs = 0;
  for (let start = 0, end = 0; start < text.length; start = end + 1) {
    end = text.indexOf('&', start); // SERVER-ARGUMENT-5
    if (end < 0) end = text.length;
    if (end === start) continue;
    if (pairs++ === maxPairs) throw new MalformedBodyError(`it has more than ${maxPairs} fields`);
    const pair = text.slice(start, end);
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1)); // SERVER-ARGUMENT-1
    append(lists, name, value);
  }
}

/** Adds to the list of a name. */
export function append<T>(lists: Map<string, T[]>, name: string, value: T): void {
  const list = lists.get(name);
  if (list === undefined) lists.set(name, [value]);
  else list.push(value); // SERVER-ARGUMENT-1
}

/** What a name or a value is made of, mostly: ASCII that stands for itself. */
const PLAIN = /^[^%+\x80-\xff]*$/;

function decode(text: string): string {
  if (PLAIN.test(text)) return text;
  // Plus signs first, then each escape once: SERVER-ARGUMENT-2. What is none stays: SERVER-ARGUMENT-3
  const bytes = text
    .replaceAll('+', ' ')
    .replace(/%([\dA-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8'); // SERVER-ARGUMENT-2, SERVER-ARGUMENT-4
}
