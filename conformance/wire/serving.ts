/**
 * Servers of a subject that speaks the protocol: `serve` starts one, `end` ends it, and one process holds them all.
 *
 * The process is the unit that breaks and is started again: if one of its servers blocks the thread, all of them are silent.
 * It is started when the first server is asked for. All that it says is bounded and checked as in a run of scenarios
 * (subject/subject-process.ts).
 */
import { randomUUID } from 'node:crypto';
import type { Hello, Request } from '../../spec/protocol.js';
import type { ProblemReport } from '../../spec/report.js';
import type { ServeOptions } from '../../spec/server-contract.js';
import { packageVersion } from '../../spec/package-root.js';
import { SPEC_VERSION } from '../../spec/clauses.js';
import { Budgets } from '../subject/budgets.js';
import type { Launch } from '../subject/launch.js';
import { guard, killMarked, release, type Guarded } from '../subject/offspring.js';
import { describe, type Problem } from '../subject/problems.js';
import type { Answer } from '../subject/reply-parser.js';
import { SubjectProcess } from '../subject/subject-process.js';
import { ServerGone, ServerProblem, type Served, type Servers } from './servers.js';
import { after } from './times.js';

interface Asked {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (problem: ServerProblem) => void;
  readonly stop: () => void;
}

/** What a request asks, without its number. */
type Ask = Request extends infer R ? (R extends { id: number } ? Omit<R, 'id'> : never) : never;

const gone = ({ stderr, ...problem }: Problem): ServerGone =>
  new ServerGone(problem.name, sentence(problem), stderr);

/** Without its full stop. */
const sentence = (problem: Problem): string => describe(problem).replace(/\.$/, '');

/** One process. */
class Serving {
  readonly pid: number | undefined;
  /** How it ended. */
  end: Problem | undefined;
  readonly ended: Promise<void>;
  readonly #process: SubjectProcess;
  readonly #asked = new Map<number, Asked>();
  #lastId = 0;

  constructor(launch: Launch, mark: string) {
    let settle = () => undefined as void;
    this.ended = new Promise((resolve) => (settle = resolve));
    this.#process = new SubjectProcess(launch, mark, {
      onReply: (id, answer) => {
        this.#onReply(id, answer);
      },
      onEnd: (problem) => {
        this.end = problem;
        for (const { reject, stop } of this.#asked.values()) {
          stop();
          reject(gone(problem));
        }
        this.#asked.clear();
        settle();
      },
    });
    this.pid = this.#process.pid;
  }

  get stderr(): string {
    return this.#process.stderr;
  }

  /** @throws ServerProblem if it ends, or does not answer within the budget; then it is killed */
  ask(request: Ask, budgetMs: number): Promise<Answer & { id: number }> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      if (this.end !== undefined) return void reject(gone(this.end));
      const stop = after(budgetMs, () => {
        this.kill({ name: 'silent', waitedMs: budgetMs });
      });
      this.#asked.set(id, { resolve: (answer) => void resolve({ ...answer, id }), reject, stop });
      this.#process.send({ ...request, id });
    });
  }

  kill(problem: Problem): void {
    this.#process.kill(problem);
  }

  endInput(): void {
    this.#process.endInput();
  }

  #onReply(id: number, answer: Answer): void {
    const asked = this.#asked.get(id);
    if (asked === undefined) return this.kill({ name: 'wrong-id', expected: null, got: id });
    this.#asked.delete(id);
    asked.stop();
    asked.resolve(answer);
  }
}

export class SubjectServers implements Servers {
  readonly canRestart = true;
  readonly takesOptions = true;
  readonly canStop = true;
  readonly #launch: Launch;
  readonly #guarded: Guarded;
  readonly #problems: ProblemReport[] = [];
  #budgets: Budgets | undefined;
  #serving: Promise<Serving> | undefined;
  /** The process that was started last. */
  #last: Serving | undefined;
  #helloMs = 0;
  #starts = 0;

