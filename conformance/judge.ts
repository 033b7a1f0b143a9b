/**
 * The judge: rules over traces, choices over observations, verdicts over both.
 *
 * A verdict is earned. A clause passes only if every check that must exercise it did, and no trace at all, of whatever check,
 * broke it. Whatever went wrong outside the loop (adapter, process, kit) makes an `error`, which is never a pass and never
 * a fail.
 */
import type { Choice, Clause, Spec } from '../spec/clauses.js';
import type { Verdict, Violation } from '../spec/report.js';
import type { Scenario } from '../spec/scenario.js';
import type { Trace } from '../spec/trace.js';
import type { Finding, Rule, RuleSet, Say } from './rules/rule.js';
import { readHistory } from './trace/history-builder.js';
import type { SubjectFacts } from './trace/history.js';

/** What one trace shows. */
export interface Judgement {
  /** Situations that arose, by clause. */
  readonly exercised: ReadonlyMap<string, number>;
  readonly findings: readonly Finding[];
  /** Clauses whose situation can't arise with this subject, with the reason. */
  readonly excused: ReadonlyMap<string, string>;
  readonly observations: readonly { readonly clause: string; readonly label: string; readonly at: number }[];
}

/**
 * Applies all rules to one trace.
 * @throws TraceAuditError if the trace can't belong to the scenario.
 */
export function judgeTrace(
  rules: RuleSet,
  scenario: Scenario,
  trace: Trace,
  subject: SubjectFacts,
): Judgement {
  const history = readHistory(scenario, trace, subject);
  const said = new Said(history.frames.length > 1);
  const { all, withoutStreams } = entriesOf(rules);
  for (const [clause, rule] of history.streams.length === 0 ? withoutStreams : all) {
    said.clause = clause;
    rule(history, said);
  }
  return said.judgement;
}

type Entries = readonly (readonly [clause: string, rule: Rule])[];
interface RuleEntries {
  readonly all: Entries;
  /** Those that can have something to say of a trace without a stream. */
  readonly withoutStreams: Entries;
}

const entriesByRules = new WeakMap<RuleSet, RuleEntries>();

function entriesOf(rules: RuleSet): RuleEntries {
  const known = entriesByRules.get(rules);
  if (known !== undefined) return known;
  const all = Object.entries(rules);
  const entries = { all, withoutStreams: all.filter(([clause]) => !clause.startsWith('STREAM-')) };
  entriesByRules.set(rules, entries);
  return entries;
}

/** What the rules say of one trace: the same object for all of them, as there are many, and most say nothing. */
class Said implements Say {
  /** Of the rule that speaks. */
  clause = '';
  readonly #exercised = new Map<string, number>();
  readonly #findings: Finding[] = [];
  readonly #excused = new Map<string, string>();
  readonly #observations: Judgement['observations'][number][] = [];

  /** @param alive a loop that never called anything has shown nothing, however politely it accepted every call */
  constructor(private readonly alive: boolean) {}

  get judgement(): Judgement {
    return {
      exercised: this.#exercised,
      findings: this.#findings,
      excused: this.#excused,
      observations: this.#observations,
    };
  }

  kept(): void {
    if (this.alive) this.#exercised.set(this.clause, (this.#exercised.get(this.clause) ?? 0) + 1);
  }

  broken(at: number, text: string): void {
    this.kept();
    this.#findings.push({ clause: this.clause, at, text });
  }

  chose(label: string, at: number): void {
    this.kept();
    this.#observations.push({ clause: this.clause, label, at });
  }

  excused(reason: string): void {
    this.#excused.set(this.clause, reason);
  }
}

export interface ChoiceOutcome {
  readonly choice: Choice;
  readonly value: string | undefined;
  readonly how: 'declared' | 'inferred' | 'not exercised' | 'contradicted';
  readonly observed: readonly string[];
}

/** The value that explains all observations: the declared one, or else the most specific that allows them all. */
export function settleChoice(
  choice: Choice,
  declared: string | undefined,
  observed: readonly string[],
): ChoiceOutcome {
  const labels = [...new Set(observed)];
  const fitting = choice.values.filter((v) => labels.every((label) => v.allows.includes(label)));
  if (declared !== undefined) {
    const how =
      labels.length === 0 || fitting.some((v) => v.value === declared) ? 'declared' : 'contradicted';
    return { choice, value: declared, how, observed: labels };
  }
  if (labels.length === 0) return { choice, value: undefined, how: 'not exercised', observed: labels };
  const value = fitting[0]?.value;
  return { choice, value, how: value === undefined ? 'contradicted' : 'inferred', observed: labels };
}

/** All that is known of one clause after the run. */
export interface ClauseOutcome {
  readonly clause: Clause;
  readonly verdict: Verdict;
  readonly reason: string | undefined;
  readonly exercised: number;
  readonly checks: readonly string[];
  readonly violations: readonly Violation[];
  readonly violationCount: number;
  readonly notes: readonly string[];
}

/** Violations that a report carries for one clause. */
const SHOWN_VIOLATIONS = 5;

/** Gathers judgements during a run, and turns them into verdicts at its end. */
export class Tally {
  private readonly exercised = new Map<string, number>();
  private readonly missed = new Map<string, string[]>();
  private readonly hollows = new Map<string, string>();
  private readonly violations = new Map<string, Violation[]>();
  private readonly violationCounts = new Map<string, number>();
  private readonly excused = new Map<string, string>();
  private readonly errors = new Map<string, string>();
  /** The first of each label, by clause. */
  private readonly observed = new Map<string, { label: string; at: number; check: string }[]>();
  private readonly checks = new Map<string, string[]>();
  private readonly notes = new Map<string, string[]>();

