/**
 * What ends a stream before its time. The program closes it, and the trace has that; but a stream may also close itself: when one of
 * its callbacks raises, when a write fails, when its peer is gone. Whether it does is a choice or its own affair, so from there on
 * nothing is owed that a closed stream couldn't give.
 */
import { bytesOf, closedAt, enterOf, type History, type StreamLife } from '../../trace/history.js';
import type { Frame } from '../../trace/timeline.js';
import { callbacksOf } from './owners.js';

const enteredAt = (frame: Frame | undefined): number => frame?.enter!.index ?? Infinity;

/** The first call of its close callback, whichever it had then. */
export function closeFrame({ closeCallbacks }: StreamLife): Frame | undefined {
  const frames = closeCallbacks.flatMap(({ frames: [first] }) => (first === undefined ? [] : [first]));
  return frames.reduce<Frame | undefined>(
    (a, b) => (a === undefined || enteredAt(b) < enteredAt(a) ? b : a),
    undefined,
  );
}

export const closeFrameAt = (stream: StreamLife): number => enteredAt(closeFrame(stream));

/** The last step before the program's first call of close: what is called by that call comes after. Infinity if there is none. */
export function closingAt(h: History, { closes: [first] }: StreamLife): number {
  if (first === undefined) return Infinity;
  let at = first.index - 1;
  while (at >= 0 && h.steps[at]!.frame !== first.frame) at--;
  return at;
}

/** The first of its callbacks that raised, but for the close callback. */
export function thrower(stream: StreamLife): Frame | undefined {
  let found: Frame | undefined;
  for (const entity of callbacksOf(stream)) {
    if (stream.closeCallbacks.includes(entity)) continue;
    for (const frame of entity.frames)
      if (frame.raised !== undefined && enteredAt(frame) < enteredAt(found)) found = frame;
  }
  return found;
}

/** The first write after the program had ended the stream's output: a mistake that some take for the stream's end. */
function misusedAt({ ends: [end], sends }: StreamLife): number {
  if (end === undefined) return Infinity;
  return sends.find(({ at }) => at > end.index)?.at ?? Infinity;
}

/** The program has given it a reason to end itself: a callback that raised, or a write after the end of its output. */
export const provokedAt = (stream: StreamLife): number =>
  Math.min(enteredAt(thrower(stream)), misusedAt(stream));

/** More may come than it may keep for a reader, which can end it without a word. */
export const hasReadLimit = ({ maxRead, reads }: StreamLife): boolean =>
  maxRead !== undefined || reads.some(({ action }) => 'max' in action && action.max !== undefined);

const failedAt = (frames: readonly Frame[]): number =>
  enteredAt(frames.find((frame) => enterOf(frame).failed !== undefined));

interface Trouble {
  /** For reads: a callback that raised, a write or a connect that failed, a write after the end of its own output. */
  readonly reads: number;
  /** For writes: these, and a read that failed, and the end of the peer's output. */
  readonly writes: number;
}

const known = new WeakMap<StreamLife, Trouble>();

function troubleOf(stream: StreamLife): Trouble {
  let trouble = known.get(stream);
  if (trouble !== undefined) return trouble;
  let reads = Math.min(stream.file.brokenAt, provokedAt(stream));
  for (const { at, failed, frames } of stream.sends)
    reads = Math.min(reads, failed === undefined ? failedAt(frames) : at);
  if (stream.connect !== undefined)
    reads = Math.min(reads, stream.connect.failed === undefined ? failedAt(stream.connect.frames) : -1);
  let writes = Math.min(reads, stream.file.eofAt);
  for (const { at, failed, frames } of stream.reads) {
    const [end] = frames;
    const unanswered = failed !== undefined || (end !== undefined && bytesOf(end) === undefined);
    if (unanswered) writes = Math.min(writes, failed === undefined ? enteredAt(end) : at);
  }
  trouble = { reads, writes };
  known.set(stream, trouble);
  return trouble;
}

/** Step up to which the stream certainly serves reads, as far as its own operations show. */
export const readsUntil = (stream: StreamLife): number => Math.min(closedAt(stream), troubleOf(stream).reads);

/** Step up to which it certainly goes on writing. */
export const writesUntil = (stream: StreamLife): number =>
  Math.min(closedAt(stream), troubleOf(stream).writes);

/** As {@link readsUntil}, but for the program's own close. */
export const troubledAt = (stream: StreamLife): number => troubleOf(stream).reads;
