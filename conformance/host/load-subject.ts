/**
 * From the path of a module to the subject that it exports.
 */
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { FACETS, SERVER_FACETS, type Subject } from '../../spec/contract.js';
import { isTypeScript } from './languages.js';
import { NoSubject } from './no-subject.js';

/**
 * Loads a subject. Its `ready` is waited for: what the subject keeps as long as the process lives, such as a thread, is then
 * there before any fds are counted.
 * @param path absolute
 * @param mode whether the types of a TypeScript module are checked
 */
export async function importSubject(path: string, mode: 'checked' | 'unchecked'): Promise<Subject> {
  if (!existsSync(path)) throw new NoSubject(`there is no file ${path}`);
  const load = isTypeScript(path) ? loadTypeScript : loadJavaScript;
  const module = await load(path, mode);
  const subject = subjectOf(module, path);
  await subject.ready;
  return subject;
}

async function loadJavaScript(path: string): Promise<unknown> {
  return import(pathToFileURL(path).href);
}

async function loadTypeScript(path: string, mode: 'checked' | 'unchecked'): Promise<unknown> {
  const { noDeprecation = false } = process;
  // ts-node itself uses what later versions of Node deprecate.
  process.noDeprecation = true;
  try {
    // Not at the top: the compiler takes a while to load, and most subjects do without.
    const { requireTypeScript } = await import('./typescript.js');
    return requireTypeScript(path, mode);
  } finally {
    process.noDeprecation = noDeprecation;
  }
}

function subjectOf(module: unknown, path: string): Subject {
  let exported = defaultOf(module);
  // A CommonJS module that was compiled from an ES module carries its default export one level down.
  if (!isObject(exported) || !('createLoop' in exported || 'serve' in exported))
    exported = defaultOf(exported) ?? exported;
  const flaw = flawOf(exported);
  if (flaw === undefined) return exported as Subject;
  const wanted =
    "should export by default a LoopSubject of 'evspec/contract' (name, version, facets, createLoop)";
  throw new NoSubject(
    `${path} ${wanted}, but ${flaw}${exported === undefined ? `: it exports ${exportsOf(module)}` : ''}`,
  );
}

function flawOf(exported: unknown): string | undefined {
  if (exported === undefined) return 'has no default export';
  if (!isObject(exported)) return `its default export is a ${exported === null ? 'null' : typeof exported}`;
  for (const key of ['name', 'version'])
    if (typeof exported[key] !== 'string') return `its '${key}' is ${kindOf(exported[key])}, not a string`;
  const { facets, createLoop, serve } = exported;
  if (!Array.isArray(facets)) return `its 'facets' is ${kindOf(facets)}, not a list`;
  const unknown = facets.find((facet: unknown) => !FACETS.some((known) => known === facet)) as unknown;
  if (unknown !== undefined) return `its facet ${JSON.stringify(unknown)} is none of ${FACETS.join(', ')}`;
  if (serve !== undefined && typeof serve !== 'function')
    return `its 'serve' is ${kindOf(serve)}, not a function`;
  if (createLoop === undefined && serve !== undefined) {
    const wanting = facets.find((facet: unknown) => !SERVER_FACETS.some((name) => name === facet)) as unknown;
    if (wanting === undefined) return undefined;
    return `its 'createLoop' is missing, which only ${SERVER_FACETS.join(' and ')} do without: its facet ${JSON.stringify(wanting)} is about a loop`;
  }
  if (typeof createLoop !== 'function') return `its 'createLoop' is ${kindOf(createLoop)}, not a function`;
  return undefined;
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : `of type ${typeof value}`;
}

function exportsOf(module: unknown): string {
  const names = isObject(module) ? Object.keys(module).filter((name) => name !== '__esModule') : [];
  return names.length === 0 ? 'nothing' : names.slice(0, 10).join(', ');
}

function defaultOf(module: unknown): unknown {
  return isObject(module) ? module['default'] : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
