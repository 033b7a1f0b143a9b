/** What a report carries of failures. */
import t from 'tap';
import { PROTOCOL_VERSION, type Hello } from '../../spec/protocol.js';
import { Examination } from '../examination.js';
import { loadSuite } from '../suite.js';

const hello: Hello = {
  protocol: PROTOCOL_VERSION,
  name: 'one that fails everything',
  version: '',
  language: '',
  pid: 0,
  facets: ['http'],
  unclaimed: {},
  choices: {},
  limits: {},
  rounds: 'adapter',
  loop: 'created',
};

void t.test('each clause that fails has a failure with its bytes, however many fail', (t) => {
  const suite = loadSuite();
  const clauses = suite.spec.clauses.filter(({ profile }) => profile === 'http');
  const ids = new Set(clauses.map(({ id }) => id));
  const exchanges = suite.exchanges.filter(({ clause }) => ids.has(clause));
  for (const few of [false, true]) {
    const some = few ? exchanges.filter(({ clause }) => /-(LENGTH|CHUNK)-/.test(clause)) : exchanges;
    const examination = new Examination(suite, hello, {});
    for (const { name, clause } of some) examination.expect(name, [clause]);
    for (const exchange of some)
      examination.judgeExchange(exchange, {
        is: 'failed',
        text: 'as everything',
        expected: [],
        taken: 0,
        timed: false,
        transcript: [],
      });
    const { failures, outcomes } = examination.finish({ clauses, checks: [], exchanges, partial: false });
    const failed = outcomes.filter(({ verdict }) => verdict === 'fail');
    const shown = new Set(failures.map(({ check }) => check));
    t.ok(failed.length > 0 && some.length > 50);
    for (const { clause, violations } of failed) t.ok(shown.has(violations[0]!.check), clause.id);
    t.equal(failures.length, Math.max(50, failed.length), 'and no more than that');
    if (few)
      for (const { clause, violations } of failed)
        if (violations.length > 1) t.ok(shown.has(violations[1]!.check), `the second of ${clause.id}`);
  }
  t.end();
});
