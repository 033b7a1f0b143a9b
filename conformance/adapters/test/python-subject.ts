/** A Python subject as these tests see it: a process that is asked and answers. */
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../../spec/package-root.js';
import { Reply, type Request } from '../../../spec/protocol.js';
import { Scenario } from '../../../spec/scenario.js';
import type { Trace, TraceRecord } from '../../../spec/trace.js';
import { joinTrace } from '../../trace/timeline.js';

export const root = packageRoot();
const PEERS = join(root, '.peers/python/bin/python');
const CI = process.env['CI'] === 'true';

/** Why tests of plain Python can't run here; false if they can. With CI=true they must. */
export const noPython = CI || spawnSync('python3', ['--version']).status === 0 ? false : 'python3 is missing';
/** The same for tests of Tornado and uvloop. */
export const noPeers = CI || existsSync(PEERS) ? false : 'peers are missing: npm run peers -- python';

export const TORNADO = join(root, 'fixtures/subjects/tornado.py');
export const ASYNCIO = join(root, 'fixtures/subjects/stdlib_asyncio.py');

/** A request without its id. */
export type Question = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never;
/** A scenario, of which only what matters need be given. */
export type Program = Partial<Scenario> & Pick<Scenario, 'main'>;

export const scenarioOf = (program: Program): Scenario =>
  Scenario.parse({ name: 'test', fds: {}, callbacks: {}, ...program });

export class PythonSubject {
  readonly child: ChildProcessWithoutNullStreams;
  readonly exited: Promise<number | null>;
  stderr = '';
  readonly #replies: AsyncIterator<string>;
  #id = 0;

  constructor(...args: string[]) {
    this.child = spawn(existsSync(PEERS) ? PEERS : 'python3', ['-m', 'evspec_host', ...args], {
      env: { ...process.env, PYTHONPATH: join(root, 'conformance/adapters/python') },
    });
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
    const line = await this.#replies.next();
    if (line.done === true) throw new Error(`the subject ended: ${this.stderr}`);
    return Reply.parse(JSON.parse(line.value));
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

  async end(): Promise<number | null> {
    this.child.stdin.end();
    return this.exited;
  }
}

export type RecordOf<K extends TraceRecord['k']> = Extract<TraceRecord, { k: K }>;

/** The records of one kind, in order. */
export const recordsOf = <K extends TraceRecord['k']>(trace: Trace, kind: K): RecordOf<K>[] =>
  trace.records.filter((record): record is RecordOf<K> => record.k === kind);

const COMMON = ['k', 't', 'c', 'op'];

/** What an operation came to, each time it was done, without its clocks and its name. */
export const did = (trace: Trace, op: string): object[] =>
  recordsOf(trace, 'did')
    .filter((record) => record.op === op)
    .map((record) => Object.fromEntries(Object.entries(record).filter(([key]) => !COMMON.includes(key))));

/** Callbacks in the order in which they were entered. */
export const entered = (trace: Trace): string[] => recordsOf(trace, 'enter').map(({ run }) => run);
