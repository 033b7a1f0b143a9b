/** One line to apply one rule to one built trace. */
import type { Check } from '../../scenarios/check.js';
import type { Scenario } from '../../../spec/scenario.js';
import { judgeTrace } from '../../judge.js';
import type { SubjectFacts } from '../../trace/history.js';
import type { RuleSet } from '../rule.js';
import { traceOf, type Options, type Step } from './trace-builder.js';

/** The scenario, with empty callbacks for those that it names and does not spell out. */
function completed(scenario: Scenario): Scenario {
  const callbacks = { ...scenario.callbacks };
  const actions = [
    scenario.main,
    ...Object.values(callbacks).flatMap(({ runs, rest }) => [...runs, rest ?? []]),
  ];
  for (const action of actions.flat())
    if ('run' in action && action.run !== undefined) callbacks[action.run] ??= { runs: [] };
  return { ...scenario, callbacks };
}

/**
 * How the rule saw it: `kept`, `broken`, `excused`, `silent`, or the labels of the choice in order, as in `fifo,other`. A rule that says
 * both kept and broken has found it broken.
 */
export function verdictOf(
  rules: RuleSet,
  clause: string,
  check: Check,
  steps: readonly Step[],
  { subject: facts, ...options }: Options & { subject?: Partial<SubjectFacts> } = {},
): string {
  const rule = rules[clause];
  const scenario = completed(check.scenario);
  if (rule === undefined) throw new Error(`there is no rule ${clause}`);
  const subject = {
    timerResolutionMs: 0,
    interest: 'combined',
    eventsPerPoll: Infinity,
    choices: {},
    ...facts,
  } as const;
  const judged = judgeTrace({ [clause]: rule }, scenario, traceOf(scenario, steps, options), subject);
  if (judged.findings.length > 0) return 'broken';
  if (judged.observations.length > 0) return judged.observations.map(({ label }) => label).join(',');
  if (judged.exercised.has(clause)) return 'kept';
  return judged.excused.has(clause) ? 'excused' : 'silent';
}
