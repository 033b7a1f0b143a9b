/**
 * The other end of a stream's connection, where the scenario holds it: there alone it shows what the stream was sent and what it sent.
 */
import type { History, StreamLife } from '../../trace/history.js';
import type { OpenFile } from '../../trace/kernel.js';
import { once } from '../once.js';

const countBy = <T, K>(items: readonly T[], key: (item: T) => K): Map<K, number> => {
  const counts = new Map<K, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return counts;
};

/** Somebody else read, wrote or closed at this end: bytes are missing, or there are more than the stream's. */
const isMeddledWith = ({ written, collected, collectedWhole, closed }: OpenFile): boolean =>
  written.size > 0 || collected.size > 0 || !collectedWhole || closed;

const allPeers = once((h): ReadonlyMap<StreamLife, OpenFile> => {
  const made = h.streams.filter(({ failed }) => failed === undefined);
  const streams = countBy(made, ({ file }) => file);
  const fds = countBy(h.fds, ({ file }) => file);
  const peers = new Map<StreamLife, OpenFile>();
  for (const stream of made) {
    const { file } = stream;
    const { peer } = file;
    // With a second fd of the same file the connection outlives the stream, and others may read from it.
    const alone = streams.get(file) === 1 && (fds.get(file) ?? 0) <= 1;
    if (peer !== undefined && !streams.has(peer) && alone && !isMeddledWith(file)) peers.set(stream, peer);
  }
  return peers;
});

/** Undefined where it isn't known, is a stream itself, or where others have a hand in the stream's own end. O(1) after the first time. */
export function peerOf(h: History, stream: StreamLife): OpenFile | undefined {
  return allPeers(h).get(stream);
}

/**
 * What is written second to a connection that was accepted may wait until the first is acknowledged (Nagle's algorithm): nobody has
 * turned that off, as is done for those that a scenario begins with.
 */
export const mayBeHeldBack = ({ file }: StreamLife): boolean => file.kind === 'connection';

/** The peer's end, or this one's, was reset, or the peer left with bytes unread: what was on its way may be lost. */
export const wasReset = ({ file }: StreamLife): boolean =>
  file.reset || file.brokenAt < Infinity || (file.peer?.closed === true && leftUnread(file.peer, file));

/** A peer that closes with bytes unread breaks off, also where there is no RST; and bytes that come later are answered by one. */
const leftUnread = (peer: OpenFile, own: OpenFile): boolean => peer.collected.size < own.sentBytes;
