/**
 * The subject protocol: newline-delimited JSON between the kit and a child process. `spec/protocol.md` is its text.
 */
import { z } from 'zod';
import { FACETS } from './contract.js';
import { Scenario } from './scenario.js';
import { ServeOptions } from './server-contract.js';
import { Trace, TraceRecord } from './trace.js';

export const PROTOCOL_VERSION = 1;

/**
 * What a subject may lack, by name. The value says what it is; `hello.unclaimed` says why a subject lacks it.
 * A check that needs a capability which the subject lacks is unclaimed.
 */
export const CAPABILITIES = {
  combined: 'one handler with one interest mask an fd (else: a reader and a writer)',
  update: 'changing the interest of a registered fd',
  duplicate: 'adding a handler for an fd that has one',
  unschedule: 'cancelling a task',
  timeoutAt: 'timers by absolute deadline',
  cancel: 'cancelling a timer',
  periodic: 'periodic callbacks',
  restart: 'starting again after a stop',
  nested: 'detecting a start inside a callback',
  manyLoops: 'several loops in one process',
  closeLoop: 'closing a loop',
  fatal: 'exceptions that stop everything',
  exceptions: 'callbacks that raise',
  errnoErrors: 'exceptions that carry an errno',
  log: 'reporting exceptions that were isolated',
  thread: 'acting from another thread',
  tcp: 'TCP sockets',
  files: 'regular files',
  highFds: 'fds above 1023',
  ipv6: 'TCP sockets over IPv6',
  readUntil: 'reading up to a delimiter',
  readUntilRegex: 'reading up to a match of a pattern',
  readBytes: 'reading an exact number of bytes',
  readSome: 'reading whatever is there',
  atMost: 'reading whatever is there, up to a number of bytes',
  readUntilClose: "reading up to the end of the peer's output",
  sent: 'a callback when a write is out',
  closeCallback: 'a callback when a stream is closed',
  halfClose: "ending a stream's own output and reading on",
  maxRead: 'a limit on what a stream keeps for a reader',
  maxBytes: 'a limit on one read',
  maxWrite: 'a limit on what waits to be written',
  streamState: 'asking a stream whether it reads, writes or is closed',
  pipes: 'streams over pipes',
  meanwhile: 'making a stream while the loop runs',
  early: 'using a stream that is not connected yet',
  unconnected: 'a stream over a socket that is not connected',
  unixConnect: 'connecting to a UNIX socket',
} as const satisfies Record<string, string>;
export type Capability = keyof typeof CAPABILITIES;

export const Hello = z.strictObject({
  protocol: z.literal(PROTOCOL_VERSION),
  name: z.string().min(1).max(200),
  version: z.string().max(200),
  language: z.string().max(100),
  pid: z.int(),
  facets: z.array(z.enum(FACETS)),
  /** Capability (or facet) → why the subject lacks it. */
  unclaimed: z.record(z.string(), z.string().max(500)).default({}),
  choices: z.record(z.string(), z.string()).default({}),
  limits: z
    .strictObject({
      timerResolutionMs: z.number().min(0).max(1000).optional(),
      eventsPerPoll: z.int().min(1).optional(),
      maxFd: z.int().min(0).optional(),
    })
    .default({}),
  /** How the host makes barriers: a chain of callbacks, or of zero timers, or in a way of its own. */
  rounds: z.enum(['tasks', 'timers', 'adapter']),
  /** Whether the loop is made by the subject or is the process's own. */
  loop: z.enum(['created', 'ambient']).default('created'),
});
export type Hello = z.infer<typeof Hello>;

export const Request = z.union([
  z.strictObject({ id: z.int(), hello: z.strictObject({ kit: z.string(), spec: z.string() }) }),
  z.strictObject({
    id: z.int(),
    run: Scenario,
    /** Send every record at once, as `{id, records: […]}`: asked for after a hang or a crash. */
    flush: z.boolean().optional(),
    /** Stop yourself (SIGSTOP) just before and just after the tested window. */
    rendezvous: z.boolean().optional(),
  }),
  /** Start a server with the conformance application (`spec/http/application.md`). It stays until it is ended, or `bye`. */
  z.strictObject({ id: z.int(), serve: ServeOptions }),
  /** End one, by the id of its `serve`; `gracefully`: what is being answered is answered. Answered when it is done. */
  z.strictObject({ id: z.int(), end: z.strictObject({ serve: z.int(), gracefully: z.boolean() }) }),
  z.strictObject({ id: z.int(), bye: z.strictObject({}) }),
]);
export type Request = z.infer<typeof Request>;

export const Reply = z.union([
  z.strictObject({ id: z.int(), hello: Hello }),
  z.strictObject({ id: z.int(), trace: Trace }),
  z.strictObject({
    id: z.int(),
    records: z.array(TraceRecord),
    fds: z.record(z.string(), z.int()).optional(),
  }),
  z.strictObject({
    id: z.int(),
    serving: z.strictObject({ host: z.string().max(200), port: z.int().min(1).max(65_535) }),
  }),
  z.strictObject({ id: z.int(), ended: z.strictObject({}) }),
  z.strictObject({ id: z.int(), stopping: z.enum(['before', 'after']) }),
  /** The host could not run the scenario: never a verdict about the loop. */
  z.strictObject({ id: z.int(), error: z.string() }),
  z.strictObject({ id: z.int(), bye: z.strictObject({}) }),
]);
export type Reply = z.infer<typeof Reply>;

/** Environment of every subject: a mark by which its whole offspring is found again. */
export const MARK_VARIABLE = 'EVSPEC_MARK';
/** The longest line, in bytes, that either side need accept. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024;
