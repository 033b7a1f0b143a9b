/**
 * An entry of an epoll instance: a number, and the open file for which it stood at the time. (man 7 epoll)
 */
import { EPOLLERR, EPOLLHUP } from '../../../posix/index.js';
import type { Epoll } from './epoll.js';
import type { OpenFile } from './open-file.js';

export class Registration {
  /** Asked for, with what can't be masked out; nothing at all after EPOLLONESHOT was reported. */
  events = 0;
  /** In the list of those that are to be looked at. */
  listed = false;
  /** Removed, or its file is closed: what the list may still hold of it is void. */
  gone = false;

  constructor(
    readonly epoll: Epoll,
    readonly fd: number,
    readonly file: OpenFile,
    events: number,
    /** Handed back with each event. */
    public tag: number,
  ) {
    this.ask(events, tag);
  }

  ask(events: number, tag: number): void {
    this.events = events | EPOLLERR | EPOLLHUP;
    this.tag = tag;
  }

  /** Of what is asked for, what the file is ready for. */
  ready(): number {
    return this.file.ready() & this.events;
  }

  /** The file may have become ready. */
  notice(events: number): void {
    if ((events & this.events) !== 0) this.epoll.list(this);
  }
}
