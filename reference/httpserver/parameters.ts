/**
 * Values with parameters, as Content-Type and Content-Disposition have: `form-data; name="a b"; filename*=UTF-8''%e2%82%ac`.
 * (RFC 9110 5.6.6, RFC 8187)
 */
import { TOKEN } from './head-grammar.js';
import { trimOws } from './ows.js';

export interface Parameterised {
  /** What stands before the first semicolon, in lower case. */
  readonly value: string;
  /** By name, in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const PARAMETER = new RegExp(
  `[ \\t]*;[ \\t]*(?:([${TOKEN}]+)=(?:([${TOKEN}]+)|"((?:[^"\\\\]|\\\\.)*)"))?`,
  'y',
);
const EXTENDED = /^utf-8'[^']*'((?:[\w!#$&+.^`|~-]|%[\dA-Fa-f]{2})*)$/i;

/**
 * Takes a value apart.
 * @param text One character (U+0000 to U+00FF) a byte. Parameters are taken as UTF-8.
 * @returns undefined if it is malformed, or names a parameter twice.
 */
export function parseParameters(text: string): Parameterised | undefined {
  const end = text.indexOf(';');
  const value = trimOws(end < 0 ? text : text.slice(0, end)).toLowerCase();
  const parameters = new Map<string, string>();
  for (let at = end < 0 ? text.length : end; at < text.length;) {
    PARAMETER.lastIndex = at;
    const match = PARAMETER.exec(text);
    if (match === null) return /^[ \t]*$/.test(text.slice(at)) ? { value, parameters } : undefined;
    at = PARAMETER.lastIndex;
    const name = match[1]?.toLowerCase();
    if (name === undefined) continue;
    if (parameters.has(name)) return undefined;
    parameters.set(name, utf8(match[2] ?? match[3]!.replace(/\\(.)/g, '$1')));
  }
  return { value, parameters };
}

/** A parameter, in its extended form if that is there: the one for other alphabets, which wins (RFC 8187 4.2). */
export function parameterOf({ parameters }: Parameterised, name: string): string | undefined {
  const extended = EXTENDED.exec(parameters.get(`${name}*`) ?? ''); // SERVER-ARGUMENT-8
  if (extended === null) return parameters.get(name);
  const bytes = extended[1]!.replace(/%(..)/g, (_, digits: string) =>
    String.fromCharCode(parseInt(digits, 16)),
  );
  return utf8(bytes);
}

function utf8(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
