/**
 * Addresses of sockets, as values and as the bytes of a `sockaddr`. (man 7 ip, man 7 ipv6, man 7 unix)
 *
 * A `sockaddr` is a family of 16 bits in the machine's byte order, and then what the family wants; ports and IP
 * addresses are in network byte order, that is, big-endian:
 *
 *     sockaddr_in    0 family   2 port   4 address(4)    8 zero(8)                      16 bytes
 *     sockaddr_in6   0 family   2 port   4 flowinfo(4)   8 address(16)   24 scope(4)    28 bytes
 *     sockaddr_un    0 family   2 path(up to 108)                                       2 bytes and more
 *
 * The length belongs to the address and says which of three kinds a UNIX address is: a path ends at its NUL;
 * a name that *begins* with NUL is in Linux's abstract namespace, is no file, and every byte up to the length counts;
 * and a length of 2 is a socket without a name.
 */
import { AF_INET, AF_INET6, AF_UNIX } from './constants.js';
import { EINVAL, ENAMETOOLONG, type Result } from './errno.js';
import { formatIPv4, formatIPv6, parseIPv4, parseIPv6 } from './ip.js';

/** Where a socket is, or whom it is connected to. */
export type Address =
  | {
      readonly family: 'ipv4';
      /** Dotted, e.g. `'127.0.0.1'`. */
      readonly host: string;
      /** 0 to 65535; for `bind`, 0 lets the kernel pick. */
      readonly port: number;
    }
  | {
      readonly family: 'ipv6';
      /** E.g. `'::1'`, without brackets and without a zone. */
      readonly host: string;
      /** 0 to 65535; for `bind`, 0 lets the kernel pick. */
      readonly port: number;
      /** The index of the network interface that a link-local host belongs to; left out if 0. */
      readonly scope?: number;
    }
  | {
      readonly family: 'unix';
      /** A path of the file system; or a NUL and an abstract name; or empty: without a name. UTF-8 in the kernel. */
      readonly path: string;
    };

/** Bytes of a `sockaddr_storage`, into which every address fits. */
const STORAGE = 128;
/** Bytes before a `sockaddr_un`'s path. */
const PATH = 2;
/** Bytes of a `sockaddr_un`'s path at most, its NUL included. */
const PATH_MAX = 108;

/** One address as the kernel has it: made once, filled by `accept4`, `getsockname` and `getpeername`. */
export class SocketAddress {
  /** A `sockaddr`, of which `length` bytes count. */
  readonly bytes = new Uint8Array(STORAGE);
  /** How many bytes count. 0: no address yet. */
  length = 0;
  private readonly view = new DataView(this.bytes.buffer);

  /**
   * Encodes.
   * @returns 0. -EINVAL: `host` is no IP address, `port` or `scope` is out of range, or `path` has a NUL in its
   *   middle. -ENAMETOOLONG: `path` has more than 107 bytes. If it fails, there is no address any more.
   */
  set(address: Address): Result {
    this.bytes.fill(0, 0, this.length);
    this.length = 0;
    switch (address.family) {
      case 'ipv4': {
        const host = parseIPv4(address.host);
        if (host === undefined || !fits(address.port, 16)) return -EINVAL;
        this.view.setUint16(0, AF_INET, true);
        this.view.setUint16(2, address.port);
        this.bytes.set(host, 4);
        this.length = 16;
        return 0;
      }
      case 'ipv6': {
        const host = parseIPv6(address.host);
        const scope = address.scope ?? 0;
        if (host === undefined || !fits(address.port, 16) || !fits(scope, 32)) return -EINVAL;
        this.view.setUint16(0, AF_INET6, true);
        this.view.setUint16(2, address.port);
        this.bytes.set(host, 8);
        this.view.setUint32(24, scope, true);
        this.length = 28;
        return 0;
      }
      case 'unix': {
        const path = Buffer.from(address.path);
        const abstract = path[0] === 0;
        if (!abstract && path.includes(0)) return -EINVAL;
        if (path.length >= PATH_MAX) return -ENAMETOOLONG;
        this.view.setUint16(0, AF_UNIX, true);
        this.bytes.set(path, PATH);
        const terminator = abstract || path.length === 0 ? 0 : 1;
        this.bytes.fill(0, PATH + path.length, PATH + path.length + terminator);
        this.length = PATH + path.length + terminator;
        return 0;
      }
    }
  }

  /**
   * Decodes.
   * @returns undefined if there is no address yet, or one of a family that isn't known here.
   */
  get(): Address | undefined {
    if (this.length < PATH) return undefined;
    switch (this.view.getUint16(0, true)) {
      case AF_INET:
        return { family: 'ipv4', host: formatIPv4(this.bytes.subarray(4, 8)), port: this.view.getUint16(2) };
      case AF_INET6: {
        const scope = this.view.getUint32(24, true);
        const host = formatIPv6(this.bytes.subarray(8, 24));
        const port = this.view.getUint16(2);
        return scope === 0 ? { family: 'ipv6', host, port } : { family: 'ipv6', host, port, scope };
      }
      case AF_UNIX: {
        const path = Buffer.from(this.bytes.buffer, PATH, Math.min(this.length - PATH, PATH_MAX));
        const end = path[0] === 0 ? -1 : path.indexOf(0);
        return { family: 'unix', path: path.toString('utf8', 0, end === -1 ? path.length : end) };
      }
      default:
        return undefined;
    }
  }
}

/** Whether `value` is an unsigned integer of so many bits. */
function fits(value: number, bits: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < 2 ** bits;
}
