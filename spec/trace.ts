/**
 * A trace: what happened while a subject ran a scenario, in order, each record with two clocks.
 *
 * Clocks, both in µs and integers: `t` is the monotonic clock since the scenario began; `c` is the CPU time of the loop's
 * thread since then. A loop that spins shows as CPU time in a window without callbacks.
 */
import { z } from 'zod';

/** The most bytes that one record carries. */
export const MAX_DATA = 1_048_576;

const clocks = { t: z.number(), c: z.number() };

/** What an operation raised: the language's own type name, and the errno's name when it carried one. */
export const Raised = z.strictObject({
  type: z.string().max(200),
  text: z.string().max(2000),
  errno: z.string().max(20).optional(),
});
export type Raised = z.infer<typeof Raised>;

export const CALLBACK_KINDS = [
  'handler',
  'task',
  'timer',
  'periodic',
  'wakeup',
  'signal',
  'barrier',
  'read',
  'sent',
  'closed',
  'connected',
] as const;
export type CallbackKind = (typeof CALLBACK_KINDS)[number];
export const EventName = z.enum(['read', 'write', 'error']);
export type EventName = z.infer<typeof EventName>;

/** The loop called a callback. */
export const Enter = z.strictObject({
  k: z.literal('enter'),
  ...clocks,
  run: z.string(),
  /** 1 in its first run. */
  nth: z.int().min(1),
  as: z.enum(CALLBACK_KINDS),
  /** The token of the operation that registered it (`add`, `schedule`, `timeout`, …). */
  token: z.int(),
  /** Handlers: the name under which it was added, the fd number and the events that the loop passed. */
  fd: z.string().optional(),
  number: z.int().optional(),
  events: z.array(EventName).optional(),
  /** Reads that succeeded: the bytes, as latin1. */
  data: z.string().max(MAX_DATA).optional(),
  /** Reads, writes and connects that failed: why. A close: its cause, if the stream tells it. */
  failed: Raised.optional(),
});
export type Enter = z.infer<typeof Enter>;

/** The callback returned, or raised what its scenario told it to. */
export const Exit = z.strictObject({ k: z.literal('exit'), ...clocks, raised: z.string().optional() });
export type Exit = z.infer<typeof Exit>;

/** One action was done. Actions stand in the order of the scenario, so only `op` is repeated here. */
export const Did = z.strictObject({
  k: z.literal('did'),
  ...clocks,
  op: z.string(),
  /**
   * Counts the registering operations: add, schedule, timeout, timeoutAt, periodic, wakeup, signal, barrier; of streams the reads, send,
   * onClose, connectStream.
   */
  token: z.int().optional(),
  /** The fd, where the action names a group (`x*`): one record for each. */
  fd: z.string().optional(),
  /** Byte count of read, write, fill, drain and collect; the number of the new fd; 1 or 0 of isOpen; a count. */
  result: z.number().optional(),
  /** read and drain: the first 64 bytes, as latin1. collect: all of them, at most {@link MAX_DATA}. */
  data: z.string().max(MAX_DATA).optional(),
  /** streamState: what the stream can tell. */
  state: z
    .strictObject({
      reading: z.boolean().optional(),
      writing: z.boolean().optional(),
      closed: z.boolean().optional(),
    })
    .optional(),
  /** read, drain and collect: the end of file was seen. */
  eof: z.boolean().optional(),
  /** A system call failed with it (also the EAGAIN that ends `fill` and `drain`: not recorded there). */
  errno: z.string().optional(),
  /** The loop's operation raised. */
  raised: Raised.optional(),
});
export type Did = z.infer<typeof Did>;

/** The action `start` begins; its `did` follows when the loop returned or raised. */
export const Starting = z.strictObject({ k: z.literal('starting'), ...clocks });
/** The loop logged or reported something. */
export const Log = z.strictObject({
  k: z.literal('log'),
  ...clocks,
  text: z.string().max(2000),
  level: z.enum(['warning', 'error']).optional(),
  type: z.string().max(200).optional(),
  errno: z.string().max(20).optional(),
  fd: z.int().optional(),
});
/** The trace reached `maxRecords`; the host stopped the loop. */
export const Cut = z.strictObject({ k: z.literal('cut'), ...clocks });

export const TraceRecord = z.discriminatedUnion('k', [Enter, Exit, Did, Starting, Log, Cut]);
export type TraceRecord = z.infer<typeof TraceRecord>;

/** What a `thread` action did, by the same clock; in the order of the `thread` actions. */
export const ThreadReport = z.strictObject({
  /** The loop's thread was seen asleep before it acted; always false for `when: now`. */
  slept: z.boolean(),
  startedAt: z.number(),
  /** Just before the last of its repetitions. */
  lastAt: z.number(),
  endedAt: z.number(),
});
export type ThreadReport = z.infer<typeof ThreadReport>;

/** The most reads of which a trace says that their bytes changed, and how many of these bytes. */
export const MAX_CHANGED = 100;
export const SHOWN_OF_CHANGED = 64;

/** The bytes that a read was given were others when the scenario was over. */
export const Changed = z.strictObject({
  /** Position in `records` of the `enter` that has them as they were. */
  record: z.int().min(0),
  /** Position of the first byte that is another. */
  at: z.int().min(0).max(MAX_DATA),
  /** What is there now, from that byte on: at most {@link SHOWN_OF_CHANGED} bytes, as latin1. */
  data: z.string().max(SHOWN_OF_CHANGED),
});
export type Changed = z.infer<typeof Changed>;

export const Trace = z.strictObject({
  /** Number of every fd made before `main` began. */
  fds: z.record(z.string(), z.int()),
  records: z.array(TraceRecord),
  threads: z.array(ThreadReport).optional(),
  /** In the order of their records. */
  changed: z.array(Changed).max(MAX_CHANGED).optional(),
  /** Open fds of the process before the fds were made and after all was closed again. */
  openFds: z.strictObject({ before: z.int(), after: z.int() }).optional(),
  /** Set by the kit, never by a subject: the subject did not finish, and these records are all there are. */
  unfinished: z.enum(['hung', 'died']).optional(),
});
export type Trace = z.infer<typeof Trace>;
