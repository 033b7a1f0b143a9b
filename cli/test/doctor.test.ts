import { join } from 'node:path';
import t from 'tap';
import { evspec, fixture } from './command.js';

// Of a host that is busy with other work, only a hang takes so long.
t.setTimeout(300_000);

interface Examined {
  readonly sound: boolean;
  readonly findings: readonly { name: string; state: string; text: string }[];
}

const states = (out: string): Map<string, string> =>
  new Map((JSON.parse(out) as Examined).findings.map(({ name, state }) => [name, state]));

void t.test('the adapters of the reference are sound', async (t) => {
  for (const subject of ['reference', 'reference:select', 'reference:run']) {
    const { code, out, err } = await evspec('doctor', '--subject', subject);
    t.equal(code, 0, `${subject}: ${out}${err}`);
    t.match(out, /^✓ errno names /m);
    t.notMatch(out, /^[✗!]/m);
    t.match(out, /The adapter is sound\.\n$/);
  }
});

/** Says hello, and answers every scenario with a trace without records. */
const HOLLOW = `
import { createInterface } from 'node:readline';
const hello = {
  protocol: 1, name: 'hollow', version: '0', language: 'JavaScript', pid: process.pid,
  facets: ['ready', 'tasks', 'timers', 'run'], choices: { 'timers.ties': 'never' }, rounds: 'tasks',
};
for await (const line of createInterface({ input: process.stdin })) {
  const { id, ...request } = JSON.parse(line);
  const reply = request.hello ? { hello } : request.run ? { trace: { fds: {}, records: [] } } : { bye: {} };
  process.stdout.write(JSON.stringify({ id, ...reply }) + '\\n');
  if (request.bye) process.exit(0);
}
`;

void t.test('a hollow one is not', async (t) => {
  const command = ['--', process.execPath, join(t.testdir({ 'hollow.mjs': HOLLOW }), 'hollow.mjs')];
  const { code, out } = await evspec('doctor', '--json', ...command);
  t.equal(code, 3);
  const found = states(out);
  for (const name of [
    'words of hello',
    'clocks and rounds',
    'schedule',
    'bytes',
    'errno names',
    'rendezvous',
  ])
    t.equal(found.get(name), 'broken', name);
  t.equal(found.get('hello'), 'sound');
  t.equal(found.get('log'), 'skipped');
  t.equal(found.get('bye'), 'sound');
  t.equal(found.get('stray output'), process.platform === 'linux' ? 'advice' : 'skipped');
  t.match((await evspec('doctor', ...command)).out, /^✗ bytes .*\n[^]*The adapter is not sound/m);
});

/** A server alone, for which a loop is not asked for. */
const SERVER = (manifest: object) => `
import { createServer } from 'node:http';
const manifest = ${JSON.stringify(JSON.stringify(manifest))};
export default {
  name: 'serves', version: '0', facets: ['http'],
  serve: () => new Promise((resolve) => {
    const server = createServer(({ url }, response) => {
      if (url === '/' || url.startsWith('/slow') || url === '/evspec') response.end(url === '/evspec' ? manifest : url);
      else response.writeHead(404).end();
    });
    const stop = () => new Promise((closed) => server.close(closed));
    server.listen(0, '127.0.0.1', () => resolve({
      host: '127.0.0.1', port: server.address().port, stop, close: () => (server.closeAllConnections(), stop()),
    }));
  }),
};
`;

void t.test('servers', async (t) => {
  const found = async (name: string, text: string): Promise<{ code: number | null; out: string }> =>
    evspec('doctor', '--json', '--subject', join(t.testdir({ [name]: text }), name));
  const sound = await found('sound.mjs', SERVER({ evspec: 1, routes: ['slow'] }));
  t.equal(sound.code, 0, sound.out);
  t.same(
    [...states(sound.out).keys()],
    ['hello', 'words of hello', 'serve', 'manifest', 'routes', 'end', 'stray output', 'bye'],
    'nothing is asked of a loop',
  );
  const manifest = { evspec: 1, routes: ['slow', 'echo'], unclaimed: { speed: 'it is slow' } };
  const strange = states((await found('strange.mjs', SERVER(manifest))).out);
  t.same([strange.get('manifest'), strange.get('routes'), strange.get('end')], ['broken', 'broken', 'sound']);
  const none = states((await found('none.mjs', SERVER({}))).out);
  t.same([none.get('manifest'), none.get('routes')], ['broken', undefined]);
  const failing = SERVER({}).replace(
    /new Promise\(\(resolve\) => \{/,
    '(() => { throw new Error("no"); })((resolve) => {',
  );
  t.equal(states((await found('failing.mjs', failing)).out).get('serve'), 'broken');
});

void t.test('one that never says a valid hello', async (t) => {
  const { code, err } = await evspec(
    'doctor',
    '--',
    process.execPath,
    fixture('wrong-subjects/bad-hello.mjs'),
  );
  t.equal(code, 3);
  t.match(err, /hello is not valid/);
});
