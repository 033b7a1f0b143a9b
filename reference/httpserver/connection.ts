/**
 * A connection: requests in, one at a time, and their responses out, in order.
 *
 * **One request at a time.** What a client pipelines behind a request stays in bytes until that one has been answered: so responses are in
 * order by themselves, a client can't make the server work ahead without bound, and what a request finds is what the requests before it
 * have left. (RFC 9112 9.3.2 would let safe ones run beside each other; respected servers don't.)
 *
 *     state \ event   bytes             response complete    refusal, cut off    peer's end            deadline
 *     -------------   ---------------   ------------------   -----------------   -------------------   ------------------
 *     IDLE, HEAD      HEAD, BODY, BUSY  -                    LINGERING           CLOSED                CLOSED; HEAD: 408
 *     BODY            BODY, BUSY        -                    LINGERING           CLOSED                408, LINGERING
 *     BUSY            held back         IDLE, or LINGERING   LINGERING           answered all the same -
 *     LINGERING       dropped           -                    -                   CLOSED                CLOSED
 *
 * IDLE, HEAD and BODY are the parser's; BUSY means that there is a response which is not complete. A program that has its
 * bodies streamed is BUSY from the head on, with the body still to come.
 *
 * **Lingering.** A connection is never closed with a response on its way: if the kernel had unread bytes then, or got some later, it would
 * send RST, and the client's kernel would drop what its program has not read yet, the answer that explains the close
 * (RFC 9112 9.6). So the output is ended, what still comes is dropped, and the peer's end, or a deadline, closes. RST is sent on purpose
 * where the end of the output would be the end of a body that is not all there.
 *
 * **What is sent when.** While an event is served, responses gather in the server's outbox and go out in one write at its end. A response
 * that comes later goes out at once.
 *
 * **Back-pressure.** While the kernel is full of responses no further request is looked at; while requests wait, no more than a
 * buffer of them is read.
 */
import type { Consumer, IOStream } from '../iostream/index.js';
import { BodyBuffer } from './body-buffer.js';
import { BodyReader } from './body-reader.js';
import { MalformedBodyError, RequestAbortedError } from './errors.js';
import { HeldBytes } from './held-bytes.js';
import type { Outbox } from './outbox.js';
import type { ResolvedOptions } from './options.js';
import { REFUSALS, type Refusal } from './refusals.js';
import { HTTPRequest, type Client } from './request.js';
import { RequestParser } from './request-parser.js';
import { formatHead } from './response-head.js';
import { Response, type ResponseChannel } from './response.js';

/** What a connection needs of its server. */
export interface ConnectionHost {
  readonly options: ResolvedOptions;
  readonly outbox: Outbox;
  /** No further requests are wanted. */
  draining: boolean;
  /** Has the loop call back soon. */
  schedule(callback: () => void): void;
  /** Gives a request to the program. What its handler throws, now or later, goes to {@link Connection.failed}.
   * @param inEvent The loop has just called; it is not a handler that goes on, in a microtask perhaps.
   */
  handle(connection: Connection, request: HTTPRequest, inEvent: boolean): void;
  /** Who has sent a request. */
  clientOf(peer: Client, headers: HTTPRequest['headers']): Client;
  report(text: string, error: unknown): void;
  closed(connection: Connection): void;
}

/** Bytes that are kept of requests that wait; then the peer is throttled. */
const MOST_HELD_BYTES = 65_536;
/** Bodies up to so many bytes are copied behind their head, to go out in one write. To write twice costs as much as to copy 100 KB. */
const MOST_COPIED_BYTES = 16_384;
/** Bytes of a body that nobody wanted which are read over, so that the connection can go on. Go's net/http reads as many. */
const MOST_SKIPPED_BYTES = 262_144;

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const NOTHING = new Uint8Array(0);

/**
 * What a connection waits for. Each has a time limit but 'busy', which is the program's affair. That of 'send' begins anew with each byte
 * that gets out: how long a download takes is the client's. A body that is streamed may be waited for several times, with 'send' and
 * 'busy' between: its time goes on during the one, and stands still during the other.
 */
type Waiting = 'idle' | 'head' | 'body' | 'busy' | 'send' | 'linger';

