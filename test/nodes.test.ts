/**
 * What the reference asks of Node and Node does not document (`process._tickCallback`), on releases besides the one that runs the
 * tests. They are large and not in the group `ci`: `npm run peers -- nodes` installs them.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { nodeOf, RELEASES } from '../scripts/peers/nodes.js';
import { packageRoot } from '../spec/package-root.js';

t.setTimeout(300_000);

const TESTS = join(packageRoot(), 'reference/ioloop/test/microtasks.test.ts');

for (const release of RELEASES) {
  const node = nodeOf(release);
  const skip = existsSync(node) ? false : `no Node ${release}: npm run peers -- nodes`;
  // With the loader that this test was started with.
  void t.spawn(node, [...process.execArgv, TESTS], { skip }, `microtasks on Node ${release}`);
}
