/**
 * What a stream refuses, and how it fails. Each class states one rule; its message names the offending value and the way out.
 *
 * Two manners, as in the loop (ioloop/errors.ts): what *takes something on* (a read, a write, a connect, a stream itself) is refused
 * by a throw when it is wrong, in the call, in its promise form too, and leaves all as it was. What *gives something back*
 * (`close`, `end`) never throws. What was taken on and fails later says so to its callback, or rejects its promise, once.
 */
import { errnoMessage, errnoName, type Result } from '../../posix/index.js';

// ── what is refused ───────────────────────────────────────────────────────────────────────────────────────────

/** A delimiter is one byte or more, or a text that is not empty. */
export class InvalidDelimiterError extends TypeError {
  override readonly name = 'InvalidDelimiterError';
  constructor(delimiter: unknown) {
    super(
      `delimiter ${show(delimiter)} delimits nothing: pass a Uint8Array or a string that is not empty; for a pattern, call readUntilRegex`,
    );
  }
}

/** A pattern is a RegExp. */
export class InvalidPatternError extends TypeError {
  override readonly name = 'InvalidPatternError';
  constructor(pattern: unknown) {
    super(`pattern ${show(pattern)} is not a RegExp: pass one; for a fixed delimiter, call readUntil`);
  }
}

/** A number of bytes is an integer, and within the limits of its use. */
export class InvalidCountError extends RangeError {
  override readonly name = 'InvalidCountError';
  constructor(what: string, value: unknown, least: number, orElse = '') {
    super(`${what} ${show(value)} is no number of bytes: pass an integer from ${least} on${orElse}`);
  }
}

/** What is written is bytes, or a text, which is written as UTF-8. */
export class InvalidBytesError extends TypeError {
  override readonly name = 'InvalidBytesError';
  constructor(bytes: unknown, wayOut = 'pass a Uint8Array or a string') {
    super(`${show(bytes)} can't be written: ${wayOut}`);
  }
}

/** A callback is a function; without one, most calls return a promise. */
export class InvalidCallbackError extends TypeError {
  override readonly name = 'InvalidCallbackError';
  constructor(callback: unknown, wayOut = 'pass one, or undefined to get a promise') {
    super(`callback ${show(callback)} is not a function: ${wayOut}`);
  }
}

/** A consumer is an object with the two methods. */
export class InvalidConsumerError extends TypeError {
  override readonly name = 'InvalidConsumerError';
  constructor(consumer: unknown) {
    super(`${show(consumer)} is no consumer: pass an object with the methods received and ended`);
  }
}

/** A consumer gets all bytes, for good: nobody else reads. */
export class ConsumedError extends Error {
  override readonly name = 'ConsumedError';
  constructor(call: string) {
    super(`${call} of a stream whose bytes all go to a consumer: let that one pass them on`);
  }
}

/** One read at a time: the first goes on. */
export class ReadPendingError extends Error {
  override readonly name = 'ReadPendingError';
  constructor(call: string) {
    super(`${call} while a read is pending, which goes on: start the next read in the callback of that one`);
  }
}

/** What waits to be written has a limit; the write that would exceed it is refused as a whole. */
export class WriteBufferFullError extends Error {
  override readonly name = 'WriteBufferFullError';
  constructor(
    /** Bytes that were to be written. */
    readonly size: number,
    /** Bytes that wait. */
    readonly waiting: number,
    /** Bytes that may wait. */
    readonly limit: number,
  ) {
    super(
      size > limit
        ? `${size} bytes can't be written by one call, as ${limit} may wait (maxWriteBytes): write them in parts, each in the callback of the one before`
        : `${size} bytes can't be written while ${waiting} wait, as ${limit} may (maxWriteBytes): wait for the callback of an earlier write`,
    );
  }
}

/** After `end`, nothing is written. */
export class OutputEndedError extends Error {
  override readonly name = 'OutputEndedError';
  constructor() {
    super(
      'write after end: the peer has been told that nothing more comes; call end later, or make a new stream',
    );
  }
}

