/**
 * Which clause a pipeline has broken. Each of its messages is answered as it should be when it stands alone and in one piece, so the
 * failure is about what was added to that:
 *
 *  - a single message, cut: what its kind says of pieces; its own clause where it is one that need not be served;
 *  - several, the last of which can stand at the end alone: that one's clause if all in front of it were answered, else HTTP-PIPE-3;
 *  - several that are served: HTTP-PIPE-1, be it their order, their boundaries, or what one leaves to the next.
 *
 * That is true of a pipeline from which nothing can be taken away. Of others it is a guess, by which it is decided what to make small.
 */
import type { Pipeline } from './render-http.js';

const IN_PIECES = 'HTTP-START-2';
const CHUNKS_IN_PIECES = 'HTTP-CHUNK-1';
const BODY_IN_PIECES = 'HTTP-LENGTH-1';
const PIPELINE = 'HTTP-PIPE-1';
const BEFORE_A_REFUSAL = 'HTTP-PIPE-3';

/** Clauses that are broken by how messages are put together. */
export const CLAUSES_OF_PIPELINES: readonly string[] = [
  IN_PIECES,
  CHUNKS_IN_PIECES,
  BODY_IN_PIECES,
  PIPELINE,
  BEFORE_A_REFUSAL,
];

/**
 * @param taken responses that fitted; undefined if the server answers nobody any more
 * @returns undefined if it is a single message in one piece, which alone has passed
 */
export function blame(
  { messages, hasEnd, due, isCut, isCutInBody }: Pipeline,
  taken = Infinity,
): string | undefined {
  const last = messages.at(-1)!;
  if (messages.length > 1) {
    if (!hasEnd) return PIPELINE;
    return taken >= due ? last.exchange.clause : BEFORE_A_REFUSAL;
  }
  if (!isCut) return undefined;
  if (hasEnd) return last.exchange.clause;
  if (!isCutInBody) return IN_PIECES;
  return last.names.has('transfer-encoding') ? CHUNKS_IN_PIECES : BODY_IN_PIECES;
}
