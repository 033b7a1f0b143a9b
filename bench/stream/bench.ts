/**
 * `npm run bench -- stream [--cpu] [--kept] [--rounds N] [rates] [curve]`: the reference's stream beside net.Socket and Tornado.
 *
 * Rounds are interleaved, so that what else the machine does meets all alike; medians are shown, and how many times as much the
 * reference does. `--cpu` goes by the CPU time of the process in place of the clock: for a machine that is busy. `--kept` has malloc
 * keep its memory in the rates, too: see {@link KEPT_MEMORY}.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../../spec/package-root.js';
import { PEER_PYTHON } from '../../scripts/peers/environments.js';
import { Contestant, type Job, type Reading } from '../contestant.js';
import { median } from '../statistics.js';
import { table } from '../table.js';
import { BLOCK_BYTES, LINES_A_BLOCK } from './works.js';

/** How long one reading should take, seconds: long enough for the garbage collector to be in it. */
const READING_SECONDS = 0.3;
const ROUNDS = 7;
const MEGABYTE = 1 << 20;

interface Row {
  readonly title: string;
  readonly work: string;
  readonly transport: Job['transport'];
  /** What one of the count is worth in the unit. */
  readonly worth: number;
  readonly unit: string;
  /** The count is a multiple of it. */
  readonly step: number;
}

const MB_A_BLOCK = BLOCK_BYTES / 1e6;
const both = (title: string, row: Omit<Row, 'title' | 'transport'>): Row[] =>
  (['unix', 'tcp'] as const).map((transport) => ({ ...row, transport, title: `${title}, ${transport}` }));

const ROWS: readonly Row[] = [
  ...both('64 KB writes', { work: 'bulk', worth: MB_A_BLOCK, unit: 'MB/s', step: 1 }),
  ...both('lines there and back', { work: 'exchange', worth: 2e-3, unit: 'k/s', step: 1 }),
  ...both('lines, each written by itself', { work: 'lines', worth: 1e-3, unit: 'k/s', step: 1 }),
  ...both('lines, written in blocks', { work: 'flood', worth: 1e-3, unit: 'k/s', step: LINES_A_BLOCK }),
];

/**
 * For the curve: glibc gives memory back to the kernel from 32 MB on (M_MMAP_THRESHOLD, man 3 mallopt), and has to get every page of
 * it anew, which costs as much as all the rest. That is a step in the curve of whatever library; so here it keeps what it has.
 *
 * In the rates it does so after a garbage collection, which frees 32 MB of what a reader was given, if what happens to lie at the end of
 * the heap is free as well (M_TRIM_THRESHOLD). From one process of a library to the next, that is 0.6 to 6 page faults for each
 * 64 KB, and up to 40 % of the time. `--kept` leaves this chance out.
 */
const KEPT_MEMORY = { MALLOC_MMAP_MAX_: '0', MALLOC_TRIM_THRESHOLD_: String(2 ** 33) };

const CURVE_MEGABYTES = [1, 2, 4, 8, 16, 32, 64];

export async function benchStream(words: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      cpu: { type: 'boolean', default: false },
      kept: { type: 'boolean', default: false },
      rounds: { type: 'string', default: String(ROUNDS) },
    },
  });
  const seconds: Seconds = (reading) => (values.cpu ? reading.cpuSeconds : reading.wallSeconds);
  const rounds = Number(values.rounds);
  const wanted = (part: string) => positionals.length === 0 || positionals.includes(part);
  if (!existsSync(PEER_PYTHON)) console.log('Tornado is missing: npm run peers -- ci installs it\n');
  if (wanted('rates'))
    await withContestants(values.kept ? KEPT_MEMORY : {}, (contestants) =>
      rates(contestants, rounds, seconds),
    );
  if (wanted('curve'))
    await withContestants(KEPT_MEMORY, (contestants) => curve(contestants, rounds, seconds));
}

