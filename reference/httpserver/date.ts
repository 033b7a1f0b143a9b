/**
 * The Date of responses, as a line: IMF-fixdate, in seconds (RFC 9110 5.6.7, 6.6.1). To format it takes 400 ns, to look at the clock 40;
 * so it is formatted once a second.
 */
let second = NaN;
let line = '';

/** `Date: …` and CR LF. */
export function dateLine(): string {
  const now = Math.floor(Date.now() / 1000);
  // HTTP-RESPONSE-18
  if (now !== second) {
    second = now;
    // The format of toUTCString is IMF-fixdate (ECMA-262): HTTP-RESPONSE-13
    line = `Date: ${new Date(now * 1000).toUTCString()}\r\n`;
  }
  return line;
}
