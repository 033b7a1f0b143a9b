/**
 * Back-pressure: whether a peer can go on sending to a stream from which nobody reads.
 *
 * The kernel takes what its buffers hold, and the stream may keep some as well; then there is an end. So the peer fills the
 * connection, lets the loop poll, fills it again, and so on: after a few times nothing more goes in, or it goes on for ever.
 */
import type { History, StreamLife } from '../../trace/history.js';

/** So many fills prove something, if the stream takes as much each time as a connection holds. */
const FILLS = 10;
/** A stream that kept as much as this for nobody would keep anything. Bytes. */
const UNBOUNDED = 1_048_576;

export interface Throttled {
  readonly stopped: boolean;
  /** All that it took. Bytes. */
  readonly taken: number;
  readonly at: number;
}

/** Undefined if it was not tried. */
export function isThrottled(h: History, stream: StreamLife): Throttled | undefined {
  const { peer } = stream.file;
  if (peer === undefined || stream.closes.length > 0) return undefined;
  const names = new Set(h.fds.filter((fd) => fd.file === peer).map((fd) => fd.name));
  const fills = h.steps.filter(
    ({ action, record }) => action?.op === 'fill' && record.k === 'did' && names.has(record.fd ?? action.fd),
  );
  const took = (i: number): number => {
    const record = fills[i]?.record;
    return record?.k === 'did' ? (record.result ?? 0) : 0;
  };
  const last = fills.at(-1);
  if (fills.length < FILLS || last === undefined) return undefined;
  if (stream.reads.some(({ at }) => at < last.index)) return undefined;
  const taken = fills.reduce((sum, _, i) => sum + took(i), 0);
  const stopped = took(fills.length - 1) === 0 && took(fills.length - 2) === 0;
  return stopped || taken > UNBOUNDED ? { stopped, taken, at: last.index } : undefined;
}
