/** Statuses and conditions of an outcome, held against one response. */
import { isDeepStrictEqual } from 'node:util';
import type { Condition, StatusPattern } from '../../spec/exchange.js';
import { bytesText } from './bytes-text.js';
import { numberOf, render, type Values } from './render.js';
import { fieldValue, type Response } from './response-parser.js';

/** What is known of the server, for outcomes. */
export interface Known extends Values {
  /** The status of what it answers to a plain `GET /`. */
  readonly ok: number;
  /** … to a plain `GET /nx`, a path that nobody has; undefined if it answers now by one, now by another, or not at all. */
  readonly missing?: number | undefined;
}

/** Statuses by which a server refuses a message (spec/exchanges.md, `answered`). */
const REFUSING = [400, 408, 411, 413, 414, 417, 431];

export function statusFits(
  pattern: StatusPattern,
  status: number,
  { ok, missing }: Pick<Known, 'ok' | 'missing'>,
): boolean {
  const final = status >= 200 || status === 101;
  switch (pattern) {
    case 'any':
      return final;
    case 'ok':
      return status === ok;
    case 'missing':
      return status === missing;
    case 'refused':
      return status >= 400 && status < 600;
    case 'answered':
      return final && status < 500 && !REFUSING.includes(status);
    default:
      return pattern.endsWith('xx') ? pattern[0] === String(status)[0] : pattern === String(status);
  }
}

/** Characters of a value in a sentence. */
const SHOWN = 80;
const quote = (text: string): string => `"${bytesText(text, SHOWN)}"`;

/** From a place on that is too far behind the beginning to be seen. */
const quoteAt = (text: string, at: number): string =>
  at < SHOWN / 2 ? quote(text) : `${quote(text.slice(at))} from byte ${at} on`;

/** The first place where two texts differ. */
function differenceOf(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return at;
}

export interface Around {
  /** Statuses of the interim responses since the final one before it. */
  readonly interims: readonly number[];
  /** Final responses of the connection, from its first. */
  readonly finals: readonly Response[];
  /** The connection ended before the response was whole. */
  readonly isCut: boolean;
}

/** Of `[["a", "1"], ["b", "2"], ["a", "3"]]`. */
const isPairs = (value: unknown): value is [string, unknown][] =>
  Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2);

/** A name on a list of pairs stands for the values that have it, joined by commas (spec/exchanges.md). */
function memberOf(json: unknown, path: string): unknown {
  let value = json;
  for (const name of path.split('.')) {
    if (isPairs(value) && !/^\d+$/.test(name)) {
      const values = value.filter(([n]) => n === name).map(([, v]) => String(v));
      value = values.length === 0 ? undefined : values.join(', ');
      continue;
    }
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** @param flawOf what is wrong with the member, in words; undefined if nothing is */
function jsonFlaw(
  body: string,
  path: string,
  flawOf: (member: unknown) => string | undefined,
): string | undefined {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(body, 'latin1').toString('utf8'));
  } catch {
    return `its body is not JSON: ${quote(body)}`;
  }
  const flaw = flawOf(memberOf(json, path));
  return flaw === undefined ? undefined : `'${path}' of its JSON is ${flaw}`;
}

const jsonText = (member: unknown): string => (member === undefined ? '' : JSON.stringify(member));
const jsonShown = (member: unknown): string =>
  member === undefined ? 'missing' : bytesText(Buffer.from(jsonText(member)), SHOWN);

/** How a response differs from a condition, in words; undefined if it does not. */
export function conditionFlaw(
  condition: Condition,
  response: Response,
  around: Around,
  known: Known,
): string | undefined {
  const { fields, body, framing } = response;
  const { interims } = around;
  const value = 'field' in condition ? fieldValue(fields, condition.field) : undefined;
  switch (condition.is) {
    case 'body': {
      const { how } = condition;
      const text = render(condition.text, known).toString('latin1');
      const has = how === 'equals' ? body === text : body.includes(text);
      if (has === (how !== 'lacks')) return undefined;
      const due = { equals: 'not', contains: 'which lacks', lacks: 'which contains' }[how];
      const at = how === 'equals' ? differenceOf(body, text) : 0;
      return `its body is ${quoteAt(body, at)}, ${due} ${quoteAt(text, at)}`;
    }
    case 'body-length': {
      const due = numberOf(condition.count, known);
      return body.length === due ? undefined : `its body has ${body.length} bytes, not ${due}`;
    }
    case 'no-body':
      return body === '' ? undefined : `it has a body: ${quote(body)}`;
    case 'cut':
      return around.isCut ? undefined : 'it is whole';
    case 'has':
      return value === undefined ? `it has no ${condition.field}` : undefined;
    case 'lacks':
      return value === undefined ? undefined : `it has ${condition.field}: ${quote(value)}`;
    case 'value':
      if (value === condition.value) return undefined;
      return value === undefined
        ? `it has no ${condition.field}`
        : `its ${condition.field} is ${quote(value)}, not ${quote(condition.value)}`;
    case 'matches':
      if (value !== undefined && condition.pattern.test(value)) return undefined;
      return value === undefined
        ? `it has no ${condition.field}`
        : `its ${condition.field} is ${quote(value)}, which does not fit ${condition.pattern}`;
    case 'json':
      return jsonFlaw(body, condition.path, (member) =>
        isDeepStrictEqual(member, condition.value)
          ? undefined
          : `${jsonShown(member)}, not ${jsonShown(condition.value)}`,
      );
    case 'json-text':
      return jsonFlaw(body, condition.path, (member) => {
        const { how, text } = condition;
        if (jsonText(member).includes(text) === (how === 'contains')) return undefined;
        return `${jsonShown(member)}, which ${how === 'contains' ? 'lacks' : 'contains'} ${quote(text)}`;
      });
    case 'version':
      return response.version === condition.version
        ? undefined
        : `its version is ${response.version}, not ${condition.version}`;
    case 'framed':
      return framing === condition.by
        ? undefined
        : `its body is framed by ${framing}, not by ${condition.by}`;
    case 'same':
    case 'other': {
      const first = around.finals[condition.as - 1];
      const due = first === undefined ? undefined : fieldValue(first.fields, condition.field);
      const said = (v: string | undefined): string => (v === undefined ? 'missing' : quote(v));
      return (value === due) === (condition.is === 'same')
        ? undefined
        : `its ${condition.field} is ${said(value)}, and that of response ${condition.as} ${said(due)}`;
    }
    case 'no-interim':
      return interims.length === 0 ? undefined : `${interims.length} interim responses came before it`;
    case 'no-100':
    case 'one-100': {
      const continues = interims.filter((status) => status === 100).length;
      const most = condition.is === 'one-100' ? 1 : 0;
      return continues <= most ? undefined : `100 came before it, ${continues} times`;
    }
  }
}
