import { join } from 'node:path';
import t from 'tap';
import { packageRoot } from '../../spec/package-root.js';
import { chooseSubject, referenceFor, SUBJECT_NAMES } from '../subjects.js';

const folder = t.testdir({ 'adapter.ts': '', 'adapter.cjs': '', 'a driver.py': '' });

void t.test('named ones, the reference first', (t) => {
  t.same(chooseSubject({}), chooseSubject({ subject: 'reference' }));
  for (const name of SUBJECT_NAMES) {
    const { launch, words } = chooseSubject({ subject: name });
    t.equal(launch.command, process.execPath);
    t.match(launch.args, [/conformance\/host\/main\.js$/, /fixtures\/subjects\/reference\S*\.js$/]);
    t.equal(words, `--subject ${name}`);
  }
  t.equal(referenceFor(chooseSubject({})), undefined, 'it needs no comparison with itself');
  t.ok(referenceFor(chooseSubject({ subject: 'reference:poll' })));
  t.end();
});

void t.test('files by what they end in', (t) => {
  for (const name of ['adapter.ts', 'adapter.cjs'])
    t.match(chooseSubject({ subject: join(folder, name) }).launch.args[0], /host\/main\.js$/);
  const { launch, words } = chooseSubject({ subject: join(folder, 'a driver.py'), python: '/opt/python' });
  t.equal(launch.command, '/opt/python');
  t.same(launch.args, ['-m', 'evspec_host', join(folder, 'a driver.py')]);
  t.match(launch.env?.['PYTHONPATH'], join(packageRoot(), 'conformance/adapters/python'));
  t.equal(words, `--subject ${JSON.stringify(join(folder, 'a driver.py'))} --python /opt/python`);
  t.end();
});

void t.test('the interpreter', (t) => {
  const before = process.env['EVSPEC_PYTHON'];
  t.teardown(() => {
    if (before === undefined) delete process.env['EVSPEC_PYTHON'];
    else process.env['EVSPEC_PYTHON'] = before;
  });
  process.env['EVSPEC_PYTHON'] = '/env/python';
  t.equal(chooseSubject({ asyncio: 'uvloop:new_event_loop' }).launch.command, '/env/python');
  t.equal(chooseSubject({ asyncio: 'a.b:c', python: '/opt/python' }).launch.command, '/opt/python');
  delete process.env['EVSPEC_PYTHON'];
  t.match(chooseSubject({ asyncio: 'a:b' }).launch.command, /python3?$/);
  t.same(chooseSubject({ asyncio: 'a:b' }).launch.args, ['-m', 'evspec_host', '--asyncio', 'a:b']);
  t.end();
});

void t.test('a command', (t) => {
  const { launch, words } = chooseSubject({ command: ['./subject', '--fast', 'two words'] });
  t.same(launch, { command: './subject', args: ['--fast', 'two words'] });
  t.equal(words, '-- ./subject --fast "two words"');
  t.end();
});
