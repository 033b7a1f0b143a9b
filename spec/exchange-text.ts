/** From what is to be sent back to the lines of a block, as `spec/exchange.ts` reads them. */
import type { Count, Part, Template } from './exchange.js';

const ESCAPES: Readonly<Record<string, string>> = {
  '\r': '\\r',
  '\n': '\\n',
  '\t': '\\t',
  '\0': '\\0',
  '\\': '\\\\',
  '{': '\\{',
  '}': '\\}',
};

const hex = (c: string): string => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`;

/** The inverse of `unescape`. */
export const escape = (text: string): string =>
  text.replace(/[^\x20-\x7e]|[\\{}]/g, (c) => ESCAPES[c] ?? hex(c));

const countText = ({ limit, plus }: Count): string => {
  if (limit === undefined) return String(plus);
  return plus === 0 ? limit : `${limit}${plus > 0 ? '+' : ''}${plus}`;
};

function partText(part: Part): string {
  switch (part.is) {
    case 'text':
      return escape(part.text);
    case 'repeat':
      return `{${escape(part.text)}*${countText(part.count)}}`;
    case 'number':
      return `{${countText(part.count)}${part.radix === 16 ? ' in hex' : ''}}`;
    case 'host':
      return '{host}';
    case 'scheme':
      return part.inCapitals ? '{SCHEME}' : '{scheme}';
  }
}

/**
 * What stands behind the `> ` of each line: one for each line of the message. A blank at an edge is written as `\x20`, for editors
 * take away what they can't show.
 */
export function templateLines(template: Template): string[] {
  const lines: string[] = [];
  const texts = template.flatMap((part) =>
    part.is === 'text' ? partText(part).split(/(?<=\\r\\n)/) : partText(part),
  );
  for (const text of texts)
    if (lines.at(-1)?.endsWith('\\r\\n') === false) lines[lines.length - 1] += text;
    else lines.push(text);
  return lines.filter((line) => line !== '').map((line) => line.replace(/^ | $/g, '\\x20'));
}
