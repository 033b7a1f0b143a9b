/**
 * A campaign: many generated programs through one subject, judged by all rules; what fails is made small.
 *
 * Theory of operation. The n-th program of a campaign is drawn from a seed of its own, a mix of the campaign's seed and n. So programs
 * can be run side by side and in any order, and each can be drawn again alone: that is how fast-check, which drew it, shrinks it. A shrunk
 * program counts if it breaks one of the clauses that the first one broke. For each clause that is broken a first time there is one
 * shrinking; later programs that break nothing new are only counted, since a broken subject breaks the same clause in every second program.
 * What fails once and not again when it is shrunk is a failure all the same, shown as it was.
 */
import fc from 'fast-check';
import type { Scenario } from '../../spec/scenario.js';
import type { Trace } from '../../spec/trace.js';
import type { Examination } from '../examination.js';
import type { Judgement } from '../judge.js';
import { prepareScenario } from '../prepare.js';
import type { SubjectSession } from '../subject-session.js';
import { TraceAuditError } from '../trace/timeline.js';
import type { Offer } from './offer.js';

/** Programs of one profile. */
export interface Generator {
  readonly profile: string;
  /** Not all that they found in other people's loops has been read by hand: they run only if generated programs are asked for. */
  readonly provisional?: true;
  /** Draws the tree of a program. */
  readonly trees: fc.Arbitrary<unknown>;
  /** Its scenario, as the subject can run it. */
  readonly render: (name: string, tree: unknown, offer: Offer) => Scenario;
}

export interface CampaignOptions {
  /** Any integer; the same seed draws the same programs. */
  readonly seed: number;
  /** Programs to run. */
  readonly runs: number;
  /** Also of the profiles whose programs have not been read on all peers yet: see {@link Generator.provisional}. */
  readonly provisional?: boolean;
  /** ms after which no more programs are begun. Default: no limit. */
  readonly budgetMs?: number;
  /** Called as programs are judged. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface CampaignResult {
  /** Programs that were run and judged, without those of shrinking. */
  readonly programs: number;
  readonly failed: number;
}

/** Programs under way at once: enough for every process of a pool to have one waiting. */
const UNDER_WAY = 64;
/** Programs that one shrinking may run. */
const SHRINK_RUNS = 500;
/** ms; and how long it may take: a subject that hangs or dies is started anew each time. */
const SHRINK_MS = 10_000;

/** The name of the n-th program of a campaign, in reports and where it is saved. */
export const generatedName = (profile: string, seed: number, n: number): string =>
  `generated/${profile}-${seed}-${n}`;

export const isGenerated = (check: string): boolean => check.startsWith('generated/');

