import t from 'tap';
import { loadSuite } from '../../suite.js';
import { scenarioRows } from '../program-text.js';
import { scenario } from './reports.js';

void t.test('a scenario in a few lines', (t) => {
  t.same(scenarioRows(scenario), [
    ['fds', 'a: pair'],
    ['main', 'add a [read] → reader; write a.peer "x"; barrier of 3 rounds → end; start'],
    ['reader', 'drain a'],
    ['end', 'done'],
  ]);
  const runs = { first: { runs: [[], [{ op: 'stop' as const }]], rest: [{ op: 'done' as const }] } };
  t.same(
    scenarioRows({
      name: 'x',
      fds: {},
      main: [{ op: 'start' }],
      callbacks: { ...runs, idle: { runs: [[]] } },
    }),
    [
      ['main', 'start'],
      ['first', '1: nothing | 2: stop | then: done'],
    ],
  );
  t.end();
});

void t.test('every scenario of the suite can be told', (t) => {
  for (const { scenario: own } of loadSuite().checks) {
    const text = scenarioRows(own).flat().join(' ');
    t.notMatch(text, /undefined|\[object/, own.name);
  }
  t.end();
});
