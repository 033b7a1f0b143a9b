/**
 * What the server refuses the program that uses it, each with the way out. What it refuses clients is in refusals.ts.
 */
import {
  EACCES,
  EADDRINUSE,
  EADDRNOTAVAIL,
  PosixError,
  errnoMessage,
  errnoName,
  type Result,
} from '../../posix/index.js';

/** An option has a value that it can't have. */
export class InvalidOptionError extends RangeError {
  override readonly name = 'InvalidOptionError';
  constructor(option: string, value: unknown, wanted: string) {
    super(`option ${option} is ${String(value)}: pass ${wanted}`);
  }
}

/** An address to listen at is an IP address, 'localhost', or '' for every interface. */
export class InvalidListenAddressError extends TypeError {
  override readonly name = 'InvalidListenAddressError';
  constructor(address: string, port: number) {
    super(
      `can't listen at ${JSON.stringify(address)}, port ${port}: pass an IP address, 'localhost', or '' for every interface; and a port from 0 to 65535`,
    );
  }
}

const REMEDIES = new Map([
  [
    EADDRINUSE,
    'another socket listens there: stop its server, choose another port (0: the kernel picks one), or give both the option reusePort',
  ],
  [EADDRNOTAVAIL, 'no interface of this machine has that address'],
  [EACCES, 'ports below 1024 need a privilege: choose a higher one'],
]);

/** The kernel lets nobody listen there. `code` is the errno's name. */
export class ListenError extends PosixError {
  constructor(
    /** An IP address. */
    readonly address: string,
    readonly port: number,
    call: string,
    result: Result,
  ) {
    super(result, call);
    this.name = new.target.name;
    this.message = `can't listen at ${address}, port ${port} (${errnoName(result)}): ${REMEDIES.get(-result) ?? errnoMessage(result)}`;
  }
}

/** Somebody listens there already. */
export class AddressInUseError extends ListenError {}

/** A stopped server does not listen again. */
export class ServerStoppedError extends Error {
  override readonly name = 'ServerStoppedError';
  constructor(call: string) {
    super(`${call} on a stopped server: make a new one`);
  }
}

/** A status is an integer from 200 to 999; what comes before, 1xx, is no final answer. */
export class InvalidStatusError extends RangeError {
  override readonly name = 'InvalidStatusError';
  constructor(status: unknown) {
    super(
      `status ${String(status)} can't be sent: pass an integer from 200 to 999, or { code, reason } with a reason of visible characters`,
    );
  }
}

/**
 * A field can't be sent as it is. Its name is a token; its value has no control characters, for by CR and LF whoever supplies a part of it
 * would write fields and bodies of his own; and the framing is the server's.
 */
export class InvalidHeaderError extends TypeError {
  override readonly name = 'InvalidHeaderError';
  constructor(name: string, why: string) {
    super(`header ${JSON.stringify(name.slice(0, 60))} can't be sent: ${why}`);
  }
}

/** Each request is answered once, in one manner. */
export class ResponseStateError extends Error {
  override readonly name = 'ResponseStateError';
  constructor(call: string, why: string) {
    super(`${call}, but ${why}`);
  }
}

/** What was written is not what was declared. More than that doesn't go out; after less, the connection is closed. */
export class ContentLengthError extends Error {
  override readonly name = 'ContentLengthError';
  constructor(
    /** Bytes. */
    readonly declared: number,
    /** Bytes. */
    readonly written: number,
  ) {
    super(
      `the response declares ${declared} bytes and has ${written}: leave Content-Length to the server, or count bytes, not characters`,
    );
  }
}

/** A response has a body that its status can't have. */
export class UnexpectedBodyError extends Error {
  override readonly name = 'UnexpectedBodyError';
  constructor(status: number) {
    super(`a response of status ${status} has no body (RFC 9110 15): leave it out, or choose another status`);
  }
}

/** What was written raw is no HTTP response. */
export class MalformedResponseError extends Error {
  override readonly name = 'MalformedResponseError';
  constructor(why: string) {
    super(`what was written is no HTTP response, ${why}; the connection is closed`);
  }
}

/** The peer left before its request was complete. */
export class RequestAbortedError extends Error {
  override readonly name = 'RequestAbortedError';
  constructor() {
    super('the client left before the end of its request');
  }
}

/** The body of a request is not the form that its Content-Type announces. If the handler lets it pass, the client gets 400. */
export class MalformedBodyError extends Error {
  override readonly name = 'MalformedBodyError';
  constructor(why: string) {
    super(`the body is not the form that its Content-Type announces: ${why}`);
  }
}
