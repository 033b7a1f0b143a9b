/**
 * What a pipeline for the server at hand is made of.
 *
 * Servers differ in what they refuse and in when they close, and most exchanges accept more than one way. So each message that may
 * leave the connection open is tried once, alone, with a request of the kit's behind it. What the server did is what it has to do in a
 * pipeline; other outcomes that the exchange accepts are accepted there, too, but end what can be said of the connection.
 */
import { parseExchanges, type Exchange } from '../../spec/exchange.js';
import type { Values } from '../wire/render.js';
import { render } from '../wire/render.js';
import { RequestScan } from '../wire/request-scan.js';
import type { ExchangePool } from '../wire/exchange-pool.js';
import { bytesIn, goesOn, messageOf, responsesText, type Link, type Message } from './http-message.js';

export interface Vocabulary {
  /** What can stand anywhere. */
  readonly links: readonly Link[];
  /** What can stand at the end alone. */
  readonly ends: readonly Message[];
}

interface Trial {
  readonly message: Message;
  readonly exchange: Exchange;
}

/** In front stands what is short: numbers shrink towards it. */
const byLength = (a: Message, b: Message): number => bytesIn(a.bytes) - bytesIn(b.bytes);

/**
 * The kit has to know which response answers which request, for one to HEAD has no body; so a message that goes on has to end, in the
 * kit's own eyes, where the next begins.
 */
function endsInSight({ bytes, outcomes }: Message, values: Values): boolean {
  const scan = new RequestScan();
  scan.push(render(bytes, values));
  return (
    scan.isBetween &&
    outcomes.every((outcome) => !goesOn(outcome) || outcome.responses.length === scan.methods.length)
  );
}

/** Undefined if no outcome leaves the connection open. */
function trialOf(message: Message, values: Values): Trial | undefined {
  const { exchange, outcomes, shutdown } = message;
  const open = outcomes.filter(goesOn);
  if (open.length === 0 || shutdown || !endsInSight(message, values)) return undefined;
  const lines = exchange.text.split('\n').filter((line) => !line.startsWith('<'));
  const expected = open.map(
    (outcome) => `< ${responsesText(outcome)} then open => n${outcomes.indexOf(outcome)}`,
  );
  const [trial] = parseExchanges(exchange.clause, [...lines, ...expected].join('\n'));
  return { message, exchange: trial! };
}

/**
 * @param exchanges that the server can be asked, and has passed
 */
export async function learnVocabulary(
  pool: ExchangePool,
  exchanges: readonly Exchange[],
  values: Values,
): Promise<Vocabulary> {
  const messages = exchanges.flatMap((exchange) => messageOf(exchange) ?? []).sort(byLength);
  const trials = messages.flatMap((message) => trialOf(message, values) ?? []);
  const { verdicts } = await pool.run(trials.map(({ exchange }) => exchange));
  const links = trials.flatMap(({ message, exchange }): Link[] => {
    const verdict = verdicts.get(exchange);
    const [label] = verdict?.is === 'passed' ? verdict.labels : [];
    return label === undefined ? [] : [{ ...message, answer: message.outcomes[Number(label.slice(1))]! }];
  });
  const linked = new Set(links.map(({ exchange }) => exchange));
  return { links, ends: messages.filter(({ exchange }) => !linked.has(exchange)) };
}
