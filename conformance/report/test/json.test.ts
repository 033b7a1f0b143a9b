import t from 'tap';
import { Report } from '../../../spec/report.js';
import { jsonReporter } from '../json.js';
import { mixedReport, options, report } from './reports.js';

void t.test('reads back as the same report', (t) => {
  for (const original of [report(), mixedReport(), report({ clauses: [] })]) {
    const text = jsonReporter(original, options());
    t.same(Report.parse(JSON.parse(text)), original);
  }
  t.end();
});

void t.test('an element of a list is a line', (t) => {
  const lines = jsonReporter(mixedReport(), options()).split('\n');
  t.equal(lines.filter((line) => line.includes('"verdict"')).length, 7);
  t.end();
});
