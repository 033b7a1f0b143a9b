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

/** A read that the call refused, though none was pending and the program had not closed the stream. */
export type RefusedRead = Pick<ReadFact, 'read' | 'stream' | 'size'>;

interface Facts {
  readonly accepted: ReadFact[];
  readonly refused: RefusedRead[];
}

const known = new WeakMap<History, Facts>();

function allFacts(h: History): Facts {
  let facts = known.get(h);
  if (facts === undefined) {
    facts = { accepted: [], refused: [] };
    for (const stream of h.streams) addFacts(stream, facts);
    known.set(h, facts);
  }
  return facts;
}

/** Every read that was accepted, stream by stream, in the order in which they were asked for. */
export const readFacts = (h: History): readonly ReadFact[] => allFacts(h).accepted;

/** Those that were not, and that no other read stood in the way of. */
export const refusedReads = (h: History): readonly RefusedRead[] => allFacts(h).refused;

function addFacts(stream: StreamLife, { accepted, refused }: Facts): void {
  const input = stream.file.peer?.written;
  if (input === undefined || stream.failed !== undefined) return;
  let from = 0;
  let free = 0;
  for (const read of stream.reads) {
    if (read.failed !== undefined) {
      if (read.at < free || read.at > closedAt(stream) || Number.isNaN(from)) continue;
      refused.push({ read, stream, size: sizeOf(read, input, from, stream) });
      continue;
    }
    const [end] = read.frames;
    const endAt = end?.enter!.index ?? Infinity;
    const bytes = end === undefined ? undefined : bytesOf(end);
    const overlaps = read.at < free;
    const size = Number.isNaN(from) ? undefined : sizeOf(read, input, from, stream);
    const last = size === undefined || size === 0 ? -1 : input.stepOf(from + size - 1)!;
    const arrived = read.action.op === 'readUntilClose' ? stream.file.eofAt : last;
    const dueAt = size === undefined ? Infinity : Math.max(read.at, overlaps ? free : -1, arrived);
    const limit = limitOf(read, stream);
    accepted.push({ read, stream, input, from, size, limit, dueAt, overlaps, end, endAt, bytes });
    if (bytes !== undefined) from += bytes.length;
    else if (!overlaps) from = NaN;
    free = Math.max(free, endAt);
  }
}

function sizeOf(
  { action }: StreamRead,
  input: ByteLog,
  from: number,
  stream: StreamLife,
): number | undefined {
  const { bytes } = input;
  const left = bytes.length - from;
  switch (action.op) {
    case 'readUntil': {
      const found = bytes.indexOf(Buffer.from(action.delimiter, 'latin1'), from);
      return found < 0 ? undefined : found + action.delimiter.length - from;
    }
    case 'readUntilRegex': {
      const match = new RegExp(action.pattern).exec(bytes.toString('latin1', from));
      return match === null ? undefined : match.index + match[0].length;
    }
    case 'readBytes':
      return left >= action.size ? action.size : undefined;
    case 'readSome':
      return left > 0 && action.size !== 0 ? 1 : undefined;
    case 'readUntilClose':
      return stream.file.eofAt === Infinity ? undefined : left;
  }
}

/** Only a read that looks for its end has to keep all that it has looked through. */
function limitOf({ action }: StreamRead, { maxRead }: StreamLife): number | undefined {
  if (action.op !== 'readUntil' && action.op !== 'readUntilRegex') return undefined;
  return action.max ?? maxRead;
}

/** It may fail: its bytes exceed the limit, or come near it; where just the limit lies is a choice. */
export const nearLimit = ({ limit, size = 0, read: { action } }: ReadFact): boolean =>
  limit !== undefined && size + (action.op === 'readUntil' ? action.delimiter.length : 0) > limit;

/** The peer's end, or this one's, was reset before a step: what was on its way may be lost. */
export const wasReset = ({ file }: StreamLife): boolean =>
  file.reset || (file.hungUp && lost(file.peer!, file));

/** A peer that closes with bytes unread breaks off, also where there is no RST. Of a stream's bytes it isn't known. */
const lost = (peer: StreamLife['file'], own: StreamLife['file']): boolean =>
  peer.collected.size < own.sentBytes;

/**
 * The step by which the loop had polled often enough since another for a stream to have done what it owed; undefined if it
 * hadn't, or if the stream was closed by the program before.
 */
export function passedSince(h: History, stream: StreamLife, step: number): number | undefined {
  const passed = h.horizons.find(({ loop, from }) => loop === stream.loop && from > step)?.to;
  return passed === undefined || closedAt(stream) < passed ? undefined : passed;
}

/** The step of the first callback of a stream that raised; Infinity if none did. What becomes of the stream then is a choice. */
export const thrownAt = ({ reads, sends }: StreamLife): number =>
  Math.min(
    ...[...reads, ...sends]
      .flatMap(({ frames }) => frames)
      .filter(({ raised }) => raised !== undefined)
      .map(({ enter }) => enter!.index),
  );

/** A read that failed. */
export const failedBy = (fact: ReadFact): boolean => fact.end !== undefined && fact.bytes === undefined;

/** `stream s: readUntil` */
export const nameOf = ({ read, stream }: ReadFact): string => `${read.action.op} of stream ${stream.name}`;

/** Why a callback was called with a failure, for a sentence. */
export const reasonOf = (frame: Frame): string => {
  const { failed } = enterOf(frame);
  return failed === undefined ? 'without a reason' : `with ${failed.type}: ${failed.text}`;
};
