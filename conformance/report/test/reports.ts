/** Reports made by hand, for the tests of what is said about them. */
import type { ClauseResult, Report } from '../../../spec/report.js';
import type { Scenario } from '../../../spec/scenario.js';
import type { Trace } from '../../../spec/trace.js';
import { plain } from '../paint.js';
import type { ReporterOptions } from '../reporter.js';

export const scenario: Scenario = {
  name: 'LOOP-READY-1/pair-becomes-readable',
  fds: { a: { kind: 'pair' } },
  main: [
    { op: 'add', fd: 'a', events: ['read'], run: 'reader' },
    { op: 'write', fd: 'a.peer', data: 'x' },
    { op: 'barrier', run: 'end', rounds: 3 },
    { op: 'start' },
  ],
  callbacks: { reader: { runs: [[{ op: 'drain', fd: 'a' }]] }, end: { runs: [[{ op: 'done' }]] } },
};

/** The reader is never called. */
export const brokenTrace: Trace = {
  fds: { a: 5, 'a.peer': 6 },
  records: [
    { k: 'did', t: 1, c: 1, op: 'add', token: 1 },
    { k: 'did', t: 2, c: 2, op: 'write', result: 1 },
    { k: 'did', t: 3, c: 3, op: 'barrier', token: 2 },
    { k: 'starting', t: 4, c: 4 },
    { k: 'enter', t: 5, c: 5, run: 'end', nth: 1, as: 'barrier', token: 2 },
    { k: 'did', t: 6, c: 6, op: 'done' },
    { k: 'exit', t: 7, c: 7 },
    { k: 'did', t: 8, c: 8, op: 'start' },
  ],
};

export const rightTrace: Trace = {
  fds: { a: 5, 'a.peer': 6 },
  records: [
    ...brokenTrace.records.slice(0, 4),
    {
      k: 'enter',
      t: 5,
      c: 5,
      run: 'reader',
      nth: 1,
      as: 'handler',
      token: 1,
      fd: 'a',
      number: 5,
      events: ['read'],
    },
    { k: 'did', t: 6, c: 6, op: 'drain', result: 1, data: 'x' },
    { k: 'exit', t: 7, c: 7 },
    { k: 'enter', t: 8, c: 8, run: 'end', nth: 1, as: 'barrier', token: 2 },
    { k: 'did', t: 9, c: 9, op: 'done' },
    { k: 'exit', t: 10, c: 10 },
    { k: 'did', t: 11, c: 11, op: 'start' },
  ],
};

export const clause = (
  fields: Partial<ClauseResult> & Pick<ClauseResult, 'id' | 'verdict'>,
): ClauseResult => ({
  level: 'MUST',
  profile: 'loop',
  section: 'readiness',
  facet: 'ready',
  text: `What ${fields.id} says.`,
  exercised: 1,
  checks: [],
  violations: [],
  violationCount: 0,
  ...fields,
});

export const report = (fields: Partial<Report> = {}): Report => ({
  format: 'evspec-report/1',
  kit: '0.1.0',
  spec: '1.0',
  suite: '0123456789abcdef',
  startedAt: '2026-01-02T03:04:05.000Z',
  durationMs: 1234,
  selection: { profiles: ['loop'], only: [], skip: [], partial: false },
  subject: {
    name: 'a loop',
    version: '1.2',
    language: 'JavaScript',
    facets: ['ready'],
    unclaimed: {},
    limits: {},
    rounds: 'tasks',
    loop: 'created',
    measured: {},
  },
  generated: [],
  choices: [],
  summary: { pass: 1, fail: 0, unexercised: 0, unclaimed: 0, blocked: 0, error: 0 },
  exitCode: 0,
  clauses: [clause({ id: 'LOOP-READY-1', verdict: 'pass' })],
  problems: [],
  failures: [],
  ...fields,
});

/** One clause of every verdict, one failure with both traces. */
export const mixedReport = (fields: Partial<Report> = {}): Report =>
  report({
    exitCode: 1,
    clauses: [
      clause({ id: 'LOOP-READY-2', verdict: 'pass' }),
      clause({
        id: 'LOOP-READY-1',
        verdict: 'fail',
        violations: [
          { check: scenario.name, at: 4, text: 'fd a (5) was readable, but its reader was not called' },
        ],
        violationCount: 1,
      }),
      clause({ id: 'LOOP-READY-3', verdict: 'unexercised', reason: 'its situation never arose' }),
      clause({ id: 'LOOP-SIGNAL-1', verdict: 'unclaimed', facet: 'signals', reason: 'it has no signals' }),
      clause({ id: 'LOOP-SIGNAL-2', verdict: 'unclaimed', facet: 'signals', reason: 'it has no signals' }),
      clause({ id: 'LOOP-READY-4', verdict: 'error', reason: 'the adapter broke' }),
      clause({ id: 'LOOP-READY-5', verdict: 'blocked', level: 'SHOULD', reason: 'a tool is missing' }),
    ],
    choices: [
      { key: 'timers.ties', clause: 'LOOP-TIMER-4', value: 'fifo', how: 'inferred', observed: ['fifo'] },
      { key: 'tasks.order', clause: 'LOOP-TASK-4', value: null, how: 'not exercised', observed: [] },
    ],
    problems: [{ check: 'LOOP-READY-4/x', kind: 'died', text: 'The subject ended.' }],
    failures: [
      {
        check: scenario.name,
        clauses: ['LOOP-READY-1'],
        scenario,
        trace: brokenTrace,
        reference: rightTrace,
      },
    ],
    ...fields,
  });

export const options = (fields: Partial<ReporterOptions> = {}): ReporterOptions => ({
  width: 120,
  paint: plain,
  strict: false,
  replay: (check) => `evspec replay ${check} --subject ./x.ts`,
  ...fields,
});
