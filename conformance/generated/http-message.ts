/**
 * The words of generated pipelines: exchanges of the spec that can stand in one.
 *
 * Theory of operation. No grammar of HTTP is written down here. What a message is, and how it may be answered, its exchange says; so a
 * pipeline is judged by what the clauses accept, and can't drift from them. An exchange is a word if all it does is to send, to end its
 * output perhaps, and to expect. Left out is what needs time, a second connection, options, or a server that asks for the body.
 */
import type { Condition, Exchange, Outcome, ResponsePattern, Template } from '../../spec/exchange.js';
import type { Route } from '../../spec/server-contract.js';

export interface Message {
  readonly exchange: Exchange;
  readonly bytes: Template;
  /** The client ends its output behind it. */
  readonly shutdown: boolean;
  readonly outcomes: readonly Outcome[];
  /** Of its fields and trailers, in small letters. */
  readonly names: ReadonlySet<string>;
}

/** One that the server at hand answers so that the connection goes on. */
export interface Link extends Message {
  /** Those of its responses that came when it was tried. */
  readonly answer: Outcome;
}

/** Routes that take their time. */
const SLOW: readonly Route[] = ['slow', 'burn'];
/** Bytes of a message that is cheap enough to be sent hundreds of times. */
const MOST_BYTES = 10_000;

const isInterim = ({ statuses, conditions }: ResponsePattern): boolean =>
  statuses.some((status) => status.startsWith('1')) ||
  conditions.some(({ is }) => is === 'no-interim' || is === 'no-100' || is === 'one-100');

/** What it speaks of moves when other responses come before it. */
const isRelative = ({ is }: Condition): boolean => is === 'same';

const canStandAnywhere = ({ within, responses }: Outcome): boolean =>
  within === undefined &&
  !responses.some((response) => isInterim(response) || response.conditions.some(isRelative));

/** About how many: holes count as nothing. */
export const bytesIn = (template: Template): number =>
  template.reduce((sum, part) => {
    if (part.is === 'text') return sum + part.text.length;
    return part.is === 'repeat' ? sum + part.text.length * part.count.plus : sum;
  }, 0);

/** The bytes of a template; a hole is a blank. */
const textOf = (template: Template): string =>
  template.map((part) => (part.is === 'text' || part.is === 'repeat' ? part.text : ' ')).join('');

const namesIn = (text: string): Set<string> =>
  new Set([...text.matchAll(/^([a-z0-9_-]+):/gim)].map(([, name]) => name!.toLowerCase()));

/** Undefined if it can't stand in a pipeline. */
export function messageOf(exchange: Exchange): Message | undefined {
  const { steps, options, limits, routes, clause } = exchange;
  const [send, ...others] = steps;
  const expect = others.at(-1);
  const between = others.slice(0, -1);
  if (send?.do !== 'send' || expect?.do !== 'expect' || steps.some(({ on }) => on !== '')) return undefined;
  if (between.length > 1 || between.some((step) => step.do !== 'shutdown')) return undefined;
  if (!clause.startsWith('HTTP-') || Object.keys(options).length + limits.length > 0) return undefined;
  if (routes.some((route) => SLOW.includes(route)) || bytesIn(send.bytes) > MOST_BYTES) return undefined;
  if (!expect.outcomes.every(canStandAnywhere)) return undefined;
  const names = namesIn(textOf(send.bytes));
  // Whether a server says `100 Continue` depends on how much of the body has come: on the cuts.
  if (names.has('expect')) return undefined;
  return { exchange, bytes: send.bytes, shutdown: between.length > 0, outcomes: expect.outcomes, names };
}

/** Whether an outcome may leave the connection to the next request. */
export const goesOn = ({ responses, ending }: Outcome): boolean =>
  responses.length > 0 && (ending === undefined || ending === 'open');

export const responsesText = ({ responses }: Outcome): string => responses.map(({ text }) => text).join(', ');
