/**
 * Where two traces of one scenario part: by what happened, not by clocks, tokens or fd numbers.
 */
import type { Enter, Trace, TraceRecord } from '../spec/trace.js';

/** Bytes of a read that are told. */
const SHOWN_BYTES = 24;

/** What a callback of a stream was called with. */
function broughtBy({ data, failed }: Enter): string {
  if (failed !== undefined) return `: failed with ${failed.errno ?? failed.type}`;
  if (data === undefined) return '';
  const rest = data.length > SHOWN_BYTES ? '…' : '';
  return ` = ${data.length} "${data.slice(0, SHOWN_BYTES)}${rest}"`;
}

/** One line for a record, without its clocks; equal lines mean that the same happened. */
export function describeRecord(record: TraceRecord): string {
  switch (record.k) {
    case 'enter': {
      const what = record.as === 'handler' ? ` of ${record.fd} [${(record.events ?? []).join(' ')}]` : '';
      return `→ ${record.run} #${record.nth} (${record.as}${what})${broughtBy(record)}`;
    }
    case 'exit':
      return record.raised === undefined ? '←' : `← raised ${record.raised}`;
    case 'starting':
      return 'start: the loop runs';
    case 'log':
      return `log: ${record.text}`;
    case 'cut':
      return 'the trace was cut here';
    case 'did': {
      const target = record.fd === undefined ? '' : ` ${record.fd}`;
      const outcome =
        record.raised !== undefined
          ? ` raised ${record.raised.type}: ${record.raised.text}`
          : record.errno !== undefined
            ? ` = ${record.errno}`
            : record.result !== undefined
              ? ` = ${record.result}${record.eof === true ? ', end of file' : ''}`
              : '';
      return `${record.op}${target}${outcome}`;
    }
  }
}

const gist = (record: TraceRecord): string => {
  if (record.k === 'log') return 'log';
  // How an error is called is each language's own.
  if (record.k === 'enter' && record.failed !== undefined)
    return describeRecord({ ...record, failed: { type: 'it', text: '' } });
  if (record.k !== 'did') return describeRecord(record);
  return `${record.op} ${record.fd ?? ''} ${record.raised === undefined ? '' : 'raised'} ${record.errno ?? ''}`;
};

/** Index of the first record that differs; undefined if the traces tell the same story. */
export function firstDivergence(a: Trace, b: Trace): number | undefined {
  const length = Math.max(a.records.length, b.records.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.records[i], b.records[i]];
    if (x === undefined || y === undefined || gist(x) !== gist(y)) return i;
  }
  return undefined;
}
