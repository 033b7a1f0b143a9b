/**
 * What a stream was given to write, and what came of it at the other end.
 */
import { closedAt, enterOf, type History, type Send, type StreamLife } from '../../trace/history.js';
import type { OpenFile } from '../../trace/kernel.js';
import type { Step } from '../../trace/timeline.js';

export interface Output {
  readonly stream: StreamLife;
  /** The other end, where the scenario collects. */
  readonly peer: OpenFile;
  /** What was accepted before the stream was closed, in order. */
  readonly sends: readonly Send[];
  readonly sent: Buffer;
  /** Every `collect` at the other end, with the bytes collected after it. */
  readonly collects: readonly { readonly step: Step; readonly total: number; readonly got: number }[];
}

const known = new WeakMap<History, readonly Output[]>();

/** Of streams whose other end the scenario holds and reads whole. */
export function outputs(h: History): readonly Output[] {
  let all = known.get(h);
  if (all === undefined) {
    all = h.streams.flatMap((stream) => {
      const { peer } = stream.file;
      const isStream = h.streams.some(({ file }) => file === peer);
      return peer === undefined || isStream || stream.failed !== undefined || !peer.collectedWhole
        ? []
        : [outputOf(h, stream, peer)];
    });
    known.set(h, all);
  }
  return all;
}

function outputOf(h: History, stream: StreamLife, peer: OpenFile): Output {
  const end = Math.min(closedAt(stream), stream.ends[0]?.index ?? Infinity);
  const sends = stream.sends.filter((send) => send.failed === undefined && send.at < end);
  const names = new Set(h.fds.filter((fd) => fd.file === peer).map((fd) => fd.name));
  let total = 0;
  const collects = h.steps.flatMap((step) => {
    const { action, record } = step;
    if (action?.op !== 'collect' || record.k !== 'did' || !names.has(record.fd ?? action.fd)) return [];
    const got = record.result ?? 0;
    total += got;
    return [{ step, total, got }];
  });
  return { stream, peer, sends, sent: Buffer.concat(sends.map((send) => send.bytes)), collects };
}

/** More than the kernel's buffers take. Bytes. */
export const MORE_THAN_FITS = 400_000;

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

/** The peer was gone, or the connection reset, at a step. */
export const isGone = ({ peer }: Output, step: number): boolean => peer.closed && peer.closedAt < step;
