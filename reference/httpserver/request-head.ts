/**
 * What a head means: from the text that the scanner found well-formed to the facts by which the connection goes on.
 *
 * How long the body is has to be beyond doubt, or the next request is not where everybody thinks it is (RFC 9112 6.3, 11.2):
 *
 *     Transfer-Encoding        Content-Length   then
 *     -----------------------  ---------------  ----------------------------------------------
 *     -                        -                no body
 *     -                        one number       that many bytes; 413 if they are too many
 *     -                        anything else    400; also if it is the same number twice
 *     chunked                  -                chunks
 *     any                      any              400
 *     any, in HTTP/1.0         -                400
 *     does not end in chunked  -                400
 *     chunked, twice           -                400
 *     no token, then chunked   -                400
 *     another, then chunked    -                501
 *
 * The path of a request without surprises makes four strings and runs no regular expression but that for a Host not seen just before.
 */
import { isIPv6 } from 'node:net';
import { TOKEN } from './head-grammar.js';
import type { HeadScanner } from './head-scanner.js';
import { textOf } from './latin1.js';
import { trimmedEnd, trimOws } from './ows.js';
import { REFUSALS, type Refusal } from './refusals.js';

/** Of {@link RequestHead.bodyLength}: the body comes in chunks. */
export const CHUNKED = -1;

export interface RequestHead {
  /** All of it, one character (U+0000 to U+00FF) a byte. */
  readonly text: string;
  /** Where in {@link text} the fields begin. */
  readonly fieldsStart: number;
  readonly method: string;
  /** As it was sent. */
  readonly target: string;
  /** HTTP/1.x: a version above 1.1 counts as 1.1 (RFC 9110 6.2). */
  readonly minorVersion: 0 | 1;
  /** The value of Host; of a target in absolute form, its authority (RFC 9112 3.2.2); empty if there is none. */
  readonly host: string;
  /** Bytes; or CHUNKED. */
  readonly bodyLength: number;
  /** The client would like to use the connection again. */
  readonly keepAlive: boolean;
  /** The client waits for 100 (Continue) before it sends the body. */
  readonly expectsContinue: boolean;
}

// IPv6 in brackets, of which this has the characters: HTTP-HOST-6. Or a name, which may be empty: HTTP-HOST-4
const HOST =
  /^(?:\[([\dA-Fa-f:.]+)\]|\[[vV][\dA-Fa-f]+\.[-\w.~!$&'()*+,;=:]+\]|(?:[-\w.~!$&'()*+,;=]|%[\dA-Fa-f]{2})*)(?::\d*)?$/;
const TOKENS = new RegExp(`^[${TOKEN}]+$`);
/** RFC 9112 7: a token, and parameters perhaps. One with a comma in quotes is cut there, and none: no coding that there is has any. */
const CODING = new RegExp(
  `^[${TOKEN}]+(?:[ \\t]*;[ \\t]*[${TOKEN}]+[ \\t]*=[ \\t]*(?:[${TOKEN}]+|"(?:[^"\\\\]|\\\\.)*"))*$`,
);

/** The Host that was found valid last: most requests of a server have the same. */
let lastHost = '';

/** @returns What the head means, or why it can't be served. */
export function interpretHead(bytes: Buffer, start: number, scanner: HeadScanner): RequestHead | Refusal {
  const text = textOf(bytes, start, start + scanner.length);
  const method = text.slice(0, scanner.methodEnd); // HTTP-START-8
  const target = text.slice(scanner.methodEnd + 1, scanner.targetEnd);
  const minorVersion = versionOf(text.slice(scanner.targetEnd + 1, scanner.lineEnd));
  if (typeof minorVersion === 'object') return minorVersion;

  let host: string | undefined;
  let length: string | undefined;
  let codings: string | undefined;
  let connection: string | undefined;
  let expectation: string | undefined;
  for (let i = 0; i < scanner.notedCount; i++) {
    const { name, start, end } = scanner.noted[i]!;
    const value = trimmedEnd(text, start, end); // HTTP-FIELD-2
    switch (name) {
      case 'host':
        if (host !== undefined) return REFUSALS.noHost; // HTTP-HOST-2
        host = value;
        break;
      case 'content-length':
        if (length !== undefined) return REFUSALS.twoLengths; // HTTP-LENGTH-4, HTTP-LENGTH-5
        length = value;
        break;
      case 'transfer-encoding':
        codings = codings === undefined ? value : `${codings},${value}`;
        break;
      case 'connection':
        connection = connection === undefined ? value : `${connection},${value}`; // HTTP-CONN-4
        break;
      case 'expect':
        expectation = expectation === undefined ? value : `${expectation},${value}`;
        break;
    }
  }

  if (host === undefined) {
    if (minorVersion === 1) return REFUSALS.noHost; // HTTP-HOST-1
    host = ''; // HTTP-HOST-5
  } else if (host !== lastHost) {
    if (!isHost(host)) return REFUSALS.host; // HTTP-HOST-3
    lastHost = host;
  }
  const bodyLength = framingOf(length, codings, minorVersion);
  if (typeof bodyLength === 'object') return bodyLength;
  if (target.charCodeAt(0) !== 0x2f /* / */ || method === 'CONNECT') {
    const authority = authorityOf(method, target);
    if (typeof authority === 'object') return authority;
    if (authority !== undefined) host = authority; // HTTP-START-6
  }
  // HTTP-EXPECT-2, HTTP-EXPECT-7
  if (expectation !== undefined && minorVersion === 1 && expectation.toLowerCase() !== '100-continue')
    return REFUSALS.expectation;
  return {
    text,
    fieldsStart: scanner.lineEnd + 2,
    method,
    target,
    minorVersion,
    host,
    bodyLength,
    // HTTP-CONN-1, HTTP-CONN-7
    keepAlive: connection === undefined ? minorVersion === 1 : persists(connection, minorVersion),
    // A 1.0 client doesn't know 100 (RFC 9110 10.1.1): HTTP-EXPECT-4. Without a body none is due: HTTP-EXPECT-6
    expectsContinue: expectation !== undefined && minorVersion === 1 && bodyLength !== 0,
  };
}

