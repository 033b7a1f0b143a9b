/**
 * The simulated machine: one process, one thread that we run, and a kernel whose state is a few JavaScript objects.
 *
 * **Time.** The thread works or sleeps, and only that moves the clock. Each system call costs some virtual CPU time; one that
 * has to wait (`sleep`) goes straight to the next moment at which anything can happen: its deadline, or the next entry of
 * the agenda. So a day of timers takes milliseconds, and a thread that polls without waiting is seen to use CPU time, as it
 * would be anywhere.
 *
 * **Concurrency.** What other threads do is scheduled on the agenda, and happens between two system calls of the thread
 * that we run, or in its sleep. That loses nothing: a thread can only notice what others did by a system call, or by memory
 * that they share and that it would find changed all the same.
 *
 * **Chance.** Whatever a kernel may do one way or another is drawn from one generator, and so the same seed gives the same
 * course of things, to the last bit. With no liberties nothing is drawn at all.
 *
 * **The end.** A sleep without a deadline, with an empty agenda, is for ever: a `Deadlock`. A program that goes on and on is a
 * `Runaway`. Either halts the machine: from then on every system call throws, so that a loop which survives the first
 * exception does not survive the second.
 */
import { EINTR } from '../../posix/index.js';
import { Agenda } from './agenda.js';
import { FdTable } from './files/fd-table.js';
import { Names } from './files/names.js';
import { NullDevice } from './files/null-device.js';
import { Deadlock, Halt, Runaway } from './halt.js';
import { PLAIN, type Liberties } from './liberties.js';
import { Prng } from './prng.js';
import { VirtualClock } from './virtual-clock.js';

/** Virtual CPU time of a system call, ns: what koffi and Linux take for a small one, roundly. */
const CALL_NS = 1000;
/** From the moment at which something happens until a sleeper is awake, ns. */
const WAKE_NS = 5000;
/** With the liberty to be late, a sleeper is so late at most, ns. A busy host is later; for a program it is all the same. */
const LATEST_NS = 300_000;
/** After so many system calls a program counts as endless: half a second of virtual time, if all it does is to poll. */
const MOST_CALLS = 500_000;
/** Once in so many waits a liberty is taken, where waits can take it. */
const SELDOM = 8;

export const TIMED_OUT = 0;
export const SOMETHING_HAPPENED = 1;
export const INTERRUPTED = 2;

export interface MachineOptions {
  readonly liberties?: Liberties;
  /** After so many system calls the machine halts. */
  readonly mostCalls?: number;
}

export class Machine {
  readonly clock = new VirtualClock();
  readonly agenda = new Agenda();
  readonly prng = new Prng(0);
  readonly table = new FdTable();
  readonly names = new Names();
  readonly liberties: Liberties;
  /** It has come to this end. */
  halted: Halt | undefined;
  /** Called once, when it halts. */
  onHalt: (() => void) | undefined;
  /** Called when the thread is about to sleep, and when it is awake again. */
  onSleep: (() => void) | undefined;
  onWake: (() => void) | undefined;
  private readonly mostCalls: number;
  private calls = 0;
  /** Somebody else's system calls are under way: they take none of our thread's time. */
  private elsewhere = false;
  private signalled = false;
  private files = 0;

  constructor({ liberties = PLAIN, mostCalls = MOST_CALLS }: MachineOptions = {}) {
    this.liberties = liberties;
    this.mostCalls = mostCalls;
    this.boot(0);
  }

  /** Begins anew: a machine in which nothing has happened yet, and whose process has the fds 0, 1 and 2. */
  boot(seed: number): void {
    this.clock.reset();
    this.agenda.reset();
    this.prng.reset(seed);
    this.table.reset();
    this.names.reset();
    this.halted = undefined;
    this.onHalt = undefined;
    this.onSleep = undefined;
    this.onWake = undefined;
    this.calls = 0;
    this.elsewhere = false;
    this.signalled = false;
    this.files = 0;
    const nothing = new NullDevice(this);
    for (let fd = 0; fd < 3; fd++) this.table.put(fd, nothing);
  }

  /** A number for a new file. */
  nextInode(): number {
    return ++this.files;
  }

  /** At the beginning of each system call. */
  enter(): void {
    if (this.elsewhere) return;
    if (this.halted !== undefined) throw this.halted;
    if (++this.calls > this.mostCalls) this.halt(new Runaway(this.mostCalls));
    this.work(CALL_NS);
  }

  /** The thread is busy for so long, ns; others do what they have to do meanwhile. */
  work(ns: number): void {
    this.clock.work(ns);
    if (this.clock.nowNs >= this.agenda.nextNs) this.happen();
  }

  /**
   * The thread sleeps until something happens, which need not be what it waits for.
   * @param deadlineNs Infinity: without one.
   * @param call For the message, if it is for ever.
   * @returns TIMED_OUT, SOMETHING_HAPPENED or INTERRUPTED (by a signal).
   */
  sleep(deadlineNs: number, call: string): number {
    this.onSleep?.();
    const { nextNs } = this.agenda;
    if (nextNs === Infinity && deadlineNs === Infinity) this.halt(new Deadlock(call));
    this.signalled = false;
    if (nextNs >= deadlineNs) {
      this.clock.sleepUntil(deadlineNs + this.lateness());
      this.onWake?.();
      this.work(WAKE_NS);
      return TIMED_OUT;
    }
    this.clock.sleepUntil(nextNs);
    this.happen();
    const signalled = this.signalled;
    this.onWake?.();
    this.clock.sleepUntil(this.clock.nowNs + this.lateness());
    this.work(WAKE_NS);
    return signalled ? INTERRUPTED : SOMETHING_HAPPENED;
  }

  /**
   * A signal reaches the thread. Its handler runs at once, so nothing is left of it but that a sleep is over: a thread that is at
   * work, or sends it to itself, does not notice.
   */
  signal(): void {
    this.signalled = true;
  }

  /** Whether to end a wait now, as if a signal had come. @returns 0 or -EINTR. */
  interruption(): number {
    return this.liberties.interruptions && this.prng.oneIn(SELDOM) ? -EINTR : 0;
  }

  /** Whether to report what is not so. */
  lies(): boolean {
    return this.liberties.spuriousReadiness && this.prng.oneIn(SELDOM);
  }

  /** How many bytes to move of so many that could be: at least one. */
  share(bytes: number): number {
    if (bytes < 2 || !this.liberties.shortTransfers || !this.prng.oneIn(2)) return bytes;
    return this.prng.between(1, bytes);
  }

  private lateness(): number {
    return this.liberties.lateness ? this.prng.below(LATEST_NS) : 0;
  }

  private happen(): void {
    this.elsewhere = true;
    this.agenda.happen(this.clock.nowNs);
    this.elsewhere = false;
  }

  private halt(by: Halt): never {
    this.halted = by;
    this.onHalt?.();
    throw by;
  }
}
