/**
 * Calls that ask which fds are ready, and wait for them: epoll, poll and select over the same question to a file.
 *
 * Each looks first; if nothing is ready, it sleeps until something happens, and looks again. When its time is over it looks
 * a last time, and so reports what came in that very moment.
 */
import {
  EBADF,
  EINTR,
  EINVAL,
  EPERM,
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  FD_SETSIZE,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLPRI,
  type FdSet,
  type PollSet,
  type Posix,
  type Result,
} from '../../../posix/index.js';
import { Epoll } from '../files/epoll.js';
import { INTERRUPTED, TIMED_OUT, type Machine } from '../machine.js';

type ReadinessCalls = Pick<Posix, 'epoll_create1' | 'epoll_ctl' | 'epoll_wait' | 'poll' | 'select'>;

/** What select calls readable, writable and exceptional. (fs/select.c) */
const READABLE = POLLIN | POLLHUP | POLLERR;
const WRITABLE = POLLOUT | POLLERR;
const EXCEPTIONAL = POLLPRI;

/** Virtual CPU time of a wait, beyond that of any call, ns; of poll and select for each fd, too. */
const WAIT_NS = 4000;
const EACH_NS = 50;

/** What `select` keeps of its sets while it waits. */
class Selection {
  readonly words = [0, 1, 2].map(() => new Int32Array(FD_SETSIZE / 32));
}

