/**
 * A scenario: a test as data, so that a loop in any language can run it.
 *
 * It names the fds to make, the program of the main function, and for every callback what it does in its first,
 * second, … run. Both ends of every fd are inside the subject, and nothing but the scenario touches them, so
 * delivery is deterministic; the subject answers with a trace (`spec/trace.ts`).
 */
import { z } from 'zod';

/** An fd: `a` is the near end of the pair `a`, `a.peer` the far one; `x*` is every near end of a group `x`. */
export const FdName = z.string().regex(/^[a-z][a-z0-9]*(\.peer)?$|^[a-z][a-z]*\*(\.peer)?$/);
export const Name = z
  .string()
  .regex(/^[a-zA-Z][a-zA-Z0-9-]*$/)
  .max(64);
export const Interest = z.array(z.enum(['read', 'write'])).max(2);
const Ms = z.number().min(-1e15).max(1e15);
const Count = z.int().min(0).max(1_000_000);
/** Bytes, one character (U+0000 to U+00FF) a byte. */
const Latin1 = z.string().regex(/^[^\u0100-\uffff]*$/);

export const FdSpec = z.strictObject({
  /**
   * `pair`: AF_UNIX stream socketpair. `pipe`: the near end reads, unless `near` says `write`. `tcp`, `tcp6`: a connected pair over
   * loopback, IPv4 or IPv6. `listener`: TCP on loopback, no far end. `file`: an empty regular file, no far end. `socket`: a TCP
   * socket that is not connected, no far end. Every fd is non-blocking and close-on-exec.
   */
  kind: z.enum(['pair', 'pipe', 'tcp', 'tcp6', 'listener', 'file', 'socket']),
  near: z.enum(['read', 'write']).optional(),
  /** `listener`: what it listens on. Default: ipv4. */
  family: z.enum(['ipv4', 'ipv6', 'unix']).optional(),
  /** `listener`: how many connections may wait. Default: as many as the system allows. */
  backlog: z.int().min(0).max(4096).optional(),
  /** Asks for kernel buffers of this many bytes in both directions, so that writes come up short; the kernel rounds it. */
  buffer: z.int().min(1).max(1_048_576).optional(),
  /** Makes a group of this many, named `x0`, `x1`, …, addressed together as `x*`. */
  count: z.int().min(1).max(4000).optional(),
  /** The near end gets the lowest free number from here on. */
  from: z.int().min(0).max(1_000_000).optional(),
  /** The near end gets exactly this number; what the host has there is moved away for the scenario's time. */
  number: z.int().min(0).max(2).optional(),
});
export type FdSpec = z.infer<typeof FdSpec>;

/**
 * The byte at a position of the pattern that `size` asks for: lost, repeated and exchanged bytes show, since no stretch of it is
 * like its neighbour.
 */
export const patternByte = (position: number): number =>
  (position ^ (position >>> 8) ^ (position >>> 16)) & 0xff;

const op = <O extends string, S extends z.ZodRawShape>(name: O, shape: S) =>
  z.strictObject({ op: z.literal(name), ...shape });

/** What another thread does. It never touches the loop otherwise. */
export const ThreadAction = z.discriminatedUnion('op', [
  op('wake', { id: Name }),
  op('raise', { signal: z.string() }),
]);
export type ThreadAction = z.infer<typeof ThreadAction>;

/* Operations of the loop. Each that registers something gets a token in the trace: the count of such operations so far. */
const loopActions = [
  /** Watches `fd`. With split interest, one registration for each of `events`. */
  op('add', { fd: FdName, events: Interest, run: Name }),
  op('update', { fd: FdName, events: Interest }),
  /** Ends the interest. `events` (default: all that was added) only matters with split interest. */
  op('remove', { fd: FdName, events: Interest.optional() }),
  op('schedule', { id: Name.optional(), run: Name }),
  op('unschedule', { id: Name }),
  op('timeout', { id: Name.optional(), delay: Ms, run: Name }),
  /** Remembers the loop's clock under a name, for `timeoutAt`. */
  op('now', { as: Name }),
  /** At `base` + `delay` on the loop's clock. */
  op('timeoutAt', { id: Name.optional(), base: Name, delay: Ms, run: Name }),
  op('cancel', { id: Name }),
  /** Makes and starts a periodic callback. */
  op('periodic', { id: Name, interval: Ms, run: Name }),
  op('periodicStart', { id: Name }),
  op('periodicStop', { id: Name }),
  /** Runs the loop until it stops; inside a callback, a nested start. */
  op('start', {}),
  op('stop', {}),
  /** The scenario has shown what it wanted: stops the loop. */
  op('done', {}),
  /** Makes another loop, under a name. The first is called `main`. */
  op('newLoop', { as: Name }),
  /** Later actions, of whatever callback, concern this loop. */
  op('useLoop', { as: Name }),
  op('closeLoop', {}),
  op('wakeup', { id: Name, run: Name }),
  /** Signals a wake-up from the loop's own thread. */
  op('wake', { id: Name, times: Count.optional() }),
  op('signal', { signal: z.string(), run: Name }),
  op('unsignal', { signal: z.string() }),
  /** Runs the callback after at least `rounds` polls (default: set by the kit from the number of fds). */
  op('barrier', { run: Name, rounds: Count.optional() }),
] as const;

/*
 * Operations of streams. Those that lead to a callback get a token: the reads, `send`, `onClose`, `connectStream`. A stream that
 * `stream` makes owns its fd, and both are gone when it is closed.
 */
