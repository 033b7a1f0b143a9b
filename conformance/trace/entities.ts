/**
 * What a history speaks of: fds, runs of the loop, and whatever an operation registers, each found by its token. "When" is always
 * the index of a step.
 */
import type { EventName, Raised, ThreadReport } from '../../spec/trace.js';
import type { OpenFile } from './kernel.js';
import type { Frame, Step } from './timeline.js';

/** One number that a scenario has a name for, from its opening to its closing. */
export interface Fd {
  readonly name: string;
  readonly number: number;
  readonly file: OpenFile;
  readonly openedAt: number;
  closedAt: number;
  /** Steps at which a handler for it was added, updated or removed, in order. */
  readonly touched: number[];
}

/** One `start`: from its beginning until it returned or raised. */
export interface LoopRun {
  readonly loop: string;
  readonly from: number;
  /** Step of the `did start`; Infinity if the trace ends before. */
  to: number;
  /** A start inside a callback. */
  readonly nested: boolean;
  raised: Raised | undefined;
  readonly frames: Frame[];
  /** `stop` and `done` on this loop while it ran. */
  readonly stops: Step[];
}

export interface Entity {
  readonly token: number;
  readonly loop: string;
  /** Step of the operation that made it. */
  readonly at: number;
  readonly run: string;
  /** Frame in which it was made. */
  readonly by: Frame;
  /** The operation raised: nothing was registered, or should not have been. */
  readonly failed: Raised | undefined;
  /** Runs of its callback. */
  readonly frames: Frame[];
}

export interface Registration extends Entity {
  readonly fd: Fd;
  /** Masks in force from a step on. The last with `events: []` if it ended. */
  readonly interest: { readonly at: number; readonly events: readonly EventName[] }[];
  /** Step of the remove that ended it, or of the add that replaced it. */
  endedAt: number;
  endedBy: 'remove' | 'add' | undefined;
  /** The registration that the loop held for this fd when this one was added. */
  readonly onTopOf: Registration | undefined;
}

export interface Task extends Entity {
  cancelledAt: number;
}

export interface Timer extends Entity {
  readonly delay: number;
  /** `timeoutAt`: name of the base; timers with one base have comparable deadlines. */
  readonly base: string | undefined;
  /** µs on the trace's clock: it may not fire before. Undefined for a deadline on a base whose clock was not read. */
  readonly notBefore: number;
  /** Step at which the clock was read that the deadline counts from: its own, or that of the `now` of its base. */
  readonly clockReadAt: number;
  cancelledAt: number;
  /** Every cancel of it, also one that failed or came too late. */
  readonly cancels: Step[];
}

export interface Periodic extends Entity {
  readonly interval: number;
  /** Steps of start and stop, alternating, beginning with the start. */
  readonly switches: number[];
}

/** A wake-up or a signal on its way. */
export interface Sent {
  readonly at: number;
  /** The frame that sent it, or had it sent. */
  readonly by: Frame;
  /** What the other thread did; undefined if the loop's own thread sent it. */
  readonly thread: ThreadReport | undefined;
  readonly times: number;
}

export interface Wakeup extends Entity {
  /** `wake` on the loop's own thread, and the `thread` actions that signal it. */
  readonly signals: Sent[];
}

export interface SignalHandler extends Entity {
  readonly signal: string;
  removedAt: number;
  readonly raises: Sent[];
}

export interface Barrier extends Entity {
  readonly rounds: number;
}

/** A span of one run of the loop in which it certainly polled often enough to report all that was ready. */
export interface Horizon {
  readonly from: number;
  readonly to: number;
  readonly loop: string;
}

/** A timer as long as this, once fired, proves that all that was due before it could happen. ms; scenarios use 1000. */
export const FAR_MS = 100;

/** What a rule may know about the subject. */
export interface SubjectFacts {
  readonly timerResolutionMs: number;
  readonly interest: 'combined' | 'split';
  /** The most ready fds that one poll reports. */
  readonly eventsPerPoll: number;
  /** Choices that the subject declared. */
  readonly choices: Readonly<Record<string, string>>;
}
