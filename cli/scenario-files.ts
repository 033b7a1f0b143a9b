/** Scenarios and traces as files: one JSON document, or NDJSON with one a line. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Hello } from '../spec/protocol.js';
import { Scenario } from '../spec/scenario.js';
import { UsageError } from './errors.js';
import { parseJson, readText } from './files.js';

/** The first mistake in a document, as a clause of a sentence. */
function mistake(error: z.ZodError): string {
  const [issue] = error.issues;
  const path = issue?.path.map(String).join('.') ?? '';
  return `${path === '' ? '' : `${path}: `}${issue?.message ?? 'it does not fit its schema'}`;
}

/** @throws UsageError */
export function readScenario(file: string): Scenario {
  const parsed = Scenario.safeParse(parseJson(readText(file, 'the scenario'), file));
  if (!parsed.success) throw new UsageError(`${file} is not a scenario: ${mistake(parsed.error)}`);
  return parsed.data;
}

/** A hello, as a subject sends it; the whole reply `{id, hello}` will do too. @throws UsageError */
export function readHello(file: string): Hello {
  const content = parseJson(readText(file, 'the hello'), file);
  const hello =
    typeof content === 'object' && content !== null && 'hello' in content ? content.hello : content;
  const parsed = Hello.safeParse(hello);
  if (!parsed.success) throw new UsageError(`${file} is not a hello: ${mistake(parsed.error)}`);
  return parsed.data;
}

/** Documents of a file of lines, or of all `.json` and `.ndjson` files of a folder. */
function* documents(file: string, what: string): Generator<readonly [where: string, content: unknown]> {
  if (file !== '-' && statSync(file, { throwIfNoEntry: false })?.isDirectory() === true) {
    const names = readdirSync(file).filter((name) => /\.(nd)?json$/.test(name));
    for (const name of names.sort()) yield* documents(join(file, name), what);
    return;
  }
  const text = readText(file, what);
  if (file.endsWith('.json')) {
    yield [file, parseJson(text, file)];
    return;
  }
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const where = `${file}:${index + 1}`;
    yield [where, parseJson(line, where)];
  }
}

/** By name. @throws UsageError */
export function readScenarios(file: string): Map<string, Scenario> {
  const scenarios = new Map<string, Scenario>();
  for (const [where, content] of documents(file, 'the scenarios')) {
    const parsed = Scenario.safeParse(content);
    if (!parsed.success) throw new UsageError(`${where} is not a scenario: ${mistake(parsed.error)}`);
    if (scenarios.has(parsed.data.name))
      throw new UsageError(`${where} is a second scenario named '${parsed.data.name}'`);
    scenarios.set(parsed.data.name, parsed.data);
  }
  if (scenarios.size === 0) throw new UsageError(`there is no scenario in '${file}'`);
  return scenarios;
}

/** What a trace is recorded in; the trace itself is checked later, because a bad one is the adapter's fault and no wrong usage. */
const Recorded = z.object({ name: z.string(), trace: z.unknown() });

/** Unchecked traces by the name of their scenario. @throws UsageError */
export function readTraces(file: string): Map<string, unknown> {
  const traces = new Map<string, unknown>();
  for (const [where, content] of documents(file, 'the traces')) {
    const parsed = Recorded.safeParse(content);
    if (!parsed.success) throw new UsageError(`${where} is not {name, trace}: ${mistake(parsed.error)}`);
    if (traces.has(parsed.data.name))
      throw new UsageError(`${where} is a second trace of '${parsed.data.name}'`);
    traces.set(parsed.data.name, parsed.data.trace);
  }
  if (traces.size === 0) throw new UsageError(`there is no trace in '${file}'`);
  return traces;
}
