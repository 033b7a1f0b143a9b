/**
 * The head of a response: what the program wants to say, checked, and what the server adds.
 *
 * How the body is framed, and whether the connection goes on, is the server's to say. So Transfer-Encoding is refused from a program,
 * Content-Length is taken at its word and held against what is written, and of Connection counts `close`.
 */
import { dateLine } from './date.js';
import { InvalidHeaderError, InvalidStatusError } from './errors.js';
import { TOKEN } from './head-grammar.js';
import { reasonOf } from './status.js';

/** Fields of a response: a list stands for several lines. */
export type ResponseHeaders = Readonly<Record<string, string | number | readonly string[]>>;
/** A status, or one with a reason phrase of its own. */
export type Status = number | { readonly code: number; readonly reason: string };

/** What a program wants to say, checked. */
export interface ResponseFields {
  /** `name: value`, CR LF, and so on; without what the server says itself. */
  readonly text: string;
  /** Bytes, if it was declared. */
  readonly contentLength: number | undefined;
  /** The program wants the connection closed. */
  readonly close: boolean;
}

const NO_FIELDS: ResponseFields = { text: '', contentLength: undefined, close: false };
const NAME = new RegExp(`^[${TOKEN}]+$`);
/** RFC 9110 5.5: visible characters, SP, TAB, and obs-text. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const DIGITS = /^\d{1,15}$/;

/** Names that were found valid, in lower case. A program has a handful; more than so many are not kept. */
const lowerNames = new Map<string, string>();
const MOST_NAMES = 500;

function lowerNameOf(name: string): string {
  const known = lowerNames.get(name);
  if (known !== undefined) return known;
  if (!NAME.test(name)) throw new InvalidHeaderError(name, 'its name is no token (RFC 9110 5.6.2)');
  const lowerName = name.toLowerCase();
  if (lowerNames.size < MOST_NAMES) lowerNames.set(name, lowerName);
  return lowerName;
}

/**
 * Checks the fields of a program.
 * @throws {InvalidHeaderError}
 */
export function formatFields(headers: ResponseHeaders | undefined): ResponseFields {
  if (headers === undefined) return NO_FIELDS;
  let text = '';
  let contentLength: number | undefined;
  let close = false;
  for (const name of Object.keys(headers)) {
    const values = headers[name]!;
    for (const value of typeof values === 'object' ? values : [String(values)]) {
      if (!VALUE.test(value))
        throw new InvalidHeaderError(
          name,
          'its value has control characters, or such beyond U+00FF: encode them',
        );
      switch (lowerNameOf(name)) {
        case 'content-length':
          if (!DIGITS.test(value) || contentLength !== undefined)
            throw new InvalidHeaderError(name, 'it is one number of bytes');
          contentLength = Number(value);
          break;
        case 'transfer-encoding':
          throw new InvalidHeaderError(
            name,
            'the server frames the body: start a response without Content-Length',
          );
        case 'connection':
          close ||= /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i.test(value);
          break;
        case 'date':
          break; // The server has one already.
        default:
          text += `${name}: ${value}\r\n`;
      }
    }
  }
  return { text, contentLength, close };
}

const statusLines = new Map<number, string>();

/** @throws {InvalidStatusError} */
function statusLineOf(status: Status): string {
  if (typeof status === 'object') return formatStatusLine(status.code, status.reason);
  let line = statusLines.get(status);
  if (line === undefined) {
    line = formatStatusLine(status, reasonOf(status));
    statusLines.set(status, line); // As many as there are statuses.
  }
  return line;
}

function formatStatusLine(code: number, reason: string): string {
  if (!Number.isInteger(code) || code < 200 || code > 999) throw new InvalidStatusError(code);
  if (!VALUE.test(reason)) throw new InvalidStatusError(code);
  return `HTTP/1.1 ${code} ${reason}\r\n`; // The space belongs there without a reason, too: RFC 9112 4
}

/** How the body is delimited: by so many bytes, as chunks, by the end of the connection; or there is none, and no word of it. */
export type BodyFraming = number | 'chunked' | 'close' | 'none';

/**
 * The head as text, one byte a character.
 * @param connection What the connection's next life is to be announced as, if it has to be.
 * @throws {InvalidStatusError}
 */
export function formatHead(
  status: Status,
  fields: string,
  framing: BodyFraming,
  connection: 'close' | 'keep-alive' | undefined,
): string {
  let text = statusLineOf(status) + dateLine() + fields;
  if (typeof framing === 'number') text += `Content-Length: ${framing}\r\n`;
  else if (framing === 'chunked') text += 'Transfer-Encoding: chunked\r\n';
  if (connection !== undefined) text += `Connection: ${connection}\r\n`;
  return text + '\r\n';
}
