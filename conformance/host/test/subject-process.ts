/** A subject in its host, as these tests see it: a process that is asked and answers. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type t from 'tap';
import { packageRoot } from '../../../spec/package-root.js';
import { Reply, type Request } from '../../../spec/protocol.js';
import { patternByte, Scenario } from '../../../spec/scenario.js';
import type { Trace, TraceRecord } from '../../../spec/trace.js';
import { joinTrace } from '../../trace/timeline.js';

export const root = packageRoot();
const HOST = join(root, 'dist/conformance/host/main.js');
if (!existsSync(HOST)) throw new Error('these tests run the compiled host: npm run build');

/** A variant of the reference, by the name of its file. */
export const reference = (variant = 'reference'): string =>
  join(root, `dist/fixtures/subjects/${variant}.js`);
/** Bytes of the pattern, one character a byte. */
export const patternOf = (from: number, size: number): string =>
  Buffer.from(Array.from({ length: size }, (_, i) => patternByte(from + i))).toString('latin1');

/** A request without its id. */
export type Question = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never;
/** A scenario, of which only what matters need be given. */
export type Program = Partial<Scenario> & Pick<Scenario, 'main'>;

export const scenarioOf = (program: Program): Scenario =>
  Scenario.parse({ name: 'test', fds: {}, callbacks: {}, ...program });

export const hello = { hello: { kit: '0', spec: '0' } };

export class SubjectProcess {
  readonly child: ChildProcessWithoutNullStreams;
  readonly exited: Promise<number | null>;
  stderr = '';
  readonly #replies: AsyncIterator<string>;
  #id = 0;

  constructor(...args: string[]) {
    // The test runner's own options would have every child load the test runner.
    this.child = spawn('env', ['-u', 'NODE_OPTIONS', process.execPath, HOST, ...args], { cwd: root });
    this.child.stderr.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.exited = new Promise((resolve) => this.child.once('close', resolve));
    this.#replies = createInterface(this.child.stdout)[Symbol.asyncIterator]();
  }

  /** Sends a request; its id is returned. */
  send(question: Question): number {
    const id = ++this.#id;
    this.child.stdin.write(`${JSON.stringify({ id, ...question })}\n`);
    return id;
  }

  /** The next line, as the schema has it. */
  async reply(): Promise<Reply> {
    const next = (await this.#replies.next()) as IteratorResult<string, undefined>;
    if (next.done === true) throw new Error(`the subject ended: ${this.stderr}`);
    return Reply.parse(JSON.parse(next.value));
  }

  async ask(question: Question): Promise<Reply> {
    const id = this.send(question);
    const reply = await this.reply();
    if (reply.id !== id) throw new Error(`asked ${id}, but ${reply.id} was answered`);
    return reply;
  }

  /** Runs a scenario; its trace has been joined with it, so every record has its place. */
  async run(program: Program): Promise<Trace> {
    const scenario = scenarioOf(program);
    const reply = await this.ask({ run: scenario });
    if (!('trace' in reply)) throw new Error(`no trace: ${JSON.stringify(reply)}`);
    joinTrace(scenario, reply.trace);
    return reply.trace;
  }

  /** Why a scenario can't be run. */
  async refusal(program: Program): Promise<string> {
    const reply = await this.ask({ run: scenarioOf(program) });
    return 'error' in reply ? reply.error : `it was run: ${JSON.stringify(reply)}`;
  }

  /** What `hello` says, if it does not say why there is no subject. */
  async hello(): Promise<Extract<Reply, { hello: unknown }>['hello']> {
    const reply = await this.ask(hello);
    if ('hello' in reply) return reply.hello;
    throw new Error(JSON.stringify(reply));
  }

  async end(): Promise<number | null> {
    this.child.stdin.end();
    return this.exited;
  }
}

/** The part of a test that these helpers need. */
export type Test = Pick<typeof t, 'same' | 'equal' | 'match' | 'ok' | 'notOk' | 'teardown'>;

/** Starts a subject for the tests in `body`, and sees it end well. */
export async function withSubject(
  t: Test,
  module: string,
  body: (run: (program: Program) => Promise<Trace>, subject: SubjectProcess) => Promise<void>,
): Promise<void> {
  const subject = new SubjectProcess(module);
  t.teardown(() => subject.child.kill('SIGKILL'));
  await body(async (program) => {
    const trace = await subject.run(program);
    t.same(trace.openFds?.after, trace.openFds?.before, 'no fd is left over');
    return trace;
  }, subject);
  t.equal(await subject.end(), 0, 'exits when the kit is gone');
}

export type RecordOf<K extends TraceRecord['k']> = Extract<TraceRecord, { k: K }>;

/** The records of one kind, in order. */
export const recordsOf = <K extends TraceRecord['k']>(trace: Trace, kind: K): RecordOf<K>[] =>
  trace.records.filter((record): record is RecordOf<K> => record.k === kind);

const COMMON: ReadonlySet<string> = new Set(['k', 't', 'c', 'op']);

/** What an operation came to, each time it was done, without its clocks and its name. */
export const did = (trace: Trace, op: string): object[] =>
  recordsOf(trace, 'did')
    .filter((record) => record.op === op)
    .map((record) => Object.fromEntries(Object.entries(record).filter(([key]) => !COMMON.has(key))));

/** Callbacks in the order in which they were entered. */
export const entered = (trace: Trace): string[] => recordsOf(trace, 'enter').map(({ run }) => run);
