/**
 * What trusted proxies say of the client.
 *
 * A proxy appends to X-Forwarded-For the address that it was spoken to from. So the list is read from its end: entries of proxies that
 * are trusted tell who spoke to them, and the first that is not one of them is the client, as far as anybody trusted has seen.
 * What stands before it was sent by the client, and may be anything. X-Real-IP has one address, which its proxy has put in the place of
 * whatever was there, so it needs no such search, and is preferred.
 */
import { canonicalIp } from './canonical-ip.js';
import type { HTTPHeaders } from './headers.js';
import { trimOws } from './ows.js';
import type { Client } from './request.js';

/**
 * Who has sent a request.
 * @param peer Who is at the other end of the connection: the proxy that is believed.
 * @param trusted IP addresses of further proxies, as {@link canonicalIp} writes them.
 */
export function clientBehind(peer: Client, headers: HTTPHeaders, trusted: readonly string[]): Client {
  // SERVER-PROXY-3
  const forwarded = headers.get('X-Real-IP') ?? lastUntrusted(headers.get('X-Forwarded-For'), trusted) ?? '';
  const schemes = headers.get('X-Scheme') ?? headers.get('X-Forwarded-Proto') ?? '';
  const ip = canonicalIp(trimOws(forwarded));
  const protocol = trimOws(schemes.slice(schemes.lastIndexOf(',') + 1)).toLowerCase(); // SERVER-PROXY-5
  return {
    remoteIp: ip ?? peer.remoteIp, // SERVER-PROXY-4
    protocol: protocol === 'http' || protocol === 'https' ? protocol : peer.protocol, // SERVER-PROXY-5
  };
}

function lastUntrusted(list: string | undefined, trusted: readonly string[]): string | undefined {
  return list
    ?.split(',')
    .map(trimOws)
    .findLast((entry) => !trusted.includes(canonicalIp(entry) ?? entry)); // SERVER-PROXY-2
}
