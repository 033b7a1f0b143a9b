/** Generated pipelines: any tree is one, no cut changes an answer, and what is wrong in pipelines alone is found and made small. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import fc from 'fast-check';
import t from 'tap';
import { parseExchanges, type Exchange } from '../../../spec/exchange.js';
import { packageRoot } from '../../../spec/package-root.js';
import { templateLines } from '../../../spec/exchange-text.js';
import type { Examination } from '../../examination.js';
import { loadSuite } from '../../suite.js';
import { calibrate, type Calibration } from '../../wire/calibrate.js';
import { whyNot } from '../../wire/exchange-claims.js';
import { ExchangePool, type ExchangeVerdict } from '../../wire/exchange-pool.js';
import { render } from '../../wire/render.js';
import type { Servers } from '../../wire/servers.js';
import { TargetServers } from '../../wire/target.js';
import { draw } from '../campaign.js';
import { cutAt, placesIn } from '../cut.js';
import { examineGenerated } from '../http-campaign.js';
import { goesOn, messageOf, type Message } from '../http-message.js';
import { httpPrograms, type HttpProgram } from '../http-program.js';
import type { Vocabulary } from '../http-vocabulary.js';
import { renderHttp } from '../render-http.js';
import { smallServer, type Fault } from './small-server.js';

// Of a host that is busy with other work, only a hang takes so long.
t.setTimeout(300_000);

const exchanges = loadSuite().exchanges.filter(({ clause }) => clause.startsWith('HTTP-'));
const messages = exchanges.flatMap((exchange) => messageOf(exchange) ?? []);
const VALUES = { host: 'localhost:80', limits: {} };

/** As if a server had answered by the first outcome that leaves the connection open. */
const VOCABULARY: Vocabulary = {
  links: messages.flatMap((message) => {
    const answer = message.shutdown ? undefined : message.outcomes.find(goesOn);
    return answer === undefined ? [] : [{ ...message, answer }];
  }),
  ends: messages.filter(({ outcomes, shutdown }) => shutdown || !outcomes.some(goesOn)),
};

const sent = ({ steps }: Exchange): string =>
  steps.map((step) => (step.do === 'send' ? render(step.bytes, VALUES).toString('latin1') : '')).join('');

const bytesOf = ({ bytes }: Message): string => render(bytes, VALUES).toString('latin1');

void t.test('most of the exchanges that send once are words', (t) => {
  t.ok(VOCABULARY.links.length > 100, `${VOCABULARY.links.length} links`);
  t.ok(VOCABULARY.ends.length > 200, `${VOCABULARY.ends.length} ends`);
  t.end();
});

void t.test('what is written of a template says the same bytes', (t) => {
  for (const { exchange, bytes } of messages) {
    const block = [`# again`, ...templateLines(bytes).map((line) => `> ${line}`), '< any'].join('\n');
    t.equal(
      sent(parseExchanges('X-Y-1', block)[0]!),
      render(bytes, VALUES).toString('latin1'),
      exchange.name,
    );
  }
  t.end();
});

void t.test('cut anywhere, a template keeps its bytes', (t) => {
  const anywhere = fc.record({ message: fc.nat(messages.length - 1), places: fc.array(fc.nat(10_000)) });
  fc.assert(
    fc.property(anywhere, ({ message, places }) => {
      const { bytes } = messages[message]!;
      const sorted = [...new Set(places.map((at) => at % placesIn(bytes)))].sort((a, b) => a - b);
      const pieces = cutAt(bytes, sorted);
      const joined = pieces.map((piece) => render(piece, VALUES).toString('latin1')).join('');
      return joined === bytesOf(messages[message]!);
    }),
  );
  t.end();
});

void t.test('any tree is a pipeline that sends its messages whole, at any size', (t) => {
  for (const scale of [1, 50]) {
    const numRuns = 200;
    fc.assert(
      fc.property(httpPrograms(scale), (program) => {
        const { exchange, messages: own } = renderHttp('generated/http-0-0', program, VOCABULARY);
        return sent(exchange) === own.map(bytesOf).join('') && exchange.text.length < 400_000;
      }),
      { numRuns },
    );
  }
  const nothing: HttpProgram = { requests: [], end: undefined, cuts: [], pieces: 0 };
  t.equal(renderHttp('generated/http-0-0', nothing, VOCABULARY).messages.length, 1);
  t.end();
});