const LIMITS = {
  idle: 'idleTimeoutMs',
  head: 'headTimeoutMs',
  body: 'bodyTimeoutMs',
  send: 'sendTimeoutMs',
  linger: 'lingerMs',
} as const;

export class Connection implements Consumer, ResponseChannel {
  readonly #host: ConnectionHost;
  readonly #stream: IOStream;
  readonly #peer: Client;
  readonly #parser: RequestParser;
  readonly #held = new HeldBytes();

  /** The request that is being received or answered. */
  #request: HTTPRequest | undefined;
  /** The response that is not complete. */
  #response: Response | undefined;
  /** The body of the request, if it is to be kept, or streamed. */
  #body: BodyBuffer | undefined;
  #reader: BodyReader | undefined;
  /** The request was answered, and its body is read over. */
  #answered = false;
  /** Of the last head: the client waits for 100. */
  #continueOwed = false;
  /** The bytes of an event are being worked through. */
  #serving = false;
  /** How many of them are behind what is being worked at. */
  #behind = 0;
  /** They have just come from the loop. */
  #inEvent = false;
  /** The kernel has not taken all responses, and will call back. */
  #congested = false;
  #inputEnded = false;
  /** After what has been written, the output ends; it has ended. */
  #ending = false;
  #lingering = false;
  /** The output is not to end as one that is complete does. */
  #resetting = false;
  /** What comes stays in the kernel. */
  #paused = false;
  /** Text that goes out with what is sent next. */
  #soon = '';

  #waiting: Waiting | undefined;
  /** When that has taken too long, ms on the loop's clock; undefined: nobody has looked yet. */
  #deadlineMs: number | undefined;
  /** That of the body, whatever is waited for meanwhile. */
  #bodyDeadlineMs: number | undefined;
  /** When the last look was. */
  #lookedMs = 0;
  /** Bytes that waited to be written at the last look. */
  #unwritten = 0;

  constructor(host: ConnectionHost, stream: IOStream, peer: Client) {
    this.#host = host;
    this.#stream = stream;
    this.#peer = peer;
    this.#parser = new RequestParser(host.options);
    stream.setCloseCallback(() => this.#onClosed());
    stream.consume(this);
    this.#settle();
  }

  // ── input ───────────────────────────────────────────────────────────────────────────────────────────────────

  received(bytes: Buffer, length: number): void {
    if (this.#lingering) return;
    const held = this.#held;
    this.#enter();
    this.#inEvent = true;
    try {
      if (held.length > 0) {
        held.append(bytes, 0, length);
        this.#advanceHeld();
      } else {
        const at = this.#advance(bytes, 0, length);
        if (at < length) held.append(bytes, at, length);
      }
    } finally {
      this.#leave();
    }
  }

  ended(): void {
    this.#inputEnded = true; // What is there is answered all the same: HTTP-PIPE-5
    this.#resume();
  }

  /** Goes on with what is held back. */
  #resume(): void {
    if (this.#serving || this.#stream.closed()) return;
    // Somebody else is in his event, and has the outbox.
    if (this.#host.outbox.busy) return this.#host.schedule(() => this.#resume());
    this.#enter();
    try {
      this.#advanceHeld();
    } finally {
      this.#leave();
    }
  }

  #enter(): void {
    this.#serving = this.#host.outbox.busy = true;
  }

  #leave(): void {
    this.#flush();
    this.#serving = this.#inEvent = this.#host.outbox.busy = false;
    this.#settle();
  }

  #advanceHeld(): void {
    const held = this.#held;
    // Also if there are none: the end of a body may be all that was left to say.
    held.dropUntil(this.#advance(held.bytes, held.start, held.end));
  }

  /** Whether anything that comes can be used now. */
  get #wanting(): boolean {
    if (this.#ending || this.#stream.writing()) return false; // HTTP-CONN-6
    return this.#response === undefined || (this.#reader?.hungry ?? false); // HTTP-PIPE-1, HTTP-PIPE-2
  }

  /** Parses and answers, as far as it goes. @returns How far. */
  #advance(bytes: Buffer, start: number, end: number): number {
    const parser = this.#parser;
    let at = start;
    while (this.#wanting) {
      const next = parser.next(bytes, at, end);
      at = parser.at;
      this.#behind = end - at;
      if (next === 'more') {
        if (this.#inputEnded) this.#reader?.abort(); // It will never come: HTTP-LENGTH-10, HTTP-CHUNK-16
        break; // Others have their turn: SERVER-LISTEN-4
      } else if (next === 'head') this.#onHead(at < end);
      else if (next === 'data') this.#onData(bytes, parser.dataStart, at);
      else if (next === 'end') this.#onEnd();
      else {
        this.#refuse(next); // Those before it are answered by now: HTTP-PIPE-3
        return end;
      }
    }
    return at;
  }

  /** @param bodyBegun Bytes have come behind the head. */
  #onHead(bodyBegun: boolean): void {
    const head = this.#parser.head!;
    this.#waiting = this.#bodyDeadlineMs = undefined;
    const response = new Response(this, head);
    const { options } = this.#host;
    const request = new HTTPRequest(head, this.#peer, response, options.maxParts);
    // Only if told to: SERVER-PROXY-1. For each request anew: SERVER-PROXY-6
    if (options.xheaders) request.client = this.#host.clientOf(this.#peer, request.headers);
    this.#request = request;
    this.#continueOwed = head.expectsContinue && !bodyBegun; // HTTP-EXPECT-5
    if (head.bodyLength === 0) return;
    if (options.streamBody?.(request) === true) {
      request.bodyReader = this.#reader = new BodyReader({ wanted: () => this.#onWanted() });
      this.#handle(request, response); // SERVER-REQUEST-8
    } else {
      this.#body = new BodyBuffer(head.bodyLength < 0 ? Infinity : head.bodyLength);
      this.#sendContinue();
    }
  }

  #onData(bytes: Buffer, start: number, end: number): void {
    this.#body?.append(bytes, start, end);
    this.#reader?.push(Uint8Array.prototype.slice.call(bytes, start, end)); // SERVER-REQUEST-7
  }

