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
  /** Index of the record of the trace, or of the entry of the transcript, where it shows. */
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
  /** The RFC states it as grammar alone: what a server does with other bytes is up to RFC 9112, section 2.2. */
  grammar: z.boolean().optional(),
  /** Why, for every verdict but `pass` and `fail`. */
  reason: z.string().optional(),
  /** How many situations of the clause arose, over all checks. */
  exercised: z.int(),
  /** Checks that had to exercise it. */
  checks: z.array(z.string()),
  /** The first few violations; `violationCount` says how many there were. */
  violations: z.array(Violation),
  violationCount: z.int(),
  /** What was accepted, but is worth a word. */
  notes: z.array(z.string()).optional(),
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
  /** The program that was run, if it was a generated one, or did not come to its end. */
  scenario: Scenario.optional(),
});
export type ProblemReport = z.infer<typeof ProblemReport>;

export const ScenarioFailure = z.strictObject({
  check: z.string(),
  clauses: z.array(z.string()),
  scenario: Scenario,
  trace: Trace,
  /** The reference's trace of the same scenario, where the reference could run. */
  reference: Trace.optional(),
});
export type ScenarioFailure = z.infer<typeof ScenarioFailure>;

export const TRANSCRIPT_EVENTS = ['fin', 'rst', 'refused', 'silence', 'stop', 'flood', 'cut'] as const;

/** Something that was said, or that happened, on a connection. */
export const TranscriptEntry = z.strictObject({
  /** Since the exchange began. */
  atMs: z.number(),
  /** The connection, by its letter; empty where there is one only. */
  on: z.string(),
  who: z.enum(['client', 'server']),
  /** Visible ASCII, with escapes as in `spec/exchanges.md`; cut short where there is much. */
  bytes: z.string().optional(),
  /** How many bytes there were; of `cut`, how many entries were left out here. */
  size: z.int().optional(),
  event: z.enum(TRANSCRIPT_EVENTS).optional(),
});
export type TranscriptEntry = z.infer<typeof TranscriptEntry>;

/** An outcome of the spec that did not come about, and why not. */
export const Expected = z.strictObject({ outcome: z.string(), why: z.string() });
export type Expected = z.infer<typeof Expected>;

export const ExchangeFailure = z.strictObject({
  check: z.string(),
  clauses: z.array(z.string()),
  /** As it stands in the spec, its variables filled in. */
  exchange: z.string(),
  transcript: z.array(TranscriptEntry),
  expected: z.array(Expected),
  /** What the reference made of the same exchange, where it could run. */
  reference: z.array(TranscriptEntry).optional(),
});
export type ExchangeFailure = z.infer<typeof ExchangeFailure>;

export const Failure = z.union([ScenarioFailure, ExchangeFailure]);
export type Failure = z.infer<typeof Failure>;

/** Programs that nobody wrote, drawn from a seed. */
export const Generated = z.strictObject({
  profile: z.string(),
  seed: z.int(),
  /** How many were run and judged. */
  programs: z.int(),
  /** How many of them broke something. */
  failed: z.int(),
});
export type Generated = z.infer<typeof Generated>;

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
  generated: z.array(Generated),
  choices: z.array(ChoiceResult),
  summary: z.record(Verdict, z.int()),
  exitCode: z.int(),
  clauses: z.array(ClauseResult),
  problems: z.array(ProblemReport),
  failures: z.array(Failure),
});
export type Report = z.infer<typeof Report>;
