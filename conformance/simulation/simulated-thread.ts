/**
 * The other thread of a simulated process: carries out `thread` actions, one after the other, at moments of the virtual clock.
 *
 *     state \ event   an order comes    the loop sleeps        the loop is awake   its moment has come      end of an order
 *     -------------   ---------------   --------------------   -----------------   ----------------------   ----------------
 *     RESTING         now: ACTING       -                      -                   -                        -
 *                     idle: WATCHING
 *     WATCHING        (waits in line)   CREEPING, in a while   -                   -                        -
 *     CREEPING        (waits in line)   -                      WATCHING            ACTING, and acts         -
 *     ACTING          (waits in line)   -                      -                   acts                     the next, or RESTING
 *
 * CREEPING stands for the looks that a real thread takes before it believes that another one sleeps.
 */
import type { ThreadReport } from '../../spec/trace.js';
import type { Threads } from '../host/surroundings.js';
import type { ThreadOrder, ThreadStep } from '../host/thread-messages.js';
import type { Happening } from './agenda.js';
import type { Machine } from './machine.js';

type State = 'RESTING' | 'WATCHING' | 'CREEPING' | 'ACTING';

/** From an order until the thread begins with it, ns: without and with the liberty to be late. */
const START_NS = { usual: 50_000, least: 5000, most: 2_000_000 };
/** From when the loop falls asleep until the thread has noticed. */
const NOTICE_NS = { usual: 300_000, least: 100_000, most: 1_000_000 };
/** From one repetition to the next, if they are to follow at once. */
const REPEAT_NS = { usual: 1000, least: 200, most: 5000 };

export class SimulatedThread implements Threads, Happening {
  dueNs = Infinity;
  private state: State = 'RESTING';
  private readonly orders: ThreadOrder[] = [];
  private readonly reports: ThreadReport[] = [];
  /** Of the order under way. */
  private slept = false;
  private startedNs = 0;
  private done = 0;

  /** @param wake Signals a wake-up by its token. */
  constructor(
    private readonly machine: Machine,
    private readonly wake: (token: unknown) => void,
  ) {}

  begin(): void {
    this.orders.length = 0;
    this.reports.length = 0;
    this.state = 'RESTING';
    this.machine.onSleep = this.fallsAsleep;
    this.machine.onWake = this.wakesUp;
  }

  order(order: ThreadOrder): void {
    this.orders.push(order);
    if (this.state === 'RESTING') this.take();
  }

  end(): ThreadReport[] {
    this.machine.agenda.cancel(this);
    const nowNs = this.machine.clock.nowNs;
    while (this.reports.length < this.orders.length) {
      if (this.state !== 'ACTING') this.startedNs = this.dueNs = nowNs;
      this.report(nowNs);
      this.state = 'RESTING';
      this.slept = false;
    }
    return this.reports.slice();
  }

  happen(): void {
    if (this.state === 'CREEPING') {
      this.slept = true;
      this.begins();
    }
    const order = this.current!;
    for (const step of order.steps) this.act(step);
    if (++this.done < order.times)
      return this.later(order.every > 0 ? order.every * 1e6 : this.draw(REPEAT_NS));
    this.report(this.dueNs);
    this.take();
  }

  private readonly fallsAsleep = (): void => {
    if (this.state !== 'WATCHING') return;
    this.state = 'CREEPING';
    this.machine.agenda.schedule(this, this.machine.clock.nowNs + this.draw(NOTICE_NS));
  };

  private readonly wakesUp = (): void => {
    if (this.state !== 'CREEPING') return;
    this.state = 'WATCHING';
    this.machine.agenda.cancel(this);
  };

  private get current(): ThreadOrder | undefined {
    return this.orders[this.reports.length];
  }

  /** Goes on to the next order. */
  private take(): void {
    const order = this.current;
    this.slept = false;
    if (order === undefined) this.state = 'RESTING';
    else if (order.when === 'idle') this.state = 'WATCHING';
    else {
      this.dueNs = this.machine.clock.nowNs;
      this.later(this.draw(START_NS));
      this.begins();
    }
  }

  private begins(): void {
    this.state = 'ACTING';
    this.startedNs = this.dueNs;
    this.done = 0;
  }

  private later(ns: number): void {
    this.machine.agenda.schedule(this, this.dueNs + ns);
  }

  private act(step: ThreadStep): void {
    if (step.op === 'raise') this.machine.signal();
    else this.wake(step.token);
  }

  private report(endedNs: number): void {
    const order = this.current!;
    const µs = (ns: number): number => Math.floor((ns / 1e6 - order.startedAt) * 1000);
    this.reports.push({
      slept: this.slept,
      startedAt: µs(this.startedNs),
      lastAt: µs(this.dueNs),
      endedAt: µs(endedNs),
    });
  }

  private draw({ usual, least, most }: typeof START_NS): number {
    const { prng, liberties } = this.machine;
    return liberties.lateness ? prng.between(least, most) : usual;
  }
}
