/**
 * The response to one request: what may be said when, and how it is framed.
 *
 *     state \ call   respond   start       write, raw   finish         chunk     end       handler failed
 *     ------------   -------   ---------   ----------   ------------   -------   -------   --------------
 *     UNSENT         DONE      STREAMING   RAW          (refused)      -         -         500, DONE
 *     STREAMING      (refused) (refused)   (refused)    (refused)      goes on   DONE      cut off
 *     RAW            (refused) (refused)   goes on      DONE           -         -         cut off
 *     DONE           (refused) (refused)   (refused)    (refused)      (refused) (refused) logged only
 *
 * How the body is delimited (RFC 9112 6):
 *
 *     request      the program                 framing                     connection
 *     ----------   -------------------------   -------------------------   ---------------------------------
 *     any          responds at once            Content-Length              goes on
 *     any          declares a length           Content-Length              goes on, if it is kept
 *     HTTP/1.1     streams                     chunked                     goes on
 *     HTTP/1.0     streams                     the end of the connection   closed
 *     HEAD         any of these                as for GET, without a body  goes on
 *     any          status 204, 304             none                        goes on
 *
 * When the peer has left, all of this goes nowhere, without an error: it can happen at any moment, and is no mistake of the program.
 * Who wants to know asks onClose.
 */
import { ContentLengthError, ResponseStateError, UnexpectedBodyError } from './errors.js';
import { RawResponse } from './raw-response.js';
import type { RequestHead } from './request-head.js';
import {
  formatFields,
  formatHead,
  type BodyFraming,
  type ResponseHeaders,
  type Status,
} from './response-head.js';
import { isBodiless } from './status.js';

/** What a response needs of its connection. */
export interface ResponseChannel {
  /** The connection can't go on after this response, whatever it is. */
  readonly closing: boolean;
  /** Sends a text, and bytes or a text behind it; both texts have one byte a character. */
  send(text: string, body?: string | Uint8Array): void;
  /** As {@link send}, but may wait for what comes next. */
  sendSoon(text: string): void;
  /** Settles when the kernel has taken what was sent; undefined: it has. */
  drained(): Promise<void> | undefined;
  /** Calls back when the kernel has taken what was sent; not if the peer has left. */
  taken(callback: () => void): void;
  /** The response is complete. @param reusable Another can follow it. */
  completed(reusable: boolean): void;
  /**
   * The response can't be completed. What was sent of it gets out, and the peer sees that it is not all.
   * @param endless To the peer, the end of the connection would be the end of the body.
   */
  cutOff(endless: boolean): void;
  report(text: string, error: unknown): void;
}

type State = 'unsent' | 'streaming' | 'raw' | 'done';

const EXPLANATIONS: Readonly<Record<State, string>> = {
  unsent: 'nothing was written: call respond, start or write first',
  streaming: 'a response was started: go on with the writer that start returned',
  raw: 'the response is written raw: go on with write and finish',
  done: 'the request was answered',
};

export class Response {
  readonly #channel: ResponseChannel;
  readonly #head: RequestHead;
  #state: State = 'unsent';
  #framing: BodyFraming = 'none';
  /** The body is not to be sent, though it is framed: HEAD. */
  #mute = false;
  #close = false;
  #code = 0;
  #raw: RawResponse | undefined;
  /** Bytes of the body that the program has written. */
  #written = 0;

  constructor(channel: ResponseChannel, head: RequestHead) {
    this.#channel = channel;
    this.#head = head;
  }

  get done(): boolean {
    return this.#state === 'done';
  }

  /** Answers, all at once. */
  respond(status: Status, headers: ResponseHeaders | undefined, body: string | Uint8Array): void {
    this.#expect('respond', 'unsent');
    const fields = formatFields(headers);
    const code = typeof status === 'number' ? status : status.code;
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    const bodiless = isBodiless(code);
    if (bodiless && length > 0) throw new UnexpectedBodyError(code); // HTTP-RESPONSE-4
    const head = this.#head.method === 'HEAD';
    // To HEAD, the program may tell the length of a body that it doesn't make.
    const declared = fields.contentLength;
    if (declared !== undefined && declared !== length && !bodiless && !(head && length === 0))
      throw new ContentLengthError(declared, length); // SERVER-RESPONSE-1
    // HTTP-RESPONSE-2, HTTP-RESPONSE-3
    const text = this.#begin(status, fields.text, bodiless ? 'none' : (declared ?? length), fields.close);
    this.#state = 'done';
    // HTTP-RESPONSE-1
    if (head || length === 0) this.#channel.send(text);
    // A text without special characters, as most are, has one byte a character, like the head.
    else if (typeof body === 'string' && length > body.length) this.#channel.send(text, Buffer.from(body));
    else this.#channel.send(text, body);
    this.#channel.completed(!this.#close);
  }

