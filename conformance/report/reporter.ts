/** What every reporter gets, and what it gives: a report as text. */
import type { Report } from '../../spec/report.js';
import type { Paint } from './paint.js';

export interface ReporterOptions {
  /** Characters of a line. */
  readonly width: number;
  readonly paint: Paint;
  /** The run was strict: a SHOULD gates. */
  readonly strict: boolean;
  /** The command that runs one check again on the same subject. */
  readonly replay: (check: string) => string;
}

export type Reporter = (report: Report, options: ReporterOptions) => string;
