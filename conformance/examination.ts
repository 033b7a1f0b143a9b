/**
 * An examination: one subject's traces, judged one after the other; the same for a run and for traces recorded elsewhere.
 */
import type { Hello } from '../spec/protocol.js';
import type { Failure, ProblemReport } from '../spec/report.js';
import type { Scenario } from '../spec/scenario.js';
import type { Trace } from '../spec/trace.js';
import { unclaimedReasons } from './claims.js';
import { judgeTrace, Tally, type ChoiceOutcome, type ClauseOutcome } from './judge.js';
import { factsOf } from './subject-session.js';
import type { Selected, Suite } from './suite.js';
import type { SubjectFacts } from './trace/history.js';
import { TraceAuditError } from './trace/timeline.js';

/** Failures that a report carries whole, with scenario and trace. */
const SHOWN_FAILURES = 50;

export class Examination {
  readonly problems: ProblemReport[] = [];
  readonly #tally: Tally;
  readonly #facts: SubjectFacts;
  readonly #judged: Failure[] = [];

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

  /**
   * @param expected the clauses that the scenario must exercise
   * @param isLast the check will not be run again: what it did not exercise counts as not exercised
   * @returns whether it exercised all of them, or can't
   */
  judge(expected: readonly string[], scenario: Scenario, trace: Trace, isLast = true): boolean {
    const check = scenario.name;
    try {
      const judgement = judgeTrace(this.suite.rules, scenario, trace, this.#facts);
      const missed = this.#tally.judged(check, expected, judgement);
      if (isLast) this.#tally.missedBy(check, missed);
      const clauses = [...new Set(judgement.findings.map((finding) => finding.clause))];
      this.#judged.push({ check, clauses, scenario, trace });
      // A subject that hung or died broke something; if no rule can say what, nobody may call it a pass.
      if (trace.unfinished !== undefined && clauses.length === 0) {
        const text = `the subject ${trace.unfinished} while it ran the scenario`;
        this.failed(expected, { check, kind: trace.unfinished, text });
        return true;
      }
      return missed.length === 0 || clauses.length > 0;
    } catch (error) {
      if (!(error instanceof TraceAuditError)) throw error;
      this.failed(expected, { check, kind: 'trace-invalid', text: `the adapter's trace ${error.message}` });
      return true;
    }
  }

  /** Verdicts on what was selected; nothing can be judged afterwards. */
  finish({ clauses, checks }: Selected): {
    readonly outcomes: readonly ClauseOutcome[];
    readonly choices: readonly ChoiceOutcome[];
    readonly failures: readonly Failure[];
  } {
    const outcomes = this.#tally.outcomes(clauses, unclaimedReasons(this.hello, clauses, checks));
    // A contradicted choice shows only now.
    const shown = new Map<string, Set<string>>(this.#judged.map((j) => [j.check, new Set(j.clauses)]));
    for (const { clause, violations } of outcomes)
      for (const { check } of violations) shown.get(check)?.add(clause.id);
    const failures = this.#judged
      .map((judged) => ({ ...judged, clauses: [...(shown.get(judged.check) ?? [])] }))
      .filter((failure) => failure.clauses.length > 0)
      .slice(0, SHOWN_FAILURES);
    const selected = new Set(clauses.map(({ id }) => id));
    const choices = this.#tally.choices().filter(({ choice }) => selected.has(choice.clause));
    return { outcomes, choices, failures };
  }
}