  /** Begins an answer whose body comes piece by piece. */
  start(status: Status, headers: ResponseHeaders | undefined): ResponseWriter {
    this.#expect('start', 'unsent');
    const fields = formatFields(headers);
    const code = typeof status === 'number' ? status : status.code;
    let framing: BodyFraming = 'chunked'; // HTTP-RESPONSE-7
    // HTTP-RESPONSE-3
    if (isBodiless(code)) framing = 'none';
    else if (fields.contentLength !== undefined) framing = fields.contentLength;
    else if (this.#head.minorVersion === 0) framing = 'close'; // HTTP-RESPONSE-8
    this.#mute = this.#head.method === 'HEAD'; // HTTP-RESPONSE-1
    this.#code = code;
    const text = this.#begin(status, fields.text, framing, fields.close);
    this.#state = 'streaming';
    this.#channel.sendSoon(text);
    return {
      write: (chunk) => this.#write(chunk),
      end: (chunk, trailers) => this.#end(chunk, trailers),
    };
  }

  /** Writes raw bytes: see raw-response.ts. */
  writeRaw(chunk: string | Uint8Array, callback: (() => void) | undefined): void {
    if (this.#state !== 'raw') this.#expect('write', 'unsent');
    this.#state = 'raw';
    const raw = (this.#raw ??= new RawResponse(this.#head, () => this.#channel.closing));
    const passed = raw.pass(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    if (passed.length > 0) this.#channel.send('', passed);
    if (callback !== undefined) this.#channel.taken(callback);
    if (raw.error !== undefined) throw raw.error;
  }

  /** Ends what was written raw. */
  finish(): void {
    this.#expect('finish', 'raw');
    this.#state = 'done';
    const raw = this.#raw!;
    const error = raw.finish();
    if (error !== undefined) this.#channel.report('A response was not as it declared', error);
    this.#channel.completed(raw.reusable && !this.#channel.closing);
  }

  /** The handler has failed: says so to the client, if it can still be said. */
  fail(refuse: () => void): void {
    const state = this.#state;
    this.#state = 'done';
    if (state === 'unsent') refuse();
    else if (state !== 'done') this.#channel.cutOff(this.#endless); // SERVER-RESPONSE-6
  }

  /** Nothing but the end of the connection ends the body. */
  get #endless(): boolean {
    return this.#raw?.endless ?? (this.#framing === 'close' && !this.#mute);
  }

  #expect(call: string, wanted: State): void {
    if (this.#state !== wanted) throw new ResponseStateError(call, EXPLANATIONS[this.#state]);
  }

  /** Decides what becomes of the connection. @returns The head. */
  #begin(status: Status, fields: string, framing: BodyFraming, close: boolean): string {
    this.#framing = framing;
    this.#close = close || framing === 'close' || this.#channel.closing; // HTTP-RESPONSE-6, HTTP-RESPONSE-15
    // A 1.0 client expects the end of the connection unless it is told otherwise, a 1.1 client the other way round:
    // HTTP-CONN-2, HTTP-CONN-5, HTTP-CONN-8
    const connection = this.#close ? 'close' : this.#head.minorVersion === 0 ? 'keep-alive' : undefined;
    return formatHead(status, fields, framing, connection);
  }

  #write(chunk: string | Uint8Array): Promise<void> | undefined {
    this.#expect('write', 'streaming');
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    const framing = this.#framing;
    this.#written += bytes.length;
    if (framing === 'none' && bytes.length > 0) throw new UnexpectedBodyError(this.#code); // HTTP-RESPONSE-4
    // SERVER-RESPONSE-1
    if (typeof framing === 'number' && this.#written > framing) {
      const fitting = bytes.subarray(0, Math.max(framing - this.#written + bytes.length, 0));
      if (!this.#mute) this.#channel.send('', fitting);
      this.#state = 'done';
      this.#channel.cutOff(false);
      throw new ContentLengthError(framing, this.#written);
    }
    if (this.#mute || bytes.length === 0) return undefined; // A chunk of 0 bytes would be the last: RFC 9112 7.1
    if (framing === 'chunked') {
      this.#channel.send(`${bytes.length.toString(16)}\r\n`, bytes);
      this.#channel.sendSoon('\r\n');
    } else {
      this.#channel.send('', bytes);
    }
    return this.#channel.drained();
  }

  #end(chunk: string | Uint8Array | undefined, trailers: ResponseHeaders | undefined): void {
    this.#expect('end', 'streaming');
    const { text } = formatFields(trailers);
    if (chunk !== undefined) void this.#write(chunk);
    this.#state = 'done';
    const framing = this.#framing;
    // SERVER-RESPONSE-2
    if (typeof framing === 'number' && this.#written < framing && !this.#mute) {
      this.#channel.report('A response was cut off', new ContentLengthError(framing, this.#written));
      return this.#channel.cutOff(false);
    }
    // Trailers that can't be sent are left out, as any recipient may do: RFC 9110 6.5.1
    this.#channel.send(framing === 'chunked' && !this.#mute ? `0\r\n${text}\r\n` : ''); // HTTP-RESPONSE-6
    this.#channel.completed(!this.#close);
  }
}

/** Writes the body of a response piece by piece. */
export interface ResponseWriter {
  /**
   * Sends a piece of the body.
   * @param chunk A text goes as UTF-8. More than 8 KB of bytes are not to be changed until the promise is settled.
   * @returns A promise, when the kernel can't take it: settled when it could, or when the peer has left. Wait for it, or the
   *   pieces pile up in memory. undefined: go on.
   * @throws {ContentLengthError} More than was declared: what was declared goes out, and the connection is closed.
   * @throws {UnexpectedBodyError | ResponseStateError}
   */
  write(chunk: string | Uint8Array): Promise<void> | undefined;
  /**
   * Ends the response. If it has less than was declared, that is logged, and the connection is closed.
   * @param chunk The last piece.
   * @param trailers Fields behind a chunked body (RFC 9110 6.5).
   * @throws {ResponseStateError | InvalidHeaderError}
   */
  end(chunk?: string | Uint8Array, trailers?: ResponseHeaders): void;
}
