import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { compileKit, runWithKit } from './kit-process.js';
import { scenarios, wrong } from './wrong.js';

/** ms; generous, because all processors may be busy with other work. */
t.setTimeout(300_000);

/** What the kit may use, whatever the subject sends, MB. */
const LIMIT = 300;

const kit = compileKit(t.testdir());

for (const [file, ...manner] of [
  ['floods-stdout.mjs', 'records'],
  ['floods-stdout.mjs', 'line'],
  ['floods-stderr.mjs'],
  ['long-line.mjs'],
  ['json-bomb.mjs'],
  ['json-bomb.mjs', 'wide'],
] as const) {
  void t.test([file, ...manner].join(' '), async (t) => {
    const { command, args } = wrong(file, 's2', ...manner);
    const child = runWithKit(
      kit,
      `
      const { SubjectPool } = await import(KIT);
      const pool = new SubjectPool(${JSON.stringify({ command, args })}, { jobs: 2 });
      const list = ${JSON.stringify(scenarios(6))};
      const results = await Promise.all(list.map((scenario) => pool.run(scenario)));
      await pool.close();
      const answered = results.filter(({ trace }) => trace).length;
      console.log(JSON.stringify({ answered, peak: process.resourceUsage().maxRSS / 1024 }));
      `,
    );
    const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    const { answered, peak } = JSON.parse(output) as { answered: number; peak: number };
    t.equal(answered, 5);
    t.ok(peak < LIMIT, `${Math.round(peak)} MB`);
  });
}
