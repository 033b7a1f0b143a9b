/**
 * What trusted proxies say of the client.
 *
 * A proxy appends to X-Forwarded-For the address that it was spoken to from. So the list is read from its end: entries of proxies that
 * are trusted tell who spoke to them, and the first that is not one of them is the client, as far as anybody trusted has seen.
 * What stands before it was sent by the client, and may be anything.
 */
import { parseIPv4, parseIPv6 } from '../../posix/index.js';
import type { HTTPHeaders } from './headers.js';
import type { Client } from './request.js';

/**
 * Who has sent a request.
 * @param peer Who is at the other end of the connection: the proxy that is believed.
 * @param trusted IP addresses of further proxies.
 */
export function clientBehind(peer: Client, headers: HTTPHeaders, trusted: readonly string[]): Client {
  // SERVER-PROXY-3
  const forwarded = headers.get('X-Real-IP') ?? lastUntrusted(headers.get('X-Forwarded-For'), trusted) ?? '';
  const schemes = headers.get('X-Scheme') ?? headers.get('X-Forwarded-Proto') ?? '';
  const ip = forwarded.trim();
  const protocol = schemes
    .slice(schemes.lastIndexOf(',') + 1) // SERVER-PROXY-5
    .trim()
    .toLowerCase();
  return {
    remoteIp: isIp(ip) ? ip : peer.remoteIp, // SERVER-PROXY-4
    protocol: protocol === 'http' || protocol === 'https' ? protocol : peer.protocol, // SERVER-PROXY-5
  };
}

function lastUntrusted(list: string | undefined, trusted: readonly string[]): string | undefined {
  return list
    ?.split(',')
    .map((entry) => entry.trim())
    .findLast((entry) => !trusted.includes(entry)); // SERVER-PROXY-2
}

function isIp(text: string): boolean {
  return parseIPv4(text) !== undefined || parseIPv6(text) !== undefined;
}
