/**
 * The contract: what an event loop offers, in TypeScript; `stream-contract.ts` has what a stream does.
 *
 * The reference implements all of it. A TypeScript or JavaScript subject implements the part that its own
 * public API offers and leaves the other methods out: what is left out is unclaimed, never emulated.
 * The same operations, under the same names in snake_case, make the Python driver
 * (`conformance/adapters/python`), and are what `spec/protocol.md` asks of any other language.
 */

import type { ServeOptions, Serving } from './server-contract.js';
import type { DoneCallback, Stream, StreamAddress, StreamOptions } from './stream-contract.js';

export type { ServeOptions, Serving } from './server-contract.js';
export type { DoneCallback, ReadCallback, Stream, StreamAddress, StreamOptions } from './stream-contract.js';

/** The fd can be read: data, end of file, or a connection to accept. Equal to EPOLLIN, as in Tornado. */
export const READ = 0x001;
/** The fd can be written. Equal to EPOLLOUT. */
export const WRITE = 0x004;
/** Error or hang-up; delivered whether asked for or not. Equal to EPOLLERR | EPOLLHUP. */
export const ERROR = 0x018;

/** Called by the loop with the fd and the bits of {@link READ}, {@link WRITE}, {@link ERROR} that are ready. */
export type Handler = (fd: number, events: number) => void | PromiseLike<void>;
export type Callback = () => void | PromiseLike<void>;

/** Opaque to the kit: whatever the loop's own API returns. */
export type Handle = unknown;

/** Repeats a callback; a call that was missed because something took too long is skipped, not made up for. */
export interface Periodic {
  start(): void;
  stop(): void;
}

/**
 * Wakes the loop and has it run one callback. Signals that arrive before the callback ran may be merged.
 */
export interface Wakeup {
  /** Callable on any thread, at any time, also when the loop is not running. Never blocks. */
  signal(): void;
  /**
   * A value that survives `postMessage`; the subject's {@link LoopSubject.signalFromThread} wakes the loop
   * with it inside a Worker. Absent: wake-ups from threads are unclaimed.
   */
  readonly token?: unknown;
}

/** Thrown by a callback to end the loop: what KeyboardInterrupt and SystemExit are to Python. Never isolated. */
export class StopEverything extends Error {
  override readonly name = 'StopEverything';
}

/** What a loop reports about an exception that it isolated, or about itself. */
export interface LogEntry {
  readonly level: 'warning' | 'error';
  readonly text: string;
  /** The exception, when there was one. */
  readonly error?: unknown;
  /** The fd whose handler raised, when it was a handler. */
  readonly fd?: number;
}

export type Logger = (entry: LogEntry) => void;

/**
 * An event loop on raw file descriptors. All times are milliseconds; deadlines are on the loop's own clock, {@link Loop.now}.
 * Every method but {@link Wakeup.signal} is called on the loop's own thread.
 */
export interface Loop {
  /** Facet `ready`, combined interest: one handler and one mask an fd. Throws if the fd can't be watched. */
  addHandler?(fd: number, handler: Handler, events: number): void;
  /** Replaces the interest mask. Throws if the fd has no handler. */
  updateHandler?(fd: number, events: number): void;
  /** Ends the interest; no event of the fd is delivered after it returned, not even one already polled. */
  removeHandler?(fd: number): void;

  /** Facet `ready`, split interest: a reader and a writer an fd, each with its own callback. */
  addReader?(fd: number, callback: Callback): void;
  removeReader?(fd: number): void;
  addWriter?(fd: number, callback: Callback): void;
  removeWriter?(fd: number): void;

  /** Facet `tasks`: runs the callback once, in a later iteration, never within this call. */
  addCallback?(callback: Callback): Handle;
  removeCallback?(handle: Handle): void;

