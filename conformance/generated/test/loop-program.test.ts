import fc from 'fast-check';
import t from 'tap';
import { Hello } from '../../../spec/protocol.js';
import { REGISTERING, Scenario, type Action } from '../../../spec/scenario.js';
import { ABLE } from '../../../cli/able.js';
import { auditScenario } from '../../host/audit-scenario.js';
import { OPS } from '../../host/interpreter.js';
import { draw } from '../campaign.js';
import { GENERATORS } from '../index.js';
import { loopPrograms, type LoopProgram } from '../loop-program.js';
import { Offer } from '../offer.js';
import { renderLoop } from '../render-loop.js';

const everything = new Offer(ABLE);
const actionsOf = ({ main, callbacks }: Scenario): Action[] => [
  ...main,
  ...Object.values(callbacks).flatMap(({ runs, rest = [] }) => [...runs.flat(), ...rest]),
];

t.test('every tree gives a scenario that a host takes', (t) => {
  fc.assert(
    fc.property(loopPrograms(), (tree) => {
      const scenario = renderLoop('generated', tree, everything);
      Scenario.parse(scenario);
      auditScenario(scenario, OPS);
    }),
  );
  t.end();
});

t.test('so does an empty one, and a very large one', (t) => {
  const empty: LoopProgram = { fds: [], callbacks: [], main: [], again: undefined, takesTime: false };
  const scenario = renderLoop('generated', empty, everything);
  auditScenario(Scenario.parse(scenario), OPS);
  t.equal(scenario.main.filter(({ op }) => op === 'start').length, 1);

  const [large] = fc.sample(loopPrograms(200), { numRuns: 1, seed: 5 });
  const [some] = large!.callbacks;
  const steps = Array.from({ length: 10_000 }, (_, i) => large!.main[i % large!.main.length]!);
  const rendered = renderLoop('generated', { ...large!, main: steps, callbacks: [some!] }, everything);
  auditScenario(Scenario.parse(rendered), OPS);
  t.ok(actionsOf(rendered).length > 5_000);
  t.end();
});

t.test('what a subject lacks is left out', (t) => {
  const hello = Hello.parse({
    ...ABLE,
    facets: ['ready', 'tasks', 'run'],
    unclaimed: { update: 'no', exceptions: 'no', errnoErrors: 'no', fatal: 'no', restart: 'no', tcp: 'no' },
  });
  const lacking = new Offer(hello);
  fc.assert(
    fc.property(loopPrograms(), (tree) => {
      const scenario = renderLoop('generated', tree, lacking);
      const ops = new Set(actionsOf(scenario).map(({ op }) => op));
      for (const op of ['update', 'throw', 'timeout', 'cancel', 'now', 'wake'] as const)
        if (ops.has(op)) return false;
      const kinds = Object.values(scenario.fds).map(({ kind }) => kind);
      const starts = scenario.main.filter(({ op }) => op === 'start').length;
      return !kinds.includes('tcp') && !kinds.includes('listener') && starts === 1;
    }),
  );
  t.end();
});

t.test('a loop that watches no fds is asked for none', (t) => {
  const lacking = new Offer(Hello.parse({ ...ABLE, facets: ['tasks', 'timers', 'run'] }));
  fc.assert(
    fc.property(loopPrograms(), (tree) => {
      const scenario = renderLoop('generated', tree, lacking);
      const known = [
        'timeout',
        'timeoutAt',
        'now',
        'cancel',
        'periodic',
        'periodicStop',
        'schedule',
        'unschedule',
      ];
      const all = new Set([...known, 'start', 'stop', 'done', 'barrier', 'throw']);
      return Object.keys(scenario.fds).length === 0 && actionsOf(scenario).every(({ op }) => all.has(op));
    }),
  );
  t.end();
});

t.test('the same seed draws the same programs, another one others', (t) => {
  for (const generator of GENERATORS) {
    const programs = (seed: number): string =>
      JSON.stringify(Array.from({ length: 20 }, (_, n) => draw(generator, seed, n)));
    t.equal(programs(1), programs(1));
    t.not(programs(1), programs(2));
  }
  t.end();
});

/** Whether a callback changes a registration of an fd that it doesn't hear of. */
function isReentrant(scenario: Scenario): boolean {
  const heard = new Map<string, Set<string>>();
  for (const action of actionsOf(scenario))
    if (action.op === 'add') heard.set(action.run, (heard.get(action.run) ?? new Set()).add(action.fd));
  return Object.entries(scenario.callbacks).some(([name, { runs }]) =>
    runs
      .flat()
      .some(
        (action) =>
          (action.op === 'add' || action.op === 'update' || action.op === 'remove') &&
          (heard.get(name)?.size ?? 0) > 0 &&
          ![...heard.get(name)!].every((fd) => fd === action.fd),
      ),
  );
}

t.test('the median program changes the registration of another fd inside a handler', (t) => {
  const trees = fc.sample(loopPrograms(), { numRuns: 1000, seed: 1 });
  const scenarios = trees.map((tree) => renderLoop('generated', tree, everything));
  t.ok(scenarios.filter(isReentrant).length > 500);
  t.end();
});

t.test('every operation of loops is drawn, but for those that a program is not about', (t) => {
  const trees = fc.sample(loopPrograms(), { numRuns: 5000, seed: 1 });
  const drawn = new Set(
    trees.flatMap((tree) => actionsOf(renderLoop('generated', tree, everything)).map(({ op }) => op)),
  );
  const registering = [...REGISTERING].filter((op) => !/^(read|send$|onClose$|connectStream$)/.test(op));
  t.same(
    registering.filter((op) => !drawn.has(op)),
    ['signal'],
  );
  t.end();
});