/** A pipe's ends go one way each. */
export class WrongDirectionError extends Error {
  override readonly name = 'WrongDirectionError';
  constructor(call: string, fd: number, direction: 'reading' | 'writing') {
    super(`${call}: fd ${fd} is open for ${direction} only: make a stream over the pipe's other end`);
  }
}

/** A stream stands over a connected stream socket, a pipe or a terminal; or over a stream socket that is to be connected. */
export class NotAStreamError extends TypeError {
  override readonly name = 'NotAStreamError';
  constructor(
    readonly fd: number,
    why: string,
  ) {
    super(`fd ${show(fd)} is no stream, ${why}`);
  }
}

/** An address is one that the kernel's structures can hold. */
export class InvalidAddressError extends TypeError {
  override readonly name = 'InvalidAddressError';
  constructor(address: unknown) {
    super(
      `${showAddress(address)} is no address: pass { family: 'ipv4' or 'ipv6', host: an IP address, port } or { family: 'unix', path }`,
    );
  }
}

/** A stream is connected once. */
export class AlreadyConnectedError extends Error {
  override readonly name = 'AlreadyConnectedError';
  constructor(fd: number) {
    super(`the stream of fd ${fd} is connected or about to be: make a new stream`);
  }
}

// ── how it fails ──────────────────────────────────────────────────────────────────────────────────────────────

/**
 * The stream is closed, so this can't be done, or can't be done any more; for a write, also: the peer is gone, and the stream is open only
 * for what it has sent. `cause` says why: a PosixError, a {@link ReadOverflowError}, what a callback threw; undefined if the peer ended its
 * output, or by `close`.
 */
export class StreamClosedError extends Error {
  override readonly name = 'StreamClosedError';
  constructor(what: string, cause: Error | undefined) {
    super(
      `${what}${cause === undefined ? '' : ` (${cause.message})`}`,
      cause === undefined ? undefined : { cause },
    );
  }
}

/** A read takes as many bytes as its limit allows, its delimiter counted in. */
export class ReadOverflowError extends Error {
  override readonly name = 'ReadOverflowError';
  constructor(
    /** Bytes. */
    readonly limit: number,
  ) {
    super(
      `the read is not done after ${limit} bytes, the most that it may take: raise its maxBytes, or the stream's maxReadBytes, if the peer is to be trusted`,
    );
  }
}

/** The engine has given up a pattern: it needs more stack than there is, or a longer text than can be. `cause` is what it has thrown. */
export class PatternFailedError extends Error {
  override readonly name = 'PatternFailedError';
  constructor(
    readonly pattern: RegExp,
    /** Bytes that it was to look at. */
    readonly size: number,
    cause: unknown,
  ) {
    super(
      `pattern ${show(String(pattern))} could not be looked for in ${size} bytes (${String(cause)}): give it less to backtrack to, or the read a maxBytes`,
      { cause },
    );
  }
}

/** The reason why an fd can't be used, after an errno. */
export function because(result: Result): string {
  return `${errnoName(result)}: ${errnoMessage(result)}`;
}

/** A value of any kind, short enough for a sentence. */
function showAddress(address: unknown): string {
  if (typeof address !== 'object' || address === null) return show(address);
  const parts = Object.entries(address as Record<string, unknown>)
    .filter(([key]) => ['family', 'host', 'port', 'path'].includes(key))
    .map(([key, value]) => `${key}: ${show(value)}`);
  return `{ ${parts.join(', ')} }`;
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  if (value instanceof Uint8Array) return value.length === 0 ? 'of no bytes' : `of ${value.length} bytes`;
  // By its class alone: what is in it may be large, or have no end.
  if (typeof value === 'object' && value !== null) return withArticle(value.constructor?.name ?? 'object');
  if (typeof value === 'function') return 'a function';
  return String(value);
}

/** "U" is left out: the classes of bytes begin with it, and sound as "you". */
function withArticle(name: string): string {
  return `${/^[aeio]/i.test(name) ? 'an' : 'a'} ${name}`;
}
