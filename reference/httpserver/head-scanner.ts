/**
 * The head scanner: walks over the bytes of a head, in any pieces, each byte once, and remembers where things are.
 *
 * It makes no strings. A walk is one look into a table a byte (head-grammar.ts); only where the state *changes* is there something to
 * do, about ten times in a short head. Of the fields it notes those that decide how the connection goes on; all others are
 * looked at when the program asks for them (headers.ts).
 *
 * Places are counted from the beginning of the head, since the next piece may come in other memory.
 */
import {
  BAD,
  BEFORE_METHOD,
  BEFORE_TARGET,
  BEFORE_VALUE,
  DONE,
  FIELD,
  FIELD_LF,
  LINE_LF,
  METHOD,
  NAME,
  NEXT,
  VALUE,
  VERSION,
} from './head-grammar.js';
import type { ParserLimits } from './limits.js';
import { REFUSALS, type Refusal } from './refusals.js';

/** Fields that the server itself looks at. No two are of the same length, which makes them quick to tell from others. */
// Upgrade is none of them: HTTP-UPGRADE-1, HTTP-UPGRADE-3
export const NOTED = ['host', 'expect', 'connection', 'content-length', 'transfer-encoding'] as const;
export type NotedName = (typeof NOTED)[number];

/** By length: the name, and its bytes. */
const BY_LENGTH: (readonly [NotedName, Uint8Array] | undefined)[] = [];
for (const name of NOTED) BY_LENGTH[name.length] = [name, Buffer.from(name)];

const HEAD = Buffer.from('HEAD');

/** A field of {@link NOTED}, and where its value is; whitespace behind the value is counted in. */
export interface Noted {
  name: NotedName;
  start: number;
  end: number;
}

/** More bytes are needed. */
export const MORE = 'more';

export class HeadScanner {
  readonly #limits: ParserLimits;
  /** Bytes that are looked at while the request line has not ended, and of all. */
  readonly #mostOfLine: number;
  readonly #mostOfHead: number;
  #state = BEFORE_METHOD;
  #fieldCount = 0;
  #nameStart = 0;
  #nameEnd = 0;
  #valueStart = 0;

  /** How many bytes it has walked over; once it is done, the length of the head. */
  length = 0;
  /** Where the method ends, the target ends, the request line ends without its CR; where the fields begin. */
  methodEnd = 0;
  targetEnd = 0;
  lineEnd = 0;
  /** The method is HEAD: what the request is answered by has no content, though it be a refusal of what follows. */
  isHead = false;
  /** The fields that it has noted: the first {@link notedCount}. The others are of earlier heads, and are used again. */
  readonly noted: Noted[] = [];
  notedCount = 0;

  constructor(limits: ParserLimits) {
    this.#limits = limits;
    this.#mostOfHead = limits.maxHeadBytes + 1;
    this.#mostOfLine = Math.min(limits.maxRequestLineBytes + 1, this.#mostOfHead);
  }

  /** Begins a head. */
  beginHead(): void {
    this.isHead = false;
    this.#begin(BEFORE_METHOD);
  }

  /** Begins a trailer section: fields alone. */
  beginTrailers(): void {
    this.#begin(FIELD);
  }

  #begin(state: number): void {
    this.#state = state;
    this.#fieldCount = 0;
    this.length = 0;
    this.notedCount = 0;
  }

  /**
   * Walks on. O(bytes that it has not seen)
   * @param bytes Memory.
   * @param start Where in it the head begins.
   * @param filled How far there are bytes.
   * @returns DONE; MORE; or why the head is refused: for what is wrong first, however the bytes are cut.
   */
  scan(bytes: Uint8Array, start: number, filled: number): typeof DONE | typeof MORE | Refusal {
    let state = this.#state; // Where the last piece ended: HTTP-START-2
    // One byte beyond a limit is enough to see; what comes behind it would be found or not, as the bytes are cut.
    let end = Math.min(filled, start + (state <= VERSION ? this.#mostOfLine : this.#mostOfHead));
    for (let at = start + this.length; ; at++) {
      let next = state;
      const row = state << 8;
      while (at < end && (next = NEXT[row | bytes[at]!]!) === state) at++;
      if (at >= end) break;
      const place = at - start;
      switch (next) {
        case BEFORE_TARGET:
          this.methodEnd = place;
          this.isHead = place === HEAD.length && HEAD.every((byte, i) => bytes[start + i] === byte);
          break;
        case VERSION:
          this.targetEnd = place;
          break;
        case LINE_LF:
          this.lineEnd = place;
          end = Math.min(filled, start + this.#mostOfHead);
          break;
        case NAME:
          this.#nameStart = place;
          break;
        case BEFORE_VALUE:
          this.#nameEnd = place;
          break;
        case VALUE:
          this.#valueStart = place;
          break;
        case FIELD_LF: {
          if (++this.#fieldCount > this.#limits.maxHeaderCount) return REFUSALS.manyFields; // HTTP-FIELD-16
          this.#note(bytes, start, state === VALUE ? this.#valueStart : place, place);
          break;
        }
        case DONE:
          this.length = place + 1;
          return this.length > this.#limits.maxHeadBytes ? REFUSALS.longHead : DONE; // SERVER-LIMIT-3
        case BAD:
          return REFUSALS.malformedHead; // At once, not at the line's end: HTTP-START-20
      }
      state = next;
    }
    this.#state = state;
    this.length = end - start;
    return this.#tooLong(state) ?? MORE; // HTTP-TIME-1
  }

  /** Notes the field whose value has just ended, if it is one of NOTED. */
  #note(bytes: Uint8Array, start: number, valueStart: number, valueEnd: number): void {
    const candidate = BY_LENGTH[this.#nameEnd - this.#nameStart];
    if (candidate === undefined) return;
    const [name, letters] = candidate;
    const from = start + this.#nameStart;
    // Among token characters, the bit is the case of a letter; and no other character becomes a letter or '-' by it:
    // HTTP-FIELD-1, HTTP-FIELD-5
    for (let i = 0; i < letters.length; i++) if ((bytes[from + i]! | 0x20) !== letters[i]) return;
    const noted = (this.noted[this.notedCount++] ??= { name, start: 0, end: 0 });
    noted.name = name;
    noted.start = valueStart;
    noted.end = valueEnd;
  }

  /** Whether what came so far is more than all of it may be. */
  #tooLong(state: number): Refusal | undefined {
    if (state <= VERSION && this.length > this.#limits.maxRequestLineBytes)
      return state === METHOD ? REFUSALS.longMethod : REFUSALS.longTarget; // HTTP-START-11, HTTP-START-25
    // HTTP-FIELD-16, SERVER-LIMIT-3
    return this.length > this.#limits.maxHeadBytes ? REFUSALS.longHead : undefined;
  }
}
