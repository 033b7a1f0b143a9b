/** One exchange, against one server. */
import type { Exchange } from '../../spec/exchange.js';
import type { ProblemReport } from '../../spec/report.js';
import { calibrate, type Calibration } from './calibrate.js';
import { whyNot } from './exchange-claims.js';
import { ExchangePool, type ExchangeVerdict } from './exchange-pool.js';
import type { Servers } from './servers.js';

export type Replayed =
  | { readonly is: 'unclaimed'; readonly reason: string; readonly base: Calibration }
  | {
      readonly is: 'ran';
      readonly verdict: ExchangeVerdict;
      readonly problems: readonly ProblemReport[];
      readonly base: Calibration;
    };

/**
 * Starts the server, runs the exchange, and ends the server.
 * @throws ServerProblem if there is no server
 */
export async function replayExchange(servers: Servers, exchange: Exchange): Promise<Replayed> {
  try {
    const { address } = await servers.serve({});
    const base = await calibrate(address);
    const { takesOptions, canStop } = servers;
    const reason = whyNot(exchange, { ...base, takesOptions, canStop, unclaimed: {} });
    if (reason !== undefined) return { is: 'unclaimed', reason, base };
    const { verdicts, problems } = await new ExchangePool(servers, base).run([exchange]);
    return { is: 'ran', verdict: verdicts.get(exchange)!, problems, base };
  } finally {
    await servers.close();
  }
}
