import t from 'tap';
import { deliveries, ENDINGS, sweep, sweepWrites, type Ending, type Kind } from '../delivery.js';
import { streamChecks } from '../index.js';
import { readUntil } from '../words.js';

const BYTES = 'one\r\ntwo';

void t.test('all ways for bytes to come', (t) => {
  const all = deliveries(BYTES);
  for (const { name, pieces } of all) {
    t.equal(pieces.join(''), BYTES, name);
    t.notOk(pieces.includes(''), `${name}: no empty piece`);
  }
  t.same(all[0]!.pieces, [BYTES]);
  t.same(all[1]!.pieces, [...BYTES]);
  const cuts = all.slice(2).map(({ pieces }) => [pieces.length, pieces[0]!.length]);
  t.same(
    cuts,
    Array.from({ length: BYTES.length - 1 }, (_, i) => [2, i + 1]),
    'every position, once',
  );
  t.equal(new Set(all.map(({ name }) => name)).size, all.length, 'names are unique');
  t.same(
    deliveries('x').map(({ pieces }) => pieces),
    [['x'], ['x']],
  );
  t.end();
});

void t.test('whether a cut lies strictly inside of a stretch', (t) => {
  for (const way of deliveries(BYTES)) {
    const { name, pieces } = way;
    const positions = new Set<number>();
    let at = 0;
    for (const piece of pieces) positions.add((at += piece.length));
    for (let from = 0; from <= BYTES.length; from++)
      for (let to = from; to <= BYTES.length; to++) {
        const inside = Array.from({ length: Math.max(0, to - from - 1) }, (_, i) => from + 1 + i);
        t.equal(
          way.cuts(from, to),
          inside.some((position) => positions.has(position)),
          `${name} ${from}-${to}`,
        );
      }
  }
  t.end();
});

const swept = (kinds: readonly Kind[], endings?: readonly Ending[]): ReturnType<typeof sweep> =>
  sweep({
    name: 'lines',
    clauses: (way) => (way.cuts(3, 5) ? ['STREAM-READ-4', 'STREAM-READ-3'] : ['STREAM-READ-3']),
    bytes: BYTES,
    kinds,
    ...(endings === undefined ? {} : { endings }),
    asks: [readUntil('s', '\r\n', 'line')],
    callbacks: { line: [] },
  });

void t.test('a sweep', (t) => {
  const ways = deliveries(BYTES).length;
  t.equal(swept(['pair']).length, ways);
  t.equal(swept(['pair', 'tcp']).length, 2 * ways);
  t.equal(swept(['pipe']).length, 2, 'the two extremes');
  t.equal(swept(['pair'], ['reset']).length, 0, 'a pair has no reset');
  t.equal(swept(['tcp'], ['reset', 'fin']).length, 2 * ways);
  t.equal(swept(['pipe'], ['half-close', 'fin']).length, 2, 'a pipe has no half to close');
  const apart = swept(['pair']).filter(({ clauses }) => clauses.includes('STREAM-READ-4'));
  t.same(
    apart.map(({ scenario }) => scenario.name),
    ['STREAM-READ-4/lines-pair-one-by-one', 'STREAM-READ-4/lines-pair-cut-after-4'],
    'clauses that depend on the cut',
  );
  t.end();
});

void t.test('each piece is sent in a stage of its own, and the end with the last', (t) => {
  for (const ending of Object.keys(ENDINGS) as Ending[])
    for (const { scenario } of swept(['tcp'], [ending])) {
      const stages = Object.entries(scenario.callbacks)
        .filter(([name]) => name.startsWith('stage'))
        .map(([, { runs }]) => runs[0]!);
      const written = stages.map(
        ([first]) => (first?.op === 'write' ? (first.data ?? '') : '') satisfies string,
      );
      t.equal(written.join(''), BYTES, scenario.name);
      for (const [i, actions] of stages.entries()) {
        const between = actions.slice(1, -1);
        t.same(between, i === stages.length - 1 ? ENDINGS[ending] : [], `${scenario.name}, stage ${i + 1}`);
        t.equal(actions.at(-1)?.op, 'barrier', 'the loop takes it in');
      }
    }
  t.end();
});

void t.test('the pieces are written in order, each behind what fills the kernel', (t) => {
  const fd = { kind: 'pair', buffer: 4096 } as const;
  const checks = sweepWrites({
    name: 'lines',
    clauses: ['STREAM-WRITE-1'],
    bytes: BYTES,
    fds: { pair: { fd, size: 30_000 } },
    room: 2,
  });
  t.equal(checks.length, deliveries(BYTES).length);
  for (const { scenario } of checks) {
    t.same(scenario.fds, { a: fd });
    t.match(
      scenario.main.find(({ op }) => op === 'send'),
      { size: 30_000 },
      scenario.name,
    );
    const sent = Object.values(scenario.callbacks)
      .flatMap(({ runs }) => runs.flat())
      .flatMap((action) => (action.op === 'send' ? [action.data] : []));
    t.equal(sent.join(''), BYTES, scenario.name);
  }
  t.end();
});

void t.test('names of checks are unique', (t) => {
  const names = streamChecks.map(({ scenario }) => scenario.name);
  t.same(
    names.filter((name, i) => names.indexOf(name) !== i),
    [],
  );
  t.end();
});
