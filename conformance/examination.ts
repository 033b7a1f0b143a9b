/**
 * An examination: one subject's traces, judged one after the other; the same for a run and for traces recorded elsewhere.
 */
import type { Hello } from '../spec/protocol.js';
import type { Exchange } from '../spec/exchange.js';
import type { ExchangeFailure, Failure, ProblemReport, ScenarioFailure } from '../spec/report.js';
import type { Scenario } from '../spec/scenario.js';
import type { Trace } from '../spec/trace.js';
import { doesNotClaim, unclaimedReasons } from './claims.js';
import { judgeTrace, Tally, type ChoiceOutcome, type ClauseOutcome, type Judgement } from './judge.js';
import { factsOf } from './subject-session.js';
import type { Selected, Suite } from './suite.js';
import type { SubjectFacts } from './trace/history.js';
import { TraceAuditError } from './trace/timeline.js';
import type { ExchangeVerdict } from './wire/exchange-pool.js';

/**
 * Failures that a report carries whole, with scenario and trace, or with what was said; more if more clauses fail, as each has one.
 * So there are never more than this or than there are clauses.
 */
const SHOWN_FAILURES = 50;
/** … of one clause, before those of others are left out for it. */
const SHOWN_OF_A_CLAUSE = 2;

/** Which failures a report carries: the first of each clause, then the second of each, then what is left, as far as there is room. */
function shownOf(
  outcomes: readonly ClauseOutcome[],
  failed: readonly { readonly check: string }[],
): Set<string> {
  const known = new Set(failed.map(({ check }) => check));
  const nth = (n: number): string[] =>
    outcomes.flatMap(({ violations }) => violations[n]?.check ?? []).filter((check) => known.has(check));
  const kept = new Set(nth(0));
  const others = Array.from({ length: SHOWN_OF_A_CLAUSE - 1 }, (_, i) => nth(i + 1)).flat();
  for (const check of [...others, ...known]) if (kept.size < SHOWN_FAILURES) kept.add(check);
  return kept;
}

export class Examination {
  readonly problems: ProblemReport[] = [];
  readonly #tally: Tally;
  readonly #facts: SubjectFacts;
  readonly #judged: (ScenarioFailure | ExchangeFailure)[] = [];
  /** What was observed of choices, by clause. */
  readonly #labels = new Map<string, Set<string>>();
  /** Exchanges that the server can't be asked, with the reason. */
  readonly #unclaimed = new Map<Exchange, string>();
  /** Clause → note → the exchanges that it is about. */
  readonly #notes = new Map<string, Map<string, string[]>>();

  constructor(
    private readonly suite: Suite,
    private readonly hello: Hello,
    measured: Readonly<Record<string, number>>,
  ) {
    this.#tally = new Tally(suite.spec, hello.choices);
    this.#facts = factsOf(hello, measured);
  }

  /** A check is about to run. */
  expect(check: string, clauses: readonly string[]): void {
    this.#tally.expect(check, clauses);
  }

  /** No verdict can be drawn from a check: whatever it had to exercise is in error. */
  failed(expected: readonly string[], problem: ProblemReport & { readonly check: string }): void {
    this.problems.push(problem);
    this.#tally.failedToRun(problem.check, expected, problem.text);
  }

  /** A check can't be trusted, for a reason that is told elsewhere. */
  distrust(check: string, expected: readonly string[], text: string): void {
    this.#tally.failedToRun(check, expected, text);
  }

