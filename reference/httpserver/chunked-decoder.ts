/**
 * The framing of chunks: finds the data in a chunked body, in any pieces, each byte once. (RFC 9112 7.1)
 *
 *     state \ byte   hex digit   CR          LF       ;          data
 *     ------------   ---------   ---------   ------   --------   ----------------------
 *     SIZE           SIZE        SIZE_LF     -        EXTENSION  -; SP and TAB: BLANK
 *     BLANK          -           -           -        EXTENSION  -; SP and TAB: BLANK
 *     EXTENSION      …           SIZE_LF     -        …          … (any but controls)
 *     SIZE_LF        -           -           DATA, or LAST after a size of 0
 *     DATA           so many bytes, whatever they are; then DATA_CR
 *     DATA_CR        -           DATA_LF     -        -          -
 *     DATA_LF        -           -           SIZE     -          -
 *
 * What is not in the table is malformed. Sizes have digits and nothing else: no sign, no 0x, for each of these has been taken for a
 * number by one server and for a mistake by the next; and no space but in front of an extension. Extensions are read over, but not endlessly: one byte of body can
 * carry kilobytes of them (CVE-2023-39326), so there is a budget for all those of a body.
 *
 * The trailers behind the last chunk are the head scanner's.
 */
import { REFUSALS, type Refusal } from './refusals.js';

const SIZE = 0;
const EXTENSION = 1;
const SIZE_LF = 2;
const DATA = 3;
const DATA_CR = 4;
const DATA_LF = 5;
const BLANK = 6;

/** A size to which another digit can be added: it is below 2^53 then, and exact. */
const MOST_LEFT = 2 ** 49 - 1;
/** Digits of a size that has no zeros in front. Such zeros are read over, as extensions are, and counted with these. */
const MOST_DIGITS = 13;
/** Bytes of all extensions of a body; Go's net/http allows as much. */
const MOST_EXTENSION_BYTES = 16_384;

const CR = 0x0d;
const LF = 0x0a;
const SP = 0x20;
const TAB = 0x09;
const SEMICOLON = 0x3b;

/** Value of each hex digit; -1: not one. */
const HEX = new Int8Array(256).fill(-1);
for (const [i, digit] of [...'0123456789abcdef'].entries())
  HEX[digit.charCodeAt(0)] = HEX[digit.toUpperCase().charCodeAt(0)] = i; // HTTP-CHUNK-2

/** What {@link ChunkedDecoder.next} has found. */
export type Found = 'more' | 'data' | 'last';

export class ChunkedDecoder {
  #state = SIZE;
  #digits = 0;
  #extensionBytes = 0;
  #left = 0;
  /** Where it stopped. */
  at = 0;
  /** Where the data begin that were found; they end at {@link at}. */
  dataStart = 0;

  /** Bytes of a chunk that are still to come; 0 while its size is not known. */
  get left(): number {
    return this.#state === DATA ? this.#left : 0;
  }

  begin(): void {
    this.#state = SIZE;
    this.#digits = this.#left = this.#extensionBytes = 0;
  }

  /**
   * Goes on until there are data, or until the last chunk's line has ended.
   * @param bytes Memory.
   * @param start Where to go on: where the last call stopped.
   * @param end How far there are bytes.
   */
  next(bytes: Uint8Array, start: number, end: number): Found | Refusal {
    let at = start;
    // All that it knows stays for the next piece: HTTP-CHUNK-1
    while (at < end) {
      if (this.#state === DATA) {
        this.dataStart = at;
        this.at = Math.min(end, at + this.#left);
        this.#left -= this.at - at;
        if (this.#left === 0) this.#state = DATA_CR;
        return 'data';
      }
      const byte = bytes[at++]!;
      switch (this.#state) {
        case SIZE: {
          const digit = HEX[byte]!;
          if (digit >= 0) {
            if (this.#left > MOST_LEFT) return REFUSALS.longBody; // HTTP-CHUNK-9
            this.#left = this.#left * 16 + digit; // HTTP-CHUNK-2
            if (++this.#digits > MOST_DIGITS && ++this.#extensionBytes > MOST_EXTENSION_BYTES)
              return REFUSALS.manyExtensions;
          } else if (this.#digits > 0 && byte === CR) this.#state = SIZE_LF;
          else if (this.#digits > 0 && byte === SEMICOLON) this.#state = EXTENSION;
          // HTTP-CHUNK-4
          else if (this.#digits > 0 && (byte === SP || byte === TAB)) this.#state = BLANK;
          else return REFUSALS.malformedChunk; // HTTP-CHUNK-7
          break;
        }
        case BLANK:
          if (byte === SEMICOLON) this.#state = EXTENSION;
          else if (byte !== SP && byte !== TAB) return REFUSALS.malformedChunk; // HTTP-CHUNK-8
          if (++this.#extensionBytes > MOST_EXTENSION_BYTES) return REFUSALS.manyExtensions;
          break;
        case EXTENSION:
          // HTTP-CHUNK-3
          if (byte === CR) this.#state = SIZE_LF;
          // HTTP-CHUNK-12
          else if ((byte < SP && byte !== TAB) || byte === 0x7f) return REFUSALS.malformedChunk;
          if (++this.#extensionBytes > MOST_EXTENSION_BYTES) return REFUSALS.manyExtensions; // HTTP-CHUNK-14
          break;
        case SIZE_LF:
          if (byte !== LF) return REFUSALS.malformedChunk; // HTTP-CHUNK-11, HTTP-CHUNK-13
          if (this.#left === 0) {
            this.at = at;
            return 'last';
          }
          this.#state = DATA;
          break;
        case DATA_CR:
          if (byte !== CR) return REFUSALS.malformedChunk; // HTTP-CHUNK-10
          this.#state = DATA_LF;
          break;
        case DATA_LF:
          if (byte !== LF) return REFUSALS.malformedChunk; // HTTP-CHUNK-10
          this.#state = SIZE;
          this.#digits = 0;
          break;
      }
    }
    this.at = at;
    return 'more';
  }
}
