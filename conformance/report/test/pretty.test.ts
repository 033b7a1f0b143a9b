import t from 'tap';
import type { TraceRecord } from '../../../spec/trace.js';
import { coloured } from '../paint.js';
import { prettyReporter } from '../pretty.js';
import { brokenTrace, clause, mixedReport, options, report, rightTrace, scenario } from './reports.js';

void t.test('the answer comes first', (t) => {
  t.match(prettyReporter(report(), options()), /^PASS: every claimed MUST holds\n/);
  t.match(prettyReporter(mixedReport(), options()), /^FAIL: 1 MUST fails\n/);
  const open = [clause({ id: 'LOOP-READY-3', verdict: 'unexercised', reason: 'it never arose' })];
  t.match(
    prettyReporter(report({ exitCode: 4, clauses: open }), options()),
    /^INCOMPLETE: .*1 clause could not be shown\n/,
  );
  const problems = [{ kind: 'no-hello', text: 'It did not answer.' }];
  t.match(prettyReporter(report({ exitCode: 3, clauses: [], problems }), options()), /^ERROR: 1 problem /);
  t.end();
});

void t.test('a partial run can not be taken for a whole', (t) => {
  const selection = { profiles: ['loop'], only: ['LOOP-READY-*'], skip: [], partial: true };
  const text = prettyReporter(report({ selection }), options());
  t.match(text, /every claimed MUST of the selection holds/);
  t.match(text, /partial \(--only 'LOOP-READY-\*'\)/);
  t.end();
});

void t.test('a failure has all that is needed', (t) => {
  const text = prettyReporter(mixedReport(), options());
  for (const part of [
    'FAIL LOOP-READY-1 MUST',
    'What LOOP-READY-1 says.',
    '✗ LOOP-READY-1/pair-becomes-readable, record 4: fd a (5) was readable',
    'add a [read] → reader; write a.peer "x"; barrier of 3 rounds → end; start',
    'If it fails, ',
    'Replay with: evspec replay LOOP-READY-1/pair-becomes-readable --subject ./x.ts',
    '≠ the first difference from the reference',
  ])
    t.ok(text.includes(part), part);
  t.match(text, /^ *≠ .*→ end #1 \(barrier\) +│ .*→ reader #1 \(handler of a \[read\]\)$/m, 'side by side');
  t.match(text, /unclaimed +LOOP-SIGNAL-1 LOOP-SIGNAL-2: it has no signals/, 'one reason, one line');
  t.match(text, /timers\.ties +fifo +inferred/);
  t.match(text, /died: LOOP-READY-4\/x: The subject ended\./);
  t.end();
});

void t.test('a narrow terminal shows one trace after the other', (t) => {
  const text = prettyReporter(mixedReport(), options({ width: 80 }));
  t.notMatch(text, '│');
  t.match(text, /subject\n[^]*≠ .*→ end #1[^]*reference\n[^]*≠ .*→ reader #1/);
  t.ok(text.split('\n').every((line) => line.length <= 80 || line.includes('evspec replay')));
  t.end();
});

void t.test('a clause that is shown by a check already shown does not repeat it', (t) => {
  const base = mixedReport();
  const [, failed] = base.clauses;
  const clauses = [...base.clauses, { ...failed!, id: 'LOOP-READY-6' }];
  t.match(prettyReporter({ ...base, clauses }, options()), /Scenario and trace: above, under LOOP-READY-1/);
  t.match(prettyReporter({ ...base, failures: [] }, options()), /Scenario and trace: replay it to see them/);
  t.end();
});

void t.test('text of a subject is shown, never obeyed', (t) => {
  const base = mixedReport();
  const hostile = '\x1b[2Jgone\r\u202e';
  const log: TraceRecord = { k: 'log', t: 8, c: 8, text: hostile };
  const text = prettyReporter(
    {
      ...base,
      subject: { ...base.subject, name: hostile },
      problems: [{ kind: 'died', text: hostile }],
      clauses: base.clauses.map((c) => ({
        ...c,
        reason: hostile,
        violations: c.violations.map((v) => ({ ...v, text: hostile })),
      })),
      failures: base.failures.map((f) =>
        'trace' in f ? { ...f, trace: { ...f.trace, records: [...f.trace.records, log] } } : f,
      ),
    },
    options(),
  );
  t.notMatch(text, /[\x00-\x09\x0b-\x1f\u202e]/);
  t.match(text, 'gone');
  t.end();
});

void t.test('a long trace is cut to what lies around the divergence', (t) => {
  const ticks: TraceRecord[] = Array.from({ length: 4000 }, (_, i) => ({
    k: 'log',
    t: i + 12,
    c: 12,
    text: `line ${i}`,
  }));
  const trace = { ...brokenTrace, records: [...ticks, ...brokenTrace.records] };
  const reference = { ...rightTrace, records: [...ticks, ...rightTrace.records] };
  const failures = [{ check: scenario.name, clauses: ['LOOP-READY-1'], scenario, trace, reference }];
  for (const width of [120, 80]) {
    const lines = prettyReporter(mixedReport({ failures }), options({ width })).split('\n');
    t.ok(lines.length < 500, `${lines.length} lines`);
    t.ok(lines.some((line) => line.includes('≠') && line.includes('→ end #1')));
    t.ok(lines.some((line) => /… \d+ records before/.test(line)));
  }
  t.end();
});

void t.test('an unfinished trace says so', (t) => {
  const failures = [
    { check: scenario.name, clauses: [], scenario, trace: { ...brokenTrace, unfinished: 'hung' as const } },
  ];
  t.match(prettyReporter(mixedReport({ failures }), options()), /here the subject hung/);
  t.end();
});

void t.test('colours change nothing but colours', (t) => {
  const bare = prettyReporter(mixedReport(), options({ paint: coloured })).replace(/\x1b\[\d+m/g, '');
  t.equal(bare, prettyReporter(mixedReport(), options()));
  t.end();
});
