/**
 * Every call has two forms, with a callback and with a promise. The same program, written once in terms of neither, is run with
 * both, and must be told the same.
 */
import t from 'tap';
import { SHUT_WR, posix } from '../../../posix/index.js';
import { makeLoop } from '../../ioloop/test/help.js';
import type { IOLoop } from '../../ioloop/index.js';
import { IOStream } from '../index.js';
import { listen, text, told, wire, type Peer } from './help.js';

type Told<T> = (error: Error | undefined, value: T | undefined) => void;
/** A call, in whatever form. */
type Calls = {
  [K in 'readUntil' | 'readUntilRegex' | 'readBytes' | 'readSome' | 'readUntilClose' | 'write']: (
    args: unknown[],
    then: Told<Uint8Array | void>,
  ) => void;
};

/** Where the callback stands. */
const PLACES = {
  readUntil: 1,
  readUntilRegex: 1,
  readBytes: 1,
  readSome: 1,
  readUntilClose: 0,
  write: 1,
} as const;

const FORMS: Readonly<Record<string, (stream: IOStream) => Calls>> = {
  callback: (stream) =>
    calls(stream, (method, place, args, then) => method(...args.toSpliced(place, 0, then))),
  promise: (stream) =>
    calls(stream, (method, place, args, then) => {
      const promise = method(...args.toSpliced(place, 0, ...(args.length > place ? [undefined] : [])));
      (promise as Promise<Uint8Array | void>).then(
        (value) => then(undefined, value),
        (error: Error) => then(error, undefined),
      );
    }),
};

function calls(
  stream: IOStream,
  call: (
    method: (...args: unknown[]) => unknown,
    place: number,
    args: unknown[],
    then: Told<Uint8Array | void>,
  ) => void,
): Calls {
  return Object.fromEntries(
    Object.entries(PLACES).map(([name, place]) => [
      name,
      (args: unknown[], then: Told<Uint8Array | void>) => {
        const method = (stream as unknown as Record<string, (...args: unknown[]) => unknown>)[name]!;
        call(method.bind(stream), place, args, then);
      },
    ]),
  ) as Calls;
}

interface Context {
  readonly calls: Calls;
  readonly stream: IOStream;
  readonly peer: Peer;
  readonly loop: IOLoop;
  /** A line for the transcript. */
  readonly say: (text: string) => void;
  /** Says what was told, and goes on. */
  readonly tell: (name: string, then?: () => void) => Told<Uint8Array | void>;
}

const PROGRAMS: Readonly<Record<string, (context: Context) => void>> = {
  'each kind of read, one after the other'({ calls, peer, tell }) {
    peer.send('line\nabc123defrest');
    calls.readUntil(
      ['\n'],
      tell('until', () =>
        calls.readBytes(
          [3],
          tell('bytes', () =>
            calls.readUntilRegex(
              [/\d+d/],
              tell('regex', () =>
                calls.readSome(
                  [2],
                  tell('some', () => {
                    peer.shutdown(SHUT_WR);
                    calls.readUntilClose([], tell('rest'));
                  }),
                ),
              ),
            ),
          ),
        ),
      ),
    );
  },
  'the last line, and then the end'({ calls, peer, tell }) {
    peer.send('bye\n');
    peer.close();
    calls.readUntil(
      ['\n'],
      tell('line', () => calls.readUntilClose([], tell('rest'))),
    );
  },
  'a line that does not come'({ calls, peer, tell }) {
    peer.send('a\nb');
    peer.close();
    calls.readUntil(
      ['\n'],
      tell('line', () => calls.readUntil(['\n'], tell('again'))),
    );
  },
  'too long a line'({ calls, peer, tell }) {
    peer.send('0123456789');
    calls.readUntil(['\n', 5], tell('line'));
  },
  'writes, and what they say'({ calls, peer, tell, loop }) {
    calls.write(['one'], tell('1'));
    calls.write([''], tell('2'));
    calls.write(
      [Buffer.from('two')],
      tell('3', () => peer.close()),
    );
    void loop;
  },
  'close, with everything pending'({ calls, stream, tell }) {
    calls.readUntil(['\n'], tell('read'));
    calls.write([Buffer.alloc(4 << 20)], tell('write'));
    calls.write(['x'], tell('write'));
    stream.close();
  },
  'what is refused is thrown'({ calls, stream, say, tell, peer }) {
    const refused = (name: string, call: () => void) => {
      try {
        call();
        say(`${name}: taken on`);
      } catch (error) {
        say(`${name}: ${told(error as Error)}`);
      }
    };
    refused('until', () => calls.readUntil([''], tell('never')));
    refused('regex', () => calls.readUntilRegex(['x'], tell('never')));
    refused('bytes', () => calls.readBytes([-1], tell('never')));
    refused('some', () => calls.readSome([0], tell('never')));
    refused('write', () => calls.write([5], tell('never')));
    calls.readUntil(
      ['\n'],
      tell('line', () => stream.close()),
    );
    refused('until', () => calls.readUntil(['\n'], tell('never')));
    peer.send('alive\n');
  },
};

