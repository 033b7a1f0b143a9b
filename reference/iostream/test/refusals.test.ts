import { closeSync, openSync } from 'node:fs';
import t from 'tap';
import {
  AF_INET,
  AF_UNIX,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  check,
  posix,
} from '../../../posix/index.js';
import type { StreamAddress } from '../../../spec/stream-contract.js';
import { makeLoop } from '../../ioloop/test/help.js';
import { IOStream } from '../index.js';
import { Peer, Transcript, connectedPair, isOpen, listen, wire } from './help.js';

const ignore = () => {};
/** What no type checker would let pass. */
type Anything = never;
const any = (value: unknown) => value as Anything;

interface Refusal {
  readonly call: string;
  readonly with: readonly unknown[];
  readonly name: string;
  readonly message: RegExp;
}

const counts = [-1, 1.5, NaN, '3', null, {}, 2 ** 53];
const REFUSALS: readonly Refusal[] = [
  ...['', new Uint8Array(0), 10, null, [10], {}].map((delimiter) => ({
    call: 'readUntil',
    with: [delimiter, ignore],
    name: 'InvalidDelimiterError',
    message: /^delimiter .* delimits nothing: pass /,
  })),
  ...['\n', null, undefined, {}].map((pattern) => ({
    call: 'readUntilRegex',
    with: [pattern, ignore],
    name: 'InvalidPatternError',
    message: /is not a RegExp: pass one/,
  })),
  ...counts.flatMap((size) => [
    { call: 'readBytes', with: [size, ignore], name: 'InvalidCountError', message: /^size .*from 0 on/ },
    { call: 'readSome', with: [size, ignore], name: 'InvalidCountError', message: /^size .*from 1 on/ },
    {
      call: 'readUntil',
      with: ['\n', ignore, size],
      name: 'InvalidCountError',
      message: /^maxBytes .*from 1 on/,
    },
    {
      call: 'readUntilRegex',
      with: [/\n/, ignore, size],
      name: 'InvalidCountError',
      message: /^maxBytes .*from 1 on/,
    },
  ]),
  ...['readBytes', 'readSome'].map((call) => ({
    call,
    with: [Infinity, ignore],
    name: 'InvalidCountError',
    message: /^size Infinity .* on$/,
  })),
  { call: 'readSome', with: [0, ignore], name: 'InvalidCountError', message: /^size 0 / },
  { call: 'readUntil', with: ['\n', ignore, 0], name: 'InvalidCountError', message: /^maxBytes 0 / },
  ...[5, null, undefined, {}, [1]].map((bytes) => ({
    call: 'write',
    with: [bytes, ignore],
    name: 'InvalidBytesError',
    message: /can't be written: pass a Uint8Array or a string/,
  })),
  ...(
    [
      ['readUntil', '\n'],
      ['readUntilRegex', /\n/],
      ['readBytes', 1],
      ['readSome', 1],
      ['write', 'x'],
    ] as const
  ).map(([call, argument]) => ({
    call,
    with: [argument, 'callback'],
    name: 'InvalidCallbackError',
    message: /is not a function/,
  })),
  { call: 'readUntilClose', with: [5], name: 'InvalidCallbackError', message: /callback 5 is not/ },
  ...['abc', null, undefined, [1]].map((bytes) => ({
    call: 'send',
    with: [bytes],
    name: 'InvalidBytesError',
    message: /can't be written: pass a Uint8Array$/,
  })),
  ...[-1, 1.5, NaN, '3', null, 100].map((length) => ({
    call: 'send',
    with: [Buffer.from('abc'), length],
    name: 'InvalidCountError',
    message: /^length .*pass an integer from 0 on, up to the 3 that there are$/,
  })),
  ...[undefined, null, {}, { received: ignore }, { ended: ignore }].map((consumer) => ({
    call: 'consume',
    with: [consumer],
    name: 'InvalidConsumerError',
    message: /is no consumer: pass an object with the methods received and ended$/,
  })),
  { call: 'send', with: [[1]], name: 'InvalidBytesError', message: /^an Array / },
  { call: 'send', with: [new ArrayBuffer(1)], name: 'InvalidBytesError', message: /^an ArrayBuffer / },
  { call: 'send', with: [new Map()], name: 'InvalidBytesError', message: /^a Map / },
  {
    call: 'setCloseCallback',
    with: [undefined],
    name: 'InvalidCallbackError',
    message: /^callback undefined is not a function: pass one$/,
  },
];

