/**
 * IP addresses as text, of which there are several for one: `::1` and `0:0:0:0:0:0:0:1`, `192.0.2.1` and `::ffff:192.0.2.1`.
 */
import { formatIPv6, parseIPv4, parseIPv6 } from '../../posix/index.js';

/** The text of RFC 5952 for an address, and that of IPv4 for a mapped one; undefined if the text is no address. */
export function canonicalIp(text: string): string | undefined {
  if (parseIPv4(text) !== undefined) return text;
  const bytes = parseIPv6(text);
  return bytes && formatIPv6(bytes).replace(/^::ffff:(?=\d+\.)/, '');
}
