/**
 * From the tree of a generated pipeline to its exchange, in the words of spec/exchanges.md.
 *
 * What may come is the product of what the messages may be answered by, and written as that:
 *  - all of them are answered in their order, the last by one of its exchange's outcomes; behind a last one that goes on, one more request
 *    of the kit's shows that nothing else came;
 *  - or a message is answered in another way that its exchange accepts. Then nothing is said of what follows, unless that way says it;
 *  - or the server closes behind a whole response. It may do so at any time (RFC 9112, section 9.5), so that is accepted, with a note. Where
 *    the client ends its output it may take that for leave to drop what it has not answered (HTTP-PIPE-5).
 *
 * What `/inspect` reports of a request must hold no field that only an earlier one had: the name of one is asked for by a condition.
 */
import {
  parseExchanges,
  type Ending,
  type Exchange,
  type Outcome,
  type ResponsePattern,
  type Template,
} from '../../spec/exchange.js';
import { templateLines } from '../../spec/exchange-text.js';
import { cutAt, lineEnds, placesIn } from './cut.js';
import { goesOn, type Link, type Message } from './http-message.js';
import { PIECES, type Cut, type HttpProgram } from './http-program.js';
import type { Vocabulary } from './http-vocabulary.js';

/** Requests of one pipeline; a tree with more is cut off. */
const MOST_REQUESTS = 12;
/** Fields that servers make and move by themselves: not a sign of the request before. */
const OF_THE_CONNECTION = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'keep-alive',
]);

/** A pipeline. */
export interface Pipeline {
  readonly exchange: Exchange;
  /** In their order. */
  readonly messages: readonly Message[];
  /** The last of them is one that can stand at the end alone. */
  readonly hasEnd: boolean;
  /** Responses to the messages in front of that one. */
  readonly due: number;
  /** It is not sent in one write. */
  readonly isCut: boolean;
  /** All that is cut stands in a body. */
  readonly isCutInBody: boolean;
}

/** @param vocabulary has one link at least */
export function renderHttp(name: string, program: HttpProgram, vocabulary: Vocabulary): Pipeline {
  const { links, ends } = vocabulary;
  const pick = <T>(from: readonly T[], n: number): T => from[n % from.length]!;
  const chosen = program.requests.slice(0, MOST_REQUESTS).map((n) => pick(links, n));
  const end = program.end === undefined || ends.length === 0 ? undefined : pick(ends, program.end);
  const front = chosen.length === 0 && end === undefined ? [links[0]!] : chosen;
  const messages: Message[] = end === undefined ? front : [...front, end];
  const size = pick(PIECES, program.pieces);
  const places = size > 0 ? [] : placesOf(messages, program.cuts);
  const [, ...words] = name.split('/');
  const lines = [
    `# ${words.join(' ')}`,
    ...needsLines(messages),
    ...(size > 0 ? [`pieces ${size}`] : []),
    ...sendLines(messages, places),
    ...(end?.shutdown === true ? ['shutdown'] : []),
    ...outcomeLines(front, end),
  ];
  const [exchange] = parseExchanges('HTTP-PIPE-1', lines.join('\n'));
  return {
    exchange: { ...exchange!, name },
    messages,
    hasEnd: end !== undefined,
    due: front.reduce((sum, { answer }) => sum + answer.responses.length, 0),
    isCut: size > 0 || places.length > 0,
    isCutInBody: size === 0 && places.every((place) => isInBody(messages, place)),
  };
}

// ── what is sent ────────────────────────────────────────────────────────────────────────────────────────────────

/** A place in a pipeline: how far in which message. */
interface Place {
  readonly message: number;
  readonly at: number;
}

function placesOf(messages: readonly Message[], cuts: readonly Cut[]): Place[] {
  const places = cuts.map(({ message: n, at, atLineEnd }): Place => {
    const message = n % messages.length;
    const { bytes } = messages[message]!;
    const among = atLineEnd ? lineEnds(bytes).filter((place) => place < placesIn(bytes)) : [];
    return { message, at: among.length > 0 ? among[at % among.length]! : at % placesIn(bytes) };
  });
  const sorted = places
    // Nothing stands in front of the beginning.
    .filter(({ message, at }) => message + at > 0)
    .sort((a, b) => a.message - b.message || a.at - b.at);
  return sorted.filter((place, i) => {
    const before = sorted[i - 1];
    return place.message !== before?.message || place.at !== before.at;
  });
}

