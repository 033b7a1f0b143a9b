import t from 'tap';
import { Report } from '../../../spec/report.js';
import {
  applyKnownFailing,
  checkKnownFailing,
  KnownFailingError,
  parseKnownFailing,
} from '../known-failing.js';
import { clause, report } from './reports.js';

void t.test('a glob a line, a reason after #', (t) => {
  const entries = parseKnownFailing('# all of it\n\nLOOP-TIMER-7   # issue 12 # again\r\nLOOP-SEED-*\n');
  t.same(entries, [
    { pattern: 'LOOP-TIMER-7', reason: 'issue 12 # again', line: 3 },
    { pattern: 'LOOP-SEED-*', reason: '', line: 4 },
  ]);
  t.throws(() => parseKnownFailing('LOOP-TIMER-7 LOOP-TIMER-8'), KnownFailingError);
  t.end();
});

void t.test('a pattern that matches no clause is refused', (t) => {
  const ids = ['LOOP-TIMER-7'];
  t.throws(() => checkKnownFailing(parseKnownFailing('LOOP-TIMER-*\nLOOP-TMIER-*'), ids), {
    name: 'KnownFailingError',
    message: /line 2, 'LOOP-TMIER-\*', matches no clause/,
  });
  t.doesNotThrow(() => checkKnownFailing(parseKnownFailing('loop-timer-?'), ids));
  t.end();
});

const failing = report({
  exitCode: 1,
  clauses: [
    clause({ id: 'LOOP-TIMER-1', verdict: 'pass' }),
    clause({ id: 'LOOP-TIMER-2', verdict: 'fail' }),
    clause({ id: 'LOOP-TIMER-3', verdict: 'unclaimed' }),
  ],
});

void t.test('what is known to fail does not gate', (t) => {
  const known = applyKnownFailing(failing, parseKnownFailing('LOOP-TIMER-2 # issue 12'), { strict: false });
  t.equal(known.exitCode, 0);
  t.match(known.clauses[1], { knownFailing: 'issue 12', verdict: 'fail' });
  t.same(known.problems, []);
  t.ok(Report.safeParse(known).success);
  t.end();
});

void t.test('what passes is stale, and gates', (t) => {
  const stale = applyKnownFailing(failing, parseKnownFailing('LOOP-TIMER-*'), { strict: false });
  t.equal(stale.exitCode, 1);
  const noted = stale.clauses.filter(({ notes }) => notes !== undefined);
  t.match(noted, [{ id: 'LOOP-TIMER-1', knownFailing: '', notes: [/^passes, but line 1 .*take it out$/] }]);
  t.equal(noted.length, 1, 'unclaimed is not stale');
  t.end();
});

void t.test('a report without clauses stays what it was', (t) => {
  const nothing = report({ exitCode: 3, clauses: [] });
  t.equal(applyKnownFailing(nothing, parseKnownFailing('LOOP-TIMER-2'), { strict: false }).exitCode, 3);
  t.equal(applyKnownFailing(failing, [], { strict: false }), failing);
  t.end();
});