  /** What the rules say of a trace; or why it can't be the trace of its scenario. Nothing is counted yet. */
  read(scenario: Scenario, trace: Trace): Judgement | TraceAuditError {
    try {
      return judgeTrace(this.suite.rules, scenario, trace, this.#facts);
    } catch (error) {
      if (error instanceof TraceAuditError) return error;
      throw error;
    }
  }

  /**
   * @param expected the clauses that the scenario must exercise
   * @param isLast the check will not be run again: what it did not exercise counts as not exercised
   * @returns whether it exercised all of them, or can't
   */
  judge(expected: readonly string[], scenario: Scenario, trace: Trace, isLast = true): boolean {
    return this.count(expected, scenario, trace, this.read(scenario, trace), isLast);
  }

  /** As {@link judge}, of a trace that was read already. */
  count(
    expected: readonly string[],
    scenario: Scenario,
    trace: Trace,
    judgement: Judgement | TraceAuditError,
    isLast = true,
  ): boolean {
    const check = scenario.name;
    if (judgement instanceof TraceAuditError) {
      const text = `the adapter's trace ${judgement.message}`;
      this.failed(expected, { check, kind: 'trace-invalid', text });
      return true;
    }
    const missed = this.#tally.judged(check, expected, judgement);
    if (isLast) this.#tally.missedBy(check, missed);
    const clauses = [...new Set(judgement.findings.map((finding) => finding.clause))];
    const fresh = judgement.observations.filter(({ clause, label }) => this.#isNew(clause, label));
    // A choice that is contradicted by what was seen here shows only in the end.
    if (clauses.length > 0 || fresh.length > 0) this.#judged.push({ check, clauses, scenario, trace });
    // A subject that hung or died broke something; if no rule can say what, nobody may call it a pass.
    if (trace.unfinished !== undefined && clauses.length === 0) {
      const text = `the subject ${trace.unfinished} while it ran the scenario`;
      this.failed(expected, { check, kind: trace.unfinished, text, scenario });
      return true;
    }
    return missed.length === 0 || clauses.length > 0;
  }

  #isNew(clause: string, label: string): boolean {
    const labels = this.#labels.get(clause);
    if (labels?.has(label) === true) return false;
    if (labels === undefined) this.#labels.set(clause, new Set([label]));
    else labels.add(label);
    return true;
  }

  /** Clauses can't be judged, for a reason that is told elsewhere and that is no check's. */
  undecided(clauses: readonly string[], text: string): void {
    this.#tally.undecided(clauses, text);
  }

  /** Something that decides nothing, but is worth a word. */
  remark(clause: string, text: string): void {
    this.#tally.note(clause, text);
  }

  /** What passed shows nothing, for a reason that is no check's. */
  notExercised(clause: string, text: string): void {
    this.#tally.hollow(clause, text);
  }

  /** An exchange is not run, because the server does not offer what it needs. */
  unclaimed(exchange: Exchange, reason: string): void {
    this.#unclaimed.set(exchange, reason);
  }

  /** What came of an exchange that was expected. */
  judgeExchange(exchange: Exchange, verdict: ExchangeVerdict): void {
    const { name: check, clause } = exchange;
    if (verdict.is === 'error') {
      // That the server is down is told once, and not for each exchange that waits.
      if (verdict.kind === 'server-down') this.undecided([clause], verdict.text);
      else this.failed([clause], { check, kind: verdict.kind, text: verdict.text });
      return;
    }
    const at = Math.max(0, verdict.transcript.length - 1);
    const passed = verdict.is === 'passed';
    this.#tally.judged(check, [clause], {
      exercised: new Map([[clause, 1]]),
      findings: passed ? [] : [{ clause, at, text: verdict.text }],
      excused: new Map(),
      observations: passed ? verdict.labels.map((label) => ({ clause, label, at })) : [],
    });
    if (passed) for (const note of verdict.notes) this.#note(clause, note, check);
    this.#judged.push({
      check,
      clauses: passed ? [] : [clause],
      exchange: exchange.text,
      transcript: [...verdict.transcript],
      expected: passed ? [] : [...verdict.expected],
    });
  }

  #note(clause: string, note: string, check: string): void {
    const notes = this.#notes.get(clause) ?? new Map<string, string[]>();
    this.#notes.set(clause, notes.set(note, [...(notes.get(note) ?? []), check]));
  }

  /** Why clauses are not claimed because none of their exchanges can be run; where some can, the others are noted. */
  #reasons({ clauses, exchanges }: Selected): Map<string, string> {
    const reasons = new Map<string, string>();
    for (const clause of clauses) {
      if (doesNotClaim(this.hello, clause) !== undefined) continue;
      const own = exchanges.filter((exchange) => exchange.clause === clause.id);
      const lacking = own.flatMap((exchange) => this.#unclaimed.get(exchange) ?? []);
      if (own.length === 0 || lacking.length === 0) continue;
      if (lacking.length === own.length) reasons.set(clause.id, lacking[0]!);
      else
        for (const reason of new Set(lacking))
          this.#tally.note(
            clause.id,
            `${lacking.filter((one) => one === reason).length} of its ${own.length} exchanges not claimed: ${reason}`,
          );
    }
    return reasons;
  }

  /** Verdicts on what was selected; nothing can be judged afterwards. */
  finish(selected: Selected): {
    readonly outcomes: readonly ClauseOutcome[];
    readonly choices: readonly ChoiceOutcome[];
    readonly failures: readonly Failure[];
  } {
    const { clauses, checks } = selected;
    for (const [clause, notes] of this.#notes)
      for (const [note, [first = '', ...others]] of notes)
        this.#tally.note(
          clause,
          `${note} (${first}${others.length === 0 ? '' : ` and ${others.length} more`})`,
        );
    const unclaimed = new Map([...unclaimedReasons(this.hello, clauses, checks), ...this.#reasons(selected)]);
    const outcomes = this.#tally.outcomes(clauses, unclaimed);
    // A contradicted choice shows only now.
    const shown = new Map<string, Set<string>>(this.#judged.map((j) => [j.check, new Set(j.clauses)]));
    for (const { clause, violations } of outcomes)
      for (const { check } of violations) shown.get(check)?.add(clause.id);
    const failed = this.#judged
      .map((judged) => ({ ...judged, clauses: [...(shown.get(judged.check) ?? [])] }))
      .filter((failure) => failure.clauses.length > 0);
    const kept = shownOf(outcomes, failed);
    const failures = failed.filter(({ check }) => kept.has(check));
    const ids = new Set(clauses.map(({ id }) => id));
    const choices = this.#tally.choices().filter(({ choice }) => ids.has(choice.clause));
    return { outcomes, choices, failures };
  }
}