const streamActions = [
  /** Makes a stream over a connected fd. The limits are bytes. */
  op('stream', { fd: FdName, as: Name, maxRead: Count.optional(), maxWrite: Count.optional() }),
  /** Makes a stream that connects to a listener, wherever that is by now; `run` is called when it is decided. */
  op('connectStream', { to: FdName, as: Name, run: Name }),
  /** Up to and including the delimiter, at most `max` bytes. */
  op('readUntil', { stream: Name, delimiter: Latin1.max(64), max: Count.optional(), run: Name }),
  /** Up to the end of the first match of a pattern that means the same in all languages: `\\r?\\n`. */
  op('readUntilRegex', { stream: Name, pattern: z.string().max(64), max: Count.optional(), run: Name }),
  /** Exactly so many bytes. */
  op('readBytes', { stream: Name, size: Count, run: Name }),
  /** At least one byte, whatever is there; at most so many, if that is said. */
  op('readSome', { stream: Name, size: Count.optional(), run: Name }),
  op('readUntilClose', { stream: Name, run: Name }),
  /** Writes `data`, or `size` bytes of the pattern (see {@link patternByte}) from position `from` on. `run`: all of it is out. */
  op('send', {
    stream: Name,
    data: Latin1.max(65536).optional(),
    size: Count.optional(),
    from: Count.optional(),
    run: Name.optional(),
  }),
  op('onClose', { stream: Name, run: Name }),
  /** Ends the stream's own output. */
  op('endStream', { stream: Name }),
  op('closeStream', { stream: Name }),
  /** Asks the stream what it is doing. */
  op('streamState', { stream: Name }),
] as const;

/* Operations on fds and on the process: system calls that the host makes itself. None of them concerns the loop. */
const kernelActions = [
  /** Writes `data` (as UTF-8), or `size` bytes of the pattern (see {@link patternByte}) from position `from` on. */
  op('write', {
    fd: FdName,
    data: z.string().max(65536).optional(),
    size: Count.optional(),
    from: Count.optional(),
  }),
  /** One read of at most `size` bytes (default 65536). */
  op('read', { fd: FdName, size: Count.optional() }),
  /** Writes bytes of the pattern, from its beginning, until EAGAIN. */
  op('fill', { fd: FdName }),
  /** Reads until EAGAIN or end of file. */
  op('drain', { fd: FdName }),
  /** As `drain`, and records all the bytes. */
  op('collect', { fd: FdName }),
  op('close', { fd: FdName }),
  /** Closes with SO_LINGER 0: a TCP peer sees RST. */
  op('reset', { fd: FdName }),
  op('shutdown', { fd: FdName, how: z.enum(['read', 'write', 'both']) }),
  /** A second number for the same open file. */
  op('dup', { fd: FdName, as: FdName }),
  /** Gives the open file of `fd` the very number of `onto`, which is closed by it. */
  op('dup2', { fd: FdName, onto: FdName, as: FdName }),
  op('accept', { fd: FdName, as: FdName }),
  /** A non-blocking connect to a listener. */
  op('connect', { to: FdName, as: FdName }),
  /** Whether the number of `fd` is open: result 1 or 0. */
  op('isOpen', { fd: FdName }),
  /** Number of open fds of the process. */
  op('countFds', {}),
  /** Soft limit of open files; restored at the end of the scenario. Result: fds that may still be opened. */
  op('limitFds', { spare: Count }),
  /** Sends a signal to this process: by this thread, by another thread, or by another process. */
  op('raise', { signal: z.string(), from: z.enum(['self', 'process']) }),
  /**
   * Another thread acts: at once, or once the loop's thread sleeps in its poll (by its state in /proc, no timing).
   * `times` repeats the actions, `every` (ms) apart or at once. A signal without a callback interrupts, and does nothing else.
   */
  op('thread', {
    when: z.enum(['now', 'idle']),
    do: z.array(ThreadAction).max(16),
    times: Count.optional(),
    every: z.number().min(0).max(1000).optional(),
  }),
  /** Keeps the thread busy for so long. */
  op('burn', { ms: z.number().min(0).max(10_000) }),
  /**
   * Raises out of the callback: an ordinary error, one that carries an errno (OSError, ErrnoException), or the kind that
   * stops everything.
   */
  op('throw', { kind: z.enum(['error', 'errno', 'fatal']), errno: z.string().optional() }),
] as const;

export const Action = z.discriminatedUnion('op', [...loopActions, ...streamActions, ...kernelActions]);
export type Action = z.infer<typeof Action>;
export type Op = Action['op'];

/** The operations that register something, and so have a token. */
export const REGISTERING: ReadonlySet<Op> = new Set<Op>([
  'add',
  'schedule',
  'timeout',
  'timeoutAt',
  'periodic',
  'wakeup',
  'signal',
  'barrier',
  'connectStream',
  'readUntil',
  'readUntilRegex',
  'readBytes',
  'readSome',
  'readUntilClose',
  'send',
  'onClose',
]);
export type ActionOf<O extends Op> = Extract<Action, { op: O }>;

/** What a callback does: `runs[i]` in its i-th run, `rest` in every run after those. */
export const CallbackSpec = z.strictObject({
  runs: z.array(z.array(Action)),
  rest: z.array(Action).optional(),
});
export type CallbackSpec = z.infer<typeof CallbackSpec>;

export const Scenario = z.strictObject({
  name: z.string().min(1).max(200),
  fds: z.record(Name, FdSpec),
  /** What the main function does. `start` returns when the loop stopped; what stands after it is done then. */
  main: z.array(Action),
  callbacks: z.record(Name, CallbackSpec),
  /** The trace is cut, and the loop stopped, after this many records. */
  maxRecords: z.int().min(1).max(1_000_000).optional(),
  /** A name stands for no fd (-1) when its fd was closed. Without it, it keeps its number, whosever that is by then. */
  forgetClosed: z.boolean().optional(),
});
export type Scenario = z.infer<typeof Scenario>;

export const DEFAULT_MAX_RECORDS = 5_000;
