/**
 * `npm run bench -- http [--cpu] [--rounds N] [--seconds N] [NAME…]`: the reference's server beside others, 'Hello, World!' on `/`.
 *
 *     plain       64 connections, each sends a request when it has the answer to the last: what the server does at best
 *     pipelined   the same with 16 requests at once
 *     CPU         64 connections that send 1000 requests a second together: what one costs a server that has time
 *
 * The server has one core, and wrk another. Rounds are interleaved, so that what else the machine does meets all alike; medians are shown,
 * and how many times as good the first row is. `--cpu` goes by the CPU time of the server in place of the clock: for a machine that is
 * busy.
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { HTTP_PEERS, HTTP_REFERENCE, whyMissing } from '../../fixtures/subjects/http/peers.js';
import { start, type Running } from '../../fixtures/subjects/http/start.js';
import { median } from '../statistics.js';
import { table } from '../table.js';
import { cpuSeconds } from './cpu.js';
import { wrk, type Load } from './wrk.js';

const ROUNDS = 5;
const SECONDS = 2;
const CONNECTIONS = 64;
const REQUESTS_A_SECOND = 1000;

interface Reading {
  readonly requests: number;
  /** By the clock, or by the server's. */
  readonly seconds: number;
  readonly cpuSeconds: number;
}

interface Row {
  readonly title: string;
  readonly load: Load;
  readonly unit: string;
  /** @returns what is shown of a reading */
  value(reading: Reading): number;
  readonly less: 'better' | 'worse';
}

const rate = ({ requests, seconds }: Reading): number => requests / seconds;

const ROWS: readonly Row[] = [
  {
    title: 'plain',
    load: { connections: CONNECTIONS, depth: 1, delayMs: 0 },
    unit: '/s',
    value: rate,
    less: 'worse',
  },
  {
    title: 'pipelined',
    load: { connections: CONNECTIONS, depth: 16, delayMs: 0 },
    unit: '/s',
    value: rate,
    less: 'worse',
  },
  {
    title: 'CPU',
    load: { connections: CONNECTIONS, depth: 1, delayMs: (CONNECTIONS / REQUESTS_A_SECOND) * 1000 },
    unit: ' µs',
    value: ({ requests, cpuSeconds }) => (cpuSeconds / requests) * 1e6,
    less: 'better',
  },
];

/** Of Tornado the current release is enough. */
const LEFT_OUT = ['Tornado 6.2'];

interface Contestant {
  readonly name: string;
  readonly command: readonly string[];
}

export async function benchHttp(words: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      cpu: { type: 'boolean', default: false },
      rounds: { type: 'string', default: String(ROUNDS) },
      seconds: { type: 'string', default: String(SECONDS) },
    },
  });
  if (spawnSync('wrk', ['--version']).error !== undefined) {
    console.error('bench: wrk is missing; Debian has it: apt-get install wrk');
    process.exitCode = 1;
    return;
  }
  const contestants = present().filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const running: Running[] = [];
  try {
    // One processor, for the runtimes that would start a thread for each.
    for (const { command } of contestants)
      running.push(await start([...pinned(0), ...command], { GOMAXPROCS: '1' }));
    await measure(contestants, running, {
      cpu: values.cpu,
      rounds: Number(values.rounds),
      seconds: Number(values.seconds),
    });
  } finally {
    await Promise.all(running.map((server) => server.end()));
  }
}

function present(): Contestant[] {
  const peers = [HTTP_REFERENCE, ...HTTP_PEERS].filter(({ name }) => !LEFT_OUT.includes(name));
  return peers.filter((peer) => {
    const why = whyMissing(peer);
    if (why !== undefined) console.log(why);
    return why === undefined;
  });
}

const canPin = availableParallelism() > 1 && spawnSync('taskset', ['--version']).error === undefined;
if (!canPin) console.log('taskset or a second core is missing: server and load are not kept apart');

function pinned(core: number): readonly string[] {
  return canPin ? ['taskset', '--cpu-list', String(core)] : [];
}

async function measure(
  contestants: readonly Contestant[],
  running: readonly Running[],
  { cpu, rounds, seconds }: { readonly cpu: boolean; readonly rounds: number; readonly seconds: number },
): Promise<void> {
  const columns: string[][] = [];
  for (const row of ROWS) {
    const readings: number[][] = contestants.map(() => []);
    // The first round warms up.
    for (let round = 0; round <= rounds; round++) {
      for (const [i, { port, pid }] of running.entries()) {
        const before = cpuSeconds(pid);
        const loaded = await wrk(port, row.load, seconds, pinned(1));
        const used = cpuSeconds(pid) - before;
        const reading = { ...loaded, cpuSeconds: used, ...(cpu ? { seconds: used } : {}) };
        if (round > 0) readings[i]!.push(row.value(reading));
      }
    }
    const found = readings.map(median);
    columns.push(
      [row.title, ...found.map((value) => `${value.toFixed(0)}${row.unit}`)],
      [
        'ratio',
        ...found.map((value) => times(row.less === 'better' ? value / found[0]! : found[0]! / value)),
      ],
    );
  }
  const names = ['', ...contestants.map(({ name }) => name)];
  console.log(table(names.map((name, i) => [name, ...columns.map((column) => column[i]!)])));
}

function times(ratio: number): string {
  return `${ratio.toFixed(ratio < 10 ? 2 : 0)}×`;
}
