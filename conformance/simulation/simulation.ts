/**
 * Runs scenarios on a simulated machine: the same scenarios, the same interpreter of them, and the same kind of trace as in
 * a process of the subject's own.
 *
 * The subject is a loop in TypeScript that takes its system calls and its clock as options, and whose `start()` blocks. It is
 * made once; for each scenario the machine is booted anew, and the subject makes new loops on it.
 */
import type { Posix } from '../../posix/index.js';
import type { LoopSubject } from '../../spec/contract.js';
import type { Hello } from '../../spec/protocol.js';
import type { Scenario } from '../../spec/scenario.js';
import type { Trace } from '../../spec/trace.js';
import { helloOf, roundsOf } from '../host/hello.js';
import { Run, type Host } from '../host/run.js';
import { Halt } from './halt.js';
import { kernelOf } from './kernel.js';
import { Machine, type MachineOptions } from './machine.js';
import { SimulatedProcess } from './simulated-process.js';
import { SimulatedThread } from './simulated-thread.js';

/** Makes a subject that does all its system calls by `kernel`, and takes its time from `kernel.monotonicMs`. */
export type SubjectFactory = (kernel: Posix) => LoopSubject;

/** What a simulated process has not got. */
const UNSIMULATED = {
  signals: "signals are delivered by Node's own loop, which has no part in a simulation",
  http: 'no server lives in a simulated process',
  server: 'no server lives in a simulated process',
} as const;

/** A scenario asks for what can't be done. */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError';
}

export class Simulation {
  private readonly machine: Machine;
  private readonly kernel: Posix;
  private readonly subject: LoopSubject;
  private readonly host: Host;

  constructor(factory: SubjectFactory, options: MachineOptions = {}) {
    this.machine = new Machine(options);
    this.kernel = kernelOf(this.machine);
    this.subject = factory(this.kernel);
    const thread = new SimulatedThread(this.machine, (token) => this.subject.signalFromThread?.(token));
    this.host = {
      posix: this.kernel,
      subject: this.subject,
      hello: { rounds: this.rounds(), unclaimed: { ...this.subject.unclaimed } },
      surroundings: new SimulatedProcess(this.machine, thread),
    };
  }

  /** What the subject claims on such a machine. */
  async hello(): Promise<Hello> {
    this.machine.boot(0);
    const hello = await helloOf({
      subject: this.subject,
      path: 'simulated.ts',
      cannotWake: undefined,
      posix: this.kernel,
    });
    return {
      ...hello,
      facets: hello.facets.filter((facet) => !(facet in UNSIMULATED)),
      unclaimed: { ...hello.unclaimed, ...UNSIMULATED },
    };
  }

  /**
   * Runs a scenario. The same seed gives the same trace.
   * @throws ScenarioError
   */
  run(scenario: Scenario, seed: number): Trace {
    const { machine } = this;
    machine.boot(seed);
    let trace: Trace | undefined;
    let failure: string | undefined;
    let numbers: Record<string, number> = {};
    const run = new Run(this.host, scenario, { before: (fds) => (numbers = fds) });
    // Of what comes after the end nothing is to be seen.
    machine.onHalt = () => (run.recorder.closed = true);
    try {
      run.execute((result) => {
        if ('trace' in result) trace = result.trace;
        else failure = result.error;
      });
    } catch (error) {
      if (!(error instanceof Halt)) throw error;
    }
    if (machine.halted !== undefined)
      return { fds: numbers, records: run.recorder.records, unfinished: 'hung' };
    if (failure !== undefined) throw new ScenarioError(failure);
    if (trace === undefined)
      throw new ScenarioError(
        "the loop's start() returns a promise, and there is no loop of Node's to settle it",
      );
    return trace;
  }

  private rounds(): Hello['rounds'] {
    const loop = this.subject.createLoop(() => undefined);
    try {
      return roundsOf(this.subject, loop);
    } finally {
      loop.close();
    }
  }
}

/**
 * Runs one scenario on a machine of its own. Who runs many makes one {@link Simulation} for all.
 * @throws ScenarioError
 */
export function simulate(
  factory: SubjectFactory,
  scenario: Scenario,
  seed: number,
  options: MachineOptions = {},
): Trace {
  return new Simulation(factory, options).run(scenario, seed);
}
