/**
 * The report as JSON (`spec/schemas/report.schema.json`). One line for each element of a list, so that two reports can be compared
 * line by line, and a trace of thousands of records stays one line.
 */
import type { Reporter } from './reporter.js';

export const jsonReporter: Reporter = (report) => {
  const fields = Object.entries(report).map(([key, value]) => {
    if (!Array.isArray(value) || value.length === 0)
      return ` ${JSON.stringify(key)}: ${JSON.stringify(value)}`;
    const elements = value.map((element) => `  ${JSON.stringify(element)}`);
    return ` ${JSON.stringify(key)}: [\n${elements.join(',\n')}\n ]`;
  });
  return `{\n${fields.join(',\n')}\n}\n`;
};
