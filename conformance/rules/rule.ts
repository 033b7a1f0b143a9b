/**
 * A rule: one clause, as a function over histories.
 *
 * A rule looks for the situations that its clause speaks of. For each it says whether the loop kept the clause there or
 * broke it; a history without such a situation leaves the clause unexercised. A rule never assumes which scenario it
 * sees: every rule sees every trace, hand-written or generated, and must be linear in its length. It must be silent
 * where the clause is silent: a rule that is stricter than its sentence is a bug of the kit.
 */
import type { History } from '../trace/history.js';

export interface Finding {
  readonly clause: string;
  /** Index of the step where it shows; the end of the trace if something never happened. */
  readonly at: number;
  readonly text: string;
}

/** How a rule speaks. */
export interface Say {
  /** The situation arose, and the loop did what the clause says. */
  kept(): void;
  /** The situation arose, and the loop did not. `at`: the step where it shows. */
  broken(at: number, text: string): void;
  /** For the owner of a choice: which way the loop went. A label of `allows` in `spec/choices.json`. */
  chose(observation: string, at: number): void;
  /** With this subject's choices and limits the situation can't arise: not exercised, and rightly so. */
  excused(reason: string): void;
}

export type Rule = (history: History, say: Say) => void;

/** By clause id. */
export type RuleSet = Readonly<Record<string, Rule>>;
