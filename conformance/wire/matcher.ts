/**
 * What a connection has brought so far, held against one outcome: it fits, it may still, or it can't any more.
 *
 * Pure: no clock, no socket. What has to be waited for is named (`needs`), and the runner knows how one waits for it. An answer
 * `cannot` is final, whatever comes later; so an exchange fails at the first byte that rules out its last alternative.
 */
import type { Outcome, ResponsePattern } from '../../spec/exchange.js';
import { conditionFlaw, statusFits, type Known } from './conditions.js';
import { saysClose, type Malformed, type Response } from './response-parser.js';

/** How the server's side of a connection ended; `refused`: there never was one. */
export type Ended = 'fin' | 'rst' | 'refused';

/** What a connection has brought so far. */
export interface Heard {
  /** Whole ones, interim ones included. */
  readonly responses: readonly Response[];
  /** The one that is on its way, as far as it is there: its head is. */
  readonly current: Response | undefined;
  /** Bytes of a response that is not whole. */
  readonly unfinished: boolean;
  readonly malformed: Malformed | undefined;
  readonly ended: Ended | undefined;
  /** Bytes behind the end of HTTP. */
  readonly raw: number;
}

/**
 * `response`: one more, or the rest of one. `end`: the server's end of the connection. `probe`: proof that it is usable. `quiet`: time in
 * which nothing comes.
 */
export type Need = 'response' | 'end' | 'probe' | 'quiet';

export type Match =
  /** `taken`: responses that belong to it, from the first of the connection. */
  | { readonly is: 'fits'; readonly taken: number }
  | { readonly is: 'may'; readonly needs: Need; readonly taken: number }
  | { readonly is: 'cannot'; readonly why: string; readonly taken: number };

export const ENDED: Readonly<Record<Ended, string>> = {
  fin: 'the server ended the connection (FIN)',
  rst: 'the server reset the connection (RST)',
  refused: 'the connection was refused',
};

export const patternText = ({ statuses }: ResponsePattern): string => statuses.join('|');

const ordinal = (n: number): string => (n === 1 ? 'the response' : `response ${n}`);

/** Whether a pattern speaks of an interim response by itself. */
const speaksOfInterim = ({ statuses }: ResponsePattern): boolean =>
  statuses.some((status) => status.startsWith('1'));

const mayBeCut = ({ conditions }: ResponsePattern): boolean => conditions.some(({ is }) => is === 'cut');

/**
 * @param from responses that belong to what was expected before
 */
export function matchOutcome(outcome: Outcome, heard: Heard, from: number, known: Known): Match {
  let taken = from;
  let nth = 0;
  for (const pattern of outcome.responses) {
    nth++;
    const interims: number[] = [];
    let response = heard.responses[taken];
    const fits = (status: number): boolean => pattern.statuses.some((one) => statusFits(one, status, known));
    while (response?.interim === true && !(speaksOfInterim(pattern) && fits(response.status))) {
      interims.push(response.status);
      response = heard.responses[++taken];
    }
    const isCut = response === undefined && heard.malformed?.cut === true && mayBeCut(pattern);
    if (isCut) response = heard.current;
    if (response === undefined) return missing(pattern, nth, heard, taken, fits);
    if (!fits(response.status))
      return cannot(`${ordinal(nth)} is ${response.status}, not ${patternText(pattern)}`, taken);
    const around = { interims, finals: heard.responses.filter(({ interim }) => !interim), isCut };
    for (const condition of pattern.conditions) {
      const flaw = conditionFlaw(condition, response, around, known);
      if (flaw !== undefined) return cannot(`${ordinal(nth)} is ${response.status}, but ${flaw}`, taken);
    }
    // Nothing comes behind it.
    if (isCut) return { is: 'fits', taken };
    taken++;
  }
  return matchEnding(outcome, heard, from, taken);
}

const cannot = (why: string, taken: number): Match => ({ is: 'cannot', why, taken });

/** A response that is due is not there, or not whole. */
function missing(
  pattern: ResponsePattern,
  nth: number,
  heard: Heard,
  taken: number,
  fits: (status: number) => boolean,
): Match {
  const { malformed, ended, current } = heard;
  const due = `${ordinal(nth)}, ${patternText(pattern)}, was due`;
  if (malformed !== undefined)
    return cannot(`${due}, and what came is malformed: ${malformed.what}, at byte ${malformed.at}`, taken);
  if (ended !== undefined) return cannot(`${due}, and ${ENDED[ended]} without it`, taken);
  if (heard.raw > 0) return cannot(`${due}, and what came is HTTP no more`, taken);
  if (current !== undefined && !current.interim && !fits(current.status))
    return cannot(`${ordinal(nth)} is ${current.status}, not ${patternText(pattern)}`, taken);
  return { is: 'may', needs: 'response', taken };
}

/** What came behind the responses of an outcome, in words. */
function surplus(
  { responses, current, malformed, unfinished, raw }: Heard,
  taken: number,
): string | undefined {
  const next = responses[taken] ?? current;
  if (next !== undefined) return `one more response came: ${next.status}`;
  if (malformed !== undefined) return `something malformed came: ${malformed.what}, at byte ${malformed.at}`;
  if (unfinished) return 'bytes came that are no whole response';
  return raw > 0 ? 'bytes came that are not HTTP' : undefined;
}

function matchEnding({ ending }: Outcome, heard: Heard, from: number, taken: number): Match {
  if (ending === undefined) return { is: 'fits', taken };
  const more = surplus(heard, taken);
  const where = taken > from ? 'behind it ' : '';
  if (more !== undefined) return cannot(`${where}${more}`, taken);
  const { ended } = heard;
  switch (ending) {
    case 'close':
      return ended === undefined ? { is: 'may', needs: 'end', taken } : { is: 'fits', taken };
    case 'silence':
      return ended === undefined
        ? { is: 'may', needs: 'quiet', taken }
        : cannot(`${where}${ENDED[ended]}`, taken);
    case 'open': {
      if (ended !== undefined) return cannot(`${where}${ENDED[ended]}`, taken);
      const last = lastFinal(heard, taken);
      return last !== undefined && saysClose(last)
        ? cannot('it says that the connection ends behind it', taken)
        : { is: 'may', needs: 'probe', taken };
    }
  }
}

/** The last final response among the first `taken`. */
export function lastFinal({ responses }: Pick<Heard, 'responses'>, taken: number): Response | undefined {
  return responses.slice(0, taken).findLast(({ interim }) => !interim);
}

/** Whether the server has said in it that the connection ends. */
export function saidClose(heard: Heard, taken: number): boolean {
  const last = lastFinal(heard, taken);
  return last !== undefined && saysClose(last);
}
