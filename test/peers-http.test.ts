/**
 * The HTTP servers of docs/peers.md against the servers themselves: its tables hold what a run says, and its bytes are answered as it shows.
 *
 * A block of the language `http` names servers. Of its lines
 *
 *     > text       is sent, as spec/exchanges.md writes bytes
 *     < text       is the next thing that comes, or stands further behind
 *     (end)        the server ends the connection, and sends no further response
 *     (silence)    nothing more comes
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { Report } from '../conformance/index.js';
import { HTTP_PEERS, whyMissing, type HttpPeer } from '../fixtures/subjects/http/peers.js';
import { start, type Running } from '../fixtures/subjects/http/start.js';
import { judgeHttpPeer } from '../scripts/steadiness/http-peer.js';
import { packageRoot } from '../spec/package-root.js';
import { tableRows } from './markdown.js';

t.setTimeout(600_000);

const PAGE = 'docs/peers.md';
const page = readFileSync(join(packageRoot(), PAGE), 'utf8');
const rows = tableRows(PAGE);

const whyNot = (peer: HttpPeer): string | false => {
  const inCi = peer.inTests && process.env['CI'] === 'true';
  return inCi ? false : (whyMissing(peer) ?? false);
};

// Verdicts

/** Its server is killed and started again; that is a matter of a minute. */
const SLOW = ['Tornado 6.2'];

const idsOf = ({ clauses }: Report, level: string, verdict: string): string[] =>
  clauses
    .filter((clause) => clause.level === level && clause.verdict === verdict)
    .map(({ id }) => id.replace('HTTP-', ''));

const listed = (cell: string): string[] => cell.split(', ').filter((id) => id !== '');

for (const peer of HTTP_PEERS) {
  const skip = SLOW.includes(peer.name) && process.env['EVSPEC_SLOW'] !== '1' && 'EVSPEC_SLOW=1 judges it';
  t.test(`${peer.name}: the tables say what a run says`, { skip: skip || whyNot(peer) }, async (t) => {
    const report = await judgeHttpPeer(peer, { profiles: ['http'], only: [], skip: [] });
    const [, release, pass, must, should, unclaimed] = rows.find(
      ([name, , count]) => name === peer.name && /^\d/.test(count!),
    )!;
    const { version } = report.subject;
    // Other releases do other things.
    if (version !== release) return void t.pass(`the page is about ${release!}, and here is ${version}`);
    t.same(report.problems, [], 'no error');
    t.equal(report.summary.unexercised, 0, 'nothing unexercised');
    t.same(idsOf(report, 'MUST', 'fail'), listed(must!));
    t.same(idsOf(report, 'SHOULD', 'fail'), listed(should!));
    t.same([report.summary.pass, report.summary.unclaimed], [Number(pass), Number(unclaimed)]);

    const column = HTTP_PEERS.indexOf(peer) + 1;
    for (const { key, value } of report.choices)
      t.equal(rows.find(([name]) => name === `\`${key}\``)?.[column], value ?? '–', key);
  });
}

// Bytes

/** Text as spec/exchanges.md writes it, as far as the page needs it. */
const bytesOf = (text: string, port: number): Buffer =>
  Buffer.from(
    text
      .replaceAll('{host}', `127.0.0.1:${port}`)
      .replace(/\{(.+?)\*(\d+)\}/g, (_, part: string, times: string) => part.repeat(Number(times)))
      .replace(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex: string | undefined, letter: string) =>
        hex === undefined
          ? ({ r: '\r', n: '\n', t: '\t', 0: '\0' }[letter] ?? letter)
          : String.fromCharCode(parseInt(hex, 16)),
      ),
    'latin1',
  );

const QUIET_MS = 400;
/** Only a server that doesn't do what the page says is waited for so long. */
const MOST_MS = 10_000;

async function says(t: Test, { port }: Running, lines: readonly string[]): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  t.teardown(() => socket.destroy());
  await once(socket, 'connect');
  let text = '';
  let isOver = false;
  socket.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')));
  socket.on('end', () => (isOver = true)).on('error', () => (isOver = true));
  /** Behind what was shown already. */
  let at = 0;
  const until = async (isSo: () => boolean): Promise<boolean> => {
    for (const begin = performance.now(); !isSo(); await sleep(5))
      if (isOver || performance.now() - begin > MOST_MS) return isSo();
    return true;
  };
  for (const [index, line] of lines.entries()) {
    if (line.startsWith('> ')) {
      const isFirst = !lines[index - 1]?.startsWith('> ');
      if (!isFirst) continue;
      const rest = lines.slice(index);
      const end = rest.findIndex((one) => !one.startsWith('> '));
      socket.write(bytesOf((end < 0 ? rest : rest.slice(0, end)).map((one) => one.slice(2)).join(''), port));
    } else if (line.startsWith('< ')) {
      const due = bytesOf(line.slice(2), port).toString('latin1');
      t.ok(await until(() => text.includes(due, at)), `${line}: ${JSON.stringify(text.slice(at, at + 200))}`);
      at = Math.max(at, text.indexOf(due, at)) + due.length;
    } else if (line === '(end)') {
      t.ok(await until(() => isOver), 'it ends the connection');
      t.notMatch(text.slice(at), /HTTP\/1\.\d \d/, 'no further response');
    } else if (line === '(silence)') {
      await sleep(QUIET_MS);
      t.equal(text.slice(at), '', 'nothing more');
    } else t.fail(`no line: ${line}`);
  }
}

const blocks = [...page.matchAll(/^```http (.+)\n([^]*?)^```$/gm)].map(([, names, text]) => ({
  names: names!.split(', '),
  lines: text!.trimEnd().split('\n'),
}));

t.test('blocks name servers', (t) => {
  const known = HTTP_PEERS.map(({ name }) => name);
  t.same(
    blocks.flatMap(({ names }) => names.filter((name) => !known.includes(name))),
    [],
  );
  t.ok(blocks.length > 10);
  t.end();
});

for (const peer of HTTP_PEERS)
  t.test(`${peer.name}: answers the bytes of the page as it shows`, { skip: whyNot(peer) }, async (t) => {
    const server = await start(peer.command);
    t.teardown(() => server.end());
    for (const { names, lines } of blocks)
      if (names.includes(peer.name)) await t.test(lines[0]!, (t) => says(t, server, lines));
  });