void t.test('the same seed gives the same bytes, another one others', (t) => {
  const texts = (seed: number): string[] =>
    Array.from({ length: 50 }, (_, n) => {
      const program = draw({ trees: httpPrograms() }, seed, n) as HttpProgram;
      return renderHttp(`generated/http-${seed}-${n}`, program, VOCABULARY).exchange.text.replace(/^#.*/, '');
    });
  t.same(texts(7), texts(7));
  t.not(texts(7).filter((text) => texts(8).includes(text)).length, 50);
  t.end();
});

// ── servers ─────────────────────────────────────────────────────────────────────────────────────────────────────

interface Found {
  readonly exchange: Exchange;
  readonly verdict: ExchangeVerdict;
}

/** What a wrong server does not send is waited for often, and it is known that it will not come. */
const timesFor = ({ times, manifest }: Calibration) =>
  manifest?.routes.includes('stream') === true ? times : { ...times, responseMs: 5 * times.quietMs };

/** The exchanges of some clauses, then pipelines of those that passed. */
async function campaign(servers: Servers, runs: number, isWanted: (exchange: Exchange) => boolean) {
  const { address } = await servers.serve({});
  const calibration = await calibrate(address);
  const base = { ...calibration, times: timesFor(calibration) };
  const offered = { ...base, takesOptions: false, canStop: false, unclaimed: {} };
  const able = exchanges.filter((one) => isWanted(one) && whyNot(one, offered) === undefined);
  const { verdicts } = await new ExchangePool(servers, base).run(able);
  const passed = able.filter((exchange) => verdicts.get(exchange)?.is === 'passed');
  const found: Found[] = [];
  const remarks: string[] = [];
  const examination = {
    judgeExchange: (exchange: Exchange, verdict: ExchangeVerdict) => found.push({ exchange, verdict }),
    remark: (clause: string, text: string) => remarks.push(`${clause}: ${text}`),
    failed: (_: unknown, { text }: { text: string }) => remarks.push(text),
  } as unknown as Examination;
  const clauses = new Set(exchanges.map(({ clause }) => clause));
  const result = await examineGenerated(examination, servers, base, passed, clauses, { seed: 1, runs });
  return { result, found, remarks };
}

/** Clauses whose exchanges a server with a body and few fields passes. */
const FEW = /^HTTP-(START-1|FIELD-[12]|HOST-1|LENGTH-[179]|CONN-3|RESPONSE-11)\//;

void t.test('a right server is found right', async (t) => {
  const { result, found, remarks } = await campaign(await smallServer(t), 150, ({ name }) => FEW.test(name));
  t.match(result, { programs: 150, failed: 0, problems: [], partial: false });
  t.same([found, remarks], [[], []]);
});

const WRONG: readonly { fault: Fault; clause: string; requests: number; lines: number }[] = [
  { fault: 'drops half a request line', clause: 'HTTP-START-2', requests: 1, lines: 8 },
  { fault: 'keeps fields', clause: 'HTTP-PIPE-1', requests: 2, lines: 12 },
  { fault: 'loses what is behind a body', clause: 'HTTP-PIPE-1', requests: 2, lines: 13 },
];

for (const { fault, clause, requests, lines } of WRONG)
  void t.test(`a server that ${fault}`, async (t) => {
    const { found, remarks } = await campaign(await smallServer(t, fault), 150, ({ name }) => FEW.test(name));
    const one = found.find(({ exchange }) => exchange.clause === clause);
    t.ok(one, `${clause} is broken`);
    t.ok(remarks.some((text) => text.startsWith(`${clause}: `)));
    const text = one?.exchange.text ?? '';
    t.comment(`\n${text}`);
    t.equal(text.match(/HTTP\/1\.1/g)?.length, requests);
    t.ok(text.split('\n').length <= lines, `${text.split('\n').length} lines`);
  });

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

void t.test('no cut changes what the reference answers', async (t) => {
  const port = await freePort();
  const program = `${packageRoot()}/dist/fixtures/subjects/http/reference.js`;
  const servers = new TargetServers({
    address: { host: '127.0.0.1', port, tls: false, insecure: false },
    url: `http://127.0.0.1:${port}`,
    start: `exec '${process.execPath}' '${program}' ${port}`,
  });
  t.teardown(() => servers.close());
  const { result, found, remarks } = await campaign(servers, 300, () => true);
  t.match(result, { programs: 300, failed: 0, problems: [], partial: false });
  t.same([found.map(({ exchange }) => exchange.text), remarks], [[], []]);
});
