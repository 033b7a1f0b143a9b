/**
 * `npm run bench -- NAME`: measurements of the reference beside its peers, in one run on one machine.
 */
import { benchHttp } from './http/bench.js';
import { benchStream } from './stream/bench.js';

const BENCHES: Readonly<Record<string, (words: readonly string[]) => Promise<void>>> = {
  http: benchHttp,
  stream: benchStream,
};

const [name, ...words] = process.argv.slice(2);
const bench = name === undefined ? undefined : BENCHES[name];
if (bench === undefined) {
  console.error(`bench: name what to measure; there are: ${Object.keys(BENCHES).join(', ')}`);
  process.exitCode = 2;
} else {
  await bench(words);
}
