/**
 * The operations of streams: each is a call of the subject's own method, and nothing is made up for one that is missing.
 */
import type { ReadCallback, Stream, StreamOptions } from '../../spec/contract.js';
import type { ActionOf } from '../../spec/scenario.js';
import type { Did } from '../../spec/trace.js';
import type { ActionTable, StreamOp } from './action-table.js';
import { latin1 } from './delivered.js';
import { Impossible } from './impossible.js';
import { pattern } from './pattern.js';
import { describe } from './raised.js';
import type { Delivery, Outcome } from './recorder.js';
import type { Run } from './run.js';

/** On a stream that is not there yet, or whose making raised, nothing is done. */
const using =
  <A extends { readonly stream: string }>(act: (stream: Stream, action: A, run: Run) => Outcome | void) =>
  (run: Run, action: A): Outcome | void => {
    const stream = run.streams.get(action.stream);
    return stream === undefined ? undefined : act(stream, action, run);
  };

/** The kit asks only for what `hello` claims; a scenario from elsewhere may ask for more. */
function lacks(method: keyof Stream): never {
  throw new Impossible(`the stream has no ${method}`);
}

/** Adapters in JavaScript may say `null`, as Node's own callbacks do. */
type Failure = Error | null | undefined;

const failureOf = (error: Failure): Delivery =>
  error === undefined || error === null ? {} : { failed: describe(error) };

/** What a read is given: it enters the callback with the bytes, or with what went wrong. */
function reader(run: Run, name: string): ReadCallback {
  const { token } = run;
  return (error: Failure, bytes) => {
    if (error !== undefined && error !== null) return void run.enter(name, 'read', token, failureOf(error));
    const data = bytes === undefined || bytes === null ? '' : latin1(bytes);
    if (data !== '' && !run.over) run.delivered.keep(run.recorder.records.length, bytes!, data);
    void run.enter(name, 'read', token, { data });
  };
}

/** What anything else is given that ends well or badly. */
function ender(run: Run, name: string, as: 'sent' | 'closed' | 'connected'): (error?: Failure) => void {
  const { token } = run;
  return (error) => {
    void run.enter(name, as, token, failureOf(error));
  };
}

/** The stream's own copy: what it does to the bytes concerns nobody else. */
const payload = ({ data, size = 1, from = 0 }: ActionOf<'send'>): Buffer =>
  data === undefined ? Buffer.from(pattern(from, size)) : Buffer.from(data, 'latin1');

export const STREAM_ACTIONS = {
  stream(run, { as, maxRead, maxWrite }, { number }) {
    const { subject } = run.host;
    if (subject.createStream === undefined) throw new Impossible('the subject has no createStream');
    const options: StreamOptions = {
      ...(maxRead !== undefined && { maxReadBytes: maxRead }),
      ...(maxWrite !== undefined && { maxWriteBytes: maxWrite }),
    };
    run.fds.offer(number);
    const stream = subject.createStream(run.loops.current.loop, number, options);
    run.fds.give(number);
    run.streams.keep(as, stream);
  },

  connectStream(run, { to, as, run: name }) {
    const { subject } = run.host;
    if (subject.connectStream === undefined) throw new Impossible('the subject has no connectStream');
    const address = run.fds.addressOf(to);
    if (address === undefined) throw new Impossible(`'connectStream' leads to '${to}', which is no listener`);
    const { loop } = run.loops.current;
    run.streams.keep(as, subject.connectStream(loop, address, ender(run, name, 'connected'), {}));
  },

  readUntil: using((stream, action, run) => {
    if (stream.readUntil === undefined) lacks('readUntil');
    stream.readUntil(Buffer.from(action.delimiter, 'latin1'), reader(run, action.run), action.max);
  }),

  readUntilRegex: using((stream, action, run) => {
    if (stream.readUntilRegex === undefined) lacks('readUntilRegex');
    stream.readUntilRegex(compiled(action.pattern), reader(run, action.run), action.max);
  }),

  readBytes: using((stream, action, run) => {
    if (stream.readBytes === undefined) lacks('readBytes');
    stream.readBytes(action.size, reader(run, action.run));
  }),

  readSome: using((stream, action, run) => {
    if (stream.readSome === undefined) lacks('readSome');
    stream.readSome(action.size, reader(run, action.run));
  }),

  readUntilClose: using((stream, action, run) => {
    if (stream.readUntilClose === undefined) lacks('readUntilClose');
    stream.readUntilClose(reader(run, action.run));
  }),

  send: using((stream, action, run) => {
    if (stream.write === undefined) lacks('write');
    if (action.run === undefined) stream.write(payload(action));
    else stream.write(payload(action), ender(run, action.run, 'sent'));
  }),

  onClose: using((stream, action, run) => {
    if (stream.setCloseCallback === undefined) lacks('setCloseCallback');
    stream.setCloseCallback(ender(run, action.run, 'closed'));
  }),

  endStream: using((stream) => {
    if (stream.end === undefined) lacks('end');
    stream.end();
  }),

  closeStream: using((stream, _action, run) => {
    stream.close();
    run.streams.closed(stream);
  }),

  streamState: using((stream) => {
    const state: NonNullable<Did['state']> = {};
    if (stream.reading !== undefined) state.reading = stream.reading();
    if (stream.writing !== undefined) state.writing = stream.writing();
    if (stream.closed !== undefined) state.closed = stream.closed();
    return { state };
  }),
} satisfies Pick<ActionTable, StreamOp>;

function compiled(pattern: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch {
    throw new Impossible(`/${pattern}/ is no pattern`);
  }
}
