import t from 'tap';
import type { ClauseResult } from '../../../spec/report.js';
import { reportExitCode } from '../exit-code.js';
import { clause } from './reports.js';

type Case = readonly [
  title: string,
  clauses: readonly ClauseResult[],
  problems: number,
  strict: boolean,
  code: number,
];

const pass = clause({ id: 'A', verdict: 'pass' });
const fail = clause({ id: 'B', verdict: 'fail' });
const known = clause({ id: 'B', verdict: 'fail', knownFailing: 'issue 1' });
const stale = clause({ id: 'B', verdict: 'pass', level: 'SHOULD', knownFailing: 'issue 1' });
const shouldFail = clause({ id: 'C', verdict: 'fail', level: 'SHOULD' });
const unclaimed = clause({ id: 'D', verdict: 'unclaimed' });
const unexercised = clause({ id: 'E', verdict: 'unexercised' });
const error = clause({ id: 'F', verdict: 'error', level: 'SHOULD' });

const CASES: readonly Case[] = [
  ['all pass', [pass, unclaimed], 0, false, 0],
  ['a MUST fails', [pass, fail], 0, false, 1],
  ['a MUST fails beside an error', [pass, fail, error], 1, false, 1],
  ['a MUST is known to fail', [pass, known], 0, false, 0],
  ['what is known to fail passes', [pass, stale], 0, false, 1],
  ['a SHOULD fails', [pass, shouldFail], 0, false, 0],
  ['a SHOULD fails, strictly', [pass, shouldFail], 0, true, 1],
  ['an error', [pass, error], 0, false, 3],
  ['a problem of no clause', [pass], 1, false, 3],
  ['unexercised', [pass, unexercised], 0, false, 4],
  ['a SHOULD unexercised', [pass, { ...unexercised, level: 'SHOULD' }], 0, false, 0],
  ['blocked', [pass, { ...unexercised, verdict: 'blocked' }], 0, false, 4],
  ['nothing claimed', [unclaimed], 0, false, 4],
  ['nothing but what is known to fail', [known], 0, false, 4],
  ['nothing at all', [], 0, false, 4],
];

for (const [title, clauses, problems, strict, code] of CASES)
  void t.test(title, (t) => {
    const problem = { kind: 'x', text: 'x' };
    const report = { clauses: [...clauses], problems: Array.from({ length: problems }, () => problem) };
    t.equal(reportExitCode(report, { strict }), code);
    t.end();
  });
