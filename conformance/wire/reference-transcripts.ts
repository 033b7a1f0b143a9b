/** What the reference makes of exchanges that failed elsewhere, to be shown beside. */
import type { ExchangeFailure, Failure } from '../../spec/report.js';
import type { Launch } from '../subject/launch.js';
import { loadSuite } from '../suite.js';
import { calibrate } from './calibrate.js';
import { whyNot } from './exchange-claims.js';
import { ExchangePool } from './exchange-pool.js';
import { ServerProblem } from './servers.js';
import { SubjectServers } from './serving.js';

/** The failures, those of exchanges with the reference's transcript where it can run them. */
export async function withReferenceTranscripts<F extends Failure>(
  launch: Launch | undefined,
  failures: readonly F[],
): Promise<readonly F[]> {
  const names = new Set(failures.flatMap((failure) => ('exchange' in failure ? failure.check : [])));
  if (launch === undefined || names.size === 0) return failures;
  const servers = new SubjectServers(launch);
  try {
    const { address } = await servers.serve({});
    const base = await calibrate(address);
    const offered = { ...base, takesOptions: servers.takesOptions, canStop: servers.canStop, unclaimed: {} };
    const able = loadSuite().exchanges.filter(
      (exchange) => names.has(exchange.name) && whyNot(exchange, offered) === undefined,
    );
    const { verdicts } = await new ExchangePool(servers, base).run(able);
    const transcripts = new Map<string, ExchangeFailure['transcript']>();
    for (const [{ name }, verdict] of verdicts)
      if (verdict.is !== 'error') transcripts.set(name, [...verdict.transcript]);
    return failures.map((failure) => {
      const reference = transcripts.get(failure.check);
      return 'exchange' in failure && reference !== undefined ? { ...failure, reference } : failure;
    });
  } catch (error) {
    // It needs Linux; without it the transcript stands alone.
    if (error instanceof ServerProblem) return failures;
    throw error;
  } finally {
    await servers.close();
  }
}
