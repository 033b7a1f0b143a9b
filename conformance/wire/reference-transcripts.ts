/** What the reference makes of exchanges that failed elsewhere, to be shown beside. */
import { parseExchanges, type Exchange } from '../../spec/exchange.js';
import type { ExchangeFailure, Failure } from '../../spec/report.js';
import type { Launch } from '../subject/launch.js';
import { calibrate } from './calibrate.js';
import { whyNot } from './exchange-claims.js';
import { ExchangePool } from './exchange-pool.js';
import { ServerProblem } from './servers.js';
import { SubjectServers } from './serving.js';

/** From its text, as it may be none of the suite. */
const exchangeOf = ({ check, clauses, exchange }: ExchangeFailure): Exchange[] =>
  parseExchanges(clauses[0] ?? check, exchange).map((one) => ({ ...one, name: check }));

/** The failures, those of exchanges with the reference's transcript where it can run them. */
export async function withReferenceTranscripts<F extends Failure>(
  launch: Launch | undefined,
  failures: readonly F[],
): Promise<readonly F[]> {
  if (launch === undefined || !failures.some((failure) => 'exchange' in failure)) return failures;
  const servers = new SubjectServers(launch);
  try {
    const { address } = await servers.serve({});
    const base = await calibrate(address);
    const offered = { ...base, takesOptions: servers.takesOptions, canStop: servers.canStop, unclaimed: {} };
    const able = failures
      .flatMap((failure) => ('exchange' in failure ? exchangeOf(failure) : []))
      .filter((exchange) => whyNot(exchange, offered) === undefined);
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
