/** A test file that the runner does not find would be green for ever. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { filesBelow, root } from './sources.js';

void t.test('the runner runs every test file', (t) => {
  const tap = join(root, 'node_modules/.bin/tap');
  const listed = execFileSync(tap, ['list'], { cwd: root, encoding: 'utf8' });
  t.same(listed.split('\n').filter(Boolean).sort(), filesBelow('.', /\.test\.ts$/).sort());
  t.end();
});
