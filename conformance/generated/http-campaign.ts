/**
 * A campaign of pipelines: many of them, beside each other, against one server; what fails is made small.
 *
 * Theory of operation. As for the programs of the loop (`campaign.ts`) the n-th pipeline is drawn from a seed of its own, and can be drawn
 * again alone. They run in batches through the pool of exchanges, which repeats what the clock had a part in, and which finds the one that
 * brought the server down. For each clause that is broken a first time one pipeline is made small. Most of what fails does so by
 * silence, and fast-check takes its steps one by one; so while it does, the kit is impatient, and the smallest pipeline is
 * run once more with patience before it is believed. If it passes then, the pipeline that failed first is shown as it was.
 */
import fc from 'fast-check';
import type { Exchange } from '../../spec/exchange.js';
import type { Generated, ProblemReport } from '../../spec/report.js';
import type { Examination } from '../examination.js';
import type { Calibration } from '../wire/calibrate.js';
import { ExchangePool, type ExchangeVerdict } from '../wire/exchange-pool.js';
import type { Servers } from '../wire/servers.js';
import { draw, generatedName, programSeed, type CampaignOptions, type CampaignResult } from './campaign.js';
import { blame, CLAUSES_OF_PIPELINES } from './http-blame.js';
import { httpPrograms, type HttpProgram } from './http-program.js';
import { learnVocabulary, type Vocabulary } from './http-vocabulary.js';
import { renderHttp, type Pipeline } from './render-http.js';

/** Pipelines that are drawn at once: several times as many as run beside each other. */
const BATCH = 100;
/** A server that has failed by so many shows nothing new by more, and each may take seconds. */
const MOST_FAILED = 50;
/** Pipelines that are made small, and what one of them may take: pipelines, ms. */
const MOST_SHRUNK = 12;
const SHRINK_RUNS = 200;
const SHRINK_MS = 5000;
/** An answer that has not come after so many times the time of quiet is not waited for while a pipeline is made small. */
const IMPATIENCE = 4;

export interface HttpCampaignResult extends CampaignResult {
  readonly problems: readonly ProblemReport[];
  /** It ended before all had run. */
  readonly partial: boolean;
}

type Failed = Extract<ExchangeVerdict, { is: 'failed' }>;

interface Failure {
  readonly n: number;
  readonly pipeline: Pipeline;
  readonly verdict: Failed;
}

const PROGRAMS = { profile: 'http', trees: httpPrograms() };

/** With fewer words there are no pipelines. */
const isEnough = ({ links }: Vocabulary): boolean => links.length > 0;

/**
 * @param exchanges of the run that the server has passed: the words
 * @param clauses that are judged
 */
export async function examineGenerated(
  examination: Examination,
  servers: Servers,
  base: Calibration,
  exchanges: readonly Exchange[],
  clauses: ReadonlySet<string>,
  options: CampaignOptions,
): Promise<HttpCampaignResult> {
  const none = { programs: 0, failed: 0, problems: [], partial: false };
  if (!CLAUSES_OF_PIPELINES.some((clause) => clauses.has(clause))) return none;
  const pool = new ExchangePool(servers, base);
  const vocabulary = await learnVocabulary(pool, exchanges, base.known);
  if (!isEnough(vocabulary)) return none;
  return new HttpCampaign(examination, servers, base, pool, vocabulary, clauses).run(options);
}

class HttpCampaign {
  /** How many pipelines broke a clause, and how that of the smallest was called which they seemed to break. */
  readonly #broken = new Map<string, number>();
  readonly #shrunkTo = new Map<string, string>();
  readonly #impatient: ExchangePool;

  constructor(
    private readonly examination: Examination,
    servers: Servers,
    base: Calibration,
    private readonly pool: ExchangePool,
    private readonly vocabulary: Vocabulary,
    private readonly clauses: ReadonlySet<string>,
  ) {
    const responseMs = Math.min(base.times.responseMs, IMPATIENCE * base.times.quietMs);
    this.#impatient = new ExchangePool(servers, { ...base, times: { ...base.times, responseMs } });
  }

