/** The published JSON Schemas are those of the code. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { schemaFiles, schemaFolder } from '../json-schema.js';

void t.test('spec/schemas holds what json-schema.ts would write', (t) => {
  const files = schemaFiles();
  const published = existsSync(schemaFolder()) ? readdirSync(schemaFolder()).sort() : [];
  t.same(published, [...files.keys()].sort(), `else run 'npm run schemas'`);
  for (const name of published)
    t.equal(
      readFileSync(join(schemaFolder(), name), 'utf8') === files.get(name),
      true,
      `${name} is up to date: else run 'npm run schemas'`,
    );
  t.end();
});
