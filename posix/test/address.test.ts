import assert from 'node:assert/strict';
import { SocketAddress as NodeAddress } from 'node:net';
import fc from 'fast-check';
import t from 'tap';
import {
  EINVAL,
  ENAMETOOLONG,
  SocketAddress,
  formatIPv4,
  formatIPv6,
  parseIPv4,
  parseIPv6,
  type Address,
} from '../index.js';

const port = fc.integer({ min: 0, max: 65535 });

/** Sixteen bytes with runs of zeros, which random ones seldom have. */
const ipv6Bytes = fc
  .array(fc.oneof(fc.constant(0), fc.constant(0xffff), fc.integer({ min: 0, max: 65535 })), {
    minLength: 8,
    maxLength: 8,
  })
  .map((words) => Uint8Array.from(words.flatMap((word) => [word >> 8, word & 0xff])));

const path = fc
  .string({ unit: 'grapheme', maxLength: 60 })
  .filter((path) => !path.includes('\0') && Buffer.byteLength(path) <= 107);

/** Plain objects, as a codec gives them: fast-check also likes those without a prototype. */
const record = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(fields, { noNullPrototype: true });

const address: fc.Arbitrary<Address> = fc.oneof(
  record({ family: fc.constant('ipv4' as const), host: fc.ipV4(), port }),
  record({ family: fc.constant('ipv6' as const), host: ipv6Bytes.map(formatIPv6), port }),
  record({
    family: fc.constant('ipv6' as const),
    host: ipv6Bytes.map(formatIPv6),
    port,
    scope: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
  }),
  record({ family: fc.constant('unix' as const), path }),
  record({
    family: fc.constant('unix' as const),
    path: path.filter((path) => Buffer.byteLength(path) < 107).map((name) => `\0${name}`),
  }),
);

t.test('every address survives encoding and decoding', (t) => {
  const sockaddr = new SocketAddress(); // one for all: nothing of the last address may remain
  fc.assert(
    fc.property(address, (address) => {
      assert.equal(sockaddr.set(address), 0);
      assert.deepEqual(sockaddr.get(), address);
    }),
    { numRuns: 500 },
  );
  t.end();
});

t.test('IPv6 bytes survive formatting and parsing, and the text is what inet_ntop gives', (t) => {
  fc.assert(
    fc.property(ipv6Bytes, (bytes) => {
      const text = formatIPv6(bytes);
      assert.deepEqual(parseIPv6(text), bytes);
      assert.equal(text, new NodeAddress({ family: 'ipv6', address: text }).address);
    }),
    { numRuns: 500 },
  );
  t.end();
});

t.test('any spelling of an IPv6 address gives the same bytes as its canonical one', (t) => {
  fc.assert(
    fc.property(fc.ipV6(), (spelling) => {
      const bytes = parseIPv6(spelling);
      assert.ok(bytes);
      assert.equal(formatIPv6(bytes), new NodeAddress({ family: 'ipv6', address: spelling }).address);
    }),
    { numRuns: 500 },
  );
  t.end();
});

t.test('IP addresses by example', (t) => {
  t.strictSame(parseIPv4('127.0.0.1'), Uint8Array.of(127, 0, 0, 1));
  t.equal(formatIPv4(Uint8Array.of(10, 0, 255, 1)), '10.0.255.1');
  for (const text of ['', '1.2.3', '1.2.3.256', '01.2.3.4', '::1', ' 1.2.3.4', '1.2.3.4\0']) {
    t.equal(parseIPv4(text), undefined, JSON.stringify(text));
  }
  const spellings = {
    '::': '::',
    '::1': '::1',
    '1::': '1::',
    'FE80:0:0:0:0:0:0:1': 'fe80::1',
    '1:0:2:0:0:3:0:0': '1:0:2::3:0:0',
    '1:0:2:3:4:5:6:7': '1:0:2:3:4:5:6:7',
    '::ffff:127.0.0.1': '::ffff:127.0.0.1',
    '64:ff9b::1.2.3.4': '64:ff9b::102:304',
  };
  for (const [spelling, canonical] of Object.entries(spellings)) {
    t.equal(formatIPv6(parseIPv6(spelling) ?? new Uint8Array(16)), canonical, spelling);
  }
  for (const text of ['', ':', '1:2:3', '::1::', '1.2.3.4', '[::1]', 'fe80::1%eth0', '::g']) {
    t.equal(parseIPv6(text), undefined, JSON.stringify(text));
  }
  t.end();
});

t.test('the bytes are those of C', (t) => {
  const sockaddr = new SocketAddress();
  const bytes = () => [...sockaddr.bytes.subarray(0, sockaddr.length)];
  sockaddr.set({ family: 'ipv4', host: '1.2.3.4', port: 0x1234 });
  t.strictSame(bytes(), [2, 0, 0x12, 0x34, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0]);
  sockaddr.set({ family: 'ipv6', host: 'ff00::1', port: 80, scope: 3 });
  t.strictSame(bytes(), [10, 0, 0, 80, 0, 0, 0, 0, 255, ...Array<number>(14).fill(0), 1, 3, 0, 0, 0]);
  sockaddr.set({ family: 'unix', path: '/a' });
  t.strictSame(bytes(), [1, 0, 47, 97, 0], 'a path ends with NUL');
  sockaddr.set({ family: 'unix', path: '\0a' });
  t.strictSame(bytes(), [1, 0, 0, 97], 'an abstract name ends with the length');
  sockaddr.set({ family: 'unix', path: '' });
  t.strictSame(bytes(), [1, 0]);
  t.end();
});

t.test('what cannot be encoded', (t) => {
  const sockaddr = new SocketAddress();
  const refused: [Address, number][] = [
    [{ family: 'ipv4', host: 'localhost', port: 80 }, -EINVAL],
    [{ family: 'ipv4', host: '::1', port: 80 }, -EINVAL],
    [{ family: 'ipv4', host: '127.0.0.1', port: 65536 }, -EINVAL],
    [{ family: 'ipv4', host: '127.0.0.1', port: -1 }, -EINVAL],
    [{ family: 'ipv4', host: '127.0.0.1', port: 0.5 }, -EINVAL],
    [{ family: 'ipv6', host: '127.0.0.1', port: 80 }, -EINVAL],
    [{ family: 'ipv6', host: '::1', port: NaN }, -EINVAL],
    [{ family: 'ipv6', host: '::1', port: 80, scope: 2 ** 32 }, -EINVAL],
    [{ family: 'unix', path: '/tmp/a\0b' }, -EINVAL],
    [{ family: 'unix', path: 'x'.repeat(108) }, -ENAMETOOLONG],
    [{ family: 'unix', path: '\0' + 'x'.repeat(107) }, -ENAMETOOLONG],
  ];
  for (const [address, expected] of refused) {
    t.equal(sockaddr.set(address), expected, JSON.stringify(address));
    t.equal(sockaddr.get(), undefined, 'there is no address any more');
  }
  t.equal(sockaddr.set({ family: 'unix', path: 'x'.repeat(107) }), 0);
  t.end();
});

t.test('what is not known is no address', (t) => {
  const sockaddr = new SocketAddress();
  t.equal(sockaddr.get(), undefined);
  sockaddr.bytes[0] = 16; // AF_NETLINK
  sockaddr.length = 12;
  t.equal(sockaddr.get(), undefined);
  t.end();
});
