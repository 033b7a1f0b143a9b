import { constants } from 'node:os';
import t from 'tap';
import * as errno from '../errno.js';

const { check, errnoByName, errnoEntries, errnoMessage, errnoName, failed, PosixError } = errno;

t.test('names and numbers are those of the system', (t) => {
  for (const [name, number] of Object.entries(constants.errno)) {
    t.equal(errnoByName(name), number, name);
  }
  t.end();
});

t.test('each constant has the number of its name', (t) => {
  let constants = 0;
  for (const [name, value] of Object.entries(errno)) {
    if (typeof value !== 'number') continue;
    t.equal(value, errnoByName(name), name);
    constants++;
  }
  t.ok(constants > 50);
  t.end();
});

t.test('names translate forth and back, with either sign', (t) => {
  const numbers = new Set([...errnoEntries()].map(([, number]) => number));
  t.equal(numbers.size, 131, 'Linux has 1 to 133 without 41 and 58');
  for (const number of numbers) {
    const name = errnoName(number);
    t.equal(errnoName(-number), name);
    t.equal(errnoByName(name), number, name);
  }
  t.equal(errnoName(-11), 'EAGAIN');
  t.equal(errnoByName('EWOULDBLOCK'), 11);
  t.equal(errnoByName('ENOTSUP'), errno.EOPNOTSUPP);
  t.equal(errnoByName('ENONSENSE'), undefined);
  t.equal(errnoName(-4095), 'E4095');
  t.end();
});

t.test('messages', (t) => {
  t.equal(errnoMessage(-errno.EPIPE), 'Broken pipe');
  t.equal(errnoMessage(errno.EPIPE), 'Broken pipe');
  t.equal(errnoMessage(4095), 'Unknown error 4095');
  t.end();
});

t.test('a result is an answer or an error', (t) => {
  t.equal(failed(0), false);
  t.equal(failed(7), false);
  t.equal(failed(-errno.EAGAIN), true);
  t.equal(check(7, 'read'), 7);
  t.throws(() => check(-errno.EADDRINUSE, 'bind'), {
    name: 'PosixError',
    errno: 98,
    code: 'EADDRINUSE',
    syscall: 'bind',
    message: 'bind: EADDRINUSE: Address already in use',
  });
  t.ok(new PosixError(errno.EPIPE, 'send') instanceof Error);
  t.end();
});
