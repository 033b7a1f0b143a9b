/**
 * The arguments of a request: from its query, and from a body that is a form.
 */
import { MalformedBodyError } from './errors.js';
import { parseMultipart, type HTTPFile } from './multipart.js';
import { parseParameters } from './parameters.js';
import { append, parseUrlencoded } from './urlencoded.js';

export interface Form {
  readonly fields: Map<string, string[]>;
  readonly files: Map<string, HTTPFile[]>;
}

/**
 * Takes a body apart, as its Content-Type says; of one that is no form comes nothing.
 * @throws {MalformedBodyError}
 */
export function parseForm(contentType: string | undefined, body: Uint8Array, maxParts: number): Form {
  const form: Form = { fields: new Map(), files: new Map() };
  if (contentType === undefined) return form;
  const type = parseParameters(contentType);
  if (type === undefined) throw new MalformedBodyError('its Content-Type is malformed');
  // SERVER-ARGUMENT-6
  if (type.value === 'application/x-www-form-urlencoded')
    parseUrlencoded(
      Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1'),
      maxParts,
      form.fields,
    );
  else if (type.value === 'multipart/form-data')
    parseMultipart(type, body, maxParts, form.fields, form.files);
  return form;
}

/** The values of a query. */
export function parseQuery(query: string): Map<string, string[]> {
  const lists = new Map<string, string[]>();
  parseUrlencoded(query, Infinity, lists); // Its length is limited by that of the request line.
  return lists;
}

/** The values of both, those of `a` first. */
export function joined(a: Map<string, string[]>, b: Map<string, string[]>): Map<string, string[]> {
  const lists = new Map([...a].map(([name, list]) => [name, [...list]]));
  for (const [name, list] of b) for (const value of list) append(lists, name, value);
  return lists;
}
