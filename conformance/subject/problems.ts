/**
 * What can go wrong between the kit and a subject, by name. A problem is an error of the subject's adapter, host or
 * environment, and never a verdict about its loop. All of it is plain data, for reports.
 */
import type { Leftover } from './offspring.js';

interface Kinds {
  'spawn-failed': { command: string; reason: string };
  'no-hello': { waitedMs: number };
  'hello-invalid': { reason: string };
  'hello-refused': { text: string };
  'hello-changed': { field: string };
  'claims-unsupported': { claims: readonly string[] };
  silent: { waitedMs: number };
  died: { code: number | null; signal: NodeJS.Signals | null };
  unsteady: { first: 'hung' | 'died'; cause: string };
  garbage: { shown: string };
  flood: { stream: 'stdout' | 'stderr'; bytes: number };
  'too-long-line': { limit: number; shown: string };
  'too-complex': { reason: string };
  'reply-invalid': { reason: string };
  'wrong-id': { expected: number | null; got: number };
  'host-error': { text: string };
  'trace-invalid': { reason: string };
  'rendezvous-failed': { reason: string };
  'no-bye': { waitedMs: number };
  'left-behind': { processes: readonly Leftover[] };
  'given-up': { after: number; last: string };
  closed: { why: string };
}

export type ProblemName = keyof Kinds;
export type ProblemOf<N extends ProblemName> = { readonly name: N } & Readonly<Kinds[N]> & {
    /** The last that the subject wrote to its standard error, escapes made visible. */
    readonly stderr?: string;
  };
export type Problem = { [N in ProblemName]: ProblemOf<N> }[ProblemName];

/** One sentence. */
export function describe(problem: Problem): string {
  switch (problem.name) {
    case 'spawn-failed':
      return `The subject could not be started: ${problem.command}: ${problem.reason}.`;
    case 'no-hello':
      return `The subject did not answer hello within ${ms(problem.waitedMs)}.`;
    case 'hello-invalid':
      return `The subject's hello is not valid: ${problem.reason}.`;
    case 'hello-refused':
      return `The subject could not be loaded: ${problem.text}.`;
    case 'hello-changed':
      return `The subject was started again and its hello differs from the first one in ${problem.field}.`;
    case 'claims-unsupported':
      return `The subject claims ${problem.claims.join(', ')} and says in the same hello that it lacks it.`;
    case 'silent':
      return `The subject did not answer within ${ms(problem.waitedMs)}, and was killed.`;
    case 'died':
      return problem.signal === null
        ? `The subject ended with exit code ${problem.code ?? 'unknown'} before it had answered.`
        : `The subject was ended by ${problem.signal} before it had answered.`;
    case 'unsteady':
      return `The subject ${problem.first} in this scenario, and passed through it when it was run again alone: ${problem.cause}`;
    case 'garbage':
      return `The subject wrote what is not a line of the protocol to its standard output: "${problem.shown}".`;
    case 'flood':
      return `The subject wrote ${problem.bytes} bytes to its ${problem.stream} without an answer, and was killed.`;
    case 'too-long-line':
      return `The subject wrote a line of more than ${problem.limit} bytes, which begins "${problem.shown}", and was killed.`;
    case 'too-complex':
      return `The subject answered with more JSON than was asked for: ${problem.reason}.`;
    case 'reply-invalid':
      return `The subject's reply is not one of the protocol: ${problem.reason}.`;
    case 'wrong-id':
      return problem.expected === null
        ? `The subject answered a request ${problem.got} when nothing was asked of it.`
        : `The subject answered request ${problem.got} when it was the turn of request ${problem.expected}.`;
    case 'host-error':
      return `The subject could not run the scenario: ${problem.text}.`;
    case 'trace-invalid':
      return `The subject's trace is not valid: ${problem.reason}.`;
    case 'rendezvous-failed':
      return `The rendezvous with the subject failed: ${problem.reason}.`;
    case 'no-bye':
      return `The subject did not end within ${ms(problem.waitedMs)} of bye, and was killed.`;
    case 'left-behind':
      return `The subject left ${count(problem.processes.length)} behind, killed now: ${problem.processes
        .slice(0, 5)
        .map(({ pid, command }) => `${pid} (${command})`)
        .join(', ')}${problem.processes.length > 5 ? ', …' : ''}.`;
    case 'given-up':
      return `The subject was given up after ${problem.after} starts or scenarios in a row without a single answer; the last time: ${problem.last}`;
    case 'closed':
      return `The scenario was not run: ${problem.why}.`;
  }
}

function ms(time: number): string {
  return time < 1000 ? `${Math.round(time)} ms` : `${(time / 1000).toFixed(1)} s`;
}

function count(processes: number): string {
  return processes === 1 ? 'one process' : `${processes} processes`;
}
