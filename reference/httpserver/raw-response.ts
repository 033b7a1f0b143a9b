/**
 * A response that the program writes byte by byte, status line and all, as Tornado's first HTTPRequest.write had it.
 *
 * The bytes go out as they are, and are the program's to answer for: whether there is a Date (HTTP-RESPONSE-11), a space behind the
 * status (HTTP-RESPONSE-9), a Content-Length where none belongs (HTTP-RESPONSE-3), nobody looks. But the server has to know where the
 * response ends, and that the client will think the same, or the next response would be taken for a part of this one. So it reads along:
 *
 *     the head says            the response ends               after less, or more
 *     ----------------------   -----------------------------   -----------------------------------------------
 *     101                      an error: to go on in another protocol is not offered
 *     1xx                      it does not: a head follows     -
 *     204, 304; or to HEAD     with its head                   more: an error, dropped
 *     Content-Length           after so many bytes             less: closed. more: an error, dropped, closed
 *     chunked, to HTTP/1.1     with its trailers               less: closed. more: an error, dropped, closed
 *     anything else            when the connection does        -
 *
 * Nor may a client that would go on be promised another response where none can follow: to such a head `Connection: close` is added.
 */
import { ChunkedDecoder } from './chunked-decoder.js';
import { ContentLengthError, MalformedResponseError } from './errors.js';
import { DONE } from './head-grammar.js';
import { HeadScanner, MORE } from './head-scanner.js';
import { HTTPHeaders } from './headers.js';
import { trimOws } from './ows.js';
import type { RequestHead } from './request-head.js';
import { isBodiless } from './status.js';

