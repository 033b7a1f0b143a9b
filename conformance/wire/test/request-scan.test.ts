/** The scan of what was sent: which methods are under way. */
import t from 'tap';
import { RequestScan } from '../request-scan.js';

const methodsOf = (...pieces: string[]): string[] => {
  const scan = new RequestScan();
  for (const piece of pieces) scan.push(Buffer.from(piece, 'latin1'));
  return scan.methods;
};

const HEAD = 'HEAD / HTTP/1.1\r\nHost: t\r\n\r\n';
const GET = 'GET / HTTP/1.1\r\nHost: t\r\n\r\n';

void t.test('methods', (t) => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['', []],
    ['GET / HT', []],
    [GET, ['GET']],
    [`${HEAD}${GET}`, ['HEAD', 'GET']],
    [`\r\n\r\n${HEAD}`, ['HEAD']],
    [HEAD.replaceAll('\r\n', '\n') + GET, ['HEAD', 'GET']],
    [`POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello${HEAD}`, ['POST', 'HEAD']],
    [`POST / HTTP/1.1\r\ncontent-LENGTH:  ${HEAD.length}\t\r\n\r\n${HEAD}${GET}`, ['POST', 'GET']],
    [`POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n${HEAD}`, ['POST', 'HEAD']],
    [
      `POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n${HEAD}`,
      ['POST', 'HEAD'],
    ],
    [`POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n${HEAD}`, ['POST']],
    ['asdf\r\n\r\n', ['asdf']],
  ];
  for (const [bytes, methods] of cases) {
    t.same(methodsOf(bytes), methods, JSON.stringify(bytes));
    t.same(methodsOf(...bytes), methods, 'byte by byte');
  }
  t.end();
});
