/** What an exchange needs of a server; decided before anything of it runs. */
import type { Exchange } from '../../spec/exchange.js';
import { LIMIT_NAMES, type LimitName, type ServeOption } from '../../spec/server-contract.js';
import { MISSING_PATH, type Calibration } from './calibrate.js';

/** Declared values beyond these are not waited for, or sent. */
const MOST_MS = 10_000;
const MOST_SIZE = 64 * 1024 * 1024;

export interface Offered extends Pick<Calibration, 'manifest' | 'noManifest' | 'known'> {
  readonly takesOptions: boolean;
  readonly canStop: boolean;
  /** What the subject lacks, by name, as it says in its hello. */
  readonly unclaimed: Readonly<Record<string, string>>;
}

const isLimit = (name: string): name is LimitName => LIMIT_NAMES.some((limit) => limit === name);

/** An outcome of it says `missing`. */
const saysMissing = ({ steps }: Exchange): boolean =>
  steps.some(
    (step) =>
      step.do === 'expect' &&
      step.outcomes.some(({ responses }) => responses.some(({ statuses }) => statuses.includes('missing'))),
  );

/** The options that a server has to be started with for an exchange; the rest it declares, and is taken at its word. */
export const mustStart = ({ options }: Exchange, { takesOptions }: Pick<Offered, 'takesOptions'>): boolean =>
  takesOptions && Object.keys(options).length > 0;

/** Why an exchange can't be run against a server; undefined if it can. */
export function whyNot(exchange: Exchange, offered: Offered): string | undefined {
  const { manifest, noManifest, takesOptions, canStop } = offered;
  const reasons = { ...offered.unclaimed, ...manifest?.unclaimed };
  const because = (name: string, otherwise: string): string => {
    const reason = reasons[name];
    return reason === undefined ? otherwise : `${name}: ${reason}`;
  };
  for (const route of exchange.routes)
    if (manifest?.routes.includes(route) !== true)
      return manifest === undefined ? noManifest : because(route, `the application has no route '${route}'`);
  if (
    exchange.steps.some((step) => step.do === 'stop') &&
    (!canStop || reasons['gracefulStop'] !== undefined)
  )
    return because('gracefulStop', 'the kit can not tell this server to end gracefully');
  const options = Object.keys(exchange.options) as ServeOption[];
  for (const option of options) {
    if (takesOptions && reasons[option] !== undefined) return because(option, '');
    if (!takesOptions && !isLimit(option))
      return because(option, `the kit can not start this server with ${option}`);
  }
  for (const limit of exchange.limits) {
    const value = (takesOptions ? exchange.options[limit] : undefined) ?? manifest?.limits[limit];
    if (value === undefined) return because(limit, `the server declares no ${limit}`);
    if (limit.endsWith('Ms') && value > MOST_MS)
      return `${limit} is ${value / 1000} s: more than ${MOST_MS / 1000} s are not waited for`;
    if (!limit.endsWith('Ms') && value > MOST_SIZE)
      return `${limit} is ${value}: more than 64 MiB are not sent`;
  }
  const { ok, missing } = offered.known;
  if (missing === undefined && (exchange.tellsMissing || saysMissing(exchange)))
    return `the server does not answer GET ${MISSING_PATH}, or not always by the same status`;
  if (exchange.tellsMissing && missing === ok)
    return `the server answers GET ${MISSING_PATH} as it answers GET /, by ${ok}: which of the two an answer belongs to does not show`;
  return undefined;
}