for (const [name, program] of Object.entries(PROGRAMS)) {
  t.test(name, async (t) => {
    const transcripts: string[][] = [];
    for (const [form, make] of Object.entries(FORMS)) {
      const { stream, peer, loop, log } = wire(t);
      const lines: string[] = [];
      const say = (line: string) => void lines.push(line);
      stream.setCloseCallback((error) => {
        say(error === undefined ? 'closed' : `closed: ${told(error)}`);
        loop.stop();
      });
      program({
        calls: make(stream),
        stream,
        peer,
        loop,
        say,
        tell: (name, then) => (error, value) => {
          const outcome = error !== undefined ? told(error) : value === undefined ? 'done' : text(value);
          say(`${name}: ${outcome}`);
          then?.();
        },
      });
      await loop.run();
      t.ok(lines.length > 1, form);
      t.strictSame(log, []);
      transcripts.push(lines);
    }
    t.strictSame(transcripts[1], transcripts[0]);
  });
}

t.test('a connect in both forms', async (t) => {
  const { loop } = makeLoop(t);
  const { fd: listener, address } = listen();
  const running = loop.run();
  const stream = await IOStream.connect(loop, address);
  t.notOk(stream.closed());
  const second = new IOStream(loop, posix.socket(2, 1, 0));
  await second.connect(address);
  posix.close(listener);
  stream.close();
  second.close();
  await t.rejects(IOStream.connect(loop, address), {
    name: 'StreamClosedError',
    cause: { code: 'ECONNREFUSED' },
  });
  loop.stop();
  await running;
});

t.test('a promise that nobody looks at does not end the process', async (t) => {
  const { stream, loop } = wire(t);
  void stream.readUntil('\n');
  void stream.write(Buffer.alloc(4 << 20));
  stream.setCloseCallback(() => loop.stop());
  const seen: unknown[] = [];
  const note = (reason: unknown) => void seen.push(reason);
  process.on('unhandledRejection', note);
  stream.close();
  await loop.run();
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', note);
  t.strictSame(seen, []);
});

t.test('the promise form works while start() blocks, where microtasks run', async (t) => {
  const { stream, peer, start, loop } = wire(t);
  const lines: string[] = [];
  peer.send('a\nb\nc\n');
  const program = async () => {
    for (let i = 0; i < 3; i++) lines.push(text(await stream.readUntil('\n')));
    await stream.write('done');
    loop.stop();
  };
  await new Promise<void>((resolve) =>
    setImmediate(() => {
      void program();
      start();
      resolve();
    }),
  );
  t.strictSame(lines, ['a\n', 'b\n', 'c\n']);
  t.equal(peer.receive(), 'done');
});

t.test('many lines in the promise form are read several in a turn', async (t) => {
  const { stream, peer, loop } = wire(t);
  const count = 1000;
  peer.send('line\n'.repeat(count));
  let iterations = 0;
  const tick = () => {
    iterations++;
    loop.addCallback(tick);
  };
  loop.addCallback(tick);
  const running = loop.run();
  for (let i = 0; i < count; i++) await stream.readUntil('\n');
  loop.stop();
  await running;
  t.ok(iterations < count / 10, `${iterations} iterations for ${count} lines`);
});
