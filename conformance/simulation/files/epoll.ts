/**
 * An epoll instance. (man 7 epoll; fs/eventpoll.c)
 *
 * It keeps a list of the entries of which somebody said that they may be ready. A wait goes through the list from its head
 * and asks each file; what is ready is reported and, if it is level-triggered, goes to the end of the list; what is not ready
 * any more leaves it. So if more are ready than one wait can report, the others come first the next time.
 *
 * Entries are found by way of their files: a file has few.
 */
import {
  EEXIST,
  ENOENT,
  EPOLLET,
  EPOLLIN,
  EPOLLONESHOT,
  O_RDWR,
  POLLIN,
  type EpollEvents,
  type Result,
} from '../../../posix/index.js';
import type { Machine } from '../machine.js';
import { NO_SUCH_CALL, OpenFile } from './open-file.js';
import { Registration } from './registration.js';

export class Epoll extends OpenFile {
  /** To be looked at, in this order. */
  private due: Registration[] = [];
  /** The list of the previous wait, to be filled anew. */
  private spare: Registration[] = [];
  /** All entries, for the few who have to know all. */
  private readonly entries: Registration[] = [];

  constructor(machine: Machine) {
    super(machine, O_RDWR);
  }

  get type(): number {
    return 0;
  }

  add(fd: number, file: OpenFile, events: number, tag: number): Result {
    if (this.find(fd, file) !== undefined) return -EEXIST;
    const entry = new Registration(this, fd, file, events, tag);
    file.watch(entry);
    this.entries.push(entry);
    if (entry.ready() !== 0) this.list(entry);
    return 0;
  }

  modify(fd: number, file: OpenFile, events: number, tag: number): Result {
    const entry = this.find(fd, file);
    if (entry === undefined) return -ENOENT;
    entry.ask(events, tag);
    if (entry.ready() !== 0) this.list(entry);
    return 0;
  }

  remove(fd: number, file: OpenFile): Result {
    const entry = this.find(fd, file);
    if (entry === undefined) return -ENOENT;
    entry.gone = true;
    file.unwatch(entry);
    return 0;
  }

  /** Puts an entry at the end of the list, unless it is in it. */
  list(entry: Registration): void {
    if (entry.listed) return;
    entry.listed = true;
    this.due.push(entry);
    if (this.watchers.length > 0) this.notify(POLLIN);
  }

  /** Reports what is ready. @returns How many events there are. */
  collect(events: EpollEvents): number {
    const { due } = this;
    if (due.length === 0) return 0;
    const { capacity } = events;
    if (this.machine.liberties.order && due.length <= capacity) this.shuffle(due);
    const next = this.spare;
    let count = 0;
    let i = 0;
    for (; i < due.length && count < capacity; i++) {
      const entry = due[i]!;
      entry.listed = false;
      if (entry.gone) continue;
      const ready = entry.ready();
      if (ready === 0) continue;
      events.set(count++, ready, entry.fd, entry.tag);
      if (entry.events & EPOLLONESHOT) entry.events = 0;
      else if ((entry.events & EPOLLET) === 0) {
        entry.listed = true;
        next.push(entry);
      }
    }
    if (i < due.length) next.unshift(...due.slice(i));
    due.length = 0;
    this.spare = due;
    this.due = next;
    return count;
  }

  /** Reports one entry as readable, whatever is true of it. @returns How many events there are: 1, or 0 without such an entry. */
  lie(events: EpollEvents): number {
    const reading = this.entries.filter(({ gone, events: asked }) => !gone && (asked & EPOLLIN) !== 0);
    const entry = reading[this.machine.prng.below(reading.length)];
    if (entry === undefined) return 0;
    events.set(0, EPOLLIN, entry.fd, entry.tag);
    return 1;
  }

  /** An epoll instance is readable while it has something to report. */
  ready(): number {
    return this.due.some((entry) => !entry.gone && entry.ready() !== 0) ? POLLIN : 0;
  }

  read(): Result {
    return NO_SUCH_CALL;
  }

  write(): Result {
    return NO_SUCH_CALL;
  }

  /** Since Linux 6.9 it has requests of its own, and FIONREAD is none of them. */
  override available(): Result {
    return NO_SUCH_CALL;
  }

  protected released(): void {
    for (const entry of this.entries) if (!entry.gone) entry.file.unwatch(entry);
    this.entries.length = 0;
    this.due.length = 0;
  }

  private find(fd: number, file: OpenFile): Registration | undefined {
    const { watchers } = file;
    for (let i = 0; i < watchers.length; i++) {
      const entry = watchers[i]!;
      if (entry.epoll === this && entry.fd === fd) return entry;
    }
    return undefined;
  }

  private shuffle(list: Registration[]): void {
    const { prng } = this.machine;
    for (let i = list.length - 1; i > 0; i--) {
      const j = prng.below(i + 1);
      const swapped = list[i]!;
      list[i] = list[j]!;
      list[j] = swapped;
    }
  }
}
