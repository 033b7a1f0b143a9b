import t from 'tap';
import { posix, unsupported } from '../index.js';

t.test('Linux on x64 and arm64 is supported', (t) => {
  t.equal(unsupported('linux', 'x64'), undefined);
  t.equal(unsupported('linux', 'arm64'), undefined);
  t.end();
});

t.test('elsewhere, one sentence says what is missing', (t) => {
  t.match(unsupported('darwin', 'arm64'), /^evspec: posix needs Linux \(this is darwin\): [^.]+\.$/m);
  t.match(unsupported('win32', 'x64'), '(this is win32)');
  t.match(unsupported('linux', 'ia32'), '(this is linux on ia32)');
  t.end();
});

t.test('it is thrown by the first call, each time, and not by the import', (t) => {
  // Nothing has been called in this process yet, so libc has not been looked for.
  const real = process.platform;
  Object.defineProperty(process, 'platform', { value: 'darwin' });
  t.teardown(() => Object.defineProperty(process, 'platform', { value: real }));
  t.throws(() => posix.dup(0), { message: /^evspec: posix needs Linux \(this is darwin\)/ });
  t.throws(() => posix.dup(0), { message: /^evspec: posix needs Linux \(this is darwin\)/ });
  t.type(posix.monotonicMs(), 'number', 'the clock needs no libc');
  t.end();
});
