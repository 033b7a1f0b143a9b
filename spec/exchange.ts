/**
 * Exchanges: what is said to a server, byte by byte, and what it may answer. They stand in the Markdown of the clauses, in
 * fenced blocks named `exchange`, and nowhere else. `spec/exchanges.md` is the manual of the notation.
 *
 * A block is read line by line. The text of what is sent is a template: constant bytes, repetitions, and holes that are filled when
 * the server is known (its name, a limit that it declares).
 */
import { LIMIT_NAMES, ROUTE_NAMES, SERVE_OPTIONS, ServeOptions } from './server-contract.js';
import type { LimitName, Route } from './server-contract.js';

/** A number that may depend on a declared limit. */
export interface Count {
  readonly limit: LimitName | undefined;
  readonly plus: number;
}

/** Part of a template. `text` has one character (U+0000 to U+00FF) a byte. */
export type Part =
  | { readonly is: 'text'; readonly text: string }
  | { readonly is: 'repeat'; readonly text: string; readonly count: Count }
  | { readonly is: 'number'; readonly count: Count; readonly radix: 10 | 16 }
  /** What stands in a Host field: name and port. */
  | { readonly is: 'host' }
  /** Of the URI of this server: `http` or `https`. */
  | { readonly is: 'scheme'; readonly inCapitals: boolean };
export type Template = readonly Part[];

export type Condition =
  | { readonly is: 'body'; readonly how: 'equals' | 'contains' | 'lacks'; readonly text: Template }
  | { readonly is: 'body-length'; readonly count: Count }
  | { readonly is: 'no-body' }
  | { readonly is: 'has' | 'lacks'; readonly field: string }
  | { readonly is: 'value'; readonly field: string; readonly value: string }
  | { readonly is: 'matches'; readonly field: string; readonly pattern: RegExp }
  /**
   * A member of the JSON body, by a path of names and indices joined by dots. A name on a list of pairs: the values of the pairs
   * that have this name, joined by `, `.
   */
  | { readonly is: 'json'; readonly path: string; readonly value: unknown }
  /** The member, written as JSON, has a text in it or has not. One that is missing has none. */
  | {
      readonly is: 'json-text';
      readonly path: string;
      readonly how: 'contains' | 'lacks';
      readonly text: string;
    }
  | { readonly is: 'version'; readonly version: string }
  | { readonly is: 'framed'; readonly by: 'length' | 'chunked' | 'close' }
  /** The connection ends before the body that its head promises is whole. */
  | { readonly is: 'cut' }
  /** The field has the value that it had in the nth response (from 1) of this connection; or it has another. */
  | { readonly is: 'same' | 'other'; readonly field: string; readonly as: number }
  | { readonly is: 'no-interim' }
  /** No 100 (Continue) before it, or at most one; other interim responses are passed over. */
  | { readonly is: 'no-100' | 'one-100' };

/**
 * Statuses that will do: `404`, `4xx`; `any` final one; `ok`, what this server answers to a plain `GET /` (200 wherever the application
 * is mounted); `missing`, what it answers to a plain `GET /nx` (404 there); `refused`, 4xx or 5xx; `answered`, any but those by which a server refuses a message (400, 408, 411, 413, 414, 417,
 * 431, 5xx).
 */
export type StatusPattern = string;

export interface ResponsePattern {
  readonly statuses: readonly StatusPattern[];
  readonly conditions: readonly Condition[];
  /** As it stands in the spec. */
  readonly text: string;
}

/**
 * How it stands with the connection after the responses: `open`, shown by one more request that is answered; `close`, no
 * further byte comes and the server ends it, or has said that it will; `silence`, nothing comes and it is not ended.
 */
export type Ending = 'open' | 'close' | 'silence';

export interface Outcome {
  readonly responses: readonly ResponsePattern[];
  readonly ending: Ending | undefined;
  /** It comes no later than this declared time, and not much sooner. */
  readonly within: LimitName | undefined;
  /** Accepted, but worth a word. */
  readonly note: boolean;
  /** What it shows of the clause's choice. */
  readonly label: string | undefined;
  /** As it stands in the spec. */
  readonly text: string;
}

