/**
 * The suite: all clauses, rules and checks, and the selection of them that one run is about.
 */
import { createHash } from 'node:crypto';
import { loadSpec, PROFILES, type Clause, type Spec } from '../spec/clauses.js';
import type { Exchange } from '../spec/exchange.js';
import { loopRules } from './rules/loop/index.js';
import { streamRules } from './rules/stream/index.js';
import type { RuleSet } from './rules/rule.js';
import type { Check } from './scenarios/check.js';
import { loopChecks } from './scenarios/loop/index.js';
import { loadRegressions } from './scenarios/regressions.js';
import { streamChecks } from './scenarios/stream/index.js';

export interface Suite {
  readonly spec: Spec;
  readonly rules: RuleSet;
  /** Scenarios, of the profiles that are judged by traces. */
  readonly checks: readonly Check[];
  /** Checks of the profiles that are judged over connections; they stand in the spec itself. */
  readonly exchanges: readonly Exchange[];
  /** Digest of clauses and checks. */
  readonly digest: string;
}

let loaded: Suite | undefined;

/** @throws SpecError if the Markdown of the spec is malformed. */
export function loadSuite(): Suite {
  if (loaded !== undefined) return loaded;
  const spec = loadSpec();
  const rules = { ...loopRules, ...streamRules };
  const checks = [...loopChecks, ...streamChecks, ...loadRegressions()];
  const exchanges = spec.clauses.flatMap((clause) => clause.exchanges);
  const text = JSON.stringify([
    spec.clauses.map(({ id, level, text: t }) => [id, level, t]),
    spec.choices,
    checks,
    exchanges.map(({ name, text: t }) => [name, t]),
  ]);
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 16);
  loaded = { spec, rules, checks, exchanges, digest };
  return loaded;
}

/** What the user asked for. Patterns are globs over clause ids and check names: `*` matches anything. */
export interface Selection {
  readonly profiles: readonly string[];
  readonly only: readonly string[];
  readonly skip: readonly string[];
}

/** The user's words select nothing, or name something that does not exist. The message says what to do. */
export class SelectionError extends Error {
  override readonly name = 'SelectionError';
}

const globToRegExp = (glob: string): RegExp =>
  new RegExp(
    `^${glob
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    'i',
  );

/** Whether a glob matches a whole name, ignoring case. */
export const globMatches = (glob: string, name: string): boolean => globToRegExp(glob).test(name);

export interface Selected {
  readonly clauses: readonly Clause[];
  readonly checks: readonly Check[];
  readonly exchanges: readonly Exchange[];
  /** Something was left out. */
  readonly partial: boolean;
}

/**
 * The clauses and checks that a selection names. A pattern may name clauses (`LOOP-TIMER-*`), or checks
 * (`LOOP-TIMER-4/*`); a clause is judged by all checks that exercise it.
 * @throws SelectionError
 */
export function select(suite: Suite, selection: Selection): Selected {
  for (const profile of selection.profiles)
    if (!PROFILES.some((p) => p === profile))
      throw new SelectionError(`there is no profile '${profile}': choose from ${PROFILES.join(', ')}`);
  const inProfile = suite.spec.clauses.filter((clause) => selection.profiles.includes(clause.profile));
  const all: readonly Named[] = [
    ...suite.checks.map((check) => ({ name: check.scenario.name, clauses: check.clauses, check })),
    ...suite.exchanges.map((exchange) => ({ name: exchange.name, clauses: [exchange.clause], exchange })),
  ];
  const inIds = new Set(inProfile.map((clause) => clause.id));
  const checksIn = all.filter((check) => check.clauses.some((id) => inIds.has(id)));
  const allNames = [...inIds, ...checksIn.map((check) => check.name)];
  for (const pattern of [...selection.only, ...selection.skip])
    if (!allNames.some((name) => globMatches(pattern, name))) {
      const other = suite.spec.clauses.find(({ id }) => globMatches(pattern, id));
      if (other !== undefined)
        throw new SelectionError(
          `'${pattern}' matches no clause of ${selection.profiles.join(' or ')}, and nothing else is judged here: it is of the profile ${other.profile}`,
        );
      throw new SelectionError(
        `'${pattern}' matches no clause and no check: 'evspec list' shows what there is`,
      );
    }

  const matches = (patterns: readonly string[], name: string): boolean =>
    patterns.some((p) => globMatches(p, name));
  const wanted = (name: string): boolean => selection.only.length === 0 || matches(selection.only, name);
  const namesCheck = (check: Named): boolean => matches(selection.only, check.name);
  const named = new Set(checksIn.filter(namesCheck).flatMap((check) => check.clauses));
  const clauses = inProfile.filter(
    (clause) => (wanted(clause.id) || named.has(clause.id)) && !matches(selection.skip, clause.id),
  );
  const ids = new Set(clauses.map((clause) => clause.id));
  const checks = checksIn.filter(
    (check) =>
      !matches(selection.skip, check.name) &&
      (selection.only.length === 0
        ? check.clauses.some((id) => ids.has(id))
        : namesCheck(check) || check.clauses.some((id) => ids.has(id) && wanted(id))),
  );
  if (clauses.length === 0 || checks.length === 0)
    throw new SelectionError(`nothing is left to judge: --skip takes away all that --only names`);
  return {
    clauses,
    checks: checks.flatMap(({ check }) => check ?? []),
    exchanges: checks.flatMap(({ exchange }) => exchange ?? []),
    partial: clauses.length < inProfile.length || checks.length < checksIn.length,
  };
}

/** A check of either kind. */
interface Named {
  readonly name: string;
  readonly clauses: readonly string[];
  readonly check?: Check;
  readonly exchange?: Exchange;
}