/** RFC 9110 7.2: a host, and a port perhaps. */
function isHost(text: string): boolean {
  const match = HOST.exec(text);
  if (match === null) return false;
  const [, address] = match;
  return address === undefined || isIPv6(address); // HTTP-HOST-3
}

/** RFC 9112 2.3: two digits, exactly. */
function versionOf(version: string): 0 | 1 | Refusal {
  if (version === 'HTTP/1.1') return 1;
  if (version === 'HTTP/1.0') return 0;
  if (!/^HTTP\/\d\.\d$/.test(version)) return REFUSALS.version; // HTTP-START-19
  return version.startsWith('HTTP/1.') ? 1 : REFUSALS.httpVersion; // HTTP-START-4, HTTP-START-18
}

function framingOf(
  length: string | undefined,
  codings: string | undefined,
  minorVersion: 0 | 1,
): number | Refusal {
  if (codings !== undefined) {
    if (length !== undefined) return REFUSALS.twoFramings; // HTTP-CODING-10, HTTP-CODING-11
    if (minorVersion === 0) return REFUSALS.oldTransferEncoding; // HTTP-CODING-12
    return codingsOf(codings);
  }
  if (length === undefined) return 0; // HTTP-LENGTH-9
  // HTTP-LENGTH-3; a list is no number: HTTP-LENGTH-4, HTTP-LENGTH-5
  if (!/^\d+$/.test(length)) return REFUSALS.contentLength;
  const bytes = Number(length); // Whatever zeros are in front: HTTP-LENGTH-7
  // More than 2^53 are more than any limit, and no number is exact there: HTTP-LENGTH-6, HTTP-LIMIT-1
  return Number.isSafeInteger(bytes) ? bytes : REFUSALS.longBody;
}

/** RFC 9112 6.1, 6.3. Empty elements of a list don't count (RFC 9110 5.6.1.2). */
function codingsOf(value: string): number | Refusal {
  // HTTP-CODING-1, HTTP-CODING-2, HTTP-CODING-3
  const codings = value.toLowerCase().split(',').map(trimOws).filter((coding) => coding !== ''); // prettier-ignore
  // HTTP-CODING-4, HTTP-CODING-5, HTTP-CODING-8, HTTP-CODING-9
  if (codings.pop() !== 'chunked') return REFUSALS.notChunkedLast;
  if (codings.includes('chunked')) return REFUSALS.chunkedTwice; // HTTP-CODING-7
  if (!codings.every((coding) => CODING.test(coding))) return REFUSALS.malformedCoding; // HTTP-CODING-9
  return codings.length === 0 ? CHUNKED : REFUSALS.transferCoding; // HTTP-CODING-6
}

/**
 * RFC 9112 3.2: a target that is no path, or must not be one.
 * @returns The authority in it, which takes the place of Host; undefined if it has none.
 */
function authorityOf(method: string, target: string): string | undefined | Refusal {
  if (method === 'CONNECT') return REFUSALS.connect; // HTTP-START-12
  // HTTP-START-7, HTTP-START-16
  if (target === '*') return method === 'OPTIONS' ? undefined : REFUSALS.target;
  const absolute = /^https?:\/\/([^/?]+)(?=[/?]|$)/i.exec(target); // HTTP-START-5
  // HTTP-START-16
  if (absolute === null || !isHost(absolute[1]!) || absolute[1]!.startsWith(':')) return REFUSALS.target;
  return absolute[1];
}

/** RFC 9112 9.3, 9.6; the options are case-insensitive, over several lines (RFC 9110 7.6.1). */
function persists(connection: string, minorVersion: 0 | 1): boolean {
  if (connection === 'keep-alive') return true; // Nearly all that send it send this.
  const options = connection.toLowerCase().split(',').map(trimOws); // HTTP-CONN-4
  if (options.includes('close')) return false; // HTTP-CONN-3
  return minorVersion === 1 || options.includes('keep-alive'); // HTTP-CONN-7, HTTP-CONN-8
}

/** Whether a text is a token (RFC 9110 5.6.2). */
export function isToken(text: string): boolean {
  return TOKENS.test(text);
}
