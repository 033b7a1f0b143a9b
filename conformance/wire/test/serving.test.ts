/** Servers of a subject that speaks the protocol: started, ended, broken, and lied about. */
import { join } from 'node:path';
import t from 'tap';
import { parseExchanges } from '../../../spec/exchange.js';
import { packageRoot } from '../../../spec/package-root.js';
import { marked } from '../../subject/offspring.js';
import { calibrate } from '../calibrate.js';
import { whyNot } from '../exchange-claims.js';
import { ExchangePool } from '../exchange-pool.js';
import { SubjectServers } from '../serving.js';

t.setTimeout(300_000);

const subject = (...args: string[]) => ({
  command: process.execPath,
  args: [join(packageRoot(), 'fixtures/wrong-subjects/serves.mjs'), ...args],
});

const exchangeOf = (title: string, ...lines: string[]) =>
  parseExchanges('HTTP-X-1', [`# ${title}`, ...lines].join('\n'))[0]!;
const GET = (path: string): string => `> GET ${path} HTTP/1.1\\r\\nHost: {host}\\r\\n\\r\\n`;
const PLAIN = exchangeOf('plain', GET('/'), '< ok then open');
const BREAK = exchangeOf('break', GET('/break'), '< 404 then open');
const SHORT = exchangeOf(
  'short',
  'with idleTimeoutMs=300',
  GET('/'),
  '< ok',
  'pause',
  '< close within idleTimeoutMs',
);
const STOPPED = exchangeOf(
  'stopped',
  'needs slow',
  GET('/slow?ms=100'),
  'pause',
  'stop',
  '< 200 [body "slow"]',
);
const PROXY = exchangeOf('proxy', 'with xheaders=true', GET('/'), '< ok');
const FORM = exchangeOf('form', 'needs form', GET('/form'), '< ok');

async function run(servers: SubjectServers, exchanges: readonly (typeof PLAIN)[]) {
  const { address } = await servers.serve({});
  const base = await calibrate(address);
  const fast = { ...base, times: { ...base.times, aliveMs: 1500 } };
  const { verdicts, problems } = await new ExchangePool(servers, fast).run(exchanges);
  const said = exchanges.map((exchange) => {
    const verdict = verdicts.get(exchange)!;
    return verdict.is === 'passed' ? 'passed' : `${verdict.is}: ${verdict.text}`;
  });
  return { said, problems };
}

void t.test('servers with options, and of its own for who is to be ended', async (t) => {
  const servers = new SubjectServers(subject());
  const { said, problems } = await run(servers, [PLAIN, BREAK, SHORT, STOPPED]);
  t.same(said, ['passed', 'passed', 'passed', 'passed']);
  t.same(problems, []);
  t.same(await servers.close(), [], 'it leaves when it is told to');
});

for (const [how, condition] of [
  ['hangs', /^failed: after it, the server answered nobody \(its process is alive, but silent\)/],
  ['dies', /^failed: after it, the server answered nobody \(its process ended with exit code 7\)/],
] as const)
  void t.test(`a process that ${how}`, async (t) => {
    const servers = new SubjectServers(subject(how));
    const { said, problems } = await run(servers, [PLAIN, BREAK, SHORT]);
    t.equal(said[0], 'passed');
    t.match(said[1], condition);
    t.equal(said[2], 'passed');
    t.same(problems, []);
    t.same(await servers.close(), []);
  });

void t.test('what goes wrong before anything is asked is a problem, in words', async (t) => {
  for (const [how, kind, text] of [
    ['refuses', 'host-error', /could not serve: no servers today/],
    ['silent', 'silent', /did not answer within/],
    ['lies', 'no-answer', /does not answer GET \/: there is no connection/],
  ] as const) {
    const servers = new SubjectServers(subject(how));
    await t.rejects(run(servers, [PLAIN]), { kind, message: text }, how);
    await servers.close();
  }
  const none = new SubjectServers({ command: 'no-such-command', args: [] });
  await t.rejects(none.serve({}), { message: /could not be started: no-such-command/ });
  await none.close();
  const loops = new SubjectServers({
    command: process.execPath,
    args: [join(packageRoot(), 'fixtures/wrong-subjects/honest.mjs')],
  });
  await t.rejects(loops.serve({}), { message: /claims neither http nor server/ });
  await loops.close();
  t.same(marked(''), [], 'no process is left');
});

void t.test('what a server does not offer is not asked of it', async (t) => {
  const servers = new SubjectServers(subject());
  const { address } = await servers.serve({});
  const base = await calibrate(address);
  const offered = { ...base, takesOptions: true, canStop: true, unclaimed: {} };
  t.equal(whyNot(PLAIN, offered), undefined);
  t.equal(whyNot(SHORT, offered), undefined);
  t.equal(whyNot(PROXY, offered), 'xheaders: it knows no proxies');
  t.match(whyNot(FORM, offered), /no route 'form'/);
  const fixed = { ...offered, takesOptions: false, canStop: false };
  t.equal(whyNot(SHORT, fixed), undefined, 'it is taken at its word');
  t.match(whyNot(STOPPED, fixed), /can not tell this server to end/);
  const bare = { ...fixed, manifest: undefined, noManifest: 'there is no application' };
  t.equal(whyNot(FORM, bare), 'there is no application');
  t.equal(whyNot(SHORT, bare), 'the server declares no idleTimeoutMs');
  const long = exchangeOf('long', '> {headTimeoutMs}', '< close within headTimeoutMs');
  t.match(whyNot(long, offered), /headTimeoutMs is 60 s: more than 10 s are not waited for/);
  const inTurns = exchangeOf('in turns', 'needs missing', GET('/'), GET('/nx'), '< ok, missing then open');
  const both = exchangeOf('both', GET('/'), GET('/nx'), '< ok, missing then open');
  t.equal(base.known.missing, 404);
  const knowing = (missing: number | undefined) => ({ ...offered, known: { ...base.known, missing } });
  for (const exchange of [inTurns, both]) {
    t.equal(whyNot(exchange, offered), undefined);
    t.match(whyNot(exchange, knowing(undefined)), /does not answer GET \/nx, or not always by the same/);
  }
  t.match(whyNot(inTurns, knowing(200)), /answers GET \/nx as it answers GET \/, by 200/);
  t.equal(whyNot(both, knowing(200)), undefined, 'how many answers there are shows all the same');
  await servers.close();
});