  async run({ seed, runs, budgetMs = Infinity, onProgress }: CampaignOptions): Promise<HttpCampaignResult> {
    const until = performance.now() + budgetMs;
    const problems: ProblemReport[] = [];
    let [programs, failed, partial] = [0, 0, false];
    while (programs < runs && !partial && failed < MOST_FAILED && performance.now() < until) {
      const batch = this.#batch(seed, programs, Math.min(BATCH, runs - programs));
      const ran = await this.pool.run(batch.map(({ exchange }) => exchange));
      for (const [i, pipeline] of batch.entries()) {
        const verdict = ran.verdicts.get(pipeline.exchange)!;
        if (verdict.is === 'error') this.examination.judgeExchange(pipeline.exchange, verdict);
        if (verdict.is !== 'failed') continue;
        failed++;
        await this.#fail(seed, { n: programs + i, pipeline, verdict });
      }
      programs += batch.length;
      partial = ran.partial;
      problems.splice(0, Infinity, ...ran.problems);
      onProgress?.(programs, runs);
    }
    for (const [clause, count] of this.#broken)
      this.examination.remark(
        clause,
        `${count} of ${programs} generated pipelines broke it; the smallest is shown`,
      );
    return { programs, failed, problems, partial };
  }

  #batch(seed: number, from: number, count: number): Pipeline[] {
    return Array.from({ length: count }, (_, i) => {
      const program = draw(PROGRAMS, seed, from + i) as HttpProgram;
      return renderHttp(generatedName(PROGRAMS.profile, seed, from + i), program, this.vocabulary);
    });
  }

  async #fail(seed: number, first: Failure): Promise<void> {
    const guess = blame(first.pipeline, first.verdict.taken);
    // What passed alone fails alone now, and twice.
    if (guess === undefined) return this.#unsteady(first);
    if (!this.#shrunkTo.has(guess) && this.#shrunkTo.size < MOST_SHRUNK) {
      const { pipeline, verdict } = await this.#shrink(seed, first, guess);
      const clause = blame(pipeline, verdict.taken) ?? guess;
      this.#shrunkTo.set(guess, clause);
      if (!this.#broken.has(clause) && this.clauses.has(clause))
        this.examination.judgeExchange({ ...pipeline.exchange, clause }, verdict);
    }
    const clause = this.#shrunkTo.get(guess) ?? guess;
    this.#broken.set(clause, (this.#broken.get(clause) ?? 0) + 1);
  }

  #unsteady({ pipeline: { exchange, messages }, verdict: { text } }: Failure): void {
    const { name } = messages[0]!.exchange;
    this.examination.failed([], {
      check: exchange.name,
      kind: 'unsteady',
      text: `${name} passed at first, and failed when it was run again: ${text}`,
    });
  }

  /** The smallest pipeline that was found to break this clause, or one that is simpler to break. */
  async #shrink(seed: number, first: Failure, guess: string): Promise<Failure> {
    const until = performance.now() + SHRINK_MS;
    const { name } = first.pipeline.exchange;
    let smallest: Pipeline | undefined;
    let left = SHRINK_RUNS;
    const keeps = fc.asyncProperty(PROGRAMS.trees, async (program) => {
      if (left-- <= 0 || performance.now() > until) return true;
      const pipeline = renderHttp(name, program, this.vocabulary);
      if (pipeline.exchange.text === smallest?.exchange.text) return false;
      const verdict = await this.#runOne(this.#impatient, pipeline);
      if (verdict === undefined || !this.#isAsGood(pipeline, verdict, guess)) return true;
      smallest = pipeline;
      return false;
    });
    await fc.check(keeps, { seed: programSeed(seed, first.n), numRuns: 1, endOnFailure: false });
    if (smallest === undefined) return first;
    const verdict = await this.#runOne(this.pool, smallest);
    return verdict === undefined ? first : { ...first, pipeline: smallest, verdict };
  }

  /** Whether a pipeline fails by what another was made small for: the same clause, or for those of pipelines another such one. */
  #isAsGood(pipeline: Pipeline, { taken }: Failed, guess: string): boolean {
    const clause = blame(pipeline, taken);
    if (clause === undefined) return false;
    return clause === guess || [clause, guess].every((id) => CLAUSES_OF_PIPELINES.includes(id));
  }

  /** Undefined if it did not fail. */
  async #runOne(pool: ExchangePool, { exchange }: Pipeline): Promise<Failed | undefined> {
    const verdict = (await pool.run([exchange])).verdicts.get(exchange)!;
    return verdict.is === 'failed' ? verdict : undefined;
  }
}

/** What the report says of generated pipelines. */
export const pipelinesOf = (
  result: HttpCampaignResult | undefined,
  options: CampaignOptions | undefined,
): Generated[] =>
  result === undefined || options === undefined
    ? []
    : [{ profile: 'http', seed: options.seed, programs: result.programs, failed: result.failed }];
