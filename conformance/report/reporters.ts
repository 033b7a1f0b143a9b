/** The reporters by name. */
import { jsonReporter } from './json.js';
import { prettyReporter } from './pretty.js';
import type { Reporter } from './reporter.js';
import { tapReporter } from './tap.js';

export const REPORTERS = {
  pretty: prettyReporter,
  tap: tapReporter,
  json: jsonReporter,
} as const satisfies Record<string, Reporter>;
export type ReporterName = keyof typeof REPORTERS;
