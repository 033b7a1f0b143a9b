/**
 * System calls that a scenario makes itself, by the open file that they concerned.
 */
import type { Fd, History } from '../../trace/history.js';
import type { OpenFile } from '../../trace/kernel.js';
import type { Step } from '../../trace/timeline.js';
import { once } from '../once.js';

const OPS = ['read', 'drain', 'collect', 'fill', 'isOpen'] as const;

export interface FdCall {
  readonly op: (typeof OPS)[number];
  readonly step: Step;
  readonly fd: Fd;
  /** Bytes, or 1 and 0 of `isOpen`. */
  readonly result: number;
  readonly eof: boolean;
  readonly errno: string | undefined;
}

const isOp = (op: string): op is FdCall['op'] => (OPS as readonly string[]).includes(op);

/** In order. What a name stands for changes: it is that of the fd which was opened last under it. O(steps). */
const allCalls = once((h): ReadonlyMap<OpenFile, readonly FdCall[]> => {
  const calls = new Map<OpenFile, FdCall[]>();
  const names = new Map<string, Fd>();
  let opened = 0;
  for (const step of h.steps) {
    const { action, record, index } = step;
    for (; opened < h.fds.length && h.fds[opened]!.openedAt < index; opened++)
      names.set(h.fds[opened]!.name, h.fds[opened]!);
    if (action === undefined || record.k !== 'did' || !('fd' in action) || !isOp(action.op)) continue;
    const fd = names.get(record.fd ?? action.fd);
    if (fd === undefined) continue;
    const { result = 0, eof = false, errno } = record;
    const call: FdCall = { op: action.op, step, fd, result, eof, errno };
    const list = calls.get(fd.file);
    if (list === undefined) calls.set(fd.file, [call]);
    else list.push(call);
  }
  return calls;
});

/** Those on one open file, in order. O(1) after the first time. */
export function callsOn(h: History, file: OpenFile): readonly FdCall[] {
  return allCalls(h).get(file) ?? [];
}
