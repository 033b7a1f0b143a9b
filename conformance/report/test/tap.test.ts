import fc from 'fast-check';
import t from 'tap';
import { Parser, type FinalResults } from 'tap-parser';
import { tapReporter } from '../tap.js';
import { clause, mixedReport, options, report } from './reports.js';

/** What a strict parser makes of it. */
function parse(text: string): FinalResults {
  let results: FinalResults | undefined;
  const parser = new Parser({ strict: true }, (final) => (results = final));
  parser.end(text);
  return results!;
}

void t.test('one point a clause', (t) => {
  const text = tapReporter(report(), options());
  t.ok(text.startsWith('TAP version 14\n'));
  t.match(text, /^1\.\.1$/m);
  t.match(text, /^ok 1 - LOOP-READY-1 What LOOP-READY-1 says\.$/m);
  t.ok(parse(text).ok);
  t.end();
});

void t.test('every verdict', (t) => {
  const text = tapReporter(mixedReport(), options());
  const results = parse(text);
  t.equal(results.count, 8, 'seven clauses, and the problem');
  t.equal(results.skip, 2, 'unclaimed');
  t.equal(results.todo, 1, 'a SHOULD does not gate');
  t.equal(results.fail, 5);
  t.equal(results.failures.length, 4, 'fail, unexercised, error, the problem');
  t.match(text, /# SKIP it has no signals$/m);
  t.match(text, /replay: "evspec replay LOOP-READY-1\/pair-becomes-readable --subject/);
  t.notMatch(tapReporter(mixedReport(), options({ strict: true })), /# TODO/);
  t.end();
});

void t.test('a known failure does not fail the whole', (t) => {
  const known = clause({ id: 'LOOP-READY-3', verdict: 'fail', knownFailing: 'issue #1' });
  const text = tapReporter(report({ clauses: [known] }), options());
  t.match(text, /^not ok 1 .* # TODO known failing: issue \\#1$/m);
  t.ok(parse(text).ok);
  t.end();
});

void t.test('without a clause it bails out', (t) => {
  const problems = [{ kind: 'no-hello', text: 'The subject did not answer.' }];
  const results = parse(tapReporter(report({ clauses: [], problems }), options()));
  t.match(results.bailout, /no-hello: The subject did not answer/);
  t.notOk(results.ok);
  t.end();
});

void t.test('whatever a subject says, the parser counts the same points', (t) => {
  const hostile = fc.oneof(
    fc.string(),
    fc.string({
      unit: fc.constantFrom(
        '#',
        '\\',
        '\n',
        '\r',
        '\x1b',
        ' ',
        'TODO',
        'SKIP',
        'ok 1',
        '1..9',
        '---',
        '...',
        '\u2028',
      ),
    }),
  );
  fc.assert(
    fc.property(hostile, hostile, (name, words) => {
      const base = mixedReport();
      const text = tapReporter(
        {
          ...base,
          subject: { ...base.subject, name },
          problems: [{ kind: 'died', text: words }],
          clauses: base.clauses.map((c) => ({
            ...c,
            text: `A ${words}`,
            ...(c.reason === undefined ? {} : { reason: words }),
            violations: c.violations.map((v) => ({ ...v, text: words })),
          })),
        },
        options(),
      );
      const results = parse(text);
      return (
        results.count === 8 &&
        results.skip === 2 &&
        results.todo === 1 &&
        results.failures.length === 4 &&
        !text.includes('\x1b')
      );
    }),
  );
  t.end();
});
