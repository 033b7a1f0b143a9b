/** What was said on the connections of an exchange, line by line: bytes as they went, escaped, each line of HTTP on its own. */
import type { Expected, TranscriptEntry } from '../../spec/report.js';
import { excerpt } from '../subject/visible.js';
import { fit, wrap } from './layout.js';
import type { Paint } from './paint.js';

const EVENTS: Readonly<Record<string, string>> = {
  'client fin': '(ends its output: FIN)',
  'client rst': '(resets the connection: RST)',
  'client stop': '(tells the server to end)',
  'client cut': '…',
  'server fin': '(ends its output: FIN)',
  'server rst': '(resets the connection: RST)',
  'server refused': '(refuses the connection)',
  'server silence': '(nothing more)',
  'server flood': '(more and more bytes: the connection was cut)',
};
/** Lines of one entry that are shown. */
const SHOWN = 12;

/** Cuts behind each line feed; both characters of it stay where they are. */
function linesOf({ bytes, size, event, who }: TranscriptEntry): string[] {
  if (bytes === undefined) {
    const left = event === 'cut' ? ` ${size ?? 0} more` : '';
    return [`${EVENTS[`${who} ${event ?? ''}`] ?? event ?? ''}${left}`];
  }
  // A report that was read from a file may hold anything; what the kit wrote is visible ASCII, but for the mark of a cut.
  const all = excerpt(bytes, 10_000)
    .split(/(?<=\\n)/)
    .filter((line) => line !== '');
  const shown =
    all.length > SHOWN ? [...all.slice(0, SHOWN - 1), `… ${all.length - SHOWN + 1} more lines`] : all;
  return bytes.endsWith('…') ? [...shown, `(${size ?? 0} bytes in all)`] : shown;
}

/** Lines without an indentation of their own. */
export function transcriptLines(
  transcript: readonly TranscriptEntry[],
  width: number,
  paint: Paint,
): string[] {
  return transcript.flatMap((entry) => {
    const mark = entry.who === 'client' ? '>' : '<';
    const on = entry.on === '' ? '' : `${entry.on} `;
    return linesOf(entry).map((line, i) => {
      const time = i === 0 ? entry.atMs.toFixed(1) : '';
      const text = `${time.padStart(8)} ${on}${mark} ${line}`;
      const cut = text.length > width ? fit(text, width) : text;
      return entry.who === 'client' ? paint('dim', cut) : cut;
    });
  });
}

/** What could have been, one by one. */
export const expectedLines = (expected: readonly Expected[], width: number): string[] =>
  expected.flatMap(({ outcome, why }) => wrap(`${excerpt(outcome, 500)}: ${excerpt(why, 500)}`, width, '  '));
