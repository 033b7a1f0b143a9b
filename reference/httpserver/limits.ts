/**
 * How much of a request is read.
 */

export interface ParserLimits {
  /** Bytes of a request line without its CR LF; beyond: 414. */
  readonly maxRequestLineBytes: number;
  /** Bytes of a head, and of a trailer section; beyond: 431. */
  readonly maxHeadBytes: number;
  /** Fields of a head, and of a trailer section; beyond: 431. */
  readonly maxHeaderCount: number;
  /** Bytes of a body, without the framing of chunks; beyond: 413. */
  readonly maxBodyBytes: number;
}
