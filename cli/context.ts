/** What every command gets from the process that it runs in. */
import { coloured, plain, type Paint } from '../conformance/report/paint.js';

export interface Context {
  /** The words after `--`: the command that starts a subject. Undefined: there was no `--`. */
  readonly subjectCommand: readonly string[] | undefined;
  readonly paint: Paint;
  /** Characters of a line. */
  readonly width: number;
  /** Writes to standard output, and ends no line by itself. */
  readonly print: (text: string) => void;
  exitCode: number;
}

/** Where standard output is no terminal: wide enough for two traces side by side, as in the log of a CI. */
const WIDTH_OF_A_FILE = 120;
const NARROWEST = 40;

/** https://no-color.org: any value but the empty one turns colours off. */
function wantsColour(): boolean {
  return process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb';
}

function width(): number {
  const given = process.stdout.isTTY ? process.stdout.columns : Number(process.env['COLUMNS']);
  return Math.max(NARROWEST, given > 0 ? given : WIDTH_OF_A_FILE);
}

export function processContext(subjectCommand: readonly string[] | undefined): Context {
  return {
    subjectCommand,
    paint: wantsColour() ? coloured : plain,
    width: width(),
    print: (text) => void process.stdout.write(text),
    exitCode: 0,
  };
}