export function readinessCalls(machine: Machine): ReadinessCalls {
  const { table, clock } = machine;
  const found = new Selection();

  const deadlineOf = (timeoutMs: number): number =>
    timeoutMs < 0 ? Infinity : clock.nowNs + Math.ceil(timeoutMs * 1e6);

  /**
   * Waits until `look` finds something.
   * @param look How many are ready, or a negated errno.
   * @param lie Reports what is not so. How many, again.
   */
  const wait = <T>(
    call: string,
    timeoutMs: number,
    subject: T,
    look: (subject: T) => Result,
    lie: (subject: T) => number,
  ): Result => {
    const count = look(subject);
    if (count !== 0 || timeoutMs === 0) return count;
    const interrupted = machine.interruption();
    if (interrupted < 0) return interrupted;
    if (machine.lies()) {
      const lies = lie(subject);
      if (lies > 0) return lies;
    }
    for (const deadlineNs = deadlineOf(timeoutMs); ;) {
      const woken = machine.sleep(deadlineNs, call);
      const ready = look(subject);
      if (ready !== 0) return ready;
      if (woken === TIMED_OUT) return 0;
      if (woken === INTERRUPTED) return -EINTR;
    }
  };

  // ── poll ────────────────────────────────────────────────────────────────────────────────────────────────────

  const lookPoll = (set: PollSet): number => {
    // Without the set's own methods, which check each index: thousands of fds are looked at for each that is ready.
    const { words, length } = set;
    let count = 0;
    for (let i = 0; i < length; i++) {
      const fd = words[2 * i]!;
      const events = words[2 * i + 1]! & 0xffff;
      let revents = 0;
      if (fd >= 0) {
        const file = table.get(fd);
        revents = file === undefined ? POLLNVAL : file.ready() & (events | POLLERR | POLLHUP);
      }
      words[2 * i + 1] = events | (revents << 16);
      if (revents !== 0) count++;
    }
    return count;
  };

  const liePoll = (set: PollSet): number => {
    if (set.length === 0) return 0;
    const i = machine.prng.below(set.length);
    if (set.fd(i) < 0 || (set.events(i) & POLLIN) === 0) return 0;
    set.setRevents(i, POLLIN);
    return 1;
  };

  // ── select ──────────────────────────────────────────────────────────────────────────────────────────────────

  type Sets = readonly [
    nfds: number,
    readable: FdSet | null,
    writable: FdSet | null,
    exceptional: FdSet | null,
  ];

  const answer = (sets: Sets): void => {
    for (let i = 0; i < 3; i++) (sets[i + 1] as FdSet | null)?.words.set(found.words[i]!);
  };

  /** The bits of a word that lie below nfds. */
  const below = (nfds: number, word: number): number =>
    nfds >= (word + 1) * 32 ? -1 : (1 << (nfds - word * 32)) - 1;

  const lookSelect = (sets: Sets): Result => {
    const [nfds, readable, writable, exceptional] = sets;
    const [reads, writes, excepts] = found.words as [Int32Array, Int32Array, Int32Array];
    let count = 0;
    for (let word = 0; word < FD_SETSIZE / 32; word++) {
      reads[word] = writes[word] = excepts[word] = 0;
      if (word * 32 >= nfds) continue;
      const mask = below(nfds, word);
      const wantsRead = (readable?.words[word] ?? 0) & mask;
      const wantsWrite = (writable?.words[word] ?? 0) & mask;
      const wantsExcept = (exceptional?.words[word] ?? 0) & mask;
      for (let rest = wantsRead | wantsWrite | wantsExcept; rest !== 0; rest &= rest - 1) {
        const bit = rest & -rest;
        const file = table.get(word * 32 + 31 - Math.clz32(bit));
        if (file === undefined) return -EBADF;
        const ready = file.ready();
        if (wantsRead & bit && ready & READABLE) {
          reads[word]! |= bit;
          count++;
        }
        if (wantsWrite & bit && ready & WRITABLE) {
          writes[word]! |= bit;
          count++;
        }
        if (wantsExcept & bit && ready & EXCEPTIONAL) {
          excepts[word]! |= bit;
          count++;
        }
      }
    }
    if (count > 0) answer(sets);
    return count;
  };

  const lieSelect = (sets: Sets): number => {
    const asked: number[] = [];
    for (let fd = 0; fd < sets[0]; fd++) if (sets[1]?.has(fd) === true) asked.push(fd);
    const fd = asked[machine.prng.below(asked.length)];
    if (fd === undefined) return 0;
    answer(sets);
    sets[1]?.add(fd);
    return 1;
  };

  // ── epoll ───────────────────────────────────────────────────────────────────────────────────────────────────

  return {
    epoll_create1(flags) {
      machine.enter();
      if (flags & ~EPOLL_CLOEXEC) return -EINVAL;
      const fd = table.free();
      return fd < 0 ? fd : table.open(new Epoll(machine), (flags & EPOLL_CLOEXEC) !== 0);
    },

    epoll_ctl(epfd, operation, fd, events = 0, tag = 0) {
      machine.enter();
      const epoll = table.get(epfd);
      const file = table.get(fd);
      if (epoll === undefined || file === undefined) return -EBADF;
      if (!file.pollable) return -EPERM;
      if (epoll === file || !(epoll instanceof Epoll)) return -EINVAL;
      switch (operation) {
        case EPOLL_CTL_ADD:
          return epoll.add(fd, file, events, tag);
        case EPOLL_CTL_MOD:
          return epoll.modify(fd, file, events, tag);
        case EPOLL_CTL_DEL:
          return epoll.remove(fd, file);
        default:
          return -EINVAL;
      }
    },

    epoll_wait(epfd, events, timeoutMs) {
      machine.enter();
      machine.work(WAIT_NS);
      if (timeoutMs !== (timeoutMs | 0)) return -EINVAL;
      const epoll = table.get(epfd);
      if (epoll === undefined) return -EBADF;
      if (!(epoll instanceof Epoll)) return -EINVAL;
      return wait(
        'epoll_wait',
        timeoutMs,
        epoll,
        () => epoll.collect(events),
        () => epoll.lie(events),
      );
    },

    poll(set, timeoutMs) {
      machine.enter();
      machine.work(WAIT_NS + EACH_NS * set.length);
      if (timeoutMs !== (timeoutMs | 0)) return -EINVAL;
      if (set.length > table.limit.soft) return -EINVAL;
      return wait('poll', timeoutMs, set, lookPoll, liePoll);
    },

    select(nfds, readable, writable, exceptional, timeoutMs) {
      machine.enter();
      machine.work(WAIT_NS);
      if (!(nfds >= 0 && nfds <= FD_SETSIZE) || Number.isNaN(timeoutMs)) return -EINVAL;
      const sets: Sets = [nfds, readable, writable, exceptional];
      const count = wait('select', timeoutMs, sets, lookSelect, lieSelect);
      // When the time is over, nothing is left in the sets.
      if (count === 0) answer(sets);
      return count;
    },
  };
}