t.test('what is wrong is refused in the call, and nothing is lost by it', (t) => {
  const { stream, peer, spin, log } = wire(t);
  const transcript = new Transcript();
  const methods = stream as unknown as Record<string, (...args: readonly unknown[]) => unknown>;
  peer.send('here\n');
  spin(2);
  for (const { call, with: args, name, message } of REFUSALS)
    t.throws(() => methods[call]!(...args), { name, message }, `${call} ${name}`);
  t.notOk(stream.reading());
  t.notOk(stream.writing());
  stream.readUntil('\n', transcript.read('line'));
  stream.write('there\n', transcript.done('written'));
  spin(2);
  t.strictSame(transcript.lines.sort(), ['line: here\n', 'written']);
  t.equal(peer.receive(), 'there\n');
  t.strictSame(log, []);
  t.end();
});

t.test('a closed stream takes on nothing, and says why it is closed', (t) => {
  const { stream, peer, spin } = wire(t, { transport: 'tcp' });
  const transcript = new Transcript();
  stream.readUntil('\n', transcript.read('line'));
  peer.reset();
  spin(4);
  t.ok(stream.closed());
  for (const call of [
    () => stream.readUntil('\n', ignore),
    () => stream.readUntilRegex(/x/, ignore),
    () => stream.readBytes(0, ignore),
    () => stream.readSome(1, ignore),
    () => stream.readUntilClose(ignore),
    () => stream.write('', ignore),
  ])
    t.throws(call, {
      name: 'StreamClosedError',
      message: /on a closed stream .*ECONNRESET/,
      cause: { code: 'ECONNRESET' },
    });
  stream.end();
  stream.close();
  t.end();
});

t.test('a stream of a closed loop takes on nothing, and sends nothing', (t) => {
  const { loop } = makeLoop(t);
  const [near, far] = connectedPair();
  const peer = new Peer(far);
  const stream = new IOStream(loop, near);
  const unconnected = new IOStream(loop, check(posix.socket(AF_UNIX, SOCK_STREAM, 0), 'socket'));
  const fail = () => t.fail('nobody calls');
  peer.send('line\n');
  loop.close();
  for (const call of [
    () => stream.readUntil('\n', fail),
    () => stream.readUntilRegex(/x/, fail),
    () => stream.readBytes(0, fail),
    () => stream.readSome(1, fail),
    () => stream.readUntilClose(fail),
    () => stream.write('x', fail),
    () => stream.write('x'),
    () => unconnected.connect({ family: 'unix', path: '/nowhere' }, fail),
  ])
    t.throws(call, { name: 'LoopClosedError', message: / of a stream on a closed loop: make a new one$/ });
  t.notOk(stream.reading());
  t.notOk(stream.writing());
  t.equal(peer.receive(), '');
  for (const each of [stream, unconnected]) {
    each.close();
    t.throws(() => each.write('x', fail), { name: 'StreamClosedError' }, 'that comes first');
  }
  peer.close();
  t.end();
});

t.test('what no stream can stand over', (t) => {
  const { loop, spin } = makeLoop(t);
  const file = openSync('package.json', 'r');
  const folder = openSync('.', 'r');
  const { fd: listener } = listen();
  const datagrams = check(posix.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), 'socket');
  const packets = new Int32Array(2);
  check(posix.socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, packets), 'socketpair');
  const counter = check(posix.eventfd(0, 0), 'eventfd');
  const [near, far] = connectedPair();
  posix.close(far);
  posix.close(near);
  const cases: [unknown, RegExp][] = [
    [near, /not open \(EBADF/],
    [-1, /pass an integer/],
    [1.5, /pass an integer/],
    [undefined, /pass an integer/],
    [file, /a file/],
    [folder, /a file/],
    [listener, /a listener/],
    [datagrams, /datagrams/],
    [packets[0], /whole messages .*: make it with SOCK_STREAM, or /],
    [counter, /without a peer/],
  ];
  for (const [fd, message] of cases)
    t.throws(() => new IOStream(loop, any(fd)), { name: 'NotAStreamError', message }, String(fd));
  for (const fd of [file, folder, listener, datagrams, counter]) t.ok(isOpen(fd), 'it is the caller’s');
  closeSync(file);
  closeSync(folder);
  for (const fd of [listener, datagrams, counter, ...packets]) posix.close(fd);
  spin(2);
  t.end();
});

