/**
 * The request parser: bytes in, requests out. It knows no socket and no time, and keeps no bytes: whoever has them asks what is
 * next in them, and what they are asked for again is what has not been used up.
 *
 *     phase \ next    EMPTY LINES   'head'                  'data'   'end'     'more'   refusal
 *     -------------   -----------   ---------------------   ------   -------   ------   -------
 *     BETWEEN         BETWEEN       SIZED, CHUNKS or OVER   -        -         stays    DEAD
 *     SIZED           -             -                       stays    BETWEEN   stays    -
 *     CHUNKS          -             -                       stays    -         stays    DEAD
 *     TRAILERS        -             -                       -        BETWEEN   stays    DEAD
 *     OVER            -             -                       -        BETWEEN   -        -
 *
 * ('last' of the chunk decoder leads from CHUNKS to TRAILERS without a word.) Every head is followed by an 'end', data or not. How
 * the bytes are cut makes no difference: it goes on where it stopped, and looks at none twice.
 */
import { ChunkedDecoder } from './chunked-decoder.js';
import { DONE } from './head-grammar.js';
import { HeadScanner, MORE } from './head-scanner.js';
import { textOf } from './latin1.js';
import type { ParserLimits } from './limits.js';
import { REFUSALS, type Refusal } from './refusals.js';
import { CHUNKED, interpretHead, type RequestHead } from './request-head.js';

/** Empty lines before a request, which old clients send behind a body (RFC 9112 2.2). */
const MOST_EMPTY_LINES = 8;

const CR = 0x0d;
const LF = 0x0a;

/** In {@link RequestParser.next}: a head, at `head`; data, from `dataStart` to `at`; the end of a request; nothing without more bytes. */
export type Next = 'head' | 'data' | 'end' | 'more';

type Phase = 'between' | 'sized' | 'chunks' | 'trailers' | 'over' | 'dead';

export class RequestParser {
  readonly #limits: ParserLimits;
  readonly #scanner: HeadScanner;
  /** Made for the first chunked body: most connections see none. */
  #chunks: ChunkedDecoder | undefined;
  #phase: Phase = 'between';
  #emptyLines = 0;
  /** A head, or trailers, have begun. */
  #scanning = false;
  /** Bytes of the body that are still to come, or may still come. */
  #bodyLeft = 0;
  #refusal: Refusal = REFUSALS.malformedHead;

  /** How far the bytes are used up. */
  at = 0;
  /** Where the data begin. */
  dataStart = 0;
  head: RequestHead | undefined;
  /** The trailer section of the last request as text, or empty. */
  trailers = '';

  constructor(limits: ParserLimits) {
    this.#limits = limits;
    this.#scanner = new HeadScanner(limits);
  }

  /** Some bytes of a head have come, not all. */
  get insideHead(): boolean {
    return this.#scanning && this.#phase === 'between';
  }

  /** A head has come, and its body not all. */
  get insideBody(): boolean {
    return this.#phase !== 'between' && this.#phase !== 'dead';
  }

  /** The request that has come last, or has begun to, is HEAD. */
  get isHead(): boolean {
    return this.#scanner.isHead;
  }

  /** Bytes of the body that are still to come: as declared, or Infinity for chunks. */
  get bodyLeft(): number {
    return this.#phase === 'sized'
      ? this.#bodyLeft
      : this.insideBody && this.#phase !== 'over'
        ? Infinity
        : 0;
  }