  #onEnd(): void {
    const request = this.#request;
    const body = this.#body;
    const reader = this.#reader;
    this.#body = this.#reader = undefined;
    this.#answered = false;
    // Answered before its body had come; the rest was read over: HTTP-LENGTH-2
    if (request === undefined) return;
    if (this.#parser.trailers !== '') request.setTrailers(this.#parser.trailers);
    if (reader !== undefined) return reader.end();
    if (body !== undefined) request.body = body.take();
    this.#handle(request, request.response);
  }

  #handle(request: HTTPRequest, response: Response): void {
    this.#response = response;
    this.#host.handle(this, request, this.#inEvent);
  }

  /** The handler of a request has thrown, now or later. */
  failed(request: HTTPRequest, error: unknown): void {
    const { response } = request;
    // Neither is a fault of the handler: it may leave both to the server.
    if (error instanceof RequestAbortedError) return response.fail(() => this.completed(false));
    if (error instanceof MalformedBodyError)
      return response.fail(() => this.#sendRefusal(REFUSALS.malformedBody));
    response.fail(() => this.#sendRefusal(REFUSALS.failed)); // SERVER-RESPONSE-4
    this.#host.report(`The handler of ${request.method} ${request.uri} has failed`, error);
  }

  /** Somebody waits for a piece of the body. */
  #onWanted(): void {
    this.#sendContinue();
    this.#resume();
  }

  #sendContinue(): void {
    if (this.#continueOwed) this.send(CONTINUE); // HTTP-EXPECT-1; the response is owed still: HTTP-EXPECT-3
    this.#continueOwed = false; // HTTP-EXPECT-5
  }

  // ── output ──────────────────────────────────────────────────────────────────────────────────────────────────

  get closing(): boolean {
    const head = this.#parser.head!;
    // HTTP-CONN-2, SERVER-RESPONSE-3, SERVER-STOP-4
    if (!head.keepAlive || this.#host.options.noKeepAlive || this.#host.draining) return true;
    if (this.#inputEnded && (this.#serving ? this.#behind : this.#held.length) === 0) return true;
    // Of a body that nobody reads: the client would be told to send it, or it would take too long.
    return this.#reader !== undefined && (this.#continueOwed || this.#unreadable);
  }

  get #unreadable(): boolean {
    return this.#parser.bodyLeft > MOST_SKIPPED_BYTES && this.#reader?.hungry !== true;
  }

  send(text: string, body: string | Uint8Array = ''): void {
    if (this.#stream.closed() || this.#ending) return; // SERVER-RESPONSE-8
    const { outbox } = this.#host;
    if (this.#soon !== '') {
      text = this.#soon + text;
      this.#soon = '';
    }
    if (!this.#serving || text.length + body.length > MOST_COPIED_BYTES) return this.#sendNow(text, body);
    if (text.length + body.length > outbox.room) this.#flush();
    outbox.text(text);
    if (typeof body === 'string') outbox.text(body);
    else outbox.append(body);
  }

  sendSoon(text: string): void {
    if (this.#serving) return this.send(text);
    if (this.#soon === '') this.#host.schedule(() => this.send(''));
    this.#soon += text;
  }

  /** Without the outbox, behind what is in it. */
  #sendNow(text: string, body: string | Uint8Array): void {
    this.#flush();
    if (typeof body === 'string') return this.#stream.send(Buffer.from(text + body, 'latin1'));
    if (body.length <= MOST_COPIED_BYTES) {
      return this.#stream.send(Buffer.concat([Buffer.from(text, 'latin1'), body]));
    }
    if (text !== '') this.#stream.send(Buffer.from(text, 'latin1'));
    this.#stream.write(body, ignore);
  }

  /** Sends what is in the outbox, if it is this connection's. */
  #flush(): void {
    const { outbox } = this.#host;
    if (!this.#serving || outbox.length === 0) return;
    if (!this.#stream.closed()) this.#stream.send(outbox.bytes, outbox.length);
    outbox.length = 0;
  }

  drained(): Promise<void> | undefined {
    if (this.#stream.closed() || !this.#stream.writing()) return undefined;
    return this.#stream.write(NOTHING).catch(ignore);
  }

  taken(callback: () => void): void {
    if (this.#stream.closed()) return;
    if (this.#stream.writing()) this.#stream.write(NOTHING, (error) => error ?? callback());
    else this.#host.schedule(callback);
  }

  completed(reusable: boolean): void {
    if (this.#soon !== '') this.send('');
    this.#response = this.#request = undefined;
    this.#waiting = undefined;
    // HTTP-LENGTH-2, HTTP-EXPECT-8, SERVER-RESPONSE-3, SERVER-STOP-3
    if (!reusable || this.#host.draining || this.#unreadable || this.#continueOwed) this.#ending = true;
    this.#reader?.abort();
    this.#reader = undefined;
    this.#answered = this.#parser.insideBody;
    this.#resume();
  }

  cutOff(endless: boolean): void {
    this.#resetting = endless && !this.#ending;
    this.completed(false);
  }

  report(text: string, error: unknown): void {
    this.#host.report(text, error);
  }

  /** Answers in place of the program, if it has not begun to; that is the connection's last response. */
  #refuse(refusal: Refusal): void {
    this.#reader?.abort();
    const response = this.#response;
    // A second response would be taken for that to the next request.
    if (this.#answered) this.completed(false);
    else if (response === undefined) this.#sendRefusal(refusal);
    else response.fail(() => this.#sendRefusal(refusal));
  }

  #sendRefusal({ status, text }: Refusal): void {
    const body = `${text}\n`;
    // HTTP-RESPONSE-12, HTTP-RESPONSE-15
    const head = formatHead(status, 'Content-Type: text/plain\r\n', body.length, 'close');
    this.send(this.#parser.isHead ? head : head + body); // HTTP-RESPONSE-1
    this.completed(false);
  }

  // ── the end of an event ─────────────────────────────────────────────────────────────────────────────────────

  /** Sees to what is waited for now. */
  #settle(): void {
    const stream = this.#stream;
    if (stream.closed()) return;
    const congested = stream.writing();
    // HTTP-LENGTH-10, HTTP-CHUNK-16
    if (this.#inputEnded && this.#response === undefined && !congested) this.#ending = true;
    // The response may be on its way still: SERVER-STOP-2
    if (this.#host.draining && this.#unoccupied) this.#ending = true;
    if (this.#ending && !this.#lingering) this.#linger();
    else if (congested && !this.#congested && !this.#lingering) {
      this.#congested = true;
      stream.write(NOTHING, this.#onDrained);
    }
    this.#throttle();
    this.#rearm();
  }

  readonly #onDrained = (): void => {
    this.#congested = false;
    this.#resume();
  };

  #linger(): void {
    this.#lingering = true;
    this.#held.dropUntil(this.#held.end);
    if (this.#resetting)
      this.taken(() => this.#stream.reset()); // SERVER-RESPONSE-6
    else this.#stream.end(); // HTTP-CONN-3
  }

  #throttle(): void {
    const full = this.#held.length > MOST_HELD_BYTES && !this.#wanting; // Never while lingering: then nothing is held.
    if (full !== this.#paused) {
      this.#paused = full;
      if (full) this.#stream.pause();
      else this.#stream.resume();
    }
  }

  /** Notes what is waited for now. The clock is not asked, nor a timer set: see {@link look}. */
  #rearm(): void {
    const parser = this.#parser;
    let waiting: Waiting = 'idle';
    if (this.#stream.writing()) waiting = 'send';
    else if (this.#lingering) waiting = 'linger';
    // One that is streamed, if the program wants some of it: SERVER-LIMIT-5
    else if (parser.insideBody && this.#wanting) waiting = 'body';
    // That body is over, or what has come of it is enough for now, and the time is the program's: SERVER-LIMIT-8
    else if (this.#response !== undefined) waiting = 'busy';
    else if (parser.insideHead) waiting = 'head';
    // Bytes don't begin it anew: HTTP-TIME-3, HTTP-TIME-4, SERVER-LIMIT-4, SERVER-LIMIT-6
    if (waiting === this.#waiting) return;
    this.#waiting = waiting;
    this.#deadlineMs = waiting === 'body' ? this.#bodyDeadlineMs : undefined;
  }

  /**
   * Ends what has taken too long. The server has every connection look several times in its shortest limit; the first look at something new
   * starts its time.
   * @param nowMs On the loop's clock.
   */
  look(nowMs: number): void {
    this.#rearm(); // The last byte of a response may have got out meanwhile.
    const waiting = this.#waiting ?? 'idle';
    // HTTP-TIME-4; the program's time is not the body's: SERVER-LIMIT-8
    if (this.#parser.insideBody) this.#bodyDeadlineMs ??= nowMs + this.#host.options.bodyTimeoutMs;
    if (waiting === 'busy' && this.#bodyDeadlineMs !== undefined)
      this.#bodyDeadlineMs += nowMs - this.#lookedMs;
    this.#lookedMs = nowMs;
    if (waiting === 'busy') return;
    const { unwritten } = this.#stream;
    if (waiting === 'send' && unwritten !== this.#unwritten) this.#deadlineMs = undefined;
    this.#unwritten = unwritten;
    this.#deadlineMs ??= nowMs + this.#host.options[LIMITS[waiting]];
    if (this.#deadlineMs > nowMs) return;
    // HTTP-TIME-5, SERVER-LIMIT-4, SERVER-LIMIT-5
    if (waiting === 'head' || waiting === 'body') this.#refuse(REFUSALS.requestTimeout);
    else this.close(); // HTTP-TIME-2, SERVER-LIMIT-7
  }

  /** No further requests are wanted: {@link ConnectionHost.draining} is set. */
  drain(): void {
    if (this.idle) this.close();
    else if (!this.#serving) this.#settle(); // Else that comes at the end of the event.
  }

  /** Nothing is being received or answered, or waits for that; of the last response some may still be unsent. */
  get #unoccupied(): boolean {
    const { insideHead, insideBody } = this.#parser;
    return this.#response === undefined && !insideHead && !insideBody && this.#held.length === 0;
  }

  /** Nothing is being received or answered, and all has been sent. */
  get idle(): boolean {
    return this.#waiting === 'idle' && this.#held.length === 0; // SERVER-STOP-3
  }

  close(): void {
    this.#stream.close();
  }

  #onClosed(): void {
    this.#held.dropUntil(this.#held.end);
    const request = this.#request;
    const answered = this.#response === undefined;
    this.#ending = true;
    this.#request = this.#response = undefined;
    this.#reader?.abort();
    this.#host.closed(this);
    if (!answered) request?.closed();
  }
}

function ignore(): void {}
