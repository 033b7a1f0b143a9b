/** Which twin belongs to an exchange, and which clauses need one. */
import t from 'tap';
import { parseExchanges, type Exchange } from '../../../spec/exchange.js';
import type { Manifest, Route } from '../../../spec/server-contract.js';
import type { Offered } from '../exchange-claims.js';
import type { ExchangeVerdict } from '../exchange-pool.js';
import { passedByRefusals, twinOf } from '../twins.js';

const exchange = (clause: string, sends: string): Exchange =>
  parseExchanges(clause, `# one\n> ${sends}\n< 400`)[0]!;

const manifest = (routes: Route[]): Manifest => ({
  evspec: 1,
  routes,
  limits: {},
  unclaimed: {},
  choices: {},
});
const offered = (routes?: Route[]): Offered => ({
  manifest: routes === undefined ? undefined : manifest(routes),
  noManifest: 'there is none',
  known: { host: 't:80', limits: {}, ok: 200, missing: 404 },
  takesOptions: false,
  canStop: false,
  unclaimed: {},
});

void t.test('the nearest twin that the server offers', (t) => {
  const titleOf = (sends: string, routes?: Route[]) =>
    twinOf(exchange('X-Y-1', sends), offered(routes)).title;
  const chunked = 'POST /echo HTTP/1.1\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n';
  const sized = 'POST /echo HTTP/1.1\\r\\ncontent-length: +5\\r\\n\\r\\n';
  t.equal(titleOf('G(T / HTTP/1.1\\r\\n\\r\\n', ['echo']), 'a plain request');
  t.equal(titleOf(sized, ['echo']), 'a body with a length');
  t.equal(titleOf(chunked, ['echo']), 'a body in chunks');
  t.equal(titleOf(chunked, ['slow']), 'a plain request');
  t.equal(titleOf(chunked), 'a plain request');
  t.end();
});

void t.test('a clause that was passed by refusals alone needs one', (t) => {
  const passed = (isServed: boolean): ExchangeVerdict => ({
    is: 'passed',
    isServed,
    labels: [],
    notes: [],
    transcript: [],
  });
  const failed: ExchangeVerdict = {
    is: 'failed',
    text: '',
    expected: [],
    taken: 0,
    timed: false,
    transcript: [],
  };
  const verdicts = new Map<Exchange, ExchangeVerdict>([
    [exchange('X-Y-1', 'a'), passed(false)],
    [exchange('X-Y-1', 'b'), passed(false)],
    [exchange('X-Y-2', 'a'), passed(false)],
    [exchange('X-Y-2', 'b'), passed(true)],
    [exchange('X-Y-3', 'a'), failed],
    [exchange('X-Y-3', 'b'), passed(false)],
  ]);
  t.same([...passedByRefusals(verdicts).keys()], ['X-Y-1']);
  t.end();
});