/** `on`: the connection, by its letter. */
export type Step = { readonly on: string } & (
  | { readonly do: 'send'; readonly bytes: Template }
  /** The same bytes over and over until the server answers or ends the connection. */
  | { readonly do: 'drip'; readonly bytes: Template }
  /** Lets the server get at what was sent before more is. */
  | { readonly do: 'pause' }
  /** Ends this side's output: FIN. */
  | { readonly do: 'shutdown' }
  /** Ends the connection: RST. */
  | { readonly do: 'reset' }
  | { readonly do: 'expect'; readonly outcomes: readonly Outcome[] }
  /** The server is told to end gracefully. */
  | { readonly do: 'stop' }
);

export interface Exchange {
  /** `HTTP-LENGTH-3/sign.2`: clause, title, number of the variant where there are several. */
  readonly name: string;
  readonly clause: string;
  readonly title: string;
  readonly routes: readonly Route[];
  /** Limits that it speaks of. */
  readonly limits: readonly LimitName[];
  /** It is of use only where the answers to `/` and to `/nx` differ. */
  readonly tellsMissing: boolean;
  /** What the server is started with. */
  readonly options: ServeOptions;
  /** Bytes of each piece in which everything is sent; undefined: each `send` in one. */
  readonly pieces: number | undefined;
  readonly steps: readonly Step[];
  /** The block, its variables filled in. */
  readonly text: string;
}

export class ExchangeError extends Error {
  override readonly name = 'ExchangeError';
}

const fail = (message: string): never => {
  throw new ExchangeError(message);
};

// ── templates ───────────────────────────────────────────────────────────────────────────────────────────────────

const ESCAPES: Readonly<Record<string, string>> = {
  r: '\r',
  n: '\n',
  t: '\t',
  '0': '\0',
  '\\': '\\',
  '{': '{',
  '}': '}',
  '"': '"',
};

/** Resolves escapes. One character of the result is one byte. */
export function unescape(text: string): string {
  if (/[^\x20-\x7e]/.test(text)) fail(`'${text}' has bytes that do not show: write them as \\xHH`);
  return text.replace(/\\(?:x([0-9a-fA-F]{2})|(.?))/g, (whole, hex: string | undefined, one: string) =>
    hex === undefined
      ? (ESCAPES[one] ?? fail(`'${whole}' is none of \\r \\n \\t \\0 \\\\ \\{ \\} \\" \\xHH`))
      : String.fromCharCode(parseInt(hex, 16)),
  );
}

function parseCount(text: string): Count | undefined {
  const match = /^(?:(\d+)|([a-zA-Z]+)([+-]\d+)?)$/.exec(text);
  if (match === null) return undefined;
  if (match[1] !== undefined) return { limit: undefined, plus: Number(match[1]) };
  const limit = LIMIT_NAMES.find((name) => name === match[2]);
  return limit === undefined ? undefined : { limit, plus: Number(match[3] ?? 0) };
}

/** A hole `{…}`. */
function parseHole(hole: string): Part {
  if (hole === 'host') return { is: 'host' };
  if (/^(scheme|SCHEME)$/.test(hole)) return { is: 'scheme', inCapitals: hole === 'SCHEME' };
  const star = hole.lastIndexOf('*');
  const hex = star < 0 ? /^(\S+) in hex$/.exec(hole)?.[1] : undefined;
  const count = parseCount(hex ?? hole.slice(star + 1));
  if (count === undefined)
    return fail(
      `{${hole}} is neither {host}, {scheme}, a variable, a limit (${LIMIT_NAMES.join(', ')}) nor {TEXT*COUNT}`,
    );
  if (star >= 0) return { is: 'repeat', text: unescape(hole.slice(0, star)), count };
  return { is: 'number', count, radix: hex === undefined ? 10 : 16 };
}

/** @throws ExchangeError */
export function parseTemplate(text: string): Template {
  const parts: Part[] = [];
  const pattern = /((?:[^\\{}]|\\.)+)|\{((?:[^\\{}]|\\.)*)\}/gsy;
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null)
      return fail(`'${text.slice(at)}' has a brace without its fellow: write \\{ or \\} for the byte`);
    parts.push(match[1] === undefined ? parseHole(match[2]!) : { is: 'text', text: unescape(match[1]) });
  }
  return parts;
}

