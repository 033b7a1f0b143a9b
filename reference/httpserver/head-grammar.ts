/**
 * The grammar of a request's head, and of trailers, as a state machine over bytes. (RFC 9112 2.2, 3, 5; RFC 9110 5.5, 5.6.2)
 *
 *     GET /path HTTP/1.1␍␊Host: example␍␊␍␊
 *     │  ││    ││       │ ││   ││      │ │ │
 *     │  ││    ││       │ ││   ││      │ │ DONE
 *     │  ││    ││       │ ││   ││      │ END_LF
 *     │  ││    ││       │ ││   ││      FIELD_LF … FIELD
 *     │  ││    ││       │ ││   │VALUE
 *     │  ││    ││       │ ││   BEFORE_VALUE
 *     │  ││    ││       │ │NAME
 *     │  ││    ││       LINE_LF
 *     │  ││    │VERSION
 *     │  │TARGET
 *     BEFORE_METHOD, METHOD
 *
 * {@link TRANSITIONS} has all that is allowed; every other byte in every state is BAD. So the table is where to look why something is
 * refused: a line that ends by LF alone, a CR without LF, NUL, whitespace before a colon or a name, a folded line, a target
 * with a space in it. RFC 9112 would permit a server to put up with some of these. Wherever two servers differ in what they
 * put up with, one request can be smuggled past another, so nothing is put up with here.
 */

/** The states, as numbers: they index a table. BAD and DONE are the last. */
export const BEFORE_METHOD = 0;
export const METHOD = 1;
export const BEFORE_TARGET = 2;
export const TARGET = 3;
export const VERSION = 4;
export const LINE_LF = 5;
export const FIELD = 6;
export const NAME = 7;
export const BEFORE_VALUE = 8;
export const VALUE = 9;
export const FIELD_LF = 10;
export const END_LF = 11;
export const DONE = 12;
export const BAD = 13;
const STATES = 14;

const ALNUM = 'A-Za-z0-9';
/** What methods and field names are made of: `tchar` (RFC 9110 5.6.2). */
export const TOKEN = `${ALNUM}!#$%&'*+.^_\`|~\\-`;

/** From a state, by one of these bytes (as in a regular expression's brackets), to a state. */
const TRANSITIONS: readonly (readonly [from: number, bytes: string, to: number])[] = [
  [BEFORE_METHOD, TOKEN, METHOD],
  [METHOD, TOKEN, METHOD], // HTTP-START-10
  [METHOD, ' ', BEFORE_TARGET], // One, and BEFORE_TARGET takes none: HTTP-START-21
  // Visible ASCII without the fragment, which is not sent. Wider than a URI by the handful of characters that browsers do send bare.
  [BEFORE_TARGET, '!-~', TARGET], // HTTP-START-15
  [BEFORE_TARGET, '#', BAD],
  [TARGET, '!-~', TARGET], // Neither NUL nor CR: HTTP-START-22, HTTP-START-23
  [TARGET, '#', BAD], // HTTP-START-14
  [TARGET, ' ', VERSION], // The only way out: HTTP-START-13, HTTP-START-17
  [VERSION, 'HTP/0-9.', VERSION],
  [VERSION, '\r', LINE_LF], // CR LF ends a line, and nothing else: HTTP-FIELD-14
  [LINE_LF, '\n', FIELD], // HTTP-START-23

  [FIELD, TOKEN, NAME], // No blank begins a line: HTTP-FIELD-7, HTTP-FIELD-8
  [FIELD, '\r', END_LF],
  [NAME, TOKEN, NAME], // HTTP-FIELD-10
  [NAME, ':', BEFORE_VALUE], // HTTP-FIELD-6, HTTP-FIELD-11
  [BEFORE_VALUE, ' \t', BEFORE_VALUE],
  [BEFORE_VALUE, '!-~\x80-\xff', VALUE],
  [BEFORE_VALUE, '\r', FIELD_LF],
  [VALUE, ' \t!-~\x80-\xff', VALUE], // HTTP-FIELD-3; no controls: HTTP-FIELD-12, HTTP-FIELD-13
  [VALUE, '\r', FIELD_LF], // HTTP-FIELD-14
  [FIELD_LF, '\n', FIELD], // HTTP-FIELD-12
  [END_LF, '\n', DONE], // HTTP-FIELD-15
];

/** The state after a byte: `NEXT[state * 256 + byte]`. */
export const NEXT: Uint8Array = new Uint8Array(STATES * 256).fill(BAD);

for (const [from, bytes, to] of TRANSITIONS) {
  const those = new RegExp(`[${bytes}]`);
  for (let byte = 0; byte < 256; byte++)
    if (those.test(String.fromCharCode(byte))) NEXT[from * 256 + byte] = to;
}