/** Spreads the bits of two integers over one (the finalizer of MurmurHash3). */
export function programSeed(seed: number, n: number): number {
  let h = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(n + 1, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** The n-th program of a campaign. */
export function draw(generator: Pick<Generator, 'trees'>, seed: number, n: number): unknown {
  return fc.sample(generator.trees, { seed: programSeed(seed, n), numRuns: 1 })[0];
}

/** What came of one program. */
interface Ran {
  readonly scenario: Scenario;
  readonly trace: Trace;
  readonly judgement: Judgement | TraceAuditError;
}

export class Campaign {
  private readonly broken = new Map<string, number>();

  constructor(
    private readonly session: SubjectSession,
    private readonly examination: Examination,
    private readonly offer: Offer,
    private readonly generator: Generator,
    /** The clauses that the subject claims: others are no failure of it. */
    private readonly claimed: ReadonlySet<string>,
  ) {}

  async run({ seed, runs, budgetMs = Infinity, onProgress }: CampaignOptions): Promise<CampaignResult> {
    const until = performance.now() + budgetMs;
    const failed: { readonly n: number; readonly ran: Ran }[] = [];
    let [next, done] = [0, 0];
    const worker = async (): Promise<void> => {
      while (next < runs && performance.now() < until) {
        const n = next++;
        const ran = await this.runProgram(generatedName(this.generator.profile, seed, n), this.draw(seed, n));
        if (ran !== undefined && this.brokenBy(ran).length > 0) failed.push({ n, ran });
        else if (ran !== undefined) this.take(ran);
        done++;
        onProgress?.(done, runs);
      }
    };
    await Promise.all(Array.from({ length: Math.min(UNDER_WAY, runs) }, worker));
    failed.sort((a, b) => a.n - b.n);
    for (const { n, ran } of failed) await this.fail(seed, n, ran);
    this.noteCounts(done);
    return { programs: done, failed: failed.length };
  }

  /** The clauses that a run broke; an adapter's fault, and an end that nobody asked for, have names of their own. */
  private brokenBy({ trace, judgement }: Ran): readonly string[] {
    if (judgement instanceof TraceAuditError) return ['trace-invalid'];
    const clauses = judgement.findings.map(({ clause }) => clause);
    return clauses.length === 0 && trace.unfinished !== undefined ? [trace.unfinished] : clauses;
  }

  private draw(seed: number, n: number): unknown {
    return draw(this.generator, seed, n);
  }

  /** Undefined if there is no trace, which is told. */
  private async runProgram(name: string, tree: unknown): Promise<Ran | undefined> {
    const { hello, run } = this.session;
    const scenario = prepareScenario(this.generator.render(name, tree, this.offer), hello);
    const result = await run(scenario);
    if ('problem' in result) {
      this.examination.failed([], { ...result.problem, check: name, scenario });
      return undefined;
    }
    const judgement = this.examination.read(scenario, result.trace);
    return { scenario, trace: result.trace, judgement: this.causeOf(judgement) };
  }

  /**
   * A judgement with what was broken first, of what the subject claims: what comes later may only come of it, as a handler that should
   * have been refused is called, and a program that nobody wrote runs into that sooner or later.
   */
  private causeOf(judgement: Judgement | TraceAuditError): Judgement | TraceAuditError {
    if (judgement instanceof TraceAuditError || judgement.findings.length === 0) return judgement;
    const claimed = judgement.findings.filter(({ clause }) => this.claimed.has(clause));
    const first = Math.min(...claimed.map(({ at }) => at));
    return { ...judgement, findings: claimed.filter(({ at }) => at === first) };
  }

  private take({ scenario, trace, judgement }: Ran): void {
    this.examination.count([], scenario, trace, judgement);
  }

  private async fail(seed: number, n: number, ran: Ran): Promise<void> {
    const clauses = new Set(this.brokenBy(ran));
    const isNew = [...clauses].filter((clause) => !this.broken.has(clause));
    for (const clause of clauses) this.broken.set(clause, (this.broken.get(clause) ?? 0) + 1);
    if (isNew.length > 0) this.take(await this.shrink(seed, n, ran, new Set(isNew)));
  }

  /** The smallest program found that breaks one of the clauses. */
  private async shrink(seed: number, n: number, first: Ran, clauses: ReadonlySet<string>): Promise<Ran> {
    let smallest = first;
    let left = SHRINK_RUNS;
    const until = performance.now() + SHRINK_MS;
    const name = first.scenario.name;
    const keeps = fc.asyncProperty(this.generator.trees, async (tree) => {
      if (left-- <= 0 || performance.now() > until) return true;
      const ran = await this.runProgram(name, tree);
      if (ran === undefined || !this.brokenBy(ran).some((clause) => clauses.has(clause))) return true;
      smallest = ran;
      return false;
    });
    await fc.check(keeps, { seed: programSeed(seed, n), numRuns: 1, endOnFailure: false });
    return smallest;
  }

  private noteCounts(programs: number): void {
    for (const [clause, count] of this.broken)
      this.examination.remark(
        clause,
        `${count} of ${programs} generated programs broke it; the smallest is shown`,
      );
  }
}
