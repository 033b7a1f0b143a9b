/**
 * Whose callback a frame is.
 */
import type { Entity, History, StreamLife } from '../../trace/history.js';
import type { Frame } from '../../trace/timeline.js';
import { once } from '../once.js';

/** Callbacks of a stream, each with the operation that asked for it. */
export const callbacksOf = (stream: StreamLife): Entity[] => [
  ...stream.reads,
  ...stream.sends.filter(({ told }) => told),
  ...stream.closeCallbacks,
  ...(stream.connect === undefined ? [] : [stream.connect]),
];

const owners = once(
  (h): ReadonlyMap<number, StreamLife> =>
    new Map(
      h.streams.flatMap((stream) => callbacksOf(stream).map((entity) => [entity.token, stream] as const)),
    ),
);

/** The stream that called a callback; undefined if none did. O(1) after the first time. */
export function ownerOf(h: History, { token }: Frame): StreamLife | undefined {
  return owners(h).get(token);
}