/** Bytes of a head, and of trailers: as much as Tornado reads of one. */
const MOST_HEAD_BYTES = 65_536;
const TRAILER_LIMITS = {
  maxRequestLineBytes: 0,
  maxHeadBytes: MOST_HEAD_BYTES,
  maxHeaderCount: Infinity,
  maxBodyBytes: 0,
};
const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})(?: [^\r\n]*)?\r\n/;
const FIELDS = /^(?:[A-Za-z0-9!#$%&'*+.^_`|~-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n$/;
const NOTHING = new Uint8Array(0);
const CLOSE = Buffer.from('Connection: close\r\n\r\n');

type Framing = 'head' | 'none' | 'sized' | 'chunked' | 'trailers' | 'over' | 'close';

export class RawResponse {
  readonly #request: RequestHead;
  /** No other response can follow this one, whatever it says. */
  readonly #closing: () => boolean;
  #framing: Framing = 'head';
  #head: Uint8Array = NOTHING;
  #declared = 0;
  #written = 0;
  /** What the head tells the client. */
  #keepAlive = true;
  readonly #chunks = new ChunkedDecoder();
  /** What came behind the last chunk, and how far it is a trailer section. */
  #trailers: Uint8Array = NOTHING;
  readonly #trailerScanner = new HeadScanner(TRAILER_LIMITS);
  error: Error | undefined;

  /** @param closing Asked when the head is there: the connection ends behind this response. */
  constructor(request: RequestHead, closing: () => boolean) {
    this.#request = request;
    this.#closing = closing;
  }

  /** Takes a piece. @returns What of it is to be sent; if something is wrong with it, {@link error} says what. */
  pass(bytes: Uint8Array): Uint8Array {
    if (this.error !== undefined) return NOTHING;
    if (this.#framing !== 'head') return this.#passBody(bytes);
    this.#head = Buffer.concat([this.#head, bytes]);
    const end =
      Buffer.from(this.#head.buffer, this.#head.byteOffset, this.#head.length).indexOf('\r\n\r\n') + 4;
    if (end < 4) {
      if (this.#head.length > MOST_HEAD_BYTES) this.#malformed('for its head does not end');
      return NOTHING;
    }
    let head = this.#head.slice(0, end);
    const rest = this.#head.slice(end);
    this.#readHead(Buffer.from(head).toString('latin1'));
    this.#head = NOTHING;
    if (this.error !== undefined) return NOTHING;
    const promised = this.#framing !== 'head' && this.#keepAlive && this.#request.keepAlive;
    if (promised && (this.endless || this.#closing())) {
      this.#keepAlive = false;
      head = Buffer.concat([head.subarray(0, -2), CLOSE]); // HTTP-CONN-2, SERVER-RESPONSE-3
    }
    return rest.length === 0 ? head : Buffer.concat([head, this.pass(rest)]);
  }

  /** The program has nothing more. @returns What is wrong with that. */
  finish(): Error | undefined {
    if (this.error !== undefined) return undefined; // It was thrown.
    if (this.#framing === 'sized' && this.#written < this.#declared)
      this.error = new ContentLengthError(this.#declared, this.#written);
    else if (this.#framing === 'head' || this.#framing === 'chunked')
      this.#malformed('for it ends too early');
    else if (this.#framing === 'trailers') this.#malformed('for its trailers do not end');
    return this.error;
  }

  /** Nothing but the end of the connection ends the body. */
  get endless(): boolean {
    return this.#framing === 'close';
  }

  /** Whether another response can follow; known after {@link finish}. */
  get reusable(): boolean {
    return this.error === undefined && this.#framing !== 'close' && this.#keepAlive;
  }

  #malformed(why: string): void {
    this.error = new MalformedResponseError(why);
  }

  #readHead(text: string): void {
    const line = STATUS_LINE.exec(text);
    if (line === null) return this.#malformed('for it does not begin with a status line');
    const start = line[0].length;
    if (!FIELDS.test(text.slice(start))) return this.#malformed('for a field is malformed');
    const status = Number(line[1]);
    if (status === 101) return this.#malformed('for the server goes on in no other protocol'); // HTTP-UPGRADE-2
    if (status >= 100 && status < 200) return; // The final one is still to come.
    const headers = new HTTPHeaders(text, start);
    const options = (headers.get('Connection') ?? '').toLowerCase().split(',').map(trimOws);
    this.#keepAlive =
      !options.includes('close') && (this.#request.minorVersion === 1 || options.includes('keep-alive'));
    const lengths = headers.getAll('Content-Length');
    const codings = headers.get('Transfer-Encoding');
    if (lengths.length > 1 || (lengths.length === 1 && !/^\d{1,15}$/.test(lengths[0]!)))
      return this.#malformed('for its Content-Length is not one number');
    if (codings !== undefined && (lengths.length > 0 || this.#request.minorVersion === 0))
      return this.#malformed('for Transfer-Encoding goes neither with Content-Length nor with HTTP/1.0');
    if (this.#request.method === 'HEAD' || isBodiless(status)) this.#framing = 'none';
    else if (codings !== undefined) this.#framing = codings.toLowerCase() === 'chunked' ? 'chunked' : 'close';
    else if (lengths.length === 0) this.#framing = 'close';
    else {
      this.#framing = 'sized';
      this.#declared = Number(lengths[0]);
    }
  }

  #passBody(bytes: Uint8Array): Uint8Array {
    switch (this.#framing) {
      case 'none':
        if (this.#request.method !== 'HEAD' && bytes.length > 0)
          this.#malformed('for its status has no body');
        return NOTHING;
      case 'sized': {
        const fitting = Math.min(bytes.length, this.#declared - this.#written);
        this.#written += bytes.length;
        if (this.#written > this.#declared)
          this.error = new ContentLengthError(this.#declared, this.#written);
        return bytes.subarray(0, fitting);
      }
      case 'chunked':
        return this.#passChunks(bytes);
      case 'trailers':
        return this.#passTrailers(bytes);
      case 'over':
        if (bytes.length > 0) this.#malformed('for it goes on behind its end');
        return NOTHING;
      default:
        return bytes;
    }
  }

  #passChunks(bytes: Uint8Array): Uint8Array {
    for (let at = 0; ; at = this.#chunks.at) {
      const found = this.#chunks.next(bytes, at, bytes.length);
      if (typeof found === 'object') {
        this.#malformed('for a chunk is malformed');
        return NOTHING;
      }
      if (found === 'more') return bytes;
      if (found === 'last') {
        this.#framing = 'trailers';
        this.#trailerScanner.beginTrailers();
        const { at } = this.#chunks;
        return Buffer.concat([bytes.subarray(0, at), this.#passTrailers(bytes.subarray(at))]);
      }
    }
  }

  #passTrailers(bytes: Uint8Array): Uint8Array {
    const scanner = this.#trailerScanner;
    const before = this.#trailers.length;
    this.#trailers = Buffer.concat([this.#trailers, bytes]);
    const scanned = scanner.scan(this.#trailers, 0, this.#trailers.length);
    if (scanned === MORE) return bytes;
    if (scanned !== DONE) {
      this.#malformed('for its trailers are malformed');
      return NOTHING;
    }
    this.#framing = 'over';
    const end = scanner.length - before;
    this.#passBody(bytes.subarray(end)); // The client would take it for the response to its next request.
    return bytes.subarray(0, end);
  }
}
