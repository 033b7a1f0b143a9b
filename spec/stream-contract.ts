/**
 * The contract of a stream: a buffered, non-blocking stream of bytes over one fd, in TypeScript.
 *
 * The reference implements all of it. A subject offers what its own API has and leaves the other methods out: what is left
 * out is unclaimed, never emulated. A stream owns its fd: it is the one who closes it. All methods are called on the
 * thread of the loop that the stream belongs to, and all callbacks are called there, by the loop.
 */

/**
 * How a read ended: with its bytes, or with the reason why they can't come any more. Called once for each read. A stream whose
 * API tells of the end by no bytes at all (`readSome` at the end of the peer's output) does so here too. The bytes are the reader's from
 * then on: nobody else writes them.
 */
export type ReadCallback = (error: Error | undefined, bytes: Uint8Array | undefined) => void;

/** How a write or a connect ended. Called once. */
export type DoneCallback = (error?: Error) => void;

export interface StreamOptions {
  /** The most bytes that the stream keeps for a reader; more than that is an overflow. Bytes. */
  readonly maxReadBytes?: number;
  /** The most bytes that wait to be written; a write that would exceed it is refused. Bytes. */
  readonly maxWriteBytes?: number;
}

/** Whom to connect to. */
export type StreamAddress =
  | { readonly family: 'ipv4' | 'ipv6'; readonly host: string; readonly port: number }
  | { readonly family: 'unix'; readonly path: string };

export interface Stream {
  /** Bytes up to and including the first `delimiter`. Fails if they are more than `maxBytes`, the delimiter counted in. */
  readUntil?(delimiter: Uint8Array, callback: ReadCallback, maxBytes?: number): void;
  /** Bytes up to the end of the first match. The pattern sees one character (U+0000 to U+00FF) a byte. */
  readUntilRegex?(pattern: RegExp, callback: ReadCallback, maxBytes?: number): void;
  /** Exactly `size` bytes. */
  readBytes?(size: number, callback: ReadCallback): void;
  /** At least one byte, whatever is there first; at most `size`, if that is given. */
  readSome?(size: number | undefined, callback: ReadCallback): void;
  /** All bytes until the end of the peer's output. */
  readUntilClose?(callback: ReadCallback): void;

  /** Queues bytes. `callback`: the kernel has taken the last of them. */
  write?(bytes: Uint8Array, callback?: DoneCallback): void;
  /** Ends this side's output once all that was written is out; reading goes on. */
  end?(): void;

  /** The callback that is called once, when the stream has been closed for whatever reason; with the cause if there is one. */
  setCloseCallback?(callback: DoneCallback): void;
  close(): void;

  /** A read is pending. */
  reading?(): boolean;
  /** Bytes wait to be written. */
  writing?(): boolean;
  closed?(): boolean;
}
