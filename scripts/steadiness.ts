/**
 * Judges subjects again and again while other processes keep the cores busy, and says what was not the same each time.
 * `npm run steadiness -- [--runs N] [--busy N] [--profile LIST] [SUBJECT…]`
 *
 * With `--profile stream` net.Socket is one of the subjects. With `--profile http` a subject may be one of the servers of fixtures/subjects/http/peers.ts, by its name; if none is named it is all of
 * them that are installed.
 *
 * A verdict that depends on how busy the host is would say nothing about the loop. So a difference is a bug of the kit, and so is
 * a problem that only some runs have: the exit code is 1 then, and 2 for wrong usage.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { UsageError } from '../cli/errors.js';
import { positive, selectionOf } from '../cli/options.js';
import { chooseSubject, SUBJECT_NAMES } from '../cli/subjects.js';
import {
  loadSuite,
  runConformance,
  select,
  SelectionError,
  type Report,
  type Selection,
} from '../conformance/index.js';
import { HTTP_PEERS, whyMissing } from '../fixtures/subjects/http/peers.js';
import { withBusyCores } from './steadiness/busy.js';
import { differences } from './steadiness/differences.js';
import { judgeHttpPeer } from './steadiness/http-peer.js';

const EVERY_SUBJECT = [
  ...SUBJECT_NAMES,
  'fixtures/subjects/tornado.py',
  'fixtures/subjects/stdlib_asyncio.py',
  'uvloop:new_event_loop',
];
/** Has no streams. */
const LOOP_ONLY = 'fixtures/subjects/contrarian/index.ts';
/** Is here for its streams: judged where nothing else is asked for. */
const STREAMS_ONLY = 'fixtures/subjects/node-net.ts';

interface Judged {
  readonly label: string;
  readonly judge: () => Promise<Report>;
}

/** As for `evspec run`, but that `MODULE:FACTORY` needs no option. @throws UsageError */
function subjectOf(word: string, selection: Selection): Judged {
  const peer = isHttpAlone(selection) ? HTTP_PEERS.find(({ name }) => name === word) : undefined;
  if (peer !== undefined) {
    const why = whyMissing(peer);
    if (why !== undefined) throw new UsageError(why);
    return { label: word, judge: () => judgeHttpPeer(peer, selection) };
  }
  const { label, launch } = chooseSubject(
    word.includes(':') && !SUBJECT_NAMES.includes(word) ? { asyncio: word } : { subject: word },
  );
  const options = {
    ...selection,
    launch,
    reference: undefined,
    strict: false,
    jobs: availableParallelism(),
  };
  return { label, judge: () => runConformance(options) };
}

const isHttpAlone = ({ profiles }: Selection): boolean => profiles.every((profile) => profile === 'http');

/** Those that nobody has named; a server that isn't here is told. */
function everySubject(selection: Selection): readonly string[] {
  if (selection.profiles.every((profile) => profile === 'stream')) return [...EVERY_SUBJECT, STREAMS_ONLY];
  if (!isHttpAlone(selection)) return [...EVERY_SUBJECT, LOOP_ONLY];
  return HTTP_PEERS.flatMap((peer) => {
    const why = whyMissing(peer);
    if (why !== undefined) console.log(`${why}: left out`);
    return why === undefined ? [peer.name] : [];
  });
}

/** @throws UsageError, SelectionError */
function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      runs: { type: 'string', default: '10' },
      busy: { type: 'string', default: String(availableParallelism()) },
      profile: { type: 'string' },
    },
  });
  const selection = selectionOf(values.profile === undefined ? {} : { profile: values.profile });
  select(loadSuite(), selection);
  const words = positionals.length > 0 ? positionals : everySubject(selection);
  return {
    runs: positive('--runs', values.runs),
    busy: values.busy === '0' ? 0 : positive('--busy', values.busy),
    subjects: words.map((word) => subjectOf(word, selection)),
  };
}

const summaryOf = ({ summary, durationMs }: Report): string =>
  `${Object.entries(summary)
    .filter(([, count]) => count > 0)
    .map(([verdict, count]) => `${count} ${verdict}`)
    .join(', ')} in ${(durationMs / 1000).toFixed(1)} s`;

/** @returns whether all runs came to the same */
async function isSteady({ label, judge }: Judged, runs: number): Promise<boolean> {
  const reports: Report[] = [];
  for (let nth = 1; nth <= runs; nth++) {
    const report = await judge();
    reports.push(report);
    console.log(`${label}: run ${nth} of ${runs}: ${summaryOf(report)}`);
  }
  const found = differences(reports);
  for (const difference of found) console.log(`${label}: ${difference}`);
  console.log(`${label}: ${found.length === 0 ? 'steady' : 'NOT STEADY'}`);
  return found.length === 0;
}

async function main(): Promise<number> {
  const { runs, busy, subjects } = readArguments();
  console.log(`${runs} runs a subject, while ${busy} other processes never rest`);
  return withBusyCores(busy, async () => {
    let steady = true;
    for (const subject of subjects) steady = (await isSteady(subject, runs)) && steady;
    return steady ? 0 : 1;
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  const isUsage =
    error instanceof UsageError ||
    error instanceof SelectionError ||
    (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));
  if (!isUsage) throw error;
  console.error(`steadiness: ${error.message}`);
  process.exitCode = 2;
}
