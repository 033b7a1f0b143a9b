/** What the runner does next, given how the alternatives of a step stand. Pure; exchange-runner.ts says why. */
import type { Outcome } from '../../spec/exchange.js';
import type { Match, Need } from './matcher.js';

export interface Candidate {
  readonly outcome: Outcome;
  readonly match: Match;
}

export interface Situation {
  /** Nothing has come for the time of quiet. */
  readonly isQuiet: boolean;
  /** The kit has ended its output because the server has said that it ends the connection. */
  readonly isShut: boolean;
  /** Whether the last of so many responses said that the connection ends. */
  readonly saidClose: (taken: number) => boolean;
}

export type Decision =
  /** No alternative is left. */
  | { readonly do: 'fail' }
  /** This one came about. */
  | { readonly do: 'take'; readonly outcome: Outcome; readonly taken: number }
  /** Ask for proof that the connection is usable. */
  | { readonly do: 'probe'; readonly outcome: Outcome; readonly taken: number }
  /** End the output, so that a server that lingers need not. */
  | { readonly do: 'shut' }
  /** Wait until nothing has come for a while. */
  | { readonly do: 'quiet' }
  /** Wait for something to come. */
  | { readonly do: 'wait' };

export function decide(
  candidates: readonly Candidate[],
  { isQuiet, isShut, saidClose }: Situation,
): Decision {
  const open = candidates.filter(({ match }) => match.is !== 'cannot');
  if (open.length === 0) return { do: 'fail' };
  const needs = (need: Need): Candidate | undefined =>
    open.find(({ match }) => match.is === 'may' && match.needs === need);
  const fit = open.find(({ match }) => match.is === 'fits');
  const probe = needs('probe');
  const silence = needs('quiet');
  const end = needs('end');
  // `200, 200` beside `200 then open`: as long as the second may come, the first is not all.
  const mayGrow = open.some(
    ({ match }) => match.is === 'may' && match.needs === 'response' && match.taken >= (fit?.match.taken ?? 0),
  );
  const settles = isQuiet || !mayGrow;
  if (fit !== undefined && settles) return { do: 'take', outcome: fit.outcome, taken: fit.match.taken };
  if (probe !== undefined && settles)
    return { do: 'probe', outcome: probe.outcome, taken: probe.match.taken };
  if (silence !== undefined && isQuiet)
    return { do: 'take', outcome: silence.outcome, taken: silence.match.taken };
  const lingers = end !== undefined && saidClose(end.match.taken);
  if (lingers && isQuiet)
    return isShut ? { do: 'take', outcome: end.outcome, taken: end.match.taken } : { do: 'shut' };
  const hangsOnQuiet = lingers || (fit ?? probe ?? silence) !== undefined;
  return hangsOnQuiet && !isQuiet ? { do: 'quiet' } : { do: 'wait' };
}