// ── outcomes ────────────────────────────────────────────────────────────────────────────────────────────────────

const STATUS = /^(?:[1-5]\d\d|[1-5]xx|any|ok|missing|refused|answered)$/;
const FIELD = "[A-Za-z0-9!#$%&'*+.^_`|~-]+";

/** Conditions by the pattern of their words. */
const CONDITIONS: readonly (readonly [RegExp, (...groups: string[]) => Condition])[] = [
  [/^no body$/, () => ({ is: 'no-body' })],
  [/^body "(.*)"$/, (text) => ({ is: 'body', how: 'equals', text: parseTemplate(text) })],
  [/^body contains "(.*)"$/, (text) => ({ is: 'body', how: 'contains', text: parseTemplate(text) })],
  [/^body lacks "(.*)"$/, (text) => ({ is: 'body', how: 'lacks', text: parseTemplate(text) })],
  [
    /^body of (\S+) bytes$/,
    (text) => ({ is: 'body-length', count: parseCount(text) ?? fail(`'${text}' is no count`) }),
  ],
  [/^cut$/, () => ({ is: 'cut' })],
  [/^no interim$/, () => ({ is: 'no-interim' })],
  [/^no 100$/, () => ({ is: 'no-100' })],
  [/^at most one 100$/, () => ({ is: 'one-100' })],
  [/^version (\d\.\d)$/, (version) => ({ is: 'version', version })],
  [/^framed by (length|chunked|close)$/, (by) => ({ is: 'framed', by: by as 'length' })],
  [
    /^json (\S+) (contains|lacks) "(.*)"$/,
    (path, how, text) => ({ is: 'json-text', path, how: how as 'lacks', text: unescape(text) }),
  ],
  [/^json (\S+) = (.+)$/, (path, value) => ({ is: 'json', path, value: JSON.parse(value) as unknown })],
  [new RegExp(`^has (${FIELD})$`), (field) => ({ is: 'has', field })],
  [new RegExp(`^lacks (${FIELD})$`), (field) => ({ is: 'lacks', field })],
  [new RegExp(`^same (${FIELD}) as (\\d+)$`), (field, as) => ({ is: 'same', field, as: Number(as) })],
  [new RegExp(`^other (${FIELD}) than (\\d+)$`), (field, as) => ({ is: 'other', field, as: Number(as) })],
  [
    new RegExp(`^(${FIELD}) ~ /(.+)/(i?)$`),
    (field, source, flags) => ({ is: 'matches', field, pattern: new RegExp(source, flags) }),
  ],
  [new RegExp(`^(${FIELD}): (.*)$`), (field, value) => ({ is: 'value', field, value: unescape(value) })],
];

function parseCondition(text: string): Condition {
  for (const [pattern, make] of CONDITIONS) {
    const match = pattern.exec(text);
    if (match !== null) return make(...match.slice(1));
  }
  return fail(`'${text}' is no condition: spec/exchanges.md lists them`);
}

/** Splits outside of quotes and brackets. */
function split(text: string, separator: string): string[] {
  const parts = [''];
  let quoted = false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === '\\') {
      parts[parts.length - 1] += c + (text[++i] ?? '');
      continue;
    }
    if (c === '"') quoted = !quoted;
    else if (!quoted && c === '[') depth++;
    else if (!quoted && c === ']') depth--;
    if (c === separator && !quoted && depth === 0) parts.push('');
    else parts[parts.length - 1] += c;
  }
  return parts.map((part) => part.trim());
}

function parseResponse(text: string): ResponsePattern {
  const match = /^(\S+)(?:\s+\[(.*)\])?$/s.exec(text);
  const statuses = match?.[1]?.split('|') ?? [];
  const wrong = statuses.find((status) => !STATUS.test(status));
  if (match === null || wrong !== undefined)
    return fail(`'${text}' is no response: a status such as 200, 4xx|501, ok, then [conditions]`);
  return {
    statuses,
    conditions: match[2] === undefined ? [] : split(match[2], ';').map(parseCondition),
    text,
  };
}

