/**
 * What the kernel must have thought: the readiness of each open file, derived from the system calls in a trace.
 *
 * Both ends of every fd are inside the subject and every read, write and close is in the trace with its result, so the
 * number of unread bytes is known exactly, and with it when an fd was readable. Where the kernel leaves room (is a TCP
 * socket writable again after half its buffer was read?) the model says so by claiming neither: readiness is kept
 * as intervals of *certain* readiness and of *certain* unreadiness.
 */
import type { FdSpec } from '../../spec/scenario.js';
import type { EventName } from '../../spec/trace.js';
import { ByteLog } from './byte-log.js';

/** From a step (inclusive) to a step (exclusive; Infinity while it lasts). Indices into the timeline. */
export interface Interval {
  readonly from: number;
  to: number;
}

/** Intervals in order of time, at most one of them open. */
export class Intervals {
  readonly list: Interval[] = [];

  /** O(1). */
  set(on: boolean, at: number): void {
    const last = this.list[this.list.length - 1];
    const open = last !== undefined && last.to === Infinity;
    if (on && !open) this.list.push({ from: at, to: Infinity });
    else if (!on && open) last.to = at;
  }

  /** The interval that covers the step, if any. O(log n). */
  at(step: number): Interval | undefined {
    let low = 0;
    let high = this.list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.list[middle]!.from <= step) low = middle + 1;
      else high = middle;
    }
    const found = this.list[low - 1];
    return found !== undefined && step < found.to ? found : undefined;
  }

  /** Whether one interval covers all of [from, to]. O(log n). */
  covers(from: number, to: number): boolean {
    const found = this.at(from);
    return found !== undefined && to < found.to;
  }
}

/** Bytes in flight below which every kind of fd is writable: the smallest page. */
const CERTAINLY_ROOMY = 2048;

/** Of these it is not known when they are ready. */
const UNSURE: ReadonlySet<string> = new Set(['listener', 'file', 'socket', 'connection']);

/** An open file description: what `dup` shares. */
export class OpenFile {
  peer: OpenFile | undefined;
  /** Numbers that refer to it. */
  refs = 1;
  /** Bytes that the peer wrote and nobody read yet. */
  unread = 0;
  /** End of file is, or will be, seen by a reader. */
  eof = false;
  /** Step from which on it holds. */
  eofAt = Infinity;
  /** This end said that it will read no more. */
  private inputEnded = false;
  /** This end said that it will write no more: with the peer's end of file, TCP reports a hang-up. */
  outputEnded = false;
  /** The other end is gone altogether, or reset. */
  hungUp = false;
  reset = false;
  /** It wrote to a TCP peer that is gone, or has shut both directions, which is answered by a reset sooner or later. */
  private provoked = false;
  /** Step of the peer's reset; also where it isn't known that it makes one, as an accepted connection may be of any family. */
  brokenAt = Infinity;
  /** Step of the first call of a handler for it at which it may have been broken. */
  breakHeardAt = Infinity;
  /** Whether the buffer towards the peer takes more: certain after `fill` and while little is in flight. */
  room: 'yes' | 'no' | 'unsure' = 'yes';
  closed = false;
  closedAt = Infinity;
  /** A stream has this end, or the other: what it reads and writes, and when, nobody sees. */
  private hidden = false;
  /** What a scenario wrote into this end with system calls of its own, and what it read from it. */
  readonly written = new ByteLog();
  readonly collected = new ByteLog();
  /** Bytes that a stream was given to write into this end. */
  sentBytes = 0;
  /** All that was read from it is in `collected`; `read` and `drain` tell only the beginning. */
  collectedWhole = true;

  readonly certainly: Readonly<Record<EventName, Intervals>> = {
    read: new Intervals(),
    write: new Intervals(),
    error: new Intervals(),
  };
  readonly certainlyNot: Readonly<Record<EventName, Intervals>> = {
    read: new Intervals(),
    write: new Intervals(),
    error: new Intervals(),
  };

