/**
 * What a history says of streams: who made them, what was asked of them, what passed at either end.
 *
 * A stream's bytes are judged against what the scenario itself wrote, or collected, at the other end of its connection with
 * system calls of its own. What passes between two streams is seen at neither end, and nobody is judged by it.
 */
import type { ActionOf } from '../../spec/scenario.js';
import type { Did, Enter, Raised } from '../../spec/trace.js';
import type { Entity, Fd } from './entities.js';
import type { OpenFile } from './kernel.js';
import type { Frame, Step } from './timeline.js';

/** The operations that read. */
export const READS = ['readUntil', 'readUntilRegex', 'readBytes', 'readSome', 'readUntilClose'] as const;
export type ReadAction = ActionOf<(typeof READS)[number]>;

export interface StreamRead extends Entity {
  readonly stream: StreamLife;
  readonly action: ReadAction;
}

export interface Send extends Entity {
  readonly stream: StreamLife;
  readonly bytes: Buffer;
  /** Position of its first byte among all that the stream was given to write. */
  readonly from: number;
  /** It asked for a callback. */
  readonly told: boolean;
}

/** From its making to the end of the trace. */
export interface StreamLife {
  readonly name: string;
  readonly loop: string;
  /** Step of the operation that made it. */
  readonly at: number;
  readonly by: Frame;
  readonly failed: Raised | undefined;
  /** Its own end of the connection. */
  readonly file: OpenFile;
  /** What it was made over; undefined if it connected itself. */
  readonly fd: Fd | undefined;
  readonly maxRead: number | undefined;
  readonly maxWrite: number | undefined;
  readonly reads: StreamRead[];
  readonly sends: Send[];
  readonly closeCallbacks: Entity[];
  /** If it connected itself. */
  readonly connect: Entity | undefined;
  /** Whether somebody listened when it connected. */
  readonly listened: boolean;
  /** Every `closeStream`. */
  readonly closes: Step[];
  /** Every `endStream`. */
  readonly ends: Step[];
  readonly states: { readonly step: Step; readonly state: NonNullable<Did['state']> }[];
}

/** How a callback of a stream was entered. */
export const enterOf = (frame: Frame): Enter => frame.enter!.record as Enter;

/** The bytes of a read that succeeded. */
export const bytesOf = (frame: Frame): Buffer | undefined => {
  const { data } = enterOf(frame);
  return data === undefined ? undefined : Buffer.from(data, 'latin1');
};

/** The first `closeStream`; Infinity if the program never closes it. */
export const closedAt = (stream: StreamLife): number => stream.closes[0]?.index ?? Infinity;
