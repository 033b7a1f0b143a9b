/**
 * A subject's trace beside the reference's, with the first divergence marked: two columns where there is room, else one after
 * the other. Long traces are cut to what lies around the place that matters.
 */
import type { Scenario } from '../../spec/scenario.js';
import type { Trace } from '../../spec/trace.js';
import { firstDivergence } from '../divergence.js';
import { fit } from './layout.js';
import type { Paint } from './paint.js';
import { traceRows } from './trace-rows.js';

/** Records of one trace that are shown, and how many of them stand before the place that matters. */
const SHOWN = 200;
const BEFORE = 80;
/** Narrower than this, two columns can't be read. Characters. */
const TWO_COLUMNS = 100;

export interface TraceView {
  readonly scenario: Scenario;
  readonly trace: Trace;
  readonly reference: Trace | undefined;
  /** Records where rules found something. */
  readonly findings: readonly number[];
  readonly width: number;
  readonly paint: Paint;
}

interface Window {
  readonly from: number;
  readonly to: number;
}

function windowAround(place: number, length: number): Window {
  if (length <= SHOWN) return { from: 0, to: length };
  const from = Math.max(0, Math.min(place - BEFORE, length - SHOWN));
  return { from, to: from + SHOWN };
}

const ending = (trace: Trace): string | undefined =>
  trace.unfinished === undefined
    ? undefined
    : trace.unfinished === 'hung'
      ? '(here the subject hung, and was killed)'
      : '(here the subject died)';

/** Before a row: `≠` where the traces part, `!` where a rule found something. */
const gutter = (index: number, parted: number | undefined, findings: readonly number[]): string =>
  index === parted ? '≠' : findings.includes(index) ? '!' : ' ';

const cutNote = (n: number, where: string): string => `… ${n} ${where}`;

/** Lines, without an indentation of their own. */
export function traceView(view: TraceView): string[] {
  const { scenario, trace, reference, findings, width, paint } = view;
  const parted = reference === undefined ? undefined : firstDivergence(trace, reference);
  const length = Math.max(trace.records.length, reference?.records.length ?? 0);
  // A finding may stand at the very end ("it never came"): then the last record is the place.
  const marks = findings.map((at) => Math.min(at, Math.max(0, trace.records.length - 1)));
  const window = windowAround(parted ?? Math.min(...marks, length), length);
  const column = (of: Trace): string[] => {
    const end = ending(of);
    return [...traceRows(scenario, of), ...(end === undefined ? [] : [end])];
  };
  const left = column(trace);
  const right = reference === undefined ? undefined : column(reference);
  const highlight = (mark: string, line: string): string =>
    mark === '≠' ? paint('bad', line) : mark === '!' ? paint('warning', line) : line;
  const cut = (lines: readonly string[], total: number): string[] => [
    ...(window.from > 0 ? [paint('dim', cutNote(window.from, 'records before'))] : []),
    ...lines,
    ...(window.to < total ? [paint('dim', cutNote(total - window.to, 'more'))] : []),
  ];
  const to = window.to === length ? Infinity : window.to;

  if (right !== undefined && width >= TWO_COLUMNS) {
    const half = Math.floor((width - 5) / 2);
    const rows = Array.from(
      { length: Math.min(to, Math.max(left.length, right.length)) - window.from },
      (_, i) => {
        const at = window.from + i;
        const mark = gutter(at, parted, marks);
        return highlight(
          mark,
          `${mark} ${fit(left[at] ?? '', half)} │ ${fit(right[at] ?? '', half).trimEnd()}`.trimEnd(),
        );
      },
    );
    return [
      paint('dim', `  ${fit('subject', half)} │ reference`),
      ...cut(rows, length),
      ...legend(parted, marks, paint),
    ];
  }

  const one = (title: string, lines: readonly string[], own: readonly number[]): string[] => [
    paint('dim', `  ${title}`),
    ...cut(
      lines.slice(window.from, to).map((line, i) => {
        const mark = gutter(window.from + i, parted, own);
        return highlight(mark, `${mark} ${line}`);
      }),
      lines.length,
    ),
  ];
  return [
    ...one('subject', left, marks),
    ...(right === undefined ? [] : one('reference', right, [])),
    ...legend(parted, marks, paint),
  ];
}

function legend(parted: number | undefined, findings: readonly number[], paint: Paint): string[] {
  const parts = [
    ...(parted === undefined ? [] : ['≠ the first difference from the reference']),
    ...(findings.some((at) => at !== parted) ? ['! where a rule was broken'] : []),
  ];
  return parts.length === 0 ? [] : [paint('dim', `  ${parts.join('   ')}`)];
}
