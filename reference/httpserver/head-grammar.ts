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
  [METHOD, TOKEN, METHOD],
  [METHOD, ' ', BEFORE_TARGET],
  // Visible ASCII without the fragment, which is not sent. Wider than a URI by the handful of characters that browsers do send bare.
  [BEFORE_TARGET, '!-~', TARGET],
  [BEFORE_TARGET, '#', BAD],
  [TARGET, '!-~', TARGET],
  [TARGET, '#', BAD],
  [TARGET, ' ', VERSION],
  [VERSION, 'HTP/0-9.', VERSION],
  [VERSION, '\r', LINE_LF],
  [LINE_LF, '\n', FIELD],

  [FIELD, TOKEN, NAME],
  [FIELD, '\r', END_LF],
  [NAME, TOKEN, NAME],
  [NAME, ':', BEFORE_VALUE],
  [BEFORE_VALUE, ' \t', BEFORE_VALUE],
  [BEFORE_VALUE, '!-~\x80-\xff', VALUE],
  [BEFORE_VALUE, '\r', FIELD_LF],
  [VALUE, ' \t!-~\x80-\xff', VALUE],
  [VALUE, '\r', FIELD_LF],
  [FIELD_LF, '\n', FIELD],
  [END_LF, '\n', DONE],
];

/** The state after a byte: `NEXT[state * 256 + byte]`. */
export const NEXT: Uint8Array = new Uint8Array(STATES * 256).fill(BAD);

for (const [from, bytes, to] of TRANSITIONS) {
  const those = new RegExp(`[${bytes}]`);
  for (let byte = 0; byte < 256; byte++)
    if (those.test(String.fromCharCode(byte))) NEXT[from * 256 + byte] = to;
}
