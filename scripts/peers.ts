/**
 * `npm run peers -- GROUP…`: installs event loops and servers that the project judges but does not contain, pinned, into `.peers/`.
 */
import { python, tornado62 } from './peers/environments.js';
import { go } from './peers/go.js';
import { PeerError, type Group } from './peers/group.js';
import { nodes } from './peers/nodes.js';
import { runtimes } from './peers/runtimes.js';

const GROUPS: ReadonlyMap<string, readonly Group[]> = new Map([
  ['python', [python]],
  ['http', [python, tornado62, runtimes, go]],
  ['nodes', [nodes]],
  // What the project's continuous integration needs: small on purpose.
  ['ci', [python]],
]);

const names = process.argv.slice(2);
const unknown = names.find((name) => !GROUPS.has(name));
if (names.length === 0 || unknown !== undefined) {
  const what = unknown === undefined ? 'name a group of peers' : `no group of peers is named '${unknown}'`;
  fail(`${what}; there are: ${[...GROUPS.keys()].join(', ')}`, 2);
}

const groups = new Set(names.flatMap((name) => GROUPS.get(name) ?? []));
// One that can't be installed doesn't keep the others from it.
const failures = [...groups].flatMap((group) => {
  try {
    group.install();
    console.log(`peers: ${group.about}: ready`);
    return [];
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    return [`${group.about}: ${error.message}`];
  }
});
if (failures.length > 0) fail(failures.join('\npeers: '), 1);

function fail(sentence: string, code: number): never {
  console.error(`peers: ${sentence}`);
  process.exit(code);
}
