/** The exchanges of a run: which of them the server can be asked, what came of them, and what was measured. */
import type { Exchange } from '../../spec/exchange.js';
import type { ProblemReport } from '../../spec/report.js';
import type { Examination } from '../examination.js';
import type { Calibration } from './calibrate.js';
import { whyNot } from './exchange-claims.js';
import { ExchangePool } from './exchange-pool.js';
import type { Servers } from './servers.js';

export interface Examined {
  readonly problems: readonly ProblemReport[];
  /** It ended before all had run. */
  readonly partial: boolean;
}

/**
 * @param base of the server without options
 * @param unclaimed what the subject lacks, as its hello says
 */
export async function examineExchanges(
  examination: Examination,
  servers: Servers,
  base: Calibration,
  exchanges: readonly Exchange[],
  unclaimed: Readonly<Record<string, string>>,
  onProgress?: (done: number, total: number) => void,
): Promise<Examined> {
  const offered = { ...base, takesOptions: servers.takesOptions, canStop: servers.canStop, unclaimed };
  const able: Exchange[] = [];
  for (const exchange of exchanges) {
    const why = whyNot(exchange, offered);
    if (why === undefined) able.push(exchange);
    else examination.unclaimed(exchange, why);
  }
  for (const { name, clause } of able) examination.expect(name, [clause]);
  let done = 0;
  const pool = new ExchangePool(servers, base, () => onProgress?.(++done, able.length));
  const { verdicts, problems, partial } = await pool.run(able);
  for (const exchange of able) examination.judgeExchange(exchange, verdicts.get(exchange)!);
  return { problems, partial };
}