  /**
   * What comes next. O(bytes not seen yet)
   * @param bytes Memory.
   * @param start Where to go on: {@link at} of the last call, or the same byte in other memory.
   * @param end How far there are bytes.
   * @returns See {@link Next}; or why the request is refused, again and again.
   */
  next(bytes: Buffer, start: number, end: number): Next | Refusal {
    this.at = start;
    switch (this.#phase) {
      case 'between':
        return this.#nextHead(bytes, end);
      case 'sized': {
        if (start === end) return 'more';
        this.dataStart = start;
        this.at = Math.min(end, start + this.#bodyLeft); // HTTP-LENGTH-1
        this.#bodyLeft -= this.at - start;
        if (this.#bodyLeft === 0) this.#phase = 'over';
        return 'data';
      }
      case 'chunks':
        return this.#nextChunk(bytes, end);
      case 'trailers':
        return this.#nextTrailers(bytes, end);
      case 'over':
        this.#phase = 'between';
        return 'end';
      case 'dead':
        return this.#refusal;
    }
  }

  #refuse(refusal: Refusal): Refusal {
    this.#phase = 'dead';
    this.#refusal = refusal;
    return refusal;
  }

  #nextHead(bytes: Buffer, end: number): Next | Refusal {
    if (!this.#scanning) {
      this.#scanner.beginHead();
      // HTTP-START-3, HTTP-PIPE-4
      while (this.at < end && bytes[this.at] === CR) {
        if (this.at + 1 === end) return 'more';
        if (bytes[this.at + 1] !== LF) return this.#refuse(REFUSALS.malformedHead);
        if (++this.#emptyLines > MOST_EMPTY_LINES) return this.#refuse(REFUSALS.emptyLines);
        this.at += 2;
      }
      if (this.at === end) return 'more';
      this.#scanning = true;
      this.#emptyLines = 0;
    }
    const scanned = this.#scanner.scan(bytes, this.at, end);
    if (scanned === MORE) return 'more';
    this.#scanning = false;
    if (scanned !== DONE) return this.#refuse(scanned);
    const head = interpretHead(bytes, this.at, this.#scanner);
    if ('status' in head) return this.#refuse(head);
    this.at += this.#scanner.length;
    this.head = head;
    this.trailers = '';
    if (head.bodyLength === CHUNKED) {
      this.#chunks ??= new ChunkedDecoder();
      this.#chunks.begin();
      this.#bodyLeft = this.#limits.maxBodyBytes; // Each body's own: SERVER-LIMIT-2
      this.#phase = 'chunks';
    } else if (head.bodyLength > this.#limits.maxBodyBytes) {
      // HTTP-LIMIT-1, HTTP-LIMIT-3, SERVER-LIMIT-1, SERVER-LIMIT-2
      return this.#refuse(REFUSALS.longBody);
    } else {
      this.#bodyLeft = head.bodyLength;
      this.#phase = head.bodyLength === 0 ? 'over' : 'sized'; // HTTP-LENGTH-8
    }
    return 'head';
  }

  #nextChunk(bytes: Buffer, end: number): Next | Refusal {
    const chunks = this.#chunks!;
    const found = chunks.next(bytes, this.at, end);
    if (typeof found === 'object') return this.#refuse(found);
    this.at = chunks.at;
    if (found === 'last') {
      this.#phase = 'trailers'; // HTTP-CHUNK-5
      this.#scanning = true;
      this.#scanner.beginTrailers();
      return this.#nextTrailers(bytes, end);
    }
    if (found === 'data') {
      this.dataStart = chunks.dataStart;
      this.#bodyLeft -= this.at - this.dataStart; // HTTP-LIMIT-3
    }
    // Once it is announced, its bytes needn't come: HTTP-LIMIT-2, SERVER-LIMIT-1
    if (chunks.left > this.#bodyLeft) return this.#refuse(REFUSALS.longBody);
    return found;
  }

  #nextTrailers(bytes: Buffer, end: number): Next | Refusal {
    const scanned = this.#scanner.scan(bytes, this.at, end);
    if (scanned === MORE) return 'more';
    this.#scanning = false;
    // HTTP-CHUNK-15
    if (scanned !== DONE)
      return this.#refuse(scanned === REFUSALS.malformedHead ? REFUSALS.malformedTrailers : scanned);
    const { length } = this.#scanner;
    this.trailers = textOf(bytes, this.at, this.at + length);
    this.at += length;
    this.#phase = 'between';
    return 'end';
  }
}
