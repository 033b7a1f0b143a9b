/**
 * Judges a server by its address alone: the profile `http`.
 *
 * What a subject says in its hello is here what the manifest of the application says, and where there is none, next to nothing.
 */
import { PROTOCOL_VERSION, type Hello } from '../spec/protocol.js';
import type { Report } from '../spec/report.js';
import { Examination } from './examination.js';
import type { CampaignOptions } from './generated/campaign.js';
import { examineGenerated, pipelinesOf } from './generated/http-campaign.js';
import { assembleReport } from './report/assemble.js';
import type { Launch } from './subject/launch.js';
import { excerpt } from './subject/visible.js';
import { loadSuite, select, type Selection } from './suite.js';
import { calibrate, type Calibration } from './wire/calibrate.js';
import { examineExchanges, rounded } from './wire/examine.js';
import { withReferenceTranscripts } from './wire/reference-transcripts.js';
import { TargetServers, type Target } from './wire/target.js';

export interface TargetOptions extends Selection {
  readonly target: Target;
  /** A SHOULD gates like a MUST. */
  readonly strict: boolean;
  /** Runs failed exchanges again for comparison; failures are shown without it if it can't start, or serves nothing. */
  readonly reference: Launch | undefined;
  /** Pipelines that nobody wrote, behind the exchanges; undefined: none. */
  readonly generated?: CampaignOptions | undefined;
  /** Called as exchanges are judged. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Names longer than this are cut. */
const NAME = 100;

/** A server that says nothing of itself has its address for a name. */
function helloOf({ manifest, server }: Calibration, { url }: Target): Hello {
  const [name = '', version = ''] = (server ?? '').split('/', 2);
  return {
    protocol: PROTOCOL_VERSION,
    name: excerpt(manifest?.name ?? (name === '' ? url : name), NAME),
    version: excerpt(manifest?.version ?? version, NAME),
    language: '',
    pid: 0,
    facets: ['http'],
    unclaimed: { ...manifest?.unclaimed },
    choices: { ...manifest?.choices },
    limits: {},
    rounds: 'adapter',
    loop: 'created',
  };
}

/**
 * @throws SelectionError if the selection names nothing
 * @throws ServerProblem if there is no server to judge
 */
export async function runTarget(options: TargetOptions): Promise<Report> {
  const startedAt = new Date();
  const suite = loadSuite();
  const selected = select(suite, options);
  const servers = new TargetServers(options.target);
  try {
    const { address } = await servers.serve();
    const base = await calibrate(address);
    const hello = helloOf(base, options.target);
    const examination = new Examination(suite, hello, {});
    const examined = await examineExchanges(
      examination,
      servers,
      base,
      selected.exchanges,
      {},
      options.onProgress,
    );
    const ids = new Set(selected.clauses.map(({ id }) => id));
    const campaign =
      options.generated?.provisional !== true || examined.partial
        ? undefined
        : await examineGenerated(examination, servers, base, examined.passed, ids, options.generated);
    const problems = [...examined.problems, ...(campaign?.problems ?? [])];
    const partial = examined.partial || campaign?.partial === true;
    const findings = examination.finish(selected);
    const failures = await withReferenceTranscripts(options.reference, findings.failures);
    const report = assembleReport({
      startedAt,
      suite: suite.digest,
      selection: { ...options, partial: selected.partial || partial },
      hello,
      measured: { latencyMs: rounded(base.times.latencyMs) },
      ...findings,
      failures,
      generated: pipelinesOf(campaign, options.generated),
      problems: [...examination.problems, ...problems],
      strict: options.strict,
    });
    return { ...report, subject: { ...report.subject, rounds: '', limits: { ...base.known.limits } } };
  } finally {
    await servers.close();
  }
}
