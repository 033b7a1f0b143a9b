/** Options about generated programs: how many, and from which seed. */
import type { Command } from 'commander';
import type { CampaignOptions } from '../conformance/generated/campaign.js';
import type { Selection } from '../conformance/suite.js';
import { UsageError } from './errors.js';

/** A CI that fails is to fail again tomorrow: who wants other programs asks for them. */
const DEFAULT_SEED = 1;
/** Of each profile: a second or so. */
const DEFAULT_RUNS = 300;
const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };

export interface CampaignWords {
  readonly seed?: string;
  readonly runs?: string;
  readonly budget?: string;
}

export function addCampaignOptions(command: Command): Command {
  return command
    .option('--seed <n>', `draw generated programs from this seed (default: ${DEFAULT_SEED})`)
    .option(
      '--runs <n>',
      `generated programs of each profile, 0 for none (default: ${DEFAULT_RUNS}, of the loop alone)`,
    )
    .option('--budget <time>', 'generated programs of each profile for so long, such as 30s, 10m or 2h');
}

function integer(option: string, text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw new UsageError(`${option} takes a whole number up to 999999999, not '${text}'`);
  return Number(text);
}

/** ms */
function duration(option: string, text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,6})([smh])$/.exec(text) ?? [];
  if (unit === '') throw new UsageError(`${option} takes a time such as 30s, 10m or 2h, not '${text}'`);
  return Number(digits) * UNITS[unit]!;
}

/**
 * Where something is filtered, generated programs run only if they are asked for.
 * @throws UsageError
 */
export function campaignOf(
  { seed, runs, budget }: CampaignWords,
  { only, skip }: Selection,
): CampaignOptions | undefined {
  const isAsked = seed !== undefined || runs !== undefined || budget !== undefined;
  const options = {
    provisional: isAsked,
    seed: seed === undefined ? DEFAULT_SEED : integer('--seed', seed),
    runs: runs === undefined ? (budget === undefined ? DEFAULT_RUNS : Infinity) : integer('--runs', runs),
    ...(budget === undefined ? {} : { budgetMs: duration('--budget', budget) }),
  };
  return options.runs === 0 || (!isAsked && only.length + skip.length > 0) ? undefined : options;
}
