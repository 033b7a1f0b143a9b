/**
 * What a stream was given to write, and what came of it at the other end.
 */
import { closedAt, enterOf, type History, type Send, type StreamLife } from '../../trace/history.js';
import type { OpenFile } from '../../trace/kernel.js';
import type { Step } from '../../trace/timeline.js';
import { polledBetween } from '../horizons.js';
import { callsOn } from './fd-calls.js';
import { mayBeHeldBack, peerOf } from './peers.js';
import { closingAt, writesUntil } from './trouble.js';
import { once } from '../once.js';

/** A `collect` at the other end, or another system call that takes bytes there. */
export interface Collect {
  readonly step: Step;
  /** Bytes taken by it, and all that were taken after it. */
  readonly got: number;
  readonly total: number;
  /** It took all that was there. */
  readonly all: boolean;
  readonly eof: boolean;
  readonly errno: string | undefined;
}

export interface Output {
  readonly stream: StreamLife;
  /** The other end, where the scenario collects. */
  readonly peer: OpenFile;
  /** What was accepted before the stream was closed, in order. */
  readonly sends: readonly Send[];
  readonly sent: Buffer;
  readonly collects: readonly Collect[];
  /** Bytes that the kernel certainly doesn't hold at once, in all buffers between the two ends. */
  readonly capacity: number;
  /** What the peer got is a beginning of what was sent. Else counting says little: STREAM-WRITE-1. */
  readonly faithful: boolean;
}

/** Bytes that every kernel takes at once where nothing else is in flight: the smallest page. */
const CERTAINLY_ROOMY = 2048;
/** What buffers hold that were left as they are. TCP's grow up to 6 MB at one end and 4 MB at the other. Bytes. */
const CAPACITY: Readonly<Record<string, number>> = {
  pair: 400_000,
  pipe: 400_000,
  tcp: 16_000_000,
  tcp6: 16_000_000,
};
/** The kernel doubles what was asked for, at both ends, and has least sizes. */
const OF_BUFFER = 4;
const LEAST = 16_384;

const allOutputs = once(
  (h): ReadonlyMap<StreamLife, Output> =>
    new Map(
      h.streams.flatMap((stream) => {
        const peer = peerOf(h, stream);
        return peer?.collectedWhole === true ? [[stream, gather(h, stream, peer)] as const] : [];
      }),
    ),
);

/** Of streams whose other end the scenario holds and reads whole. */
export const outputs = (h: History): Iterable<Output> => allOutputs(h).values();

/** Of one stream. O(1) after the first time. */
export const outputOf = (h: History, stream: StreamLife): Output | undefined => allOutputs(h).get(stream);

/** A write that the stream refused for its size, by its callback: as one whose call raised. */
const isTooLarge = (send: Send): boolean =>
  send.stream.maxWrite !== undefined && send.bytes.length > send.stream.maxWrite && toldOf(send) === 'failed';

function gather(h: History, stream: StreamLife, peer: OpenFile): Output {
  const end = Math.min(closedAt(stream), stream.ends[0]?.index ?? Infinity);
  let from = 0;
  const sends = stream.sends
    .filter((send) => send.failed === undefined && send.at < end && !isTooLarge(send))
    .map((send): Send => ({ ...send, from: (from += send.bytes.length) - send.bytes.length }));
  let total = 0;
  const collects = callsOn(h, peer).flatMap(({ op, step, result, eof, errno }): Collect[] => {
    if (op === 'fill' || op === 'isOpen') return [];
    const got = op === 'read' && errno !== undefined ? 0 : result;
    total += got;
    return [{ step, got, total, all: op !== 'read', eof, errno }];
  });
  const sent = Buffer.concat(sends.map((send) => send.bytes));
  const { bytes, size } = peer.collected;
  const faithful = bytes.equals(sent.subarray(0, size));
  return { stream, peer, sends, sent, collects, faithful, capacity: capacityOf(h, stream) };
}

function capacityOf(h: History, { fd, file }: StreamLife): number {
  const name = fd?.name.replace(/\.peer$/, '') ?? '';
  const buffer = (h.scenario.fds[name] ?? h.scenario.fds[name.replace(/\d+$/, '')])?.buffer;
  return buffer === undefined ? (CAPACITY[file.kind] ?? Infinity) : OF_BUFFER * buffer + LEAST;
}

/** Bytes given to it before a step. */
export const sentBefore = ({ sends }: Output, step: number): number =>
  sends.reduce((sum, send) => (send.at < step ? sum + send.bytes.length : sum), 0);

/** Bytes that the peer had collected before a step. */
export const collectedBefore = ({ collects }: Output, step: number): number =>
  collects.findLast((collect) => collect.step.index < step)?.total ?? 0;

/** How a write was told: done, failed, or not (yet). */
export function toldOf(send: Send): 'done' | 'failed' | undefined {
  const [frame] = send.frames;
  if (frame === undefined) return undefined;
  return enterOf(frame).failed === undefined ? 'done' : 'failed';
}

/** Step at which its callback was first called. */
export const toldAt = ({ frames: [frame] }: Send): number => frame?.enter!.index ?? Infinity;

/** The peer was gone at a step. */
export const isGone = ({ peer }: Output, step: number): boolean => peer.closed && peer.closedAt < step;

/** Nothing that happened before a step may have made the stream give up what it has to write. */
export const isUndisturbed = ({ stream, peer }: Output, step: number): boolean =>
  writesUntil(stream) > step && peer.closedAt > step;

/**
 * The peer found nothing, although it had made room and the loop had polled often enough since: what hasn't come by then doesn't come.
 */
export function driesUp(h: History, { stream, collects, sends }: Output): Collect | undefined {
  const last = collects.at(-1);
  const before = collects.at(-2);
  // What is written first is never held back.
  if (mayBeHeldBack(stream) && sends.length > 1 && (last?.total ?? 0) > 0) return undefined;
  if (last === undefined || last.got > 0 || !last.all || last.errno !== undefined) return undefined;
  const since = before?.step.index;
  return since !== undefined && polledBetween(h, stream.loop, since, last.step.index) ? last : undefined;
}

/** Step at which a stream that connects by itself was told that it is connected; -1 if it was from its beginning. */
const connectedAt = ({ connect }: StreamLife): number =>
  connect === undefined ? -1 : (connect.frames[0]?.enter!.index ?? Infinity);

/** Step by which there was room for all bytes up to a position; Infinity if that isn't known. O(log n). */
export function roomAt({ stream, collects }: Output, position: number): number {
  const wanted = position - CERTAINLY_ROOMY;
  if (wanted <= 0) return connectedAt(stream);
  let low = 0;
  let high = collects.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (collects[middle]!.total >= wanted) high = middle;
    else low = middle + 1;
  }
  return collects[low]?.step.index ?? Infinity;
}

/**
 * The stream may have had bytes in its queue when the program closed it; one that sends them first isn't closed before its peer takes
 * them, which may be never.
 */
export function mayLinger(h: History, stream: StreamLife): boolean {
  if (h.subject.choices['stream.close-unwritten'] === 'discard') return false;
  const closing = closingAt(h, stream);
  const sends = stream.sends.filter(({ failed, at }) => failed === undefined && at <= closing);
  if (sends.every((send) => send.told && toldAt(send) <= closing)) return false;
  const bytes = sends.reduce((sum, send) => sum + send.bytes.length, 0);
  if (connectedAt(stream) > closing) return bytes > 0;
  const output = outputOf(h, stream);
  const taken = output === undefined ? 0 : collectedBefore(output, closing);
  return bytes - taken > CERTAINLY_ROOMY;
}
