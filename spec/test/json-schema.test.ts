import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { schemaFiles, schemaFolder } from '../json-schema.js';

void t.test('the files in spec/schemas are what the zod schemas say', (t) => {
  const files = schemaFiles();
  for (const [name, text] of files) {
    const path = join(schemaFolder(), name);
    t.equal(
      existsSync(path) ? readFileSync(path, 'utf8') : '',
      text,
      `${name}: 'npm run schemas' writes it anew`,
    );
  }
  t.same(readdirSync(schemaFolder()).sort(), [...files.keys()].sort());
  t.end();
});
