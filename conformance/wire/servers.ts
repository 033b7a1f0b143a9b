/** Where servers come from: an address that the user gave, or a subject that speaks the protocol. */
import type { ServeOptions } from '../../spec/server-contract.js';
import type { ProblemReport } from '../../spec/report.js';
import type { Address } from './connection.js';

/** Nothing can be judged, or nothing more. The message is a sentence. */
export class ServerProblem extends Error {
  override readonly name = 'ServerProblem';
  constructor(
    readonly kind: string,
    message: string,
    /** The end of what the server wrote. */
    readonly stderr?: string,
  ) {
    super(message);
  }

  report(check?: string): ProblemReport {
    return {
      ...(check === undefined ? {} : { check }),
      kind: this.kind,
      text: this.message,
      ...(this.stderr === undefined || this.stderr === '' ? {} : { stderr: this.stderr }),
    };
  }
}

/** The process of the servers is gone, or is as good as that. */
export class ServerGone extends ServerProblem {}

/** A server that listens. */
export interface Served {
  readonly address: Address;
  /** Tells it to end gracefully, and does not wait for that. */
  readonly stop?: () => void;
  /** Ends it at once. */
  readonly end: () => Promise<void>;
}

export interface Servers {
  /** The kit can start it again after it broke. */
  readonly canRestart: boolean;
  /** The kit can start it with options. */
  readonly takesOptions: boolean;
  /** It can be told to end gracefully. */
  readonly canStop: boolean;
  /** Its process has ended, and nobody but the kit starts another: to ask it again would be of no use. */
  readonly isGone: boolean;
  /**
   * One that is started for this call, but for a fixed address, which is always the same one.
   * @throws ServerProblem
   */
  serve(options: ServeOptions): Promise<Served>;
  /** Kills all servers; the next `serve` starts anew. @throws ServerProblem */
  restart(): Promise<void>;
  /** How the process is, for a sentence: `its process is alive, but silent`, `its process ended with exit code 1`. */
  condition(): string;
  /** The end of what it wrote to its standard error. */
  stderr(): string;
  /** Ends everything. Problems that belong to no exchange. */
  close(): Promise<readonly ProblemReport[]>;
}
