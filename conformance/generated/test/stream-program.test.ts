import fc from 'fast-check';
import t from 'tap';
import { FACETS } from '../../../spec/contract.js';
import { Hello, type Capability } from '../../../spec/protocol.js';
import { Scenario, type Action } from '../../../spec/scenario.js';
import { auditScenario } from '../../host/audit-scenario.js';
import { draw, type Generator } from '../campaign.js';
import { GENERATORS } from '../index.js';
import { Offer } from '../offer.js';
import { renderStream } from '../render-stream.js';
import { streamPrograms, type StreamProgram } from '../stream-program.js';

const STREAMS: Generator = GENERATORS.find(({ profile }) => profile === 'stream')!;

const offerOf = (unclaimed: readonly Capability[] = []): Offer =>
  new Offer(
    Hello.parse({
      protocol: 1,
      name: 'all',
      version: '1',
      language: 'none',
      pid: 1,
      facets: FACETS.filter((facet) => facet !== 'http' && facet !== 'server'),
      unclaimed: Object.fromEntries(unclaimed.map((capability) => [capability, 'left out'])),
      rounds: 'tasks',
    }),
  );
const ALL = offerOf();
/** What net.Socket and asyncio lack between them. */
const LITTLE = offerOf([
  'readUntil',
  'readUntilRegex',
  'readBytes',
  'atMost',
  'sent',
  'maxRead',
  'maxWrite',
  'maxBytes',
  'pipes',
  'early',
  'exceptions',
  'meanwhile',
  'halfClose',
]);

const actionsOf = ({ main, callbacks }: Scenario): readonly Action[] => [
  ...main,
  ...Object.values(callbacks).flatMap(({ runs, rest = [] }) => [...runs.flat(), ...rest]),
];
const READS = ['readUntil', 'readUntilRegex', 'readBytes', 'readSome', 'readUntilClose'] as const;
/** All that programs of streams are made of. */
const OPS: ReadonlySet<string> = new Set([
  ...['timeout', 'schedule', 'barrier', 'start', 'done', 'throw'],
  ...['stream', 'connectStream', 'send', 'onClose', 'endStream', 'closeStream', 'streamState'],
  ...READS,
  ...['write', 'read', 'fill', 'collect', 'close', 'reset', 'shutdown', 'accept', 'isOpen'],
]);

/** Zod takes it as it is, and so does the host. */
function isValid(scenario: Scenario): boolean {
  auditScenario(scenario, OPS);
  return Scenario.safeParse(scenario).success;
}

void t.test('every tree is a scenario, whatever the subject lacks, at any scale', (t) => {
  for (const offer of [ALL, LITTLE])
    for (const scale of [1, 10])
      fc.assert(
        fc.property(streamPrograms(scale), (tree) => isValid(renderStream('p', tree, offer))),
        { numRuns: 200 },
      );
  t.end();
});

void t.test('so is whatever is left of a tree', (t) => {
  const keeps = fc.func<[number], boolean>(fc.boolean());
  fc.assert(
    fc.property(streamPrograms(), keeps, ({ streams, callbacks, main, stages, collects }, keep) => {
      let n = 0;
      const some = <T>(list: readonly T[]): T[] => list.filter(() => keep(n++));
      const part: StreamProgram = {
        streams: [...streams.slice(0, 1), ...some(streams.slice(1))],
        callbacks: [
          ...callbacks.slice(0, 1),
          ...some(callbacks.slice(1)).map((runs) => some(runs).map((run) => some(run))),
        ],
        main: some(main),
        stages: some(stages).map((stage) => some(stage)),
        collects,
      };
      return isValid(renderStream('p', part, ALL));
    }),
  );
  t.end();
});

void t.test('it asks for nothing that the subject lacks', (t) => {
  const lacking: ReadonlySet<string> = new Set([
    ...['readUntil', 'readUntilRegex', 'readBytes', 'connectStream', 'endStream', 'throw'],
  ]);
  const asks = (action: Action): boolean =>
    lacking.has(action.op) ||
    (action.op === 'send' && action.run !== undefined) ||
    (action.op === 'readSome' && action.size !== undefined) ||
    (action.op === 'stream' && (action.maxRead ?? action.maxWrite) !== undefined);
  fc.assert(
    fc.property(streamPrograms(), (tree) => {
      const scenario = renderStream('p', tree, LITTLE);
      const kinds = Object.values(scenario.fds).map(({ kind }) => kind);
      return !actionsOf(scenario).some(asks) && kinds.every((kind) => kind === 'pair' || kind === 'tcp');
    }),
  );
  t.end();
});

void t.test('it ends by itself, without time', (t) => {
  fc.assert(
    fc.property(streamPrograms(), (tree) => {
      const { main, callbacks } = renderStream('p', tree, ALL);
      const delays = main.flatMap((action) => (action.op === 'timeout' ? [action.run] : []));
      const ends = Object.values(callbacks).filter(({ runs: [run] }) => run?.at(-1)?.op === 'done');
      return delays.length === 1 && delays[0] === 'sentinel' && ends.length === 1;
    }),
  );
  t.end();
});

void t.test('the same seed draws the same programs, another one others', (t) => {
  const programs = (seed: number): string[] =>
    Array.from({ length: 50 }, (_, n) => JSON.stringify(draw(STREAMS, seed, n)));
  t.same(programs(7), programs(7));
  t.notSame(programs(7), programs(8));
  t.equal(new Set(programs(7)).size, 50);
  t.end();
});

/** Acts on a stream: reads, writes, closes. */
const USES: ReadonlySet<string> = new Set([...READS, 'send', 'onClose', 'endStream', 'closeStream']);

void t.test('what is drawn is reentrant, and of many kinds', (t) => {
  const scenarios = Array.from({ length: 1000 }, (_, n) => STREAMS.render('p', draw(STREAMS, 1, n), ALL));
  const isCallback = (name: string): boolean => /^c\d+$/.test(name);
  const acting = scenarios
    .map(({ callbacks }) =>
      Object.entries(callbacks)
        .filter(([name]) => isCallback(name))
        .reduce((sum, [, { runs }]) => sum + runs.flat().filter(({ op }) => USES.has(op)).length, 0),
    )
    .sort((a, b) => a - b);
  t.ok(acting[500]! >= 2, `the median program's callbacks act ${acting[500]} times on streams`);
  const ops = new Map<string, number>();
  for (const scenario of scenarios)
    for (const op of new Set(actionsOf(scenario).map((action) => action.op)))
      ops.set(op, (ops.get(op) ?? 0) + 1);
  for (const op of OPS)
    t.ok((ops.get(op) ?? 0) >= 10, `${op} stands in ${ops.get(op) ?? 0} of 1000 programs`);
  const kinds = new Set(scenarios.flatMap(({ fds }) => Object.values(fds).map(({ kind }) => kind)));
  t.same([...kinds].sort(), ['listener', 'pair', 'pipe', 'tcp']);
  t.end();
});
