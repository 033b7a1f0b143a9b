/**
 * What can be found by name: files and UNIX sockets by path, TCP listeners by address and port.
 */
import type { FileContent } from './regular-file.js';
import type { TcpSocket } from './tcp-socket.js';
import type { UnixSocket } from './unix-socket.js';

/** The first of the ports that are given to whom asks for none. (/proc/sys/net/ipv4/ip_local_port_range) */
const FIRST_PORT = 32_768;

export class Names {
  /** A path's file, or the socket that was bound to it. Abstract names of UNIX sockets begin with NUL and are here too. */
  readonly paths = new Map<string, FileContent | UnixSocket>();
  /** Bound TCP sockets, by {@link endpoint}. */
  readonly endpoints = new Map<string, TcpSocket>();
  private nextPort = FIRST_PORT;

  reset(): void {
    // A cleared Map leaves its old table behind, which refers to the new one: no garbage for nothing.
    if (this.paths.size > 0) this.paths.clear();
    if (this.endpoints.size > 0) this.endpoints.clear();
    this.nextPort = FIRST_PORT;
  }

  freePort(): number {
    return this.nextPort++;
  }
}

export const endpoint = (host: string, port: number): string => `${host} ${port}`;
