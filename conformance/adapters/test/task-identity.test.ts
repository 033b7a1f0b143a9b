import { join } from 'node:path';
import t from 'tap';
import { runConformance } from '../../run.js';
import { noPython, root } from './python-subject.js';

/** asyncio, but for a set of what waits: the first code of Tornado had one. */
const DEDUPES = `
import asyncio
from evspec_host import AsyncioDriver

class Dedupes(AsyncioDriver):
    name = "dedupes"
    version = "0"

    def new_loop(self):
        loop = asyncio.SelectorEventLoop()
        loop.waiting = set()
        return loop

    def add_callback(self, loop, callback):
        if callback in loop.waiting:
            return None
        loop.waiting.add(callback)

        def run():
            loop.waiting.discard(callback)
            callback()

        return loop.call_soon(run)
`;

void t.test('the Python host gives a loop one object for one callback', { skip: noPython }, async (t) => {
  const folder = t.testdir({ 'dedupes.py': DEDUPES });
  const report = await runConformance({
    profiles: ['loop'],
    only: ['LOOP-TASK-3', 'LOOP-TASK-9'],
    skip: [],
    strict: false,
    jobs: 1,
    reference: undefined,
    launch: {
      command: 'env',
      args: [
        `PYTHONPATH=${join(root, 'conformance/adapters/python')}`,
        'python3',
        '-m',
        'evspec_host',
        join(folder, 'dedupes.py'),
      ],
    },
  });
  t.same(report.problems, []);
  t.same(
    report.clauses.map(({ id, verdict }) => [id, verdict]),
    [
      ['LOOP-TASK-3', 'fail'],
      ['LOOP-TASK-9', 'pass'],
    ],
  );
});
