/**
 * Reads the clauses from the Markdown of the spec. The Markdown is the only copy; a malformed clause is an error, never
 * skipped.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FACETS, type Facet } from './contract.js';
import { ExchangeError, parseExchanges, type Exchange } from './exchange.js';
import type { ClauseText } from './clause-text.js';
import { clauseTexts } from './clause-texts.js';
import { packageRoot } from './package-root.js';

export const SPEC_VERSION = '1.0';
/** Profiles in the order in which they run. */
export const PROFILES = ['loop', 'stream', 'http', 'server'] as const;
export type Profile = (typeof PROFILES)[number];
export const LEVELS = ['MUST', 'SHOULD'] as const;
export type Level = (typeof LEVELS)[number];

export interface Clause {
  readonly id: string;
  readonly profile: Profile;
  /** Name of its file: `readiness`, `dispatch`, … */
  readonly section: string;
  readonly level: Level;
  /** The RFC states it as grammar alone; what a server does with other bytes is up to RFC 9112, section 2.2. */
  readonly grammar: boolean;
  readonly facet: Facet;
  /** The one normative sentence. */
  readonly text: string;
  readonly why: string;
  /** Unrelated loops that keep it. */
  readonly keptBy: readonly string[];
  readonly observed: string;
  readonly hint: string;
  /** Capabilities that a subject needs for the clause to mean anything. */
  readonly requires: readonly string[];
  /** Key of the choice that it owns. */
  readonly choice: string | undefined;
  /** Fd kinds on which it must be shown. */
  readonly transports: readonly string[];
  /** Where it is written: `RFC 9112 §6.3`. */
  readonly rfc: string | undefined;
  /** What is said to a server, and what it may answer. Of the profiles `http` and `server`. */
  readonly exchanges: readonly Exchange[];
  /** Where it stands: path from the package root, and line. */
  readonly source: { readonly file: string; readonly line: number };
}

export interface ChoiceValue {
  readonly value: string;
  /** Labels that rules may report under this value. */
  readonly allows: readonly string[];
  readonly meaning: string;
}

/** A question that respected loops answer differently. Values are ordered from the most specific to the least. */
export interface Choice {
  readonly key: string;
  readonly clause: string;
  readonly meaning: string;
  readonly values: readonly ChoiceValue[];
}

export class SpecError extends Error {
  override readonly name = 'SpecError';
}

const ID = /^(LOOP|STREAM|HTTP|SERVER)-[A-Z]+-\d+$/;
const FIELDS = [
  'Level',
  'Facet',
  'Why',
  'Kept by',
  'Observed',
  'If it fails',
  'Requires',
  'Choice',
  'Transport',
  'RFC',
] as const;
type Field = (typeof FIELDS)[number];

const names = (text: string | undefined): string[] =>
  text === undefined || text === '' ? [] : text.split(',').map((name) => name.trim().replace(/\.$/, ''));

function fieldsOf(items: readonly string[], where: string): Map<Field, string> {
  const fields = new Map<Field, string>();
  for (const item of items) {
    const match = /^([A-Z][A-Za-z ]+):\s*(.*)$/s.exec(item);
    const name = FIELDS.find((field) => field === match?.[1]);
    if (match === null || name === undefined)
      throw new SpecError(`${where}: '${item.slice(0, 40)}' is none of ${FIELDS.join(', ')}`);
    fields.set(name, match[2]!.trim());
  }
  return fields;
}

function clauseOf(text: ClauseText, profile: Profile, section: string, file: string): Clause {
  const { id, line, sentence, items } = text;
  const where = `${file}:${line} ${id}`;
  if (!ID.test(id)) throw new SpecError(`${where}: not a clause id`);
  if (sentence === undefined)
    throw new SpecError(`${where}: a clause is one sentence, then the list of its fields`);
  const fields = fieldsOf(items, where);
  const field = (name: Field): string => {
    const value = fields.get(name);
    if (value === undefined) throw new SpecError(`${where}: '${name}' is missing`);
    return value;
  };
  const [levelName, mark] = field('Level').split(/[ ,]+/);
  const level = LEVELS.find((l) => l === levelName);
  const facet = FACETS.find((f) => f === field('Facet'));
  if (level === undefined) throw new SpecError(`${where}: the level is ${LEVELS.join(' or ')}`);
  if (mark !== undefined && mark !== 'grammar')
    throw new SpecError(`${where}: the only mark of a level is 'grammar'`);
  if (facet === undefined) throw new SpecError(`${where}: the facet is one of ${FACETS.join(', ')}`);
  return {
    id,
    profile,
    section,
    level,
    grammar: mark !== undefined,
    facet,
    text: sentence,
    why: field('Why'),
    keptBy: names(fields.get('Kept by')),
    observed: field('Observed'),
    hint: field('If it fails'),
    requires: names(fields.get('Requires')),
    choice: fields.get('Choice'),
    transports: names(fields.get('Transport')),
    rfc: fields.get('RFC'),
    exchanges: exchangesOf(text, where),
    source: { file, line },
  };
}

function exchangesOf({ id, exchanges: blocks }: ClauseText, where: string): Exchange[] {
  const exchanges = blocks.flatMap(({ line, text }) => {
    try {
      return parseExchanges(id, text);
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error;
      throw new SpecError(`${where}, line ${line}: ${error.message}`);
    }
  });
  const names = exchanges.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new SpecError(`${where}: two exchanges are named '${twice}'`);
  return exchanges;
}

/** Clauses of one Markdown text, in its order. @throws SpecError */
export const parseClauses = (markdown: string, profile: Profile, section: string, file: string): Clause[] =>
  clauseTexts(markdown, file).map((text) => clauseOf(text, profile, section, file));

/** Order in which the sections of a profile are read. */
const SECTIONS: Readonly<Record<Profile, readonly string[]>> = {
  loop: ['readiness', 'dispatch', 'tasks', 'timers', 'lifecycle', 'wakeups', 'errors', 'seed'],
  stream: ['reading', 'writing', 'closing', 'limits', 'reentrancy', 'connecting'],
  http: [
    'start-line',
    'fields',
    'host',
    'content-length',
    'chunked',
    'transfer-encoding',
    'connections',
    'expect',
    'responses',
    'limits',
  ],
  server: ['listening', 'requests', 'arguments', 'responses', 'proxies', 'limits', 'stopping'],
};
/** Files of a profile that hold no clauses. */
const PROSE = ['application.md'];

export interface Spec {
  readonly version: string;
  readonly clauses: readonly Clause[];
  readonly choices: readonly Choice[];
}

let loaded: Spec | undefined;

/** The whole spec, read once. @throws SpecError */
export function loadSpec(): Spec {
  if (loaded !== undefined) return loaded;
  const root = packageRoot();
  const clauses = PROFILES.flatMap((profile) => {
    const unknown = readdirSync(join(root, 'spec', profile)).find(
      (name) =>
        name.endsWith('.md') && !PROSE.includes(name) && !SECTIONS[profile].includes(name.slice(0, -3)),
    );
    if (unknown !== undefined)
      throw new SpecError(`spec/${profile}/${unknown} is not listed among the sections`);
    return SECTIONS[profile].flatMap((section) => {
      const file = `spec/${profile}/${section}.md`;
      return parseClauses(readFileSync(join(root, file), 'utf8'), profile, section, file);
    });
  });
  const choices = JSON.parse(readFileSync(join(root, 'spec/choices.json'), 'utf8')) as Choice[];
  loaded = { version: SPEC_VERSION, clauses, choices };
  return loaded;
}