  constructor(
    private readonly spec: Spec,
    private readonly declared: Readonly<Record<string, string>>,
  ) {}

  /** A check will run, for these clauses. */
  expect(check: string, clauses: readonly string[]): void {
    for (const id of clauses) push(this.checks, id, check);
  }

  /**
   * @param expected the clauses that this check must exercise
   * @returns those that it did not
   */
  judged(check: string, expected: readonly string[], judgement: Judgement): string[] {
    for (const [id, count] of judgement.exercised)
      this.exercised.set(id, (this.exercised.get(id) ?? 0) + count);
    for (const [id, reason] of judgement.excused) this.excused.set(id, reason);
    for (const { clause, label, at } of judgement.observations)
      if (this.observed.get(clause)?.some((seen) => seen.label === label) !== true)
        push(this.observed, clause, { label, at, check });
    for (const { clause, at, text } of judgement.findings) this.violate(clause, { check, at, text });
    return expected.filter((id) => !judgement.exercised.has(id) && !judgement.excused.has(id));
  }

  /** A check did not exercise clauses that it had to, and will not be run again. */
  missedBy(check: string, clauses: readonly string[]): void {
    for (const id of clauses) push(this.missed, id, check);
  }

  /** What its checks show, whoever does nothing shows as well. */
  hollow(clause: string, text: string): void {
    this.hollows.set(clause, text);
  }

  /** A check gave no trace, or none that can be trusted. */
  failedToRun(check: string, clauses: readonly string[], text: string): void {
    for (const id of clauses) if (!this.errors.has(id)) this.errors.set(id, `${check}: ${text}`);
  }

  /** Something that decides nothing, but is worth a word. */
  note(clause: string, text: string): void {
    const notes = this.notes.get(clause) ?? [];
    if (!notes.includes(text)) this.notes.set(clause, [...notes, text]);
  }

  /** Clauses can't be judged, for a reason that is no check's. */
  undecided(clauses: readonly string[], text: string): void {
    for (const id of clauses) if (!this.errors.has(id)) this.errors.set(id, text);
  }

  private violate(clause: string, violation: Violation): void {
    this.violationCounts.set(clause, (this.violationCounts.get(clause) ?? 0) + 1);
    const shown = this.violations.get(clause) ?? [];
    if (shown.length < SHOWN_VIOLATIONS) this.violations.set(clause, [...shown, violation]);
  }

  choices(): ChoiceOutcome[] {
    return this.spec.choices.map((choice) =>
      settleChoice(
        choice,
        this.declared[choice.key],
        (this.observed.get(choice.clause) ?? []).map((o) => o.label),
      ),
    );
  }

  /** @param unclaimed the reason for each clause that the subject does not claim */
  outcomes(clauses: readonly Clause[], unclaimed: ReadonlyMap<string, string>): ClauseOutcome[] {
    for (const outcome of this.choices()) this.holdConsistent(outcome);
    return clauses.map((clause) => this.outcome(clause, unclaimed.get(clause.id)));
  }

  /** Observations that the settled value does not allow are violations of the clause that owns the choice. */
  private holdConsistent({ choice, value, how, observed }: ChoiceOutcome): void {
    if (how !== 'contradicted') return;
    const allowed = choice.values.find((v) => v.value === value)?.allows;
    const first = this.observed
      .get(choice.clause)!
      .find((o) => allowed === undefined || !allowed.includes(o.label))!;
    const text =
      value === undefined
        ? `no value of ${choice.key} allows all that was observed: ${observed.join(', ')}`
        : `${choice.key} is declared as '${value}', but '${first.label}' was observed`;
    this.violate(choice.clause, { check: first.check, at: first.at, text });
  }

  private outcome(clause: Clause, unclaimed: string | undefined): ClauseOutcome {
    const { id } = clause;
    const base = {
      clause,
      exercised: this.exercised.get(id) ?? 0,
      checks: this.checks.get(id) ?? [],
      violations: unclaimed === undefined ? (this.violations.get(id) ?? []) : [],
      violationCount: unclaimed === undefined ? (this.violationCounts.get(id) ?? 0) : 0,
      notes: this.notes.get(id) ?? [],
    };
    if (unclaimed !== undefined) return { ...base, verdict: 'unclaimed', reason: unclaimed };
    if (base.violationCount > 0) return { ...base, verdict: 'fail', reason: undefined };
    const error = this.errors.get(id);
    if (error !== undefined) return { ...base, verdict: 'error', reason: error };
    const excused = this.excused.get(id);
    if (base.exercised === 0 && excused !== undefined)
      return { ...base, verdict: 'unclaimed', reason: excused };
    const missed = this.missed.get(id);
    if (missed !== undefined)
      return { ...base, verdict: 'unexercised', reason: `its situation never arose in ${missed.join(', ')}` };
    if (base.exercised === 0) return { ...base, verdict: 'unexercised', reason: 'no check exercised it' };
    const hollow = this.hollows.get(id);
    if (hollow !== undefined) return { ...base, verdict: 'unexercised', reason: hollow };
    return { ...base, verdict: 'pass', reason: undefined };
  }
}

function push<V>(map: Map<string, V[]>, key: string, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