  /** Facet `timers`. The loop's clock in ms, from any origin. */
  now?(): number;
  /** Runs the callback once, at or after the deadline (ms on {@link Loop.now}). */
  addTimeout?(deadlineMs: number, callback: Callback): Handle;
  /** Runs the callback once, `delayMs` or more after this call. */
  callLater?(delayMs: number, callback: Callback): Handle;
  removeTimeout?(handle: Handle): void;
  /** Not started yet. */
  periodic?(callback: Callback, intervalMs: number): Periodic;

  /**
   * Facet `run`: runs the loop until {@link Loop.stop}. A loop that shares its thread with the language's own returns a
   * promise. Throws if it is running.
   */
  start(): void | Promise<void>;
  stop(): void;
  /** Frees what the loop owns: its poller, its waker. Fds that the user registered stay open. */
  close(): void;

  /** Facet `wake`. */
  createWakeup?(callback: Callback): Wakeup;

  /** Facet `signals`: the callback runs on the loop's thread, as an ordinary callback. */
  addSignalHandler?(signal: NodeJS.Signals, callback: Callback): void;
  removeSignalHandler?(signal: NodeJS.Signals): void;
}

export const FACETS = [
  'ready',
  'tasks',
  'timers',
  'run',
  'wake',
  'signals',
  'errors',
  'seed',
  'streams',
  'reading',
  'writing',
  'limits',
  'connecting',
  'http',
  'server',
] as const;
/** A part of the contract that is claimed whole. */
export type Facet = (typeof FACETS)[number];

/** What a module exports by default to be a subject of the kit. */
export interface LoopSubject {
  readonly name: string;
  readonly version: string;
  readonly facets: readonly Facet[];
  /** What the public API lacks, by capability (see `CAPABILITIES` in `spec/protocol.ts`), each with the reason. */
  readonly unclaimed?: Readonly<Record<string, string>>;
  /** Values of choices (`spec/choices.json`). What is not declared is inferred. */
  readonly choices?: Readonly<Record<string, string>>;
  readonly limits?: {
    /** How early a timer may fire, ms. Not given: measured. */
    readonly timerResolutionMs?: number;
    /** The most ready fds that one poll reports. Not given: unlimited. */
    readonly eventsPerPoll?: number;
    /** The largest fd number that can be watched. Not given: unlimited. */
    readonly maxFd?: number;
  };
  /** How a round of the loop is counted: by a chain of callbacks (each round polls once), or of zero timers. */
  readonly rounds?: 'tasks' | 'timers';
  /** A new loop, or the ambient one. Exceptions that the loop isolates are reported to `logger`. */
  createLoop(logger: Logger): Loop;
  /**
   * Facets `streams`, `reading`, `writing`, `limits`: a stream over an open, connected, non-blocking fd, which belongs to it
   * from then on. If it throws, the fd stays the caller's.
   */
  createStream?(loop: Loop, fd: number, options: StreamOptions): Stream;
  /**
   * Facet `connecting`: a stream that begins to connect to an address. Returns before it is connected; `callback` tells how it went.
   */
  connectStream?(loop: Loop, address: StreamAddress, callback: DoneCallback, options: StreamOptions): Stream;
  /** Facets `http`, `server`: an HTTP server of the subject's that listens, with the conformance application mounted. */
  serve?(options: ServeOptions): Serving | PromiseLike<Serving>;
  /** Settles when the subject can run: awaited once, before anything is asked of it. */
  readonly ready?: Promise<unknown>;
  /** Called inside a Worker with a {@link Wakeup.token}. */
  signalFromThread?(token: unknown): void;
}

/** What a module exports that has a server to be judged, and no loop: facets `http` and `server`. */
export interface ServerSubject extends Pick<
  LoopSubject,
  'name' | 'version' | 'facets' | 'unclaimed' | 'choices' | 'ready'
> {
  readonly createLoop?: undefined;
  readonly signalFromThread?: undefined;
  serve(options: ServeOptions): Serving | PromiseLike<Serving>;
}

export type Subject = LoopSubject | ServerSubject;

/** The facets for which no loop is needed. */
export const SERVER_FACETS: readonly Facet[] = ['http', 'server'];
