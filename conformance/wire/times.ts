/**
 * How long the kit waits for a server, ms.
 *
 * Theory of operation. All times come from the server's own latency: what it takes to answer a plain `GET /` on a connection of
 * its own, measured before anything is judged. No time alone decides anything:
 *
 *  - **quiet**, after which "nothing came" counts, is the time and two *beats* behind it: round trips on connections of
 *    their own, one after the other. A server that has answered two requests that came later would have answered this one, too, had it
 *    meant to; and on a busy host the beats take as long as the server does.
 *  - **response**, after which what is due counts as missing, begins anew with each sign of progress, and ends by a beat: so it is known
 *    whether the server answers nobody any more.
 *
 * Time is spent in slices, each of which the kit must be scheduled for itself: while the host stalls, no time passes.
 */
export interface Times {
  readonly latencyMs: number;
  readonly quietMs: number;
  readonly responseMs: number;
  /** Within which a beat must come back. */
  readonly aliveMs: number;
  /** For one step of an exchange, however much trickles in meanwhile. */
  readonly stepMs: number;
}

const clamp = (ms: number, least: number, most: number): number => Math.max(least, Math.min(most, ms));

export const timesOf = (latencyMs: number): Times => ({
  latencyMs,
  quietMs: clamp(20 * latencyMs, 60, 1000),
  responseMs: clamp(100 * latencyMs, 1500, 8000),
  aliveMs: clamp(200 * latencyMs, 2500, 9000),
  stepMs: clamp(800 * latencyMs, 15_000, 60_000),
});

const SLICE_MS = 20;

/** Calls back when so much time has been spent; the result stops it. */
export function after(ms: number, then: () => void): () => void {
  if (ms === Infinity) return () => undefined;
  let left = ms;
  let since = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const next = (): void => {
    timer = setTimeout(tick, Math.max(1, Math.min(SLICE_MS, left)));
  };
  const tick = (): void => {
    const now = performance.now();
    left -= Math.min(now - since, SLICE_MS);
    since = now;
    if (left > 0) next();
    // What arrived while the kit itself was busy is read before anyone is blamed.
    else setImmediate(() => void (timer === undefined ? undefined : then()));
  };
  next();
  return () => {
    clearTimeout(timer);
    timer = undefined;
  };
}
