/**
 * IOStream: a buffered, non-blocking stream of bytes over an fd.
 *
 *     state \ event   connect()    fd is ready          peer's end, failure     close()
 *     -------------   ----------   ------------------   ---------------------   -------
 *     UNCONNECTED     CONNECTING   (is not watched)     -                       CLOSED
 *     CONNECTING      (refused)    OPEN, or CLOSED      CLOSED                  CLOSED
 *     OPEN            (refused)    bytes in and out     CLOSED, but see below   CLOSED
 *     CLOSED          (refused)    -                    -                       -
 *
 * **What happens when.** A callback is never called inside the call that led to it, but by the loop, in one of two places:
 *
 * - an *event*, when the loop finds the fd ready: first bytes are taken in and reads served, then bytes are handed out and
 *   writes reported. Both have a budget, so that one peer can't keep the others waiting;
 * - a *turn*, a task of the loop, scheduled when there is something to tell without an event: a read that the buffer satisfies, a
 *   write that the kernel took at once, a connect that was decided at once, a failure. One at a time, however many reasons there are.
 *
 * Callbacks that are due in an event or a turn are called in a plain loop (callbacks.ts). If one closes the stream, that is the end
 * of the event.
 *
 * **What is watched.** READ while the input is hungry (input.ts), WRITE while the kernel is full (write-queue.ts) or a connect is under
 * way. If neither, errors only. An error can't be ignored: it would end each wait of the loop. So if there is one, and bytes that
 * nobody reads, the fd is not watched until somebody does.
 *
 * **The peer's end.** It shows as an end of file, or an error such as ECONNRESET, behind the last byte. The kernel gives its bytes
 * first, so all of them are in the buffer by then, and the pending read is served as far as they go. If it can't be satisfied, it fails
 * and the stream is closed. If nobody reads, the bytes stay, and reads are served, until one can't be satisfied or none are left: then
 * the stream is closed. So no byte is lost that somebody wants, and the close callback follows the last of them. A callback that
 * gets the last bytes may start another read (readUntilClose, say, which gets no bytes): the stream is closed a turn later.
 *
 * An idle stream, one without bytes and without a read, looks ahead by one chunk, and so learns of the end. One that has bytes does
 * not look, to throttle the peer: it learns of the end when they have been read.
 *
 * The peer's end closes the stream, both ways, as in Tornado. A program that answers a request to whose end the peer has shut down its
 * output writes its answer in the callback of the read: what the kernel takes at once gets out.
 *
 * **A consumer** takes the place of reads, for good: it is handed the bytes of each event where the kernel has put them, in a
 * chunk that all streams share. A read costs its owner a copy of the bytes, a callback that is looked for in a queue, and a decision
 * what to read next; a parser that takes bytes as they come needs none of that. Its counterpart for writing is `send`, a write that
 * nobody is told of. A request of 40 bytes and its answer of 130 cost 220 ns that way in place of 870, and a wait of the loop less, which the turn after a write is.
 *
 * **Failure of a write.** Nothing can be written any more, but the answer that explains why may have come. So it is another kind of peer's
 * end, behind the last byte that the kernel has then: writes fail at once, and all that has come stays readable, until a read can't be
 * satisfied or nothing is left. Then the stream is closed. A program that wants none of it closes the stream when it is told. (A
 * peer may live on and send, if it has shut down its input alone; so the end is where the kernel has no more, which no event tells:
 * it is looked for in turns.) A consumer that is paused asks for nothing, so the stream is closed at once.
 *
 * **After close** nothing succeeds: what is pending fails, in later tasks: connect, read, writes in their order; then comes the close
 * callback. Bytes that the kernel does not take are dropped.
 */
/* eslint-disable @typescript-eslint/no-misused-promises -- the promise forms are further overloads of the contract's methods */
import { ERROR, READ, WRITE, type Callback } from '../../spec/contract.js';
import type {
  DoneCallback,
  ReadCallback,
  Stream,
  StreamAddress,
  StreamOptions,
} from '../../spec/stream-contract.js';
import {
  EPIPE,
  F_SETFL,
  PosixError,
  SHUT_WR,
  SOL_SOCKET,
  SO_ERROR,
  posix as kernel,
  type Posix,
  type Result,
} from '../../posix/index.js';
import { LoopClosedError } from '../ioloop/errors.js';
import type { IOLoop } from '../ioloop/ioloop.js';
import { checkCallback, checkConsumer, checkCount, checkLimit } from './arguments.js';
import { Callbacks } from './callbacks.js';
import { CHUNK_BYTES, acquireChunk, releaseChunk } from './chunk.js';
import { UNDECIDED, askConnect, beginConnect, checkAddress, socketFor } from './connect.js';
import {
  AlreadyConnectedError,
  ConsumedError,
  InvalidBytesError,
  InvalidCallbackError,
  InvalidCountError,
  InvalidDelimiterError,
  InvalidPatternError,
  OutputEndedError,
  ReadOverflowError,
  ReadPendingError,
  StreamClosedError,
  WriteBufferFullError,
  WrongDirectionError,
} from './errors.js';
import { Input } from './input.js';
import { promised } from './promises.js';
import { Exactly, FAILED, OVERFLOW, Some, Until, UntilClose, UntilMatch, WAIT, type Read } from './reads.js';
import { inspect, type Transport } from './transport.js';
import { WriteQueue } from './write-queue.js';