const ENDINGS: readonly Ending[] = ['open', 'close', 'silence'];

/** `200 [body "x"], 404 then close within idleTimeoutMs => label`. @throws ExchangeError */
export function parseOutcome(text: string, note: boolean): Outcome {
  const [, body, label] = /^(.*?)(?:\s+=>\s+([a-z0-9-]+))?$/s.exec(text.trim())!;
  const [, said, within] = /^(.*?)(?:\s+within\s+(\w+))?$/s.exec(body!)!;
  const limit = LIMIT_NAMES.find((name) => name === within);
  if (within !== undefined && limit === undefined)
    fail(`'within ${within}': it is one of ${LIMIT_NAMES.join(', ')}`);
  const alone = ENDINGS.find((ending) => ending === said);
  const match = /^(.*?)(?:\s+then\s+(\w+))?$/s.exec(said!)!;
  const ending = alone ?? ENDINGS.find((e) => e === match[2]);
  if (match[2] !== undefined && ending === undefined)
    fail(`'then ${match[2]}': it is one of ${ENDINGS.join(', ')}`);
  const responses = alone === undefined ? split(match[1]!, ',').map(parseResponse) : [];
  return { responses, ending, within: limit, note, label, text: text.trim() };
}

// ── blocks ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** What comes of each line of a block, gathered. */
interface Draft {
  title: string | undefined;
  routes: Route[];
  limits: LimitName[];
  tellsMissing: boolean;
  options: Record<string, unknown>;
  pieces: number | undefined;
  steps: Step[];
}

function parseNeeds(text: string, draft: Draft): void {
  for (const word of text.split(',').map((w) => w.trim())) {
    const route = ROUTE_NAMES.find((name) => name === word);
    const limit = LIMIT_NAMES.find((name) => name === word);
    if (route !== undefined) draft.routes.push(route);
    else if (limit !== undefined) draft.limits.push(limit);
    else if (word === 'missing') draft.tellsMissing = true;
    else
      fail(
        `'needs ${word}': it is a route (${ROUTE_NAMES.join(', ')}), a limit (${LIMIT_NAMES.join(', ')}), or 'missing'`,
      );
  }
}

function optionValue(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^\d+$/.test(text) ? Number(text) : text;
}

function parseWith(text: string, draft: Draft): void {
  for (const word of text.trim().split(/\s+/)) {
    const [name = '', value = ''] = word.split('=');
    if (!SERVE_OPTIONS.some((option) => option === name))
      fail(`'with ${name}': it is one of ${SERVE_OPTIONS.join(', ')}`);
    draft.options[name] = name === 'trustedProxies' ? value.split(',') : optionValue(value);
    const limit = LIMIT_NAMES.find((l) => l === name);
    if (limit !== undefined) draft.limits.push(limit);
  }
}

/** Consecutive sends on one connection are one write; consecutive outcomes are alternatives. */
function addStep(draft: Draft, step: Step): void {
  const last = draft.steps.at(-1);
  if (last?.on === step.on && last.do === 'send' && step.do === 'send')
    draft.steps[draft.steps.length - 1] = { ...last, bytes: [...last.bytes, ...step.bytes] };
  else if (last?.on === step.on && last.do === 'expect' && step.do === 'expect')
    draft.steps[draft.steps.length - 1] = { ...last, outcomes: [...last.outcomes, ...step.outcomes] };
  else draft.steps.push(step);
}

