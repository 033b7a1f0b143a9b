import t from 'tap';
import type { Action, Scenario } from '../../../spec/scenario.js';
import { expectedDuration, work } from '../expected-duration.js';

function scenario(main: Action[], runs: Action[][] = [], rest?: Action[]): Scenario {
  return {
    name: 's',
    fds: { x: { kind: 'pair', count: 100 } },
    main,
    callbacks: { go: { runs, ...(rest && { rest }) } },
  };
}

void t.test('what a scenario waits for', (t) => {
  const after = (delay: number): Action => ({ op: 'timeout', delay, run: 'go' });
  t.equal(expectedDuration(scenario([{ op: 'start' }])), 0);
  t.equal(expectedDuration(scenario([after(50), after(2000), { op: 'start' }])), 2000, 'side by side');
  t.equal(
    expectedDuration(scenario([after(50), { op: 'start' }, after(70), { op: 'start' }])),
    120,
    'two starts',
  );
  t.equal(expectedDuration(scenario([after(50)], [[after(20)], [after(30)]])), 100, 'a chain');
  t.equal(expectedDuration(scenario([after(1e15), after(10)])), 10, 'a timer that is never to fire');
  t.equal(expectedDuration(scenario([after(-5)])), 0);
  t.equal(expectedDuration(scenario([{ op: 'burn', ms: 30 }], [[{ op: 'burn', ms: 30 }]])), 60);
  t.equal(
    expectedDuration(scenario([{ op: 'periodic', id: 'p', interval: 10, run: 'go' }], [[], [], []])),
    30,
  );
  t.equal(expectedDuration(scenario([], [], [after(5)])), 5);
  t.end();
});

void t.test('how much work it is', (t) => {
  const none = work(scenario([]));
  t.equal(
    work(scenario([{ op: 'add', fd: 'x*', events: ['read'], run: 'go' }])) - none,
    100,
    'one for each of a group',
  );
  t.equal(work(scenario([{ op: 'barrier', run: 'go', rounds: 40 }])) - none, 41);
  t.equal(work({ ...scenario([]), maxRecords: 100_000 }) - none, 95_000);
  t.end();
});
