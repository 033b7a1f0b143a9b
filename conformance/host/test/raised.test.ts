import t from 'tap';
import { PosixError } from '../../../posix/index.js';
import { describe } from '../raised.js';

class Custom extends TypeError {}

void t.test('whatever is thrown can be written down', (t) => {
  const cases: [thrown: unknown, raised: object][] = [
    [new Custom('text'), { type: 'Custom', text: 'text' }],
    [new PosixError(-11, 'read'), { type: 'PosixError', text: /EAGAIN/, errno: 'EAGAIN' }],
    [Object.assign(new Error('x'), { errno: -32 }), { type: 'Error', text: 'x', errno: 'EPIPE' }],
    [Object.assign(new Error('x'), { code: 'ENOENT' }), { type: 'Error', text: 'x', errno: 'ENOENT' }],
    [Object.assign(new Error('x'), { code: 'ERR_INVALID_ARG_TYPE' }), { type: 'Error', text: 'x' }],
    ['text', { type: 'string', text: 'text' }],
    [undefined, { type: 'undefined', text: 'undefined' }],
    [null, { type: 'object', text: 'null' }],
    [Object.create(null), { type: 'Object', text: 'something that can not be shown as text' }],
    [new Error('x'.repeat(3000)), { type: 'Error', text: 'x'.repeat(2000) }],
  ];
  for (const [thrown, raised] of cases) t.match(describe(thrown), raised);
  t.notOk('errno' in describe(Object.assign(new Error('x'), { code: 'ERR_INVALID_ARG_TYPE' })));
  t.end();
});
