/**
 * Judges subjects again and again while other processes keep the cores busy, and says what was not the same each time.
 * `npm run steadiness -- [--runs N] [--busy N] [--profile LIST] [SUBJECT…]`
 *
 * A verdict that depends on how busy the host is would say nothing about the loop. So a difference is a bug of the kit, and so is
 * a problem that only some runs have: the exit code is 1 then, and 2 for wrong usage.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { UsageError } from '../cli/errors.js';
import { positive, selectionOf } from '../cli/options.js';
import { chooseSubject, SUBJECT_NAMES, type Subject } from '../cli/subjects.js';
import { loadSuite, runConformance, select, SelectionError, type Report } from '../conformance/index.js';
import { withBusyCores } from './steadiness/busy.js';
import { differences } from './steadiness/differences.js';

const EVERY_SUBJECT = [
  ...SUBJECT_NAMES,
  'fixtures/subjects/tornado.py',
  'fixtures/subjects/stdlib_asyncio.py',
  'uvloop:new_event_loop',
];

/** As for `evspec run`, but that `MODULE:FACTORY` needs no option. @throws UsageError */
const subjectOf = (word: string): Subject =>
  chooseSubject(word.includes(':') && !SUBJECT_NAMES.includes(word) ? { asyncio: word } : { subject: word });

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
  return {
    selection,
    runs: positive('--runs', values.runs),
    busy: values.busy === '0' ? 0 : positive('--busy', values.busy),
    subjects: (positionals.length > 0 ? positionals : EVERY_SUBJECT).map(subjectOf),
  };
}

const summaryOf = ({ summary, durationMs }: Report): string =>
  `${Object.entries(summary)
    .filter(([, count]) => count > 0)
    .map(([verdict, count]) => `${count} ${verdict}`)
    .join(', ')} in ${(durationMs / 1000).toFixed(1)} s`;

/** @returns whether all runs came to the same */
async function isSteady(subject: Subject, { runs, selection }: ReturnType<typeof readArguments>) {
  const reports: Report[] = [];
  for (let nth = 1; nth <= runs; nth++) {
    const report = await runConformance({
      ...selection,
      launch: subject.launch,
      reference: undefined,
      strict: false,
      jobs: availableParallelism(),
    });
    reports.push(report);
    console.log(`${subject.label}: run ${nth} of ${runs}: ${summaryOf(report)}`);
  }
  const found = differences(reports);
  for (const difference of found) console.log(`${subject.label}: ${difference}`);
  console.log(`${subject.label}: ${found.length === 0 ? 'steady' : 'NOT STEADY'}`);
  return found.length === 0;
}

async function main(): Promise<number> {
  const wanted = readArguments();
  console.log(`${wanted.runs} runs a subject, while ${wanted.busy} other processes never rest`);
  return withBusyCores(wanted.busy, async () => {
    let steady = true;
    for (const subject of wanted.subjects) steady = (await isSteady(subject, wanted)) && steady;
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
