/**
 * IP addresses as text and as bytes. What is valid text is node:net's to say; here it is only translated.
 *
 * IPv6 text is eight groups of 16 bits in hexadecimal, where `::` stands once for a run of zeros, and the last 32 bits
 * may be written as IPv4. So one address has many spellings. `formatIPv6` gives the one that `inet_ntop` of glibc,
 * and with it most other languages, gives: RFC 5952's (lower case, no leading zeros, `::` for the longest run of
 * two groups or more, the first among equals), with a dotted tail for `::a.b.c.d` and `::ffff:a.b.c.d`.
 */
import { isIPv4, isIPv6 } from 'node:net';

/** The four bytes of e.g. `'127.0.0.1'`; undefined if this is no IPv4 address. */
export function parseIPv4(text: string): Uint8Array | undefined {
  return isIPv4(text) ? Uint8Array.from(text.split('.'), Number) : undefined;
}

/** E.g. `'127.0.0.1'` from four bytes. */
export function formatIPv4(bytes: Uint8Array): string {
  return bytes.join('.');
}

/** The sixteen bytes of e.g. `'::1'`; undefined if this is no IPv6 address, or one with a zone (`'fe80::1%eth0'`). */
export function parseIPv6(text: string): Uint8Array | undefined {
  if (!isIPv6(text) || text.includes('%')) return undefined;
  // Before and after the `::`; if there is none, all is before.
  const [head = '', tail = ''] = text.split('::');
  const before = groups(head);
  const after = groups(tail);
  const bytes = new Uint8Array(16);
  bytes.set(before);
  bytes.set(after, 16 - after.length);
  return bytes;
}

/** The bytes of some groups, e.g. of `'fe80:0:1.2.3.4'`. */
function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

/** E.g. `'::1'` from sixteen bytes. */
export function formatIPv6(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  const words = Array.from({ length: 8 }, (_, i) => view.getUint16(i * 2));
  const zeros = longestZeros(words);
  const prefix = zeros.start === 0 ? zeros.length : 0;
  if (prefix === 6) return `::${formatIPv4(bytes.subarray(12, 16))}`;
  if (prefix === 5 && words[5] === 0xffff) return `::ffff:${formatIPv4(bytes.subarray(12, 16))}`;
  const hex = words.map((word) => word.toString(16));
  if (zeros.length < 2) return hex.join(':');
  return `${hex.slice(0, zeros.start).join(':')}::${hex.slice(zeros.start + zeros.length).join(':')}`;
}

/** Where the longest run of zeros is, the first among equals. */
function longestZeros(words: readonly number[]): { start: number; length: number } {
  let longest = { start: -1, length: 0 };
  for (let start = 0; start < words.length; start++) {
    let end = start;
    while (words[end] === 0) end++;
    if (end - start > longest.length) longest = { start, length: end - start };
  }
  return longest;
}