/** What a stream needs of its loop. */
export type StreamLoop = Pick<
  IOLoop,
  'addHandler' | 'updateHandler' | 'removeHandler' | 'addCallback' | 'closed'
>;

export interface IOStreamOptions extends StreamOptions {
  /** The system calls. Default: those of this machine. */
  readonly posix?: Posix;
  /** The peer's end ends the input alone, and the program ends the output. Default: false; it closes the stream. */
  readonly allowHalfOpen?: boolean;
}

/** Takes the bytes of a stream as they come: {@link IOStream.consume}. What it throws closes the stream, and the loop reports it. */
export interface Consumer {
  /**
   * Bytes have come: the first `length` of `bytes`.
   * @param bytes Lent: they are another's when the call returns.
   */
  received(bytes: Buffer, length: number): void;
  /** No more will come. If the stream may not be half open, or there was an error, it is closed behind this call. */
  ended(): void;
}

/** The most bytes that a read may take, unless the program says otherwise: 100 MB, as in Tornado. */
export const MAX_READ_BYTES = 104_857_600;
/**
 * Bytes that one event takes in, if they are there: 2 MB, some 0.5 ms, as in libuv. With four chunks instead, bulk over TCP took
 * 2 to 9 % longer: docs/performance.md.
 */
const EVENT_BYTES = 1 << 21;
/** Small writes of a turn are gathered until they are as many bytes. */
const GATHERED_BYTES = 65_536;
/** In place of events: the loop does not know the fd. */
const UNWATCHED = -1;

type State = 'unconnected' | 'connecting' | 'open' | 'closed';