  constructor(launch: Launch) {
    this.#launch = launch;
    this.#guarded = {
      mark: randomUUID(),
      leaders: new Set(),
      onEnd: () => undefined,
    };
  }

  async serve(options: ServeOptions): Promise<Served> {
    this.#serving ??= this.#start();
    const serving = await this.#serving;
    const budgetMs = this.#budgets!.ping(this.#helloMs);
    const answer = await serving.ask({ serve: options }, budgetMs);
    if (answer.kind === 'error')
      throw new ServerProblem('host-error', `the subject could not serve: ${answer.text}`);
    if (answer.kind !== 'serving') throw unfit('serve', answer);
    const { host, port, id } = answer;
    const end = (gracefully: boolean): Promise<unknown> =>
      serving.ask({ end: { serve: id, gracefully } }, budgetMs).catch(() => undefined);
    let stopping: Promise<unknown> | undefined;
    return {
      address: { host: reachable(host), port, tls: false, insecure: false },
      stop: () => {
        // A graceful end takes as long as the connections do, so it has no budget of its own.
        stopping ??= serving.ask({ end: { serve: id, gracefully: true } }, Infinity).catch(() => undefined);
      },
      end: async () => {
        // Told to end while it still does so gracefully, a host may say that there is no such server.
        if (serving.end === undefined) await end(false);
      },
    };
  }

  get isGone(): boolean {
    return this.#last?.end !== undefined;
  }

  restart(): Promise<void> {
    this.#kill();
    return Promise.resolve();
  }

  condition(): string {
    const problem = this.#last?.end;
    if (problem === undefined) return 'its process is alive, but silent';
    return problem.name === 'died'
      ? `its process ${problem.signal === null ? `ended with exit code ${problem.code ?? 'unknown'}` : `was ended by ${problem.signal}`}`
      : describe(problem);
  }

  stderr(): string {
    return this.#last?.stderr ?? '';
  }

  async close(): Promise<readonly ProblemReport[]> {
    const serving = this.#last;
    if (serving !== undefined && serving.end === undefined && this.#serving !== undefined) {
      const budgetMs = this.#budgets!.bye();
      const bye = serving.ask({ bye: {} }, budgetMs).then(
        () => undefined,
        (problem: ServerProblem) => problem,
      );
      serving.endInput();
      const problem = await bye;
      const late = after(budgetMs, () => {
        serving.kill({ name: 'no-bye', waitedMs: budgetMs });
      });
      await serving.ended;
      late();
      const end = serving.end as Problem | undefined;
      if (problem !== undefined) this.#problems.push(problem.report());
      else if (end !== undefined && (end.name !== 'died' || end.code !== 0))
        this.#problems.push(gone(end).report());
    }
    this.#kill();
    release(this.#guarded);
    return this.#problems;
  }

  #kill(): void {
    this.#last?.kill({ name: 'closed', why: 'its servers are started again' });
    if (this.#last?.pid !== undefined) this.#guarded.leaders.delete(this.#last.pid);
    this.#serving = undefined;
    if (this.#starts > 0) killMarked(this.#guarded.mark);
  }

  async #start(): Promise<Serving> {
    this.#budgets ??= await Budgets.measure();
    if (this.#starts === 0) guard(this.#guarded);
    const serving = new Serving(this.#launch, `${this.#guarded.mark}.${++this.#starts}`);
    this.#last = serving;
    if (serving.pid !== undefined) this.#guarded.leaders.add(serving.pid);
    const begin = performance.now();
    const hello = { kit: packageVersion(), spec: SPEC_VERSION };
    const answer = await serving.ask({ hello }, this.#budgets.hello());
    this.#helloMs = performance.now() - begin;
    if (answer.kind !== 'hello') throw unfit('hello', answer);
    if (!serves(answer.hello))
      throw new ServerProblem('no-serve', 'the subject claims neither http nor server');
    return serving;
  }
}

function unfit(asked: string, answer: Answer): ServerProblem {
  const reason =
    answer.kind === 'invalid'
      ? describe(answer.problem)
      : `to a request of kind ${asked} it answered ${answer.kind}`;
  return new ServerProblem('reply-invalid', reason.replace(/\.$/, ''));
}

/** An address to listen at is not always one to connect to. */
const reachable = (host: string): string => (host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host);

/** Whether a subject says that it serves at all. */
export const serves = ({ facets }: Pick<Hello, 'facets'>): boolean =>
  facets.includes('http') || facets.includes('server');