  constructor(
    readonly kind: FdSpec['kind'] | 'connection',
    /** A pipe's end reads or writes; everything else does both. */
    readonly reads: boolean,
    readonly writes: boolean,
  ) {}

  get isTcp(): boolean {
    return this.kind === 'tcp' || this.kind === 'tcp6';
  }

  /** Writes the present readiness down. Called after every change. */
  note(at: number): void {
    const alive = !this.closed && !this.hidden;
    const gone = this.hungUp || this.reset;
    const readable = this.reads && (this.unread > 0 || this.eof || gone);
    // A FIN on TCP raises IN alone; a closed peer of a UNIX pair or pipe raises HUP or ERR at once.
    const error = gone && (!this.isTcp || this.reset);
    const unsure = UNSURE.has(this.kind);
    this.certainly.read.set(alive && readable, at);
    this.certainlyNot.read.set(alive && !readable && !unsure, at);
    this.certainly.error.set(alive && error && !unsure, at);
    this.certainlyNot.error.set(
      alive && !gone && !unsure && !this.provoked && !(this.eof && this.outputEnded),
      at,
    );
    this.certainly.write.set(alive && this.writes && this.room === 'yes' && !gone && !unsure, at);
    this.certainlyNot.write.set(alive && (!this.writes || this.room === 'no') && !gone && !unsure, at);
  }

  /** From now on a stream reads and writes here. */
  becomesStream(at: number): void {
    for (const end of [this, this.peer]) {
      if (end === undefined) continue;
      end.hidden = true;
      end.note(at);
    }
  }

  wrote(bytes: number, at: number): void {
    if (bytes <= 0 || this.peer === undefined) return;
    if (this.isTcp && (this.peer.closed || (this.peer.inputEnded && this.peer.outputEnded))) {
      this.provoked = true;
      this.note(at);
    }
    this.peer.unread += bytes;
    this.peer.note(at);
    if (this.room === 'yes' && this.peer.unread > CERTAINLY_ROOMY) {
      this.room = 'unsure';
      this.note(at);
    }
  }

  filled(bytes: number, at: number): void {
    this.wrote(bytes, at);
    this.room = 'no';
    this.note(at);
  }

  /** @param all the reader saw EAGAIN or end of file: nothing is left. */
  wasRead(bytes: number, all: boolean, at: number): void {
    this.unread = all ? 0 : Math.max(0, this.unread - bytes);
    this.note(at);
    const writer = this.peer;
    if (writer === undefined || writer.room === 'yes' || bytes === 0) return;
    // TCP moves its queued bytes, and opens its window, when it likes.
    writer.room = all && !this.isTcp ? 'yes' : 'unsure';
    writer.note(at);
  }

  private end(at: number): void {
    if (!this.eof) this.eofAt = at;
    this.eof = true;
  }

  shutdown(how: 'read' | 'write' | 'both', at: number): void {
    if (how !== 'read') {
      this.outputEnded = true;
      this.peer?.end(at);
    }
    if (how !== 'write') {
      this.inputEnded = true;
      this.end(at);
      if (this.peer !== undefined && !this.isTcp) this.peer.outputEnded = true;
    }
    this.note(at);
    this.peer?.note(at);
  }

  /** One number was closed. */
  release(byReset: boolean, at: number): void {
    this.refs--;
    if (this.refs > 0) return;
    this.closed = true;
    this.closedAt = at;
    this.note(at);
    const peer = this.peer;
    if (peer === undefined) return;
    peer.end(at);
    if (byReset || (this.isTcp && this.unread > 0)) peer.brokenAt = at;
    if (this.isTcp) {
      // Closing with unread bytes in the buffer sends RST, as SO_LINGER 0 does.
      if (byReset || this.unread > 0) peer.reset = true;
    } else peer.hungUp = true;
    peer.note(at);
  }
}
