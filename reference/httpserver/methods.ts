/**
 * Refusing a method: what a handler answers that has nothing for it.
 */
import type { HTTPRequest } from './request.js';

/** RFC 9110 9.3, RFC 5789. */
const KNOWN = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT'];

/**
 * Answers 405 to a method that exists but not here, with the list of those that do; and 501 to one that nobody knows (RFC 9110 9.1, 15.5.6).
 * @param allowed The methods of the resource.
 */
export function refuseMethod(request: HTTPRequest, allowed: readonly string[]): void {
  // HTTP-RESPONSE-14
  if (KNOWN.includes(request.method)) request.respond(405, { Allow: allowed.join(', ') });
  else request.respond(501); // HTTP-START-9
}
