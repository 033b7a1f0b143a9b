/**
 * The JSON report of a run: what was judged, how, and with which result, so that a partial run can't pass for a whole.
 */
import { z } from 'zod';
import { FACETS } from './contract.js';
import { Scenario } from './scenario.js';
import { Trace } from './trace.js';

export const VERDICTS = ['pass', 'fail', 'unexercised', 'unclaimed', 'blocked', 'error'] as const;
export const Verdict = z.enum(VERDICTS);
export type Verdict = z.infer<typeof Verdict>;

export const Violation = z.strictObject({
  check: z.string(),
  /** Index of the record where it shows. */
  at: z.int(),
  text: z.string(),
});
export type Violation = z.infer<typeof Violation>;

export const ClauseResult = z.strictObject({
  id: z.string(),
  level: z.enum(['MUST', 'SHOULD']),
  profile: z.string(),
  section: z.string(),
  facet: z.enum(FACETS),
  text: z.string(),
  verdict: Verdict,
  /** Why, for every verdict but `pass` and `fail`. */
  reason: z.string().optional(),
  /** How many situations of the clause arose, over all checks. */
  exercised: z.int(),
  /** Checks that had to exercise it. */
  checks: z.array(z.string()),
  /** The first few violations; `violationCount` says how many there were. */
  violations: z.array(Violation),
  violationCount: z.int(),
  knownFailing: z.string().optional(),
});
export type ClauseResult = z.infer<typeof ClauseResult>;

export const ChoiceResult = z.strictObject({
  key: z.string(),
  clause: z.string(),
  value: z.string().nullable(),
  how: z.enum(['declared', 'inferred', 'not exercised', 'contradicted']),
  observed: z.array(z.string()),
});
export type ChoiceResult = z.infer<typeof ChoiceResult>;

/** Something that went wrong outside the loop: the adapter, the subject's process, the kit. */
export const ProblemReport = z.strictObject({
  check: z.string().optional(),
  kind: z.string(),
  text: z.string(),
  /** The end of what the subject wrote to its standard error. */
  stderr: z.string().optional(),
});
export type ProblemReport = z.infer<typeof ProblemReport>;

export const Failure = z.strictObject({
  check: z.string(),
  clauses: z.array(z.string()),
  scenario: Scenario,
  trace: Trace,
  /** The reference's trace of the same scenario, where the reference could run. */
  reference: Trace.optional(),
});
export type Failure = z.infer<typeof Failure>;

export const Report = z.strictObject({
  format: z.literal('evspec-report/1'),
  kit: z.string(),
  spec: z.string(),
  /** Digest of all clauses and checks: two reports with one digest ran the same suite. */
  suite: z.string(),
  startedAt: z.string(),
  durationMs: z.number(),
  /** Spoken of in `partial`: a filter was set, or the run ended early. */
  selection: z.strictObject({
    profiles: z.array(z.string()),
    only: z.array(z.string()),
    skip: z.array(z.string()),
    partial: z.boolean(),
  }),
  subject: z.strictObject({
    name: z.string(),
    version: z.string(),
    language: z.string(),
    facets: z.array(z.string()),
    unclaimed: z.record(z.string(), z.string()),
    limits: z.record(z.string(), z.number()),
    rounds: z.string(),
    loop: z.string(),
    measured: z.record(z.string(), z.number()),
  }),
  choices: z.array(ChoiceResult),
  summary: z.record(Verdict, z.int()),
  exitCode: z.int(),
  clauses: z.array(ClauseResult),
  problems: z.array(ProblemReport),
  failures: z.array(Failure),
});
export type Report = z.infer<typeof Report>;
