import t from 'tap';
import { evspec, fixture } from './command.js';

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

void t.test('one that makes nothing but up is not', async (t) => {
  const command = ['--', process.execPath, fixture('wrong-subjects/honest.mjs')];
  const { code, out } = await evspec('doctor', '--json', ...command);
  t.equal(code, 3);
  const found = states(out);
  t.equal(found.get('hello'), 'sound');
  t.equal(found.get('bytes'), 'broken');
  t.equal(found.get('stray output'), process.platform === 'linux' ? 'advice' : 'skipped');
  t.match((await evspec('doctor', ...command)).out, /^✗ bytes .*\n[^]*The adapter is not sound/m);
});

void t.test('one that lies about its rounds is found out', async (t) => {
  const lies = fixture('wrong-subjects/lies-about-rounds.mjs');
  const { code, out } = await evspec('doctor', '--json', '--', process.execPath, lies);
  t.equal(code, 3);
  t.equal(states(out).get('clocks and rounds'), 'broken');
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
