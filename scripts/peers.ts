/**
 * `npm run peers -- GROUP…`: installs event loops that the project judges but does not contain, pinned, into `.peers/`.
 */
import { PeerError, type Group } from './peers/group.js';
import { python } from './peers/python.js';

const GROUPS: ReadonlyMap<string, readonly Group[]> = new Map([
  ['python', [python]],
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
try {
  for (const group of groups) {
    group.install();
    console.log(`peers: ${group.about}: ready`);
  }
} catch (error) {
  if (!(error instanceof PeerError)) throw error;
  fail(error.message, 1);
}

function fail(sentence: string, code: number): never {
  console.error(`peers: ${sentence}`);
  process.exit(code);
}
