/**
 * The zod schemas as JSON Schema files, for programs in other languages: `spec/schemas/*.schema.json`.
 *
 * Run as a program it writes them; a test holds the files to what it would write.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { packageRoot } from './package-root.js';
import { Hello, Reply, Request } from './protocol.js';
import { Report } from './report.js';
import { Scenario } from './scenario.js';
import { Trace } from './trace.js';

const SCHEMAS = {
  scenario: ['A scenario: a test as data.', Scenario],
  trace: ['What happened while a subject ran a scenario.', Trace],
  hello: ['What a subject says of itself.', Hello],
  request: ['One line from the kit to a subject.', Request],
  reply: ['One line from a subject to the kit.', Reply],
  report: ['The report of a run.', Report],
} as const satisfies Record<string, readonly [string, z.ZodType]>;

export const schemaFolder = (): string => join(packageRoot(), 'spec/schemas');

/** Text of each file, by its name. */
export function schemaFiles(): Map<string, string> {
  return new Map(
    Object.entries(SCHEMAS).map(([name, [description, schema]]) => {
      // What may be written: a field with a default may be left out.
      const { $schema, ...body } = z.toJSONSchema(schema, { io: 'input', reused: 'ref' });
      const text = JSON.stringify({ $schema, title: name, description, ...body }, null, 2);
      return [`${name}.schema.json`, `${text}\n`];
    }),
  );
}

function writeSchemas(): void {
  mkdirSync(schemaFolder(), { recursive: true });
  for (const [name, text] of schemaFiles()) writeFileSync(join(schemaFolder(), name), text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeSchemas();