t.test('one handler an fd: the second stream is refused, the first goes on', (t) => {
  const { stream, peer, loop, spin } = wire(t);
  const transcript = new Transcript();
  t.throws(() => new IOStream(loop, stream.fd), { name: 'HandlerExistsError' });
  peer.send('x');
  stream.readBytes(1, transcript.read('read'));
  spin(3);
  t.strictSame(transcript.lines, ['read: x']);
  t.end();
});

t.test('limits are numbers of bytes', (t) => {
  const { loop } = makeLoop(t);
  const [near, far] = connectedPair();
  for (const value of [0, -1, 1.5, NaN, '1'])
    for (const name of ['maxReadBytes', 'maxWriteBytes'])
      t.throws(() => new IOStream(loop, near, { [name]: any(value) }), {
        name: 'InvalidCountError',
        message: new RegExp(`^${name} .* from 1 on, or Infinity for no limit$`),
      });
  const stream = new IOStream(loop, near, { maxReadBytes: Infinity, maxWriteBytes: Infinity });
  stream.close();
  posix.close(far);
  t.end();
});

t.test('addresses that are none', (t) => {
  const { loop } = makeLoop(t);
  const addresses: unknown[] = [
    undefined,
    null,
    'localhost:80',
    {},
    { family: 'ipx' },
    { family: 'toString' },
    { family: 'ipv4', host: 'localhost', port: 80 },
    { family: 'ipv4', host: '127.0.0.1', port: 65536 },
    { family: 'ipv4', host: '127.0.0.1' },
    { family: 'ipv6', host: '127.0.0.1', port: 80 },
    { family: 'unix', path: '' },
    { family: 'unix', path: 'x'.repeat(200) },
    { family: 'unix' },
  ];
  const before = nextFd();
  for (const address of addresses) {
    t.throws(() => IOStream.connect(loop, address as StreamAddress, ignore), { name: 'InvalidAddressError' });
    t.throws(() => IOStream.connect(loop, address as StreamAddress), { name: 'InvalidAddressError' });
  }
  const good: StreamAddress = { family: 'ipv4', host: '127.0.0.1', port: 1 };
  t.throws(() => IOStream.connect(loop, good, any(5)), { name: 'InvalidCallbackError' });
  t.throws(() => IOStream.connect(loop, good, ignore, { maxReadBytes: 0 }), { name: 'InvalidCountError' });
  t.equal(nextFd(), before, 'no fd is left behind');
  const stream = new IOStream(loop, check(posix.socket(AF_UNIX, SOCK_STREAM, 0), 'socket'));
  t.throws(() => stream.connect(any({}), ignore), { name: 'InvalidAddressError' });
  t.throws(() => stream.connect(good, any('x')), { name: 'InvalidCallbackError' });
  stream.close();
  t.throws(() => IOStream.connect(loop, good, ignore, { posix: { ...posix, socket: () => -24 } }), {
    name: 'PosixError',
    code: 'EMFILE',
  });
  t.end();
});

t.test('a connected stream is not connected again', (t) => {
  const { stream } = wire(t);
  t.throws(() => stream.connect({ family: 'ipv4', host: '127.0.0.1', port: 1 }, ignore), {
    name: 'AlreadyConnectedError',
  });
  t.end();
});

/** The number that the next fd will have. */
function nextFd(): number {
  const fd = check(posix.eventfd(0, 0), 'eventfd');
  posix.close(fd);
  return fd;
}
