/**
 * multipart/form-data: forms with files. (RFC 7578, RFC 2046 5.1)
 *
 *     --boundary␍␊                                             what is before the first delimiter is dropped
 *     Content-Disposition: form-data; name="a"␍␊               the grammar of a head's fields: head-grammar.ts
 *     ␍␊
 *     value␍␊--boundary␍␊                                      a delimiter begins with CR LF, and ends by it
 *     …
 *     ␍␊--boundary--                                           what is behind the last is dropped
 *
 * Nothing is guessed: without the last delimiter the body was cut off, and a part without a name can't be told from others.
 */
import { MalformedBodyError } from './errors.js';
import { DONE } from './head-grammar.js';
import { HeadScanner } from './head-scanner.js';
import { HTTPHeaders } from './headers.js';
import { parameterOf, parseParameters, type Parameterised } from './parameters.js';
import { append } from './urlencoded.js';

/** A file of a form. */
export interface HTTPFile {
  /** As the client calls it: not a path to be used as it is. */
  readonly filename: string;
  /** As the client has it; 'application/octet-stream' if it doesn't say. */
  readonly contentType: string;
  /** Lies in the body of the request. */
  readonly body: Uint8Array;
}

/** The fields of a part: three, usually. */
const PART_LIMITS = { maxRequestLineBytes: 0, maxHeadBytes: 8192, maxHeaderCount: 20, maxBodyBytes: 0 };
/** RFC 2046 5.1.1: 1 to 70 characters, the last of which is no space. */
const BOUNDARY = /^[\w'()+,./:=? -]{0,69}[\w'()+,./:=?-]$/;

/**
 * Takes a form apart. O(bytes)
 * @param type The Content-Type.
 * @param body The bytes.
 * @param maxParts How many parts there may be.
 * @param fields Gets the values of parts that are no files, as UTF-8.
 * @param files Gets the others.
 * @throws {MalformedBodyError}
 */
export function parseMultipart(
  type: Parameterised,
  body: Uint8Array,
  maxParts: number,
  fields: Map<string, string[]>,
  files: Map<string, HTTPFile[]>,
): void {
  const boundary = type.parameters.get('boundary') ?? '';
  if (!BOUNDARY.test(boundary)) throw new MalformedBodyError('its boundary is none');
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  const scanner = new HeadScanner(PART_LIMITS);
  // The first delimiter may stand at the very beginning, without its CR LF.
  let at = bytes.subarray(0, delimiter.length - 2).equals(delimiter.subarray(2))
    ? -2
    : bytes.indexOf(delimiter);
  if (bytes.length === 0 || at === -1) throw new MalformedBodyError('no delimiter is in it');
  for (let parts = 0; ; parts++) {
    const start = at + delimiter.length;
    if (bytes.toString('latin1', start, start + 2) === '--') return;
    if (bytes.toString('latin1', start, start + 2) !== '\r\n')
      throw new MalformedBodyError('a delimiter does not end with its line');
    // SERVER-ARGUMENT-11
    if (parts === maxParts) throw new MalformedBodyError(`it has more than ${maxParts} parts`);
    scanner.beginTrailers();
    // SERVER-ARGUMENT-10
    if (scanner.scan(bytes, start + 2, bytes.length) !== DONE)
      throw new MalformedBodyError('the head of a part is malformed');
    const contentStart = start + 2 + scanner.length;
    // The empty line behind the head may be the delimiter's own CR LF, if there is no content.
    at = bytes.indexOf(delimiter, contentStart - 2);
    if (at < 0) throw new MalformedBodyError('its last delimiter is missing'); // SERVER-ARGUMENT-9
    const head = new HTTPHeaders(bytes.toString('latin1', start + 2, contentStart));
    // SERVER-ARGUMENT-7
    addPart(head, body.subarray(contentStart, Math.max(at, contentStart)), fields, files);
  }
}

function addPart(
  head: HTTPHeaders,
  content: Uint8Array,
  fields: Map<string, string[]>,
  files: Map<string, HTTPFile[]>,
): void {
  const disposition = parseParameters(head.get('Content-Disposition') ?? '');
  const name = disposition?.parameters.get('name');
  if (disposition?.value !== 'form-data' || name === undefined)
    throw new MalformedBodyError('a part has no name');
  const filename = parameterOf(disposition, 'filename');
  // SERVER-ARGUMENT-4, SERVER-ARGUMENT-7
  if (filename === undefined) return append(fields, name, Buffer.from(content).toString('utf8'));
  const contentType = head.get('Content-Type') ?? 'application/octet-stream';
  append(files, name, { filename, contentType, body: content });
}
