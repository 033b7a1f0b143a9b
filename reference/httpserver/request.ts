/**
 * A request, as the handler has it: what was asked, and the ways to answer.
 */
import type { BodyReader } from './body-reader.js';
import { joined, parseForm, parseQuery, type Form } from './form.js';
import { HTTPHeaders } from './headers.js';
import type { HTTPFile } from './multipart.js';
import type { RequestHead } from './request-head.js';
import type { ResponseHeaders, Status } from './response-head.js';
import type { Response, ResponseWriter } from './response.js';

/** Who asks, as far as the server can tell. */
export interface Client {
  /** An IP address; empty for a UNIX socket. */
  readonly remoteIp: string;
  readonly protocol: 'http' | 'https';
}

const NO_BODY = new Uint8Array(0);
const NO_HEADERS = new HTTPHeaders('');

export class HTTPRequest {
  readonly #head: RequestHead;
  readonly #response: Response;
  #headers: HTTPHeaders | undefined;
  #closeCallbacks: (() => void)[] | undefined;
  #queryArguments: Map<string, string[]> | undefined;
  #form: Form | undefined;
  readonly #maxParts: number;

  /** The body; empty if there is none, or if it is streamed. */
  body: Uint8Array = NO_BODY;
  /** The fields behind a chunked body: apart from {@link headers}, as nobody looks at these for a second time (RFC 9110 6.5.1). */
  trailers: HTTPHeaders = NO_HEADERS;
  /** The body as it comes, if the option streamBody asks for that. */
  bodyReader: BodyReader | undefined;

  /** Who asks. */
  client: Client;

  /** Made by the server. */
  constructor(head: RequestHead, client: Client, response: Response, maxParts: number) {
    this.#maxParts = maxParts;
    this.#head = head;
    this.client = client;
    this.#response = response;
  }

  // ── what was asked ──────────────────────────────────────────────────────────────────────────────────────────

  /** As it was sent; methods are case-sensitive (RFC 9110 9.1). */
  get method(): string {
    return this.#head.method;
  }

  /** The request target as it was sent: a path and a query, mostly (RFC 9112 3.2). */
  get uri(): string {
    return this.#head.target; // SERVER-REQUEST-1
  }

  /** As it was sent: percent-encoded. Of a target in absolute form, what follows the authority. */
  get path(): string {
    const target = this.#pathAndQuery;
    const end = target.indexOf('?'); // SERVER-REQUEST-2
    return end < 0 ? target : target.slice(0, end); // SERVER-REQUEST-4
  }

  /** What follows the `?`, as it was sent; empty if there is none. */
  get query(): string {
    const { target } = this.#head;
    const end = target.indexOf('?'); // SERVER-REQUEST-2
    return end < 0 ? '' : target.slice(end + 1);
  }

  /** `HTTP/1.0` or `HTTP/1.1`, which a later minor version counts as (RFC 9110 6.2). */
  get version(): string {
    return this.#head.minorVersion === 0 ? 'HTTP/1.0' : 'HTTP/1.1'; // SERVER-REQUEST-1
  }

  get headers(): HTTPHeaders {
    return (this.#headers ??= new HTTPHeaders(this.#head.text, this.#head.fieldsStart));
  }

  /** Host, and port if it was sent; of a target in absolute form, that one's (RFC 9112 3.2.2). Empty if an HTTP/1.0 client sent none. */
  get host(): string {
    return this.#head.host; // SERVER-REQUEST-6
  }

  /** The client's IP address; with xheaders, as trusted proxies have it. */
  get remoteIp(): string {
    return this.client.remoteIp;
  }

  /** How the client speaks to whom it takes for the server: `http` unless an option or a trusted proxy says otherwise. */
  get protocol(): 'http' | 'https' {
    return this.client.protocol;
  }

  /** The values of the query, by name (urlencoded.ts). */
  get queryArguments(): Map<string, string[]> {
    return (this.#queryArguments ??= parseQuery(this.query));
  }

  /** The values of a form in the body, by name. @throws {MalformedBodyError} */
  get bodyArguments(): Map<string, string[]> {
    return this.#parsedForm.fields; // SERVER-ARGUMENT-6
  }

  /** {@link queryArguments}, and {@link bodyArguments} behind them. @throws {MalformedBodyError} */
  get arguments(): Map<string, string[]> {
    return joined(this.queryArguments, this.bodyArguments);
  }

  /** The files of a form in the body, by name. @throws {MalformedBodyError} */
  get files(): Map<string, HTTPFile[]> {
    return this.#parsedForm.files;
  }

  get #parsedForm(): Form {
    return (this.#form ??= parseForm(this.headers.get('Content-Type'), this.body, this.#maxParts));
  }

  get #pathAndQuery(): string {
    const { target } = this.#head;
    if (target.startsWith('/') || target === '*') return target; // SERVER-REQUEST-3
    const path = target.replace(/^[a-z]+:\/\/[^/?]*/i, '');
    return path.startsWith('/') ? path : `/${path}`; // HTTP-START-5
  }

  // ── the answer ──────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Answers, all at once.
   * @param status 200 to 999, or one with a reason phrase of its own.
   * @param headers Content-Length and Date are the server's.
   * @param body A text goes as UTF-8. More than 16 KB of bytes are not to be changed any more.
   * @throws {InvalidStatusError | InvalidHeaderError | UnexpectedBodyError | ContentLengthError} and nothing was sent: answer otherwise.
   * @throws {ResponseStateError} It was answered.
   */
  respond(status: Status, headers?: ResponseHeaders, body: string | Uint8Array = NO_BODY): void {
    this.#response.respond(status, headers, body);
  }

  /**
   * Begins an answer whose body comes piece by piece.
   * @param headers With a Content-Length, exactly so many bytes are to be written; without one, chunks go out.
   * @throws As {@link respond}.
   */
  start(status: Status, headers?: ResponseHeaders): ResponseWriter {
    return this.#response.start(status, headers);
  }

  /**
   * Writes raw bytes of the response, from its status line on. They go out as they are; but what the head declares, the body has to keep,
   * and if the connection ends behind it, and the client doesn't expect that, `Connection: close` is added. All else that a response needs is left to the
   * program, Date for one (raw-response.ts).
   * @param callback Called when the kernel has taken them.
   * @throws {MalformedResponseError | ContentLengthError} The connection is closed after {@link finish}.
   * @throws {ResponseStateError}
   */
  write(chunk: string | Uint8Array, callback?: () => void): void {
    this.#response.writeRaw(chunk, callback);
  }

  /** Ends a response that was written raw. @throws {ResponseStateError} */
  finish(): void {
    this.#response.finish();
  }

  /** Calls back when the connection has ended before the response was complete: the peer has left, or time was up. */
  onClose(callback: () => void): void {
    (this.#closeCallbacks ??= []).push(callback);
  }

  /** For the connection. */
  get response(): Response {
    return this.#response;
  }

  /** For the connection: there are trailers. */
  setTrailers(text: string): void {
    this.trailers = new HTTPHeaders(text); // HTTP-CHUNK-6
  }

  /** For the connection: it has ended. */
  closed(): void {
    const callbacks = this.#closeCallbacks ?? [];
    this.#closeCallbacks = undefined;
    for (const callback of callbacks) callback();
  }
}
