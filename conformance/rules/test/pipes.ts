/**
 * What lies between the two ends of the connections of a built trace: enough of a kernel to give system calls and streams their usual
 * outcomes.
 */
import type { ActionOf } from '../../../spec/scenario.js';
import type { Did } from '../../../spec/trace.js';
import { payloadBytes } from '../../trace/byte-log.js';

/** What `fill` writes, if a test doesn't say otherwise. Bytes. */
const FILLED = 65_536;

export class Pipes {
  /** By the fd that can read them: bytes on their way, one character a byte. */
  private readonly unread = new Map<string, string>();
  /** Fds whose reader will see the end once they are empty. */
  private readonly ended = new Set<string>();
  /** By stream: its own fd; of one that connected by itself, the fd that accepted it. */
  private readonly near = new Map<string, string>();
  private readonly far = new Map<string, string>();
  private connecting: string[] = [];

  write(fd: string, action: ActionOf<'write'>): Partial<Did> {
    const bytes = payloadBytes(action, 'utf8').toString('latin1');
    this.put(peerOf(fd), bytes);
    return { result: bytes.length };
  }

  fill(fd: string): Partial<Did> {
    this.put(peerOf(fd), payloadBytes({ size: FILLED }, 'utf8').toString('latin1'));
    return { result: FILLED };
  }

  read(fd: string, size = FILLED): Partial<Did> {
    const all = this.unread.get(fd) ?? '';
    this.unread.set(fd, all.slice(size));
    const result = Math.min(all.length, size);
    return result === 0 ? { errno: 'EAGAIN' } : { result };
  }

  drain(fd: string): Partial<Did> {
    const result = this.unread.get(fd)?.length ?? 0;
    this.unread.delete(fd);
    return { result };
  }

  /** @param data what it got, where that is not all there is */
  collect(fd: string, data = this.unread.get(fd) ?? ''): Partial<Did> {
    const left = (this.unread.get(fd) ?? '').slice(data.length);
    this.unread.set(fd, left);
    const eof = this.ended.has(fd) && left === '';
    return { result: data.length, data, ...(eof ? { eof } : {}) };
  }

  made(stream: string, fd: string): void {
    this.near.set(stream, fd);
    this.far.set(stream, peerOf(fd));
  }

  connects(stream: string): void {
    this.connecting.push(stream);
  }

  accepted(fd: string): void {
    const stream = this.connecting.shift();
    if (stream === undefined) return;
    this.far.set(stream, fd);
    this.put(fd, this.unread.get(early(stream)) ?? '');
  }

  send(action: ActionOf<'send'>): void {
    const { stream } = action;
    this.put(this.far.get(stream) ?? early(stream), payloadBytes(action, 'latin1').toString('latin1'));
  }

  /** The stream's output ends. */
  end(stream: string): void {
    this.ended.add(this.far.get(stream) ?? '');
  }

  private put(fd: string, bytes: string): void {
    this.unread.set(fd, (this.unread.get(fd) ?? '') + bytes);
  }
}

const peerOf = (fd: string): string => (fd.endsWith('.peer') ? fd.slice(0, -'.peer'.length) : `${fd}.peer`);

/** Where bytes lie that a stream was given before anybody accepted it. */
const early = (stream: string): string => `${stream} connecting`;
