/**
 * Valid twins: to refuse is no merit in a server that refuses everything.
 *
 * Many clauses are about what has to be refused, and whoever answers everything by 400, or closes every connection, does what they ask. So
 * such a pass counts only from a server that serves the same thing where it is right: a plain request, a body with a length, a body in
 * chunks. Where none of the exchanges of a clause was answered by anything but a refusal, its twin is tried; if that is refused as well, the
 * clause has not been exercised. It is no failure: what is wrong with the twin is another clause's business.
 */
import { parseExchanges, type Exchange } from '../../spec/exchange.js';
import { whyNot, type Offered } from './exchange-claims.js';
import type { ExchangeVerdict } from './exchange-pool.js';

const twin = (block: string): Exchange => parseExchanges('valid-twin', block)[0]!;

const PLAIN = twin(String.raw`# a plain request
> GET / HTTP/1.1\r\nHost: {host}\r\n\r\n
< answered`);
const SIZED = twin(String.raw`# a body with a length
needs echo
> POST /echo HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\n\r\nhello
< 200 [body "hello"]`);
const CHUNKED = twin(String.raw`# a body in chunks
needs echo
> POST /echo HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n
< 200 [body "hello"]`);

/** What is nearest to an exchange, of what the server offers. */
export function twinOf({ text }: Exchange, offered: Offered): Exchange {
  const nearest = /Transfer-Encoding/i.test(text) ? CHUNKED : /Content-Length/i.test(text) ? SIZED : PLAIN;
  return whyNot(nearest, offered) === undefined ? nearest : PLAIN;
}

/** Clauses that were passed by refusals alone, each with an exchange of its own. */
export function passedByRefusals(verdicts: ReadonlyMap<Exchange, ExchangeVerdict>): Map<string, Exchange> {
  const clauses = new Map<string, Exchange>();
  const others = new Set<string>();
  for (const [exchange, verdict] of verdicts)
    if (verdict.is === 'passed' && !verdict.isServed) clauses.set(exchange.clause, exchange);
    else others.add(exchange.clause);
  for (const clause of others) clauses.delete(clause);
  return clauses;
}
