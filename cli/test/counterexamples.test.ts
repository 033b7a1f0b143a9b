import { readFileSync } from 'node:fs';
import t from 'tap';
import { mixedReport } from '../../conformance/report/test/reports.js';
import { parseExchangeFile } from '../../spec/exchange-file.js';
import { Scenario } from '../../spec/scenario.js';
import { fileOf, saveCounterexamples } from '../counterexamples.js';

const scenario: Scenario = {
  name: 'generated/loop-1-7',
  fds: {},
  main: [{ op: 'barrier', run: 'end', rounds: 12 }, { op: 'start' }],
  callbacks: { end: { runs: [], rest: [{ op: 'done' }] } },
};
const trace = { fds: {}, records: [] };
const exchange = '# a pipeline\n> GET / HTTP/1.1\\r\\n\n> Host: {host}\\r\\n\n> \\r\\n\n< 200';

t.test('what a generated program broke is saved, and what went wrong while one ran', (t) => {
  const before = process.cwd();
  process.chdir(t.testdir({}));
  t.teardown(() => process.chdir(before));
  const files = saveCounterexamples(
    mixedReport({
      problems: [
        { check: 'generated/loop-1-9', kind: 'died', text: 'it died', scenario },
        { check: 'LOOP-READY-1/some', kind: 'died', text: 'it died', scenario },
        { kind: 'left-behind', text: 'a process' },
      ],
      failures: [
        { check: 'generated/loop-1-7', clauses: ['LOOP-READY-1'], scenario, trace },
        { check: 'generated/http-1-3', clauses: ['HTTP-PIPE-1'], exchange, transcript: [], expected: [] },
        { check: 'LOOP-READY-1/some', clauses: ['LOOP-READY-1'], scenario, trace },
      ],
    }),
  );
  const saved = ['loop-1-9', 'loop-1-7', 'http-1-3'].map((name) => fileOf(`generated/${name}`));
  t.same(files, saved);
  const [died, broke, pipeline] = saved.map((file) => readFileSync(file, 'utf8'));
  for (const text of [died, broke]) {
    const { main } = Scenario.parse(JSON.parse(text!));
    t.same(main[0], { op: 'barrier', run: 'end' }, 'the rounds are for each subject anew');
  }
  t.equal(parseExchangeFile(pipeline!).clause, 'HTTP-PIPE-1');
  t.end();
});

t.test('no folder is made for nothing', (t) => {
  t.same(saveCounterexamples(mixedReport()), []);
  t.end();
});