async function withContestants(
  environment: NodeJS.ProcessEnv,
  run: (contestants: readonly Contestant[]) => Promise<void>,
): Promise<void> {
  const root = packageRoot();
  const node = (name: string, file: string) =>
    new Contestant(name, process.execPath, [join(root, 'dist/bench/stream', file)], environment);
  const contestants = [node('reference', 'reference.js'), node('net.Socket', 'net-socket.js')];
  if (existsSync(PEER_PYTHON)) {
    const file = join(root, 'bench/stream/on_tornado.py');
    contestants.push(new Contestant('Tornado', PEER_PYTHON, [file], environment));
  }
  try {
    await run(contestants);
  } finally {
    for (const contestant of contestants) contestant.end();
  }
}

type Seconds = (reading: Reading) => number;

/** How much of each work a second. */
async function rates(contestants: readonly Contestant[], rounds: number, seconds: Seconds): Promise<void> {
  const rows = [['', ...heads(contestants)]];
  for (const { title, work, transport, worth, unit, step } of ROWS) {
    const counts = new Map<Contestant, number>();
    for (const contestant of contestants) {
      // Twice: the first reading warms up.
      let count = step;
      for (let elapsed = 0; elapsed < READING_SECONDS / 2;) {
        elapsed = (await contestant.run({ work, transport, count })).wallSeconds;
        const factor = Math.min(READING_SECONDS / Math.max(elapsed, 1e-6), 16);
        count = Math.max(Math.round((count * factor) / step), 1) * step;
      }
      counts.set(contestant, count);
    }
    const readings = await interleave(contestants, rounds, (contestant) => ({
      work,
      transport,
      count: counts.get(contestant)!,
    }));
    const found = contestants.map((contestant, i) =>
      median(readings[i]!.map((reading) => (counts.get(contestant)! * worth) / seconds(reading))),
    );
    rows.push([
      title,
      ...compared(
        found,
        (value) => `${value.toFixed(0)} ${unit}`,
        (own, other) => own / other,
      ),
    ]);
  }
  console.log(`${table(rows)}\n`);
}

/** How long a message of so many bytes takes, and how that grows. */
async function curve(contestants: readonly Contestant[], rounds: number, seconds: Seconds): Promise<void> {
  const rows = [['readUntil of', ...heads(contestants), ...contestants.map(({ name }) => `${name} grows`)]];
  let before: number[] | undefined;
  for (const megabytes of CURVE_MEGABYTES) {
    const job: Job = { work: 'until', transport: 'unix', count: megabytes * MEGABYTE };
    await interleave(contestants, 1, () => job);
    const readings = await interleave(contestants, rounds, () => job);
    const found = readings.map((own) => median(own.map((reading) => seconds(reading) * 1000)));
    rows.push([
      `${megabytes} MB`,
      ...compared(
        found,
        (value) => `${value.toFixed(1)} ms`,
        (own, other) => other / own,
      ),
      ...found.map((value, i) => (before === undefined ? '' : times(value / before[i]!))),
    ]);
    before = found;
  }
  console.log(table(rows));
}

async function interleave(
  contestants: readonly Contestant[],
  rounds: number,
  job: (contestant: Contestant) => Job,
): Promise<Reading[][]> {
  const readings: Reading[][] = contestants.map(() => []);
  for (let round = 0; round < rounds; round++)
    for (const [i, contestant] of contestants.entries())
      readings[i]!.push(await contestant.run(job(contestant)));
  return readings;
}

function heads([own, ...others]: readonly Contestant[]): string[] {
  return [own!.name, ...others.flatMap(({ name }) => [name, 'ratio'])];
}

/** The values, and behind each but the first how the first compares. */
function compared(
  [own, ...others]: readonly number[],
  show: (value: number) => string,
  ratio: (own: number, other: number) => number,
): string[] {
  return [show(own!), ...others.flatMap((other) => [show(other), times(ratio(own!, other))])];
}

function times(ratio: number): string {
  return `${ratio.toFixed(ratio < 10 ? 2 : 0)}×`;
}
