/**
 * The servers of a subject that live: started by `serve`, ended by `end`, each named by the id of its `serve`.
 *
 * Replies come when what they tell is done, in whatever order that is: a graceful end takes as long as a client wants, and may be followed
 * by an end of the other kind, which answers both.
 */
import type { Subject } from '../../spec/contract.js';
import type { Reply } from '../../spec/protocol.js';
import type { ServeOptions, Serving } from '../../spec/server-contract.js';
import { textOf, typeOf } from './raised.js';

type EndOrder = { readonly serve: number; readonly gracefully: boolean };

interface Server {
  readonly serving: Serving;
  /** Settles when it has ended, whichever way came first. */
  readonly ended: Promise<void>;
  readonly end: () => void;
  /** A graceful end is under way. */
  stopping: boolean;
}

export class Servers {
  private readonly servers = new Map<number, Server>();
  /** Serves that are not answered yet. */
  private starting = 0;

  constructor(
    private readonly subject: Subject,
    private readonly reply: (reply: Reply) => void,
  ) {}

  /** There is one, or there will be. */
  get any(): boolean {
    return this.starting > 0 || this.servers.size > 0;
  }

  /** Starts one. Never throws. */
  async serve(id: number, options: ServeOptions): Promise<void> {
    if (this.subject.serve === undefined)
      return this.reply({ id, error: "the subject has no 'serve': there is no server to be started" });
    this.starting++;
    try {
      const serving = await this.subject.serve(options);
      const flaw = flawOf(serving);
      if (flaw !== undefined)
        return this.reply({ id, error: `serve() has to return a Serving, but ${flaw}` });
      let end = (): void => undefined;
      const ended = new Promise<void>((resolve) => (end = resolve));
      this.servers.set(id, { serving, ended, end, stopping: false });
      this.reply({ id, serving: { host: serving.host, port: serving.port } });
    } catch (error) {
      this.reply({ id, error: `serve() failed: ${typeOf(error)}: ${textOf(error)}` });
    } finally {
      this.starting--;
    }
  }

  /** Ends one. Never throws. */
  async end(id: number, { serve, gracefully }: EndOrder): Promise<void> {
    const server = this.servers.get(serve);
    if (server === undefined) return this.reply({ id, error: `no server was started by request ${serve}` });
    try {
      // A second graceful end waits for the first.
      if (!(gracefully && server.stopping)) {
        server.stopping ||= gracefully;
        const { serving } = server;
        const done = Promise.resolve(gracefully ? serving.stop() : serving.close());
        await Promise.race([done, server.ended]);
        this.servers.delete(serve);
        server.end();
      }
      await server.ended;
      this.reply({ id, ended: {} });
    } catch (error) {
      const how = gracefully ? 'stop' : 'close';
      this.reply({ id, error: `${how}() of the server failed: ${typeOf(error)}: ${textOf(error)}` });
    }
  }
}

function flawOf(serving: unknown): string | undefined {
  if (typeof serving !== 'object' || serving === null) return `it is ${String(serving)}`;
  const { host, port, stop, close } = serving as Partial<Record<keyof Serving, unknown>>;
  if (typeof host !== 'string') return "its 'host' is not a string";
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535)
    return "its 'port' is not the number of a port";
  if (typeof stop !== 'function' || typeof close !== 'function') return "it lacks 'stop' or 'close'";
  return undefined;
}