export class IOStream implements Required<Stream> {
  readonly fd: number;
  readonly #loop: StreamLoop;
  readonly #posix: Posix;
  readonly #transport: Transport;
  readonly #maxReadBytes: number;
  readonly #maxWriteBytes: number;
  readonly #allowHalfOpen: boolean;
  readonly #input: Input;
  readonly #output: WriteQueue;
  readonly #until = new Until();
  readonly #callbacks = new Callbacks({
    schedule: (callback) => this.#tell(callback),
    failed: (error) => this.#close(error),
    stopped: () => this.#schedule(),
  });

  #state: State;
  /** Why it was closed. */
  #error: Error | undefined;
  /** Events that the loop watches the fd for, or UNWATCHED. */
  #watched = UNWATCHED;
  /** A turn has been scheduled. */
  #scheduled = false;
  /** Reads are being served: whoever starts one need not see to it that it is looked at. */
  #serving = false;
  #connectCallback: DoneCallback | undefined;
  /** What connect(2) has said, if that was the last word. */
  #connected: Result | typeof UNDECIDED = UNDECIDED;
  /** Why nothing can be written any more. */
  #writeFailure: Error | undefined;
  /** `end` was called; and what it stands for is done. */
  #ending = false;
  #outputEnded = false;
  #closeCallback: DoneCallback | undefined;
  /** The close callback has had its turn. */
  #closeTold = false;
  /** Who takes the bytes in place of reads; while it is paused, they stay in the kernel. */
  #consumer: Consumer | undefined;
  #paused = false;
  #endTold = false;
  /** The last delimiter that was text, and its bytes. */
  #delimiterText = '';
  #delimiterBytes: Uint8Array | undefined;

  /**
   * A stream over an fd, which belongs to it from then on: the stream closes it. It is made non-blocking.
   * @param loop Calls the callbacks.
   * @param fd A connected stream socket, an end of a pipe, or a terminal. A socket that was never connected will do, too: see {@link connect}.
   * @param options Limits, in bytes.
   * @throws {NotAStreamError | InvalidCountError} and what IOLoop.addHandler throws; then the fd is the caller's as before.
   */
  constructor(loop: StreamLoop, fd: number, options: IOStreamOptions = {}) {
    const { maxReadBytes = MAX_READ_BYTES, maxWriteBytes = Infinity, posix = kernel } = options;
    this.#allowHalfOpen = options.allowHalfOpen ?? false;
    checkLimit('maxReadBytes', maxReadBytes);
    checkLimit('maxWriteBytes', maxWriteBytes);
    this.fd = fd;
    this.#loop = loop;
    this.#posix = posix;
    this.#maxReadBytes = maxReadBytes;
    this.#maxWriteBytes = maxWriteBytes;
    this.#transport = inspect(posix, fd);
    this.#state = this.#transport.connected ? 'open' : 'unconnected';
    this.#input = new Input(posix, fd, maxReadBytes);
    this.#output = new WriteQueue(posix, fd);
    try {
      const { failure } = this.#transport;
      if (failure < 0) this.#input.end(new PosixError(failure, 'read'));
      if (this.#state === 'open') this.#watch(this.#wanted());
      if (failure < 0) this.#schedule();
    } catch (error) {
      posix.fcntl(fd, F_SETFL, this.#transport.flags);
      throw error;
    }
  }

  /**
   * Connects a new socket to an address. The stream can be read and written at once: that goes on when it is connected.
   * @param callback Called once: connected; or a {@link StreamClosedError} whose cause is the kernel's, ECONNREFUSED for instance.
   * @returns The stream; without a callback, a promise of the connected stream.
   * @throws {InvalidAddressError | InvalidCountError}
   * @throws {PosixError} No socket could be made.
   */
  static connect(
    loop: StreamLoop,
    address: StreamAddress,
    callback: DoneCallback,
    options?: IOStreamOptions,
  ): IOStream;
  static connect(
    loop: StreamLoop,
    address: StreamAddress,
    callback?: undefined,
    options?: IOStreamOptions,
  ): Promise<IOStream>;
  static connect(
    loop: StreamLoop,
    address: StreamAddress,
    callback?: DoneCallback,
    options: IOStreamOptions = {},
  ): IOStream | Promise<IOStream> {
    if (callback === undefined) {
      return promised<IOStream>((done) => {
        const stream = IOStream.connect(loop, address, (error) => done(error, stream), options);
      });
    }
    checkCallback(callback);
    const { posix = kernel } = options;
    const fd = socketFor(posix, address);
    let stream: IOStream | undefined;
    try {
      stream = new IOStream(loop, fd, options);
      stream.connect(address, callback);
      return stream;
    } catch (error) {
      if (stream === undefined) posix.close(fd);
      else {
        stream.#connectCallback = undefined; // Who gets an exception gets no callback.
        stream.close();
      }
      throw error;
    }
  }

  // ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Reads up to and including the first `delimiter`.
   * @param delimiter One byte or more, which are not to be changed meanwhile; or a text, which is taken as UTF-8.
   * @param callback Gets the bytes, which are its own. Without one, the promise does.
   * @param maxBytes The most bytes that it may be, the delimiter counted in: if they are more, the read fails with a
   *   {@link ReadOverflowError}, and the stream is closed. Default, and in any case no more: maxReadBytes.
   * @throws {InvalidDelimiterError | InvalidCountError | ReadPendingError | StreamClosedError | LoopClosedError | WrongDirectionError}
   */
  readUntil(delimiter: Uint8Array | string, callback: ReadCallback, maxBytes?: number): void;
  readUntil(delimiter: Uint8Array | string, callback?: undefined, maxBytes?: number): Promise<Uint8Array>;
  readUntil(
    delimiter: Uint8Array | string,
    callback?: ReadCallback,
    maxBytes?: number,
  ): void | Promise<Uint8Array> {
    if (callback === undefined) return promised((callback) => this.readUntil(delimiter, callback, maxBytes));
    const bytes = typeof delimiter === 'string' ? this.#encodeDelimiter(delimiter) : delimiter;
    if (!(bytes instanceof Uint8Array) || bytes.length === 0) throw new InvalidDelimiterError(delimiter);
    const limit = this.#limitOf(maxBytes);
    this.#checkReadable('readUntil', callback);
    this.#begin(this.#until.begin(bytes, limit, callback));
  }

  /**
   * Reads up to the end of the first match of a pattern, which sees one character (U+0000 to U+00FF) a byte. What a match may depend on:
   * {@link UntilMatch}.
   * @param callback As in {@link readUntil}. If the pattern can't be looked for, as it backtracks too deeply, it gets a
   *   `PatternFailedError`, and the stream is closed.
   * @param maxBytes As in {@link readUntil}.
   * @throws {InvalidPatternError | InvalidCountError | ReadPendingError | StreamClosedError | LoopClosedError | WrongDirectionError}
   */
  readUntilRegex(pattern: RegExp, callback: ReadCallback, maxBytes?: number): void;
  readUntilRegex(pattern: RegExp, callback?: undefined, maxBytes?: number): Promise<Uint8Array>;
  readUntilRegex(pattern: RegExp, callback?: ReadCallback, maxBytes?: number): void | Promise<Uint8Array> {
    if (callback === undefined)
      return promised((callback) => this.readUntilRegex(pattern, callback, maxBytes));
    if (!(pattern instanceof RegExp)) throw new InvalidPatternError(pattern);
    const limit = this.#limitOf(maxBytes);
    this.#checkReadable('readUntilRegex', callback);
    this.#begin(new UntilMatch(pattern, limit, callback));
  }

  /**
   * Reads exactly `size` bytes. More than maxReadBytes fail with a {@link ReadOverflowError}.
   * @param size 0 or more.
   * @param callback As in {@link readUntil}.
   * @throws {InvalidCountError | ReadPendingError | StreamClosedError | LoopClosedError | WrongDirectionError}
   */
  readBytes(size: number, callback: ReadCallback): void;
  readBytes(size: number): Promise<Uint8Array>;
  readBytes(size: number, callback?: ReadCallback): void | Promise<Uint8Array> {
    if (callback === undefined) return promised((callback) => this.readBytes(size, callback));
    checkCount('size', size, 0);
    this.#checkReadable('readBytes', callback);
    this.#begin(new Exactly(size, this.#maxReadBytes, callback));
  }

  /**
   * Reads what is there, or comes first: at least one byte, at most `size`.
   * @param size 1 or more.
   * @param callback As in {@link readUntil}. The end of the peer's output is a {@link StreamClosedError}.
   * @throws {InvalidCountError | ReadPendingError | StreamClosedError | LoopClosedError | WrongDirectionError}
   */
  readSome(size: number | undefined, callback: ReadCallback): void;
  readSome(size?: number): Promise<Uint8Array>;
  readSome(size?: number, callback?: ReadCallback): void | Promise<Uint8Array> {
    if (callback === undefined) return promised((callback) => this.readSome(size, callback));
    if (size !== undefined) checkCount('size', size, 1);
    this.#checkReadable('readSome', callback);
    this.#begin(new Some(Math.min(size ?? Infinity, this.#maxReadBytes), callback));
  }

  /**
   * Reads everything up to the end of the peer's output; also if that ends by an error. More than maxReadBytes fail with a
   * {@link ReadOverflowError}.
   * @param callback As in {@link readUntil}.
   * @throws {ReadPendingError | StreamClosedError | LoopClosedError | WrongDirectionError}
   */
  readUntilClose(callback: ReadCallback): void;
  readUntilClose(): Promise<Uint8Array>;
  readUntilClose(callback?: ReadCallback): void | Promise<Uint8Array> {
    if (callback === undefined) return promised((callback) => this.readUntilClose(callback));
    this.#checkReadable('readUntilClose', callback);
    this.#begin(new UntilClose(this.#maxReadBytes, callback));
  }

  /** A read is pending. False in its own callback. */
  reading(): boolean {
    return this.#input.read !== undefined;
  }

  /**
   * Hands all bytes to a consumer from now on, in place: see above. There are no reads any more.
   * @throws {InvalidConsumerError | ConsumedError | ReadPendingError | StreamClosedError | WrongDirectionError}
   */
  consume(consumer: Consumer): void {
    checkConsumer(consumer);
    this.#checkReadable('consume', ignore);
    this.#consumer = consumer;
    if (this.#input.length > 0 || this.#input.ended) this.#schedule();
    else this.#listen();
  }

  /** Leaves bytes in the kernel, so that the peer is throttled, until {@link resume}. Counts from the next event on. */
  pause(): void {
    this.#paused = true;
    if (this.#state === 'open') this.#listen();
  }

  /** Hands bytes to the consumer again. */
  resume(): void {
    this.#paused = false;
    if (this.#state === 'open') this.#listen();
  }

  // ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Writes bytes behind those that were written before. The first write of a turn of the loop goes to the kernel at once, the others
   * together at the end of it.
   * @param bytes More than 8 KB are not to be changed until they are out. A text is written as UTF-8.
   * @param callback Called once: the kernel has taken the last byte; or a {@link StreamClosedError}. Without one, the promise tells.
   * @throws {InvalidBytesError | OutputEndedError | StreamClosedError | LoopClosedError | WrongDirectionError}
   * @throws {WriteBufferFullError} and nothing of it is written.
   */
  write(bytes: Uint8Array | string, callback: DoneCallback): void;
  write(bytes: Uint8Array | string): Promise<void>;
  write(bytes: Uint8Array | string, callback?: DoneCallback): void | Promise<void> {
    if (callback === undefined) return promised<void>((callback) => this.write(bytes, callback));
    const data = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    if (!(data instanceof Uint8Array)) throw new InvalidBytesError(bytes);
    checkCallback(callback);
    this.#checkOpen('write'); // STREAM-WRITE-10
    this.#checkWritable('write');
    const output = this.#output;
    if (output.length + data.length > this.#maxWriteBytes) {
      if (!output.blocked) this.#flush();
      if (output.length + data.length > this.#maxWriteBytes)
        throw new WriteBufferFullError(data.length, output.length, this.#maxWriteBytes); // STREAM-LIMIT-6
    }
    if (this.#input.final) return this.#tellLost(callback);
    const ready = this.#state === 'open' && !output.blocked && this.#writeFailure === undefined; // STREAM-CONNECT-4
    if (ready && !this.#scheduled) {
      this.#written(output.pushNow(data));
    } else {
      output.push(data);
      if (ready && output.length >= GATHERED_BYTES) this.#flush();
    }
    output.expect(callback);
    if (output.blocked) this.#listen();
    else if (ready) this.#schedule();
  }

  /**
   * Writes bytes behind those that were written before, and tells nobody; a failure closes the stream. They go to the kernel at once.
   * maxWriteBytes does not count here: who is not called back has no way to wait, and looks at {@link unwritten} before it sends more.
   * @param bytes Lent: what the kernel does not take is copied.
   * @param length How many of them, from the first on. Default: all.
   * @throws {InvalidBytesError | InvalidCountError | OutputEndedError | StreamClosedError | LoopClosedError | WrongDirectionError}
   */
  send(bytes: Uint8Array, length = bytes?.length): void {
    if (!(bytes instanceof Uint8Array)) throw new InvalidBytesError(bytes, 'pass a Uint8Array');
    if (!Number.isInteger(length) || length < 0 || length > bytes.length)
      throw new InvalidCountError('length', length, 0, `, up to the ${bytes.length} that there are`);
    this.#checkOpen('send');
    this.#checkWritable('send');
    if (this.#writeFailure !== undefined) return;
    const output = this.#output;
    if (this.#state !== 'open' || output.blocked) return output.pushCopy(bytes, 0, length);
    this.#written(output.pushLent(bytes, length));
    if (output.blocked) this.#listen();
  }

  /** Ends the output once all that was written is out: the peer sees the end of file. Reading goes on; a pipe is closed. */
  end(): void {
    if (this.#ending) return;
    this.#ending = true;
    if (!this.#output.blocked) this.#flush();
  }

  /** Bytes wait to be written. */
  writing(): boolean {
    return this.#output.length > 0;
  }

  /** How many bytes wait to be written. */
  get unwritten(): number {
    return this.#output.length;
  }

  // ── connecting and closing ──────────────────────────────────────────────────────────────────────────────────

  /**
   * Connects a stream that was made over an unconnected socket.
   * @param callback As in the static {@link IOStream.connect}.
   * @throws {InvalidAddressError | AlreadyConnectedError | StreamClosedError | LoopClosedError}
   */
  connect(address: StreamAddress, callback: DoneCallback): void;
  connect(address: StreamAddress): Promise<void>;
  connect(address: StreamAddress, callback?: DoneCallback): void | Promise<void> {
    if (callback === undefined) return promised<void>((callback) => this.connect(address, callback));
    checkCallback(callback);
    checkAddress(address);
    this.#checkOpen('connect');
    if (this.#state !== 'unconnected') throw new AlreadyConnectedError(this.fd);
    this.#state = 'connecting';
    this.#connectCallback = callback;
    this.#connected = beginConnect(this.#posix, this.fd, address);
    if (this.#connected === UNDECIDED)
      this.#listen(); // STREAM-CONNECT-3
    else this.#schedule();
  }

  /**
   * The callback that is called once, when the stream has been closed for whatever reason, after all others. It gets the cause, if
   * there is one. A second one takes the place of the first. On a closed stream, it is called in a later task.
   * @throws {InvalidCallbackError}
   */
  setCloseCallback(callback: DoneCallback): void {
    if (typeof callback !== 'function') throw new InvalidCallbackError(callback, 'pass one');
    this.#closeCallback = callback;
    if (this.#closeTold) this.#tell(this.#tellClosed);
  }

  /** Closes the stream and its fd, at once. Nothing happens the second time. */
  close(): void {
    this.#close(undefined);
  }

  /** {@link close}, but the peer reads ECONNRESET and not the end of file. It may lose what it has not read yet. For sockets. */
  reset(): void {
    if (this.#state !== 'closed') this.#posix.setLinger(this.fd, 0);
    this.close();
  }

  closed(): boolean {
    return this.#state === 'closed'; // STREAM-CLOSE-7
  }

  /** Why it was closed: a PosixError, a {@link ReadOverflowError}, what a callback threw; undefined if by `close`, or by the peer's end. */
  get error(): Error | undefined {
    return this.#error;
  }

  // ── events and turns ────────────────────────────────────────────────────────────────────────────────────────

  /** The handler of the fd. */
  readonly #onEvents = (_fd: number, events: number): void => {
    this.#callbacks.begin();
    if (this.#state === 'connecting') {
      this.#decideConnect(askConnect(this.#posix, this.fd, events));
    } else {
      if (events & (READ | ERROR)) this.#receive();
      if (events & ERROR) this.#onError();
    }
    if (events & WRITE) {
      this.#flush();
      this.#reportWrites();
    }
    this.#rest();
  };

  /** A task: see above. */
  readonly #turn = (): void => {
    this.#scheduled = false;
    if (this.#state === 'closed') return;
    this.#callbacks.begin();
    if (this.#state === 'connecting') this.#decideConnect(this.#connected);
    if (!this.#output.blocked) this.#flush();
    this.#reportWrites();
    this.#serve();
    if (this.#writeFailure !== undefined) this.#readTheRest();
    this.#rest();
  };

  #schedule(): void {
    if (this.#scheduled || this.#state === 'closed') return;
    this.#loop.addCallback(this.#turn);
    this.#scheduled = true;
  }

  /** The end of each event and each turn: goes on to watch, or comes to an end. */
  #rest(): void {
    if (this.#state === 'closed') return;
    const halfOpen = this.#allowHalfOpen && !this.#outputEnded && this.#failure() === undefined;
    if (halfOpen) return this.#listen();
    const over = this.#input.exhausted || this.#deserted();
    if (!over) return this.#listen();
    // What was called in this turn may go on in a microtask. What is done must be told first.
    if (this.#callbacks.called > 0 || this.#output.hasDone()) this.#schedule();
    else return this.#close(this.#failure()); // STREAM-CLOSE-3
    this.#listen();
  }

  /** Nothing is written any more, and nothing is read: of a pipe, the end for writing; or a write has failed, and a consumer is paused. */
  #deserted(): boolean {
    if (this.#outputEnded && !this.#transport.readable) return true;
    return this.#input.final && this.#input.idle && !this.#hungry();
  }

  /** Has the loop watch for what matters now. */
  #listen(): void {
    if (this.#input.final && this.#hungry()) return this.#schedule();
    const wanted = this.#wanted();
    if (wanted === this.#watched || (this.#watched === UNWATCHED && wanted === 0)) return;
    this.#watch(wanted);
  }

  #wanted(): number {
    if (this.#state === 'connecting') return this.#connected === UNDECIDED ? WRITE : 0; // STREAM-CONNECT-6
    if (this.#state !== 'open') return 0; // STREAM-CONNECT-5
    // STREAM-READ-16, STREAM-WRITE-3, STREAM-WRITE-4
    return (this.#hungry() ? READ : 0) | (this.#output.blocked ? WRITE : 0);
  }

  #watch(events: number): void {
    if (this.#watched === UNWATCHED) this.#loop.addHandler(this.fd, this.#onEvents, events);
    else this.#loop.updateHandler(this.fd, events);
    this.#watched = events;
  }

  #unwatch(): void {
    if (this.#watched === UNWATCHED) return;
    this.#watched = UNWATCHED;
    this.#loop.removeHandler(this.fd);
  }

  // ── input ───────────────────────────────────────────────────────────────────────────────────────────────────

  #checkReadable(call: string, callback: ReadCallback): void {
    checkCallback(callback);
    this.#checkOpen(call);
    if (!this.#transport.readable) throw new WrongDirectionError(call, this.fd, 'writing');
    if (this.#consumer !== undefined) throw new ConsumedError(call);
    if (this.#input.read !== undefined) throw new ReadPendingError(call); // STREAM-READ-9, STREAM-READ-10
  }

  #begin(read: Read): void {
    this.#input.begin(read);
    if (this.#serving) return;
    // STREAM-READ-6, STREAM-READ-7, STREAM-READ-11, STREAM-REENTRY-2
    if (this.#input.measure() !== WAIT || this.#input.ended) this.#schedule();
    else this.#listen();
  }

  #hungry(): boolean {
    if (this.#consumer !== undefined) return !this.#paused && !this.#input.ended;
    return this.#input.hungry && this.#transport.readable;
  }

  /** Hands a consumer what had been read before it came. */
  #handOver(consumer: Consumer): void {
    const { length } = this.#input;
    try {
      if (length > 0) consumer.received(Buffer.from(this.#input.take(length)), length);
      this.#tellEnd(consumer);
    } catch (thrown) {
      this.#callbacks.caught(thrown);
    }
  }

  /** Hands a consumer what the kernel has. A chunk that was not filled was the last: no call only to hear EAGAIN. */
  #consume(consumer: Consumer): void {
    const chunk = acquireChunk();
    try {
      for (let budget = EVENT_BYTES; budget > 0 && this.#state === 'open' && this.#hungry();) {
        const size = this.#input.receiveInto(chunk.bytes);
        if (size > 0) consumer.received(chunk.buffer, size);
        if (size < CHUNK_BYTES && !this.#input.final) break;
        budget -= size;
      }
      this.#tellEnd(consumer);
    } catch (thrown) {
      this.#callbacks.caught(thrown);
    } finally {
      releaseChunk(chunk);
    }
  }

  #tellEnd(consumer: Consumer): void {
    if (!this.#input.ended || this.#endTold) return;
    this.#endTold = true;
    consumer.ended();
  }

  /** Takes bytes in, and serves reads from them, while it is hungry and there are any. */
  #receive(): void {
    if (this.#consumer !== undefined) return this.#consume(this.#consumer);
    for (let budget = EVENT_BYTES; budget > 0 && this.#hungry();) {
      budget -= this.#input.receive();
      this.#serve();
      if (!this.#input.filled) return;
    }
  }

  /** Nothing can be written any more: who writes is told, and what has come is read, as far as somebody wants it. */
  #readTheRest(): void {
    if (this.#output.hasDone()) return; // They are told first, in another turn.
    this.#input.finalise();
    this.#receive(); // STREAM-READ-11, STREAM-READ-12, STREAM-READ-14
    if (this.#state === 'open') for (const write of this.#output.clear()) this.#tellLost(write);
  }

  /** Serves reads from the buffer, as long as there are some that it satisfies. */
  #serve(): void {
    if (this.#consumer !== undefined) return this.#handOver(this.#consumer);
    const input = this.#input;
    const callbacks = this.#callbacks;
    this.#serving = true;
    try {
      while (this.#state !== 'closed') {
        // STREAM-REENTRY-1, STREAM-REENTRY-3, STREAM-REENTRY-6
        // Whoever awaits a read starts the next one in a microtask.
        if (callbacks.undrained && input.length > 0) callbacks.drain();
        const { read } = input;
        if (read === undefined) return;
        const size = input.measure();
        if (size === OVERFLOW) return this.#overflow(read); // STREAM-LIMIT-1, STREAM-LIMIT-5
        if (size === FAILED) return this.#close(read.failure, read.failure);
        if (size === WAIT) {
          if (input.ended) this.#close(this.#failure()); // STREAM-READ-13, STREAM-CLOSE-4, STREAM-CLOSE-16
          return;
        }
        if (callbacks.exhausted) return this.#schedule();
        if (callbacks.undrained) callbacks.drain();
        // STREAM-READ-8, STREAM-READ-12, STREAM-CLOSE-6
        else callbacks.call(read.callback, undefined, input.take(size));
      }
    } finally {
      this.#serving = false;
    }
  }

  #overflow({ limit }: Read): void {
    const error = new ReadOverflowError(limit); // STREAM-LIMIT-2
    this.#close(error, error);
  }

  /** There is an error, or a hang-up, and reading has not led to the end of the stream. */
  #onError(): void {
    if (this.#state === 'closed') return;
    if (!this.#transport.readable) return this.#failWrites(-EPIPE); // A pipe that nobody reads.
    if (this.#output.blocked) this.#flush();
    else if (this.#consumer !== undefined && this.#input.ended) this.#onHalfHungUp();
    else if (this.#consumer !== undefined && this.#paused) this.#onPausedError();
    else if (!this.#hungry()) this.#unwatch(); // STREAM-READ-17
  }

  /** The consumer has all, and might answer for ever: nobody reads that. */
  #onHalfHungUp(): void {
    if (this.#allowHalfOpen) this.#failWrites(-EPIPE);
  }

  /** A reset throws away what is paused: nobody would look again. A hang-up leaves it to whoever resumes. */
  #onPausedError(): void {
    const error = this.#posix.getsockopt(this.fd, SOL_SOCKET, SO_ERROR);
    if (error === 0) return this.#unwatch();
    this.#input.end(new PosixError(-Math.abs(error), 'read'));
  }

  // ── output ──────────────────────────────────────────────────────────────────────────────────────────────────

  #checkWritable(call: string): void {
    if (!this.#transport.writable) throw new WrongDirectionError(call, this.fd, 'reading');
    if (this.#ending) throw new OutputEndedError();
  }

  #flush(): void {
    if (this.#state === 'open' && this.#writeFailure === undefined) this.#written(this.#output.flush());
  }

  /** @param result What the kernel has said to the last bytes. */
  #written(result: Result): void {
    if (result < 0) return this.#failWrites(result);
    if (!this.#ending || this.#outputEnded || this.#output.length > 0) return;
    this.#outputEnded = true;
    if (this.#transport.socket)
      this.#posix.shutdown(this.fd, SHUT_WR); // STREAM-CLOSE-11, STREAM-CLOSE-12
    else this.#schedule();
    if (this.#allowHalfOpen && this.#input.ended) this.#schedule();
  }

  /** What has gone wrong, of which the end is the consequence; undefined if nothing has. */
  #failure(): Error | undefined {
    return this.#writeFailure ?? this.#input.cause;
  }

  #tellLost(write: DoneCallback): void {
    const error = new StreamClosedError('nothing can be written any more', this.#writeFailure);
    this.#tell(() => write(error));
  }

  #failWrites(result: Result): void {
    this.#writeFailure ??= new PosixError(result, 'write'); // STREAM-WRITE-8, STREAM-WRITE-9
    this.#schedule();
  }

  /** Calls the callbacks of the writes that are done. */
  #reportWrites(): void {
    const callbacks = this.#callbacks;
    while (this.#state === 'open' && this.#output.hasDone()) {
      if (callbacks.exhausted) return this.#schedule();
      if (callbacks.undrained) callbacks.drain();
      else callbacks.call(this.#output.takeDone()!, undefined, undefined); // STREAM-WRITE-6, STREAM-WRITE-7
    }
  }

  // ── connecting and closing ──────────────────────────────────────────────────────────────────────────────────

  #decideConnect(result: Result | typeof UNDECIDED): void {
    if (result === UNDECIDED) return;
    if (result < 0) return this.#close(new PosixError(result, 'connect')); // STREAM-CONNECT-2, STREAM-CONNECT-9
    this.#state = 'open';
    const callback = this.#connectCallback;
    this.#connectCallback = undefined;
    if (callback !== undefined) this.#callbacks.call(callback, undefined, undefined); // STREAM-CONNECT-1
  }

  /**
   * @param cause Why.
   * @param readError With what the pending read fails, if it is not a {@link StreamClosedError}.
   */
  #close(cause: Error | undefined, readError?: Error): void {
    if (this.#state === 'closed') return; // STREAM-CLOSE-1, STREAM-CLOSE-2
    // What was only gathered, as if each write had gone out by itself. Nobody is told any more how that goes.
    if (this.#state === 'open' && !this.#output.blocked && this.#writeFailure === undefined)
      this.#output.flush();
    this.#state = 'closed';
    this.#error = cause;
    this.#unwatch(); // Before the fd is closed: what the loop would watch then is another's.
    this.#posix.close(this.fd); // STREAM-CLOSE-10, STREAM-CLOSE-13, STREAM-CLOSE-15

    const closed = this.#closedError('the stream was closed before this was done');
    const connect = this.#connectCallback;
    const read = this.#input.clear();
    const writes = this.#output.clear();
    this.#connectCallback = undefined;
    if (connect !== undefined) this.#tell(() => connect(closed)); // STREAM-CONNECT-7
    // STREAM-CLOSE-5, STREAM-CLOSE-14
    if (read !== undefined) this.#tell(() => read.callback(readError ?? closed, undefined));
    for (const write of writes) this.#tell(() => write(closed)); // STREAM-WRITE-11, STREAM-CONNECT-8
    this.#tell(this.#tellClosed);
  }

  readonly #tellClosed = (): void => {
    this.#closeTold = true; // STREAM-CLOSE-1
    const callback = this.#closeCallback;
    this.#closeCallback = undefined;
    return callback?.(this.#error); // STREAM-CLOSE-9
  };

  #closedError(what: string): StreamClosedError {
    return new StreamClosedError(what, this.#error);
  }

  /** Has the loop call a callback. When the loop is closed, there is nobody left to call it: closing must not fail for that. */
  #tell(callback: Callback): void {
    try {
      this.#loop.addCallback(callback);
    } catch (error) {
      if (!(error instanceof LoopClosedError)) throw error;
    }
  }

  // ── arguments ───────────────────────────────────────────────────────────────────────────────────────────────

  /** Before anything is done: on a closed loop nobody would ever tell what came of it. */
  #checkOpen(call: string): void {
    if (this.#state === 'closed') throw this.#closedError(`${call} on a closed stream`);
    if (this.#loop.closed) throw new LoopClosedError(`${call} of a stream`);
  }

  /** Text as bytes. A program uses few delimiters, most often the same: the last one is remembered. */
  #encodeDelimiter(text: string): Uint8Array {
    if (this.#delimiterBytes === undefined || text !== this.#delimiterText) {
      this.#delimiterText = text;
      this.#delimiterBytes = Buffer.from(text);
    }
    return this.#delimiterBytes;
  }

  #limitOf(maxBytes: number | undefined): number {
    if (maxBytes === undefined) return this.#maxReadBytes;
    checkLimit('maxBytes', maxBytes);
    return Math.min(maxBytes, this.#maxReadBytes); // STREAM-LIMIT-7
  }
}

function ignore(): void {}
