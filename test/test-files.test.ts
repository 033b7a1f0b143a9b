/** A test file that the runner does not find would be green for ever. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { filesBelow, root } from './sources.js';

void t.test('the runner runs every test file', (t) => {
  const tap = join(root, 'node_modules/.bin/tap');
  // A run hands its options on in TAP_… variables; what is asked here is what the configuration says.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^_?TAP_/.test(name)));
  const listed = execFileSync(tap, ['list'], { cwd: root, env, encoding: 'utf8' });
  t.same(listed.split('\n').filter(Boolean).sort(), filesBelow('.', /\.test\.ts$/).sort());
  t.end();
});
