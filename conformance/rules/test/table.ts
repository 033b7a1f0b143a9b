/**
 * Rules against traces that are written down, as a table: for each clause some programs, and for each program what the rule says
 * of some orders in which a loop may have called its callbacks.
 */
import t from 'tap';
import { check, quietly, type CheckSource } from '../../scenarios/program.js';
import type { SubjectFacts } from '../../trace/history.js';
import type { ThreadReport } from '../../../spec/trace.js';
import type { RuleSet } from '../rule.js';
import { verdictOf } from './judging.js';
import type { Options, Run, Step } from './trace-builder.js';

export type Program = Omit<CheckSource, 'clauses' | 'name'>;
/** What the rule says (see `verdictOf`), what the loop called, and what its operations gave. */
export type Judged = readonly [
  says: string,
  steps: readonly Step[],
  options?: Options & { readonly subject?: Partial<SubjectFacts> },
];
export type Case = readonly [program: Program, ...judged: Judged[]];
/** By clause. */
export type Table = Readonly<Record<string, readonly Case[]>>;

/** Outcomes of actions of main by their index, where the sentinel is number 0. */
export const raises = (...indices: readonly number[]): { main: Options['main'] } => ({
  main: Object.fromEntries(indices.map((index) => [index, { raised: 'Error' }])),
});

/** Another thread acted once, at that time: ms. */
export const thread = (at: number, slept = true): { threads: ThreadReport[] } => ({
  threads: [{ slept, startedAt: at * 1000, lastAt: at * 1000, endedAt: at * 1000 + 1 }],
});

/** Runs of the callbacks of `quietly`, 30 ms apart from each other, each after some CPU time: ms. */
const quiet = (cpu: number): Run[] =>
  Object.keys(quietly.callbacks).map((run, i) => ({ run, at: 30 * (i + 1), cpu }));
export const CALM = quiet(0.1);
export const SPINNING = quiet(25);

const isQuiet = (says: string): boolean => says === 'silent' || says === 'excused';

/**
 * Tests all rules of a set. Each must have a trace that keeps it, one that breaks it, and one where it has nothing to say; the
 * rule of a choice instead of the first two one for each of two ways to go.
 */
export function testRules(rules: RuleSet, table: Table): void {
  void t.test('each rule is shown from all sides', (t) => {
    t.same(Object.keys(table), Object.keys(rules));
    for (const [clause, cases] of Object.entries(table)) {
      const said = cases.flatMap(([, ...judged]) => judged.map(([says]) => says));
      const sides = new Set(said.filter((says) => !isQuiet(says)));
      const isChoice = [...sides].some((says) => says !== 'kept' && says !== 'broken');
      t.ok(said.some(isQuiet), `${clause}: silent`);
      t.ok(sides.has('broken') || isChoice, `${clause}: broken`);
      t.ok(sides.has('kept') || isChoice, `${clause}: kept`);
    }
    t.end();
  });
  for (const [clause, cases] of Object.entries(table))
    void t.test(clause, (t) => {
      for (const [program, ...judged] of cases)
        for (const [says, steps, options] of judged) {
          const made = check({ clauses: [clause], name: 'made-up', ...program });
          t.equal(verdictOf(rules, clause, made, steps, options), says, JSON.stringify([steps, options]));
        }
      t.end();
    });
}
