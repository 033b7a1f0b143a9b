/**
 * What each read was owed: worked out from what the scenario wrote at the other end, and from nothing else.
 *
 * Reads take their bytes one after the other. So the place where a read begins is known as long as all reads before it
 * succeeded, and with it the very bytes that it has to get, whichever way they were cut on their way. After a read that
 * failed the place is not known, as some APIs drop what they had for it and some keep it; from there on nothing is owed.
 */
import type { Frame } from '../../trace/timeline.js';
import {
  bytesOf,
  closedAt,
  enterOf,
  type History,
  type StreamLife,
  type StreamRead,
} from '../../trace/history.js';
import type { ByteLog } from '../../trace/byte-log.js';
import { mayBeHeldBack, peerOf } from './peers.js';
import { sizeOf } from './satisfied.js';
import { once } from '../once.js';

export interface ReadFact {
  readonly read: StreamRead;
  readonly stream: StreamLife;
  /** What the peer wrote. */
  readonly input: ByteLog;
  /** Position of its first byte in the input; NaN if it isn't known. */
  readonly from: number;
  /** How many bytes satisfy it, of all that the peer ever wrote; undefined if nothing does. */
  readonly size: number | undefined;
  /** The most that it may take, if it or its stream has a limit. Bytes. */
  readonly limit: number | undefined;
  /** Step by which it could be satisfied: it was asked for, those before it were over, its bytes had been written. */
  readonly dueAt: number;
  /** It was asked for while another was pending. */
  readonly overlaps: boolean;
  /** The first call of its callback, and what it brought: bytes, or a failure. */
  readonly end: Frame | undefined;
  readonly endAt: number;
  readonly bytes: Buffer | undefined;
}

interface Facts {
  /** Reads that were accepted, in the order in which they were asked for. */
  readonly accepted: readonly ReadFact[];
  /** Those whose call raised, though the stream was open and no other read pending. */
  readonly refused: readonly ReadFact[];
}

const NONE: Facts = { accepted: [], refused: [] };

const allFacts = once(
  (h): ReadonlyMap<StreamLife, Facts> =>
    new Map(h.streams.map((stream) => [stream, gather(h, stream)] as const)),
);

/** Every read that was accepted, stream by stream. */
export function* readFacts(h: History): Generator<ReadFact> {
  for (const { accepted } of allFacts(h).values()) yield* accepted;
}

/** Those of one stream. */
export const factsOf = (h: History, stream: StreamLife): readonly ReadFact[] =>
  allFacts(h).get(stream)?.accepted ?? [];

/** Every read whose call raised, though the stream was open and no other read pending. */
export function* refusedReads(h: History): Generator<ReadFact> {
  for (const { refused } of allFacts(h).values()) yield* refused;
}

function gather(h: History, stream: StreamLife): Facts {
  const input = peerOf(h, stream)?.written;
  if (input === undefined) return NONE;
  const accepted: ReadFact[] = [];
  const refused: ReadFact[] = [];
  let from = 0;
  let free = 0;
  for (const read of stream.reads) {
    const overlaps = read.at < free;
    if (read.failed !== undefined && (overlaps || closedAt(stream) < read.at)) continue;
    const [end] = read.frames;
    const endAt = end?.enter!.index ?? Infinity;
    const bytes = end === undefined ? undefined : bytesOf(end);
    const size = Number.isNaN(from) ? undefined : sizeOf(read, input, from);
    const arrived = size === undefined ? Infinity : arrivalOf(read, input, from, size);
    const dueAt = Math.max(read.at, overlaps ? free : -1, arrived);
    const limit = limitOf(read);
    const fact = { read, stream, input, from, size, limit, dueAt, overlaps, end, endAt, bytes };
    if (read.failed !== undefined) {
      refused.push(fact);
      from = NaN;
      continue;
    }
    accepted.push(fact);
    // One that had to wait for its turn, and failed when it came, is like any other that failed.
    if (bytes !== undefined) from += bytes.length;
    else if (!overlaps || endAt > free) from = NaN;
    if (from > input.size) from = NaN;
    free = Math.max(free, endAt);
  }
  return { accepted, refused };
}

/** Step by which its bytes had been written, and the end had come if it asks for that. */
function arrivalOf({ action, stream }: StreamRead, input: ByteLog, from: number, size: number): number {
  if (action.op === 'readUntilClose') return stream.file.eofAt;
  return size === 0 ? -1 : input.stepOf(from + size - 1)!;
}

/** The kernel may keep the byte at a position for a while after it was written. */
export const isHeldBack = ({ stream, input }: ReadFact, position: number): boolean =>
  mayBeHeldBack(stream) && position >= 0 && input.stepOf(position) !== input.stepOf(0);

/** Only a read that looks for its end has to keep all that it has looked through. */
function limitOf({ action, stream: { maxRead } }: StreamRead): number | undefined {
  if (action.op !== 'readUntil' && action.op !== 'readUntilRegex') return undefined;
  return action.max ?? maxRead;
}

/**
 * It may fail: its bytes exceed a limit, or come near it; where just the limit lies is a choice. A read of more bytes than the stream
 * keeps is no clause's affair.
 */
export function nearLimit({ limit = Infinity, size = 0, read: { action }, stream }: ReadFact): boolean {
  if (action.op === 'readSome') return false;
  const delimiter = action.op === 'readUntil' ? action.delimiter.length : 0;
  return size + delimiter > Math.min(limit, stream.maxRead ?? Infinity);
}

/** A read that failed. */
export const failedBy = (fact: ReadFact): boolean => fact.end !== undefined && fact.bytes === undefined;

/** `readUntil of stream s` */
export const nameOf = ({ read, stream }: ReadFact): string => `${read.action.op} of stream ${stream.name}`;

/** Why a callback was called with a failure, for a sentence. */
export const reasonOf = (frame: Frame): string => {
  const { failed } = enterOf(frame);
  return failed === undefined ? 'without a reason' : `with ${failed.type}: ${failed.text}`;
};
