/** Colours, or none: whoever writes a report asks for a style by what it means and need not know whether it is shown. */
import { styleText } from 'node:util';

const STYLES = {
  good: ['green'],
  bad: ['red'],
  warning: ['yellow'],
  heading: ['bold'],
  dim: ['dim'],
  mark: ['inverse'],
} as const satisfies Record<string, readonly Parameters<typeof styleText>[0][]>;
export type Style = keyof typeof STYLES;

export type Paint = (style: Style, text: string) => string;

export const plain: Paint = (_, text) => text;

export const coloured: Paint = (style, text) =>
  STYLES[style].reduce((painted, format) => styleText(format, painted), text);

/** Paints the first words of a line: colours are put on after the line was broken, because they have no width. */
export const paintStart = (paint: Paint, style: Style, start: string, line: string): string =>
  line.startsWith(start) ? `${paint(style, start)}${line.slice(start.length)}` : line;