/** Kinds of lines, by their pattern. */
const LINES: readonly (readonly [RegExp, (draft: Draft, ...groups: string[]) => void])[] = [
  [/^# (.+)$/, (draft, title) => void (draft.title = title)],
  [/^needs (.+)$/, (draft, text) => parseNeeds(text, draft)],
  [/^with (.+)$/, (draft, text) => parseWith(text, draft)],
  [/^pieces ([1-9]\d*)$/, (draft, size) => void (draft.pieces = Number(size))],
  [/^([a-z]?)> (.*)$/, (draft, on, text) => addStep(draft, { on, do: 'send', bytes: parseTemplate(text) })],
  [
    /^([a-z]?)<(\??) (.+)$/,
    (draft, on, note, text) =>
      addStep(draft, { on, do: 'expect', outcomes: [parseOutcome(text, note !== '')] }),
  ],
  [
    /^([a-z]?)(?:^| )drip (.+)$/,
    (draft, on, text) => addStep(draft, { on, do: 'drip', bytes: parseTemplate(text) }),
  ],
  [
    /^(?:([a-z]) )?(pause|shutdown|reset)$/,
    (draft, on: string | undefined, word) => addStep(draft, { on: on ?? '', do: word as 'pause' }),
  ],
  [/^stop$/, (draft) => addStep(draft, { on: '', do: 'stop' })],
];

function parseLine(line: string, draft: Draft): void {
  for (const [pattern, take] of LINES) {
    const match = pattern.exec(line);
    if (match !== null) return take(draft, ...match.slice(1));
  }
  fail(`'${line}' is no line of an exchange: spec/exchanges.md lists them`);
}

const EACH = /^each (\w+): (.*)$/;

/** All ways to give each variable one of its values. */
function assignments(lines: readonly string[]): Map<string, string>[] {
  let all = [new Map<string, string>()];
  for (const line of lines) {
    const match = EACH.exec(line);
    if (match === null) continue;
    const values = match[2]!.split(' | ').map((value) => (value.trim() === '""' ? '' : value.trim()));
    if (values.length < 2) fail(`'${line}': give two values or more, with ' | ' between them`);
    all = all.flatMap((before) => values.map((value) => new Map([...before, [match[1]!, value]])));
  }
  return all;
}

const limitsOfTemplate = (template: Template): (LimitName | undefined)[] =>
  template.map((part) => ('count' in part ? part.count.limit : undefined));

const limitsOf = (steps: readonly Step[]): LimitName[] =>
  steps
    .flatMap((step): (LimitName | undefined)[] => {
      if (step.do === 'send' || step.do === 'drip') return limitsOfTemplate(step.bytes);
      if (step.do !== 'expect') return [];
      return step.outcomes.flatMap((outcome) => [
        outcome.within,
        ...outcome.responses.flatMap(({ conditions }) =>
          conditions.flatMap((c) => {
            if (c.is === 'body') return limitsOfTemplate(c.text);
            return 'count' in c ? [c.count.limit] : [];
          }),
        ),
      ]);
    })
    .filter((limit) => limit !== undefined);

const slug = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');

function parseVariant(clause: string, text: string, suffix: string): Exchange {
  const draft: Draft = {
    title: undefined,
    routes: [],
    limits: [],
    tellsMissing: false,
    options: {},
    pieces: undefined,
    steps: [],
  };
  for (const line of text.split('\n')) if (line.trim() !== '' && !EACH.test(line)) parseLine(line, draft);
  const { title, steps, pieces } = draft;
  if (title === undefined || slug(title) === '')
    return fail(`an exchange begins with its title: '# what it tries'`);
  if (!steps.some((step) => step.do === 'expect')) fail(`'${title}' expects nothing, so nothing can fail`);
  const options = ServeOptions.safeParse(draft.options);
  if (!options.success)
    return fail(
      `'${title}': ${options.error.issues[0]?.path.join('.') ?? ''} ${options.error.issues[0]?.message ?? ''}`,
    );
  return {
    name: `${clause}/${slug(title)}${suffix}`,
    clause,
    title,
    routes: [...new Set(draft.routes)],
    limits: [...new Set([...draft.limits, ...limitsOf(steps)])],
    tellsMissing: draft.tellsMissing,
    options: options.data,
    pieces,
    steps,
    text,
  };
}

/**
 * The exchanges of one block: one for each way to fill its variables.
 * @throws ExchangeError
 */
export function parseExchanges(clause: string, block: string): Exchange[] {
  const lines = block.split('\n');
  const all = assignments(lines);
  return all.map((values, index) => {
    let text = lines.filter((line) => !EACH.test(line)).join('\n');
    for (const [name, value] of values) text = text.replaceAll(`{${name}}`, value);
    return parseVariant(clause, text, all.length === 1 ? '' : `.${index + 1}`);
  });
}
