/**
 * The options of a server: names, defaults with their precedents, and checks.
 */
import { canonicalIp } from './canonical-ip.js';
import { InvalidOptionError } from './errors.js';
import type { ParserLimits } from './limits.js';
import type { HTTPRequest } from './request.js';

export interface HTTPServerOptions extends Partial<ParserLimits> {
  /** One request a connection. Default: false. */
  readonly noKeepAlive?: boolean;
  /** Believe what trusted proxies say of the client (proxy.ts). Default: false. */
  readonly xheaders?: boolean;
  /** IP addresses of proxies, besides the peer itself. Default: none. */
  readonly trustedProxies?: readonly string[];
  /** What requests have as protocol unless a proxy knows better. Default: http. */
  readonly protocol?: 'http' | 'https';
  /** Whether the body of a request is to be handed over as it comes, in `request.bodyReader`. Asked once the head is there. */
  readonly streamBody?: (request: HTTPRequest) => boolean;
  /** Parts of a multipart body, and fields of an urlencoded one. Default: 1000, PHP's for fields. */
  readonly maxParts?: number;
  /** From the first byte of a head to its last, ms; then 408. Default: 60,000, as nginx and Node have it. */
  readonly headTimeoutMs?: number;
  /** From the end of a head to the end of its body, ms; then 408. Default: 300,000, Node's for a request. */
  readonly bodyTimeoutMs?: number;
  /** From one request, or from the connect, to the first byte of the next, ms. Default: 75,000, as in nginx. */
  readonly idleTimeoutMs?: number;
  /** Without a byte of a response getting out, as the client doesn't read, ms. Default: 60,000, as in nginx. */
  readonly sendTimeoutMs?: number;
  /** How long the peer may take to end its output after the server's last response, ms. Default: 5000, as in nginx. */
  readonly lingerMs?: number;
  /** Connections that the kernel completes ahead of accept(2). Default: 1024; the kernel cuts it to net.core.somaxconn. */
  readonly backlog?: number;
  /** Connections accepted in one event, so that those which are there have their turn. Default: 128, as Tornado's backlog. */
  readonly acceptsPerEvent?: number;
  /** Several processes may listen at one port, and the kernel deals connections out to them. Default: false. */
  readonly reusePort?: boolean;
  /** Open connections; others wait in the backlog. Default: no limit but RLIMIT_NOFILE. */
  readonly maxConnections?: number;
}

const DEFAULTS = {
  noKeepAlive: false,
  xheaders: false,
  trustedProxies: [] as readonly string[],
  protocol: 'http' as const,
  // RFC 9112 3 asks for 8000 octets at least; 8 KB is what nginx and Apache take.
  maxRequestLineBytes: 8192, // HTTP-START-24
  // As in Tornado.
  maxHeadBytes: 65_536, // HTTP-FIELD-17
  // As in Apache.
  maxHeaderCount: 100, // HTTP-FIELD-17
  // What Go's net/http takes of a form.
  maxBodyBytes: 10_485_760,
  maxParts: 1000,
  headTimeoutMs: 60_000,
  bodyTimeoutMs: 300_000,
  idleTimeoutMs: 75_000,
  sendTimeoutMs: 60_000,
  lingerMs: 5000,
  backlog: 1024,
  acceptsPerEvent: 128,
  reusePort: false,
  maxConnections: Infinity,
};

export type ResolvedOptions = Required<Omit<HTTPServerOptions, 'streamBody'>> &
  Pick<HTTPServerOptions, 'streamBody'>;

/** Numbers, and the least that they can be. All may be Infinity but the backlog. */
const LEAST = {
  maxRequestLineBytes: 1,
  maxHeadBytes: 1,
  maxHeaderCount: 1,
  maxBodyBytes: 0,
  maxParts: 1,
  headTimeoutMs: 1,
  bodyTimeoutMs: 1,
  idleTimeoutMs: 1,
  sendTimeoutMs: 1,
  lingerMs: 0,
  backlog: 1,
  acceptsPerEvent: 1,
  maxConnections: 1,
} as const satisfies Partial<Record<keyof HTTPServerOptions, number>>;

/** @throws {InvalidOptionError} */
export function resolveOptions(options: HTTPServerOptions): ResolvedOptions {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const resolved: ResolvedOptions = { ...DEFAULTS, ...given };
  for (const name of Object.keys(given))
    if (!Object.hasOwn(DEFAULTS, name) && name !== 'streamBody')
      throw new InvalidOptionError(
        name,
        given[name],
        `none of that name; there are ${Object.keys(DEFAULTS).join(', ')}, streamBody`,
      );
  for (const [name, least] of Object.entries(LEAST)) {
    const value = resolved[name as keyof typeof LEAST];
    const finite = Number.isSafeInteger(value) && value >= least;
    if (!finite && !(value === Infinity && name !== 'backlog'))
      throw new InvalidOptionError(name, value, `an integer from ${least} on`);
  }
  if (resolved.protocol !== 'http' && resolved.protocol !== 'https')
    throw new InvalidOptionError('protocol', resolved.protocol, "'http' or 'https'");
  const trustedProxies = resolved.trustedProxies.map((address) => {
    const ip = canonicalIp(address);
    if (ip === undefined) throw new InvalidOptionError('trustedProxies', address, 'IP addresses');
    return ip;
  });
  return { ...resolved, trustedProxies };
}
