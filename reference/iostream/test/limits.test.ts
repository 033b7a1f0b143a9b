import t from 'tap';
import { SHUT_WR, posix } from '../../../posix/index.js';
import { Transcript, wire } from './help.js';
import type { IOStream, IOStreamOptions } from '../index.js';

interface Case {
  readonly name: string;
  readonly options?: IOStreamOptions;
  readonly read: (stream: IOStream, transcript: Transcript) => void;
  /** What the peer sends, in packets; `.` ends its output. */
  readonly packets: readonly string[];
  readonly told: string;
}

const OVERFLOW = 'ReadOverflowError';
const until: (max?: number) => Case['read'] = (max) => (stream, transcript) =>
  stream.readUntil('\r\n', transcript.read('read'), max);
const regex: (max?: number) => Case['read'] = (max) => (stream, transcript) =>
  stream.readUntilRegex(/\r\n/, transcript.read('read'), max);
const exactly: (size: number) => Case['read'] = (size) => (stream, transcript) =>
  stream.readBytes(size, transcript.read('read'));
const untilClose: Case['read'] = (stream, transcript) => stream.readUntilClose(transcript.read('read'));

const ten = { maxReadBytes: 10 };
const CASES: readonly Case[] = [
  ...Object.entries({ until, regex }).flatMap(([label, kind]): Case[] => [
    { name: `${label}: just the limit`, read: kind(6), packets: ['abcd\r\n'], told: 'abcd\r\n' },
    {
      name: `${label}: just the limit, byte by byte`,
      read: kind(6),
      packets: [...'abcd\r\n'],
      told: 'abcd\r\n',
    },
    { name: `${label}: one more`, read: kind(6), packets: ['abcde\r\n'], told: OVERFLOW },
    { name: `${label}: one more, byte by byte`, read: kind(6), packets: [...'abcde\r\n'], told: OVERFLOW },
    { name: `${label}: as many without a delimiter`, read: kind(6), packets: ['abcdef'], told: OVERFLOW },
    {
      name: `${label}: surplus behind the delimiter`,
      read: kind(6),
      packets: ['ab\r\ncdefghijkl'],
      told: 'ab\r\n',
    },
    {
      name: `${label}: just the stream’s limit`,
      options: ten,
      read: kind(),
      packets: ['abcdefgh\r\n'],
      told: 'abcdefgh\r\n',
    },
    {
      name: `${label}: more than the stream’s limit`,
      options: ten,
      read: kind(),
      packets: ['abcdefghi\r\n'],
      told: OVERFLOW,
    },
    {
      name: `${label}: the smaller limit counts`,
      options: ten,
      read: kind(99),
      packets: ['abcdefghi\r\n'],
      told: OVERFLOW,
    },
  ]),
  {
    name: 'until: Infinity is no limit of its own',
    options: {},
    read: (stream, transcript) => stream.readUntil('\n', transcript.read('read'), Infinity),
    packets: ['abcdefghij\n'],
    told: 'abcdefghij\n',
  },
  {
    name: 'until: Infinity leaves the limit of the stream',
    options: ten,
    read: (stream, transcript) => stream.readUntil('\n', transcript.read('read'), Infinity),
    packets: ['abcdefghij\n'],
    told: OVERFLOW,
  },
  {
    name: 'bytes: just the limit',
    options: ten,
    read: exactly(10),
    packets: ['abcdefghijkl'],
    told: 'abcdefghij',
  },
  { name: 'bytes: one more', options: ten, read: exactly(11), packets: [], told: OVERFLOW },
  {
    name: 'close: just the limit',
    options: ten,
    read: untilClose,
    packets: ['abcdefghij', '.'],
    told: 'abcdefghij',
  },
  { name: 'close: one more', options: ten, read: untilClose, packets: ['abcdefghijk'], told: OVERFLOW },
  {
    name: 'some: never too much',
    options: ten,
    read: (stream, transcript) => stream.readSome(99, transcript.read('read')),
    packets: ['abcdefghijkl'],
    told: 'abcdefghij',
  },
];

for (const { name, options, read, packets, told } of CASES) {
  t.test(name, (t) => {
    const { stream, peer, spin, log } = wire(t, options);
    const transcript = new Transcript();
    let closed = 0;
    stream.setCloseCallback(() => closed++);
    read(stream, transcript);
    t.strictSame(transcript.lines, [], 'not in the call');
    for (const packet of packets) {
      if (stream.closed()) break;
      if (packet === '.') peer.shutdown(SHUT_WR);
      else peer.send(packet);
      spin(3);
    }
    spin(3);
    t.strictSame(transcript.lines, [`read: ${told}`]);
    const overflow = told === OVERFLOW;
    t.equal(stream.error?.name, overflow ? OVERFLOW : undefined);
    t.equal(closed, overflow || packets.includes('.') ? 1 : 0);
    t.strictSame(log, []);
    t.end();
  });
}

t.test('surplus behind a read stays, and counts for the next', (t) => {
  const { stream, peer, spin } = wire(t, { maxReadBytes: 10 });
  const transcript = new Transcript();
  peer.send('a\nb\nccccccccccc\n');
  stream.readUntil(
    '\n',
    transcript.read('1', () => stream.readUntil('\n', transcript.read('2'))),
  );
  spin(4);
  t.strictSame(transcript.lines, ['1: a\n', '2: b\n']);
  stream.readUntil('\n', transcript.read('3'));
  spin(4);
  t.equal(transcript.lines[2], '3: ReadOverflowError');
  t.end();
});

t.test('a flood that no read is content with takes no more memory than the limit', (t) => {
  let taken = 0;
  const { stream, peer, start, loop } = wire(t, {
    maxReadBytes: 1_000_000,
    posix: {
      ...posix,
      read: (...args) => {
        const size = posix.read(...args);
        if (size > 0) taken += size;
        return size;
      },
    },
  });
  const block = Buffer.alloc(65536, 'x');
  stream.setCloseCallback(() => loop.stop());
  stream.readUntil('\n', () => {});
  const flood = () => {
    while (posix.write(peer.fd, block) > 0);
    if (!stream.closed()) loop.addCallback(flood);
  };
  flood();
  start();
  t.equal(stream.error?.name, OVERFLOW);
  t.ok(taken <= 1_000_001, `${taken} bytes taken in`);
  t.end();
});
