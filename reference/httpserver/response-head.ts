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
const NAME = new RegExp(`^[${TOKEN}]+$`); // HTTP-RESPONSE-16, SERVER-RESPONSE-7
/** RFC 9110 5.5: visible characters, SP, TAB, and obs-text. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/; // HTTP-RESPONSE-16, SERVER-RESPONSE-7
const DIGITS = /^\d{1,15}$/;

/** A field that was found valid: its name, and the value that it had last, with the line that came of both. */
interface KnownField {
  readonly lowerName: string;
  value: string;
  line: string;
}

/**
 * By name. A program has a handful, and most have the same value in each response: to find that again takes 20 ns, to check and
 * format it 150. More than so many names are not kept.
 */
const knownFields = new Map<string, KnownField>();
const MOST_KNOWN = 500;

/** @throws {InvalidHeaderError} */
function fieldOf(name: string, value: string): KnownField {
  let field = knownFields.get(name);
  if (field?.value === value) return field;
  if (!VALUE.test(value))
    throw new InvalidHeaderError(
      name,
      'its value has control characters, or such beyond U+00FF: encode them',
    );
  const line = `${name}: ${value}\r\n`;
  if (field === undefined) {
    if (!NAME.test(name)) throw new InvalidHeaderError(name, 'its name is no token (RFC 9110 5.6.2)');
    field = { lowerName: name.toLowerCase(), value, line };
    if (knownFields.size < MOST_KNOWN) knownFields.set(name, field);
  } else {
    field.value = value;
    field.line = line;
  }
  return field;
}

/**
 * Checks the fields of a program.
 * @throws {InvalidHeaderError}
 */
export function formatFields(headers: ResponseHeaders | undefined): ResponseFields {
  if (headers === undefined) return NO_FIELDS;
  const fields = { text: '', contentLength: undefined, close: false };
  for (const name in headers) {
    const values = headers[name]!;
    if (typeof values === 'object') for (const value of values) addField(fields, name, value);
    else addField(fields, name, String(values));
  }
  return fields;
}

function addField(fields: Mutable<ResponseFields>, name: string, value: string): void {
  const { lowerName, line } = fieldOf(name, value);
  switch (lowerName) {
    case 'content-length':
      if (!DIGITS.test(value) || fields.contentLength !== undefined)
        throw new InvalidHeaderError(name, 'it is one number of bytes');
      fields.contentLength = Number(value);
      break;
    case 'transfer-encoding':
      // HTTP-RESPONSE-5
      throw new InvalidHeaderError(
        name,
        'the server frames the body: start a response without Content-Length',
      );
    case 'connection':
      fields.close ||= /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i.test(value);
      break;
    case 'date':
      break; // The server has one already.
    default:
      fields.text += line;
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

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
  // No 101: HTTP-UPGRADE-2
  if (!Number.isInteger(code) || code < 200 || code > 999) throw new InvalidStatusError(code);
  if (!VALUE.test(reason)) throw new InvalidStatusError(code);
  // The version is the server's: HTTP-RESPONSE-10. The space is there without a reason, too: HTTP-RESPONSE-9
  return `HTTP/1.1 ${code} ${reason}\r\n`;
}

/** How the body is delimited: by so many bytes, as chunks, by the end of the connection; or there is none, and no word of it. */
export type BodyFraming = number | 'chunked' | 'close' | 'none';

/** The head that was formatted last, and what of. */
const last = {
  status: 0 as Status,
  fields: '',
  framing: 'none' as BodyFraming,
  connection: undefined as 'close' | 'keep-alive' | undefined,
  date: '',
  text: '',
};

/**
 * The head as text, one byte a character. Responses alike come in a row: one like the last takes 30 ns in place of 250, most of
 * which were for making one string of many.
 * @param connection What the connection's next life is to be announced as, if it has to be.
 * @throws {InvalidStatusError}
 */
export function formatHead(
  status: Status,
  fields: string,
  framing: BodyFraming,
  connection: 'close' | 'keep-alive' | undefined,
): string {
  const date = dateLine();
  if (
    status === last.status &&
    framing === last.framing &&
    connection === last.connection &&
    date === last.date &&
    fields === last.fields
  )
    return last.text;
  let text = statusLineOf(status) + date + fields; // HTTP-RESPONSE-11
  if (typeof framing === 'number') text += `Content-Length: ${framing}\r\n`;
  else if (framing === 'chunked') text += 'Transfer-Encoding: chunked\r\n'; // HTTP-RESPONSE-5
  if (connection !== undefined) text += `Connection: ${connection}\r\n`;
  text += '\r\n';
  Object.assign(last, { status, fields, framing, connection, date, text });
  return text;
}
