/** The exchanges of a run: which of them the server can be asked, what came of them, and what was measured. */
import type { Exchange } from '../../spec/exchange.js';
import type { Hello } from '../../spec/protocol.js';
import type { ProblemReport } from '../../spec/report.js';
import { doesNotClaim } from '../claims.js';
import type { Examination } from '../examination.js';
import type { CampaignOptions } from '../generated/campaign.js';
import { examineGenerated, type HttpCampaignResult } from '../generated/http-campaign.js';
import type { Launch } from '../subject/launch.js';
import type { Selected } from '../suite.js';
import { calibrate, type Calibration } from './calibrate.js';
import { whyNot } from './exchange-claims.js';
import { ExchangePool } from './exchange-pool.js';
import { ServerProblem, type Servers } from './servers.js';
import { SubjectServers } from './serving.js';
import { passedByRefusals, twinOf } from './twins.js';

export interface Examined {
  readonly problems: readonly ProblemReport[];
  /** It ended before all had run. */
  readonly partial: boolean;
  /** What the server has passed. */
  readonly passed: readonly Exchange[];
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
  const passed = able.filter((exchange) => verdicts.get(exchange)!.is === 'passed');
  const refused = [...passedByRefusals(verdicts)].map(([clause, exchange]) => ({
    clause,
    twin: twinOf(exchange, offered),
  }));
  if (partial || refused.length === 0) return { problems, partial, passed };
  const twins = await new ExchangePool(servers, base).run([...new Set(refused.map(({ twin }) => twin))]);
  for (const { clause, twin } of refused)
    if (twins.verdicts.get(twin)?.is !== 'passed')
      examination.notExercised(clause, `what it asks to be refused was refused, and so is ${twin.title}`);
  return { problems: [...problems, ...twins.problems], partial: twins.partial, passed };
}

/**
 * The exchanges that a subject claims, against servers that it starts.
 * @param generated pipelines that nobody wrote, behind them; undefined: none
 */
export async function examineSubject(
  examination: Examination,
  launch: Launch,
  hello: Hello,
  { clauses, exchanges }: Selected,
  generated: CampaignOptions | undefined,
  onProgress?: (done: number, total: number) => void,
): Promise<
  Examined & { readonly measured: Readonly<Record<string, number>>; readonly campaign?: HttpCampaignResult }
> {
  const claimed = new Set(
    clauses.filter((clause) => doesNotClaim(hello, clause) === undefined).map(({ id }) => id),
  );
  const own = exchanges.filter(({ clause }) => claimed.has(clause));
  if (own.length === 0) return { problems: [], partial: false, passed: [], measured: {} };
  const servers = new SubjectServers(launch);
  let examined: Examined = { problems: [], partial: false, passed: [] };
  let measured = {};
  let campaign: HttpCampaignResult | undefined;
  try {
    const { address } = await servers.serve({});
    const base = await calibrate(address);
    measured = { latencyMs: rounded(base.times.latencyMs) };
    examined = await examineExchanges(examination, servers, base, own, hello.unclaimed, onProgress);
    if (generated !== undefined && !examined.partial) {
      campaign = await examineGenerated(examination, servers, base, examined.passed, claimed, generated);
      const { problems, partial } = campaign;
      examined = { ...examined, problems: [...examined.problems, ...problems], partial };
    }
  } catch (error) {
    if (!(error instanceof ServerProblem)) throw error;
    for (const { name, clause } of own) {
      examination.expect(name, [clause]);
      examination.undecided([clause], error.message);
    }
    examined = { problems: [error.report()], partial: false, passed: [] };
  } finally {
    examined = { ...examined, problems: [...examined.problems, ...(await servers.close())] };
  }
  return { ...examined, measured, ...(campaign === undefined ? {} : { campaign }) };
}

/** To hundredths of a millisecond. */
export const rounded = (ms: number): number => Math.round(ms * 100) / 100;
