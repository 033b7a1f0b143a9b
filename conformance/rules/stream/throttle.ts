/**
 * Back-pressure: whether a peer can go on sending to a stream from which nobody reads.
 *
 * The kernel takes what its buffers hold, and the stream may keep some as well; then there is an end. So the peer fills the
 * connection, lets the loop poll, fills it again, and so on: after a few times nothing more goes in, or it goes on for ever.
 */
import type { History, StreamLife } from '../../trace/history.js';
import { callsOn, type FdCall } from './fd-calls.js';
import { peerOf } from './peers.js';

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

/** Fills one after the other in one callback are one: the stream had no chance in between. */
function roundsOf(fills: readonly FdCall[]): { readonly step: number; readonly took: number }[] {
  const rounds: { step: number; took: number; frame: unknown }[] = [];
  for (const { step, result } of fills) {
    const last = rounds.at(-1);
    if (last !== undefined && last.frame === step.frame) last.took += result;
    else rounds.push({ step: step.index, took: result, frame: step.frame });
  }
  return rounds;
}

/** Undefined if it was not tried. */
export function isThrottled(h: History, stream: StreamLife): Throttled | undefined {
  const peer = peerOf(h, stream);
  if (peer === undefined || stream.closes.length > 0) return undefined;
  const rounds = roundsOf(callsOn(h, peer).filter(({ op, errno }) => op === 'fill' && errno === undefined));
  const [before, last] = rounds.slice(-2);
  if (rounds.length < FILLS || before === undefined || last === undefined) return undefined;
  if (stream.reads.some(({ at }) => at < last.step)) return undefined;
  const taken = rounds.reduce((sum, { took }) => sum + took, 0);
  const stopped = last.took === 0 && before.took === 0;
  return stopped || taken > UNBOUNDED ? { stopped, taken, at: last.step } : undefined;
}