function isInBody(messages: readonly Message[], { message, at }: Place): boolean {
  const [head] = cutAt(messages[message]!.bytes, [at]);
  return at > 0 && templateLines(head!).some((line) => line === '\\r\\n');
}

function sendLines(messages: readonly Message[], places: readonly Place[]): string[] {
  return messages.flatMap(({ bytes }, message) => {
    const own = places.filter((place) => place.message === message).map(({ at }) => at);
    const pieces = cutAt(bytes, own).map((piece) => templateLines(piece).map((line) => `> ${line}`));
    const isCutBefore = own[0] === 0;
    return pieces.flatMap((piece, i) => (i > 0 || isCutBefore ? ['pause', ...piece] : piece));
  });
}

function needsLines(messages: readonly Message[]): string[] {
  const routes = new Set(messages.flatMap(({ exchange }) => exchange.routes));
  const words = [...routes, ...(messages.some(({ exchange }) => exchange.tellsMissing) ? ['missing'] : [])];
  return words.length === 0 ? [] : [`needs ${words.join(', ')}`];
}

// ── what may come ───────────────────────────────────────────────────────────────────────────────────────────────

const asksForMethod = ([part, ...more]: Template): boolean =>
  more.length === 0 && part?.is === 'text' && part.text === '"method"';

/** Its body is the JSON of `/inspect`, whose members are asked for. */
const reports = ({ conditions }: ResponsePattern): boolean =>
  conditions.some(
    (condition) =>
      condition.is === 'json' ||
      condition.is === 'json-text' ||
      (condition.is === 'body' && condition.how === 'contains' && asksForMethod(condition.text)),
  );

/** The responses of an outcome; none of them reports one of these fields. */
const responsesWithout = (names: readonly string[], { responses }: Outcome): string[] =>
  responses.map((response) => {
    if (!reports(response)) return response.text;
    const lacks = names.map((name) => `; json headers lacks "\\"${name}\\""`);
    return `${response.text.slice(0, -1)}${lacks.join('')}]`;
  });

const outcomeText = (responses: readonly string[], ending: Ending | undefined): string => {
  const text = responses.join(', ');
  if (ending === undefined) return text;
  return text === '' ? ending : `${text} then ${ending}`;
};

/** What is due first, then what is accepted in its place. */
function outcomeLines(front: readonly Link[], end: Message | undefined): string[] {
  const due: string[] = [];
  const accepted: string[] = [];
  const before: string[] = [];
  const seen = new Set<string>();
  /** Fields of the messages so far that this one has not. */
  const strangersTo = ({ names }: Message): string[] =>
    [...seen].filter((name) => !names.has(name) && !OF_THE_CONNECTION.has(name)).sort();
  for (const link of front) {
    const { answer, outcomes } = link;
    const strangers = strangersTo(link);
    for (const outcome of outcomes) {
      if (outcome === answer) continue;
      const ending = goesOn(outcome) ? undefined : outcome.ending;
      accepted.push(`<? ${outcomeText([...before, ...responsesWithout(strangers, outcome)], ending)}`);
    }
    for (const response of responsesWithout(strangers, answer)) {
      before.push(response);
      accepted.push(`<? ${outcomeText(before, 'close')}`);
    }
    for (const name of link.names) seen.add(name);
  }
  if (end === undefined) due.push(`< ${outcomeText(before, 'open')}`);
  else
    for (const outcome of end.outcomes) {
      const responses = [...before, ...responsesWithout(strangersTo(end), outcome)];
      due.push(`${outcome.note ? '<?' : '<'} ${outcomeText(responses, outcome.ending)}`);
    }
  if (end?.shutdown === true) accepted.push('<? close');
  return [...new Set([...due, ...accepted])];
}
