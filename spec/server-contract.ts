/**
 * The contract of an HTTP server: how the kit starts one with the conformance application (`spec/http/application.md`) mounted.
 *
 * A subject starts its own HTTPServer, with as many of the options as its public API has: one that it lacks is unclaimed, by
 * its name, and never emulated.
 */
import { z } from 'zod';

/** Values that a server declares: sizes in bytes, times in ms. Exchanges name them. */
export const LIMITS = {
  requestLineBytes: 'the longest request line',
  headBytes: 'the longest head: request line and fields',
  fieldCount: 'the most fields of a head',
  bodyBytes: 'the longest body',
  partCount: 'the most parts of a multipart body',
  headTimeoutMs: 'from the first byte of a head to its last',
  bodyTimeoutMs: 'from the end of a head to the last byte of its body',
  idleTimeoutMs: 'between a response and the first byte of the next request',
} as const satisfies Record<string, string>;
export type LimitName = keyof typeof LIMITS;
export const LIMIT_NAMES = Object.keys(LIMITS) as LimitName[];

const bytes = z
  .int()
  .min(1)
  .max(2 ** 30);
const ms = z.int().min(1).max(600_000);

/** Options of a server. What is not given is the server's own default. */
export const ServeOptions = z.strictObject({
  address: z.string().max(200).optional(),
  /** Connections that the kernel completes ahead of accept(2). */
  backlog: z.int().min(1).max(65_535).optional(),
  /** One request a connection. */
  noKeepAlive: z.boolean().optional(),
  /** Believe what trusted proxies say of the client (X-Real-IP, X-Forwarded-For, X-Scheme, X-Forwarded-Proto). */
  xheaders: z.boolean().optional(),
  /** Addresses of proxies besides the peer itself. */
  trustedProxies: z.array(z.string().max(200)).max(100).optional(),
  requestLineBytes: bytes.optional(),
  headBytes: bytes.optional(),
  fieldCount: z.int().min(1).max(1_000_000).optional(),
  bodyBytes: bytes.optional(),
  partCount: z.int().min(1).max(1_000_000).optional(),
  headTimeoutMs: ms.optional(),
  bodyTimeoutMs: ms.optional(),
  idleTimeoutMs: ms.optional(),
});
export type ServeOptions = z.infer<typeof ServeOptions>;
export type ServeOption = keyof ServeOptions;
export const SERVE_OPTIONS = Object.keys(ServeOptions.shape) as ServeOption[];

/** Routes of the conformance application. `spec/http/application.md` says what each answers. */
export const ROUTES = {
  echo: 'the body of the request',
  inspect: 'what the server made of the request, as JSON',
  stream: 'a body in pieces, whose length is not declared',
  slow: 'an answer that takes its time without blocking the server',
  status: 'a bare status',
  ignore: 'an answer that does not read the body of the request',
  inject: 'an attempt to write CR and LF into a field',
  'get-only': 'a resource that has GET alone',
  form: 'arguments and files of the request, as JSON',
  upload: 'how the body came, piece by piece',
  fail: 'a handler that fails',
  wrote: 'more or less than was declared',
  burn: 'an answer that keeps the thread busy',
} as const satisfies Record<string, string>;
export type Route = keyof typeof ROUTES;
export const ROUTE_NAMES = Object.keys(ROUTES) as Route[];

/** Where a server tells of its application. */
export const MANIFEST_PATH = '/evspec';

/** What stands at {@link MANIFEST_PATH}. */
export const Manifest = z.object({
  evspec: z.literal(1),
  name: z.string().max(200).optional(),
  version: z.string().max(200).optional(),
  routes: z.array(z.enum(ROUTE_NAMES)).max(100),
  /** Values that are in force. */
  limits: z.partialRecord(z.enum(LIMIT_NAMES), z.number().min(0).max(Number.MAX_SAFE_INTEGER)).default({}),
  /** Route, limit, option or `gracefulStop` → why the server lacks it. */
  unclaimed: z.record(z.string(), z.string().max(500)).default({}),
  /** Values of choices (`spec/choices.json`). What is not declared is inferred. */
  choices: z.record(z.string(), z.string().max(100)).default({}),
});
export type Manifest = z.infer<typeof Manifest>;

/** A server that listens. */
export interface Serving {
  readonly host: string;
  readonly port: number;
  /**
   * Ends it gracefully: no new connections; idle ones are closed; those that are in the middle of a request get their answer, and are
   * closed. Settles when the last is closed.
   */
  stop(): void | PromiseLike<void>;
  /** Closes the listener and every connection at once. */
  close(): void | PromiseLike<void>;
}
