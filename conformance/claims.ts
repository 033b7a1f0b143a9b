/**
 * What a subject claims, and what a check needs of it.
 *
 * A clause is claimed if its facet is, and every capability that it requires is offered. A check can run if all that
 * its actions use is offered. Both are decided from `hello` alone, before anything runs.
 */
import type { Clause } from '../spec/clauses.js';
import type { Facet } from '../spec/contract.js';
import { CAPABILITIES, type Capability, type Hello } from '../spec/protocol.js';
import type { Action, Op, Scenario } from '../spec/scenario.js';
import type { Check, Need } from './scenarios/check.js';

/** The facet that an operation belongs to; system calls belong to none. */
const FACET_OF: Partial<Record<Op, Facet>> = {
  add: 'ready',
  update: 'ready',
  remove: 'ready',
  schedule: 'tasks',
  unschedule: 'tasks',
  timeout: 'timers',
  timeoutAt: 'timers',
  now: 'timers',
  cancel: 'timers',
  periodic: 'timers',
  periodicStart: 'timers',
  periodicStop: 'timers',
  start: 'run',
  stop: 'run',
  done: 'run',
  newLoop: 'run',
  closeLoop: 'run',
  wakeup: 'wake',
  wake: 'wake',
  signal: 'signals',
  unsignal: 'signals',
  stream: 'streams',
  closeStream: 'streams',
  onClose: 'streams',
  streamState: 'streams',
  readUntil: 'reading',
  readUntilRegex: 'reading',
  readBytes: 'reading',
  readSome: 'reading',
  readUntilClose: 'reading',
  send: 'writing',
  endStream: 'writing',
  connectStream: 'connecting',
};

/** The capability that an operation needs beyond its facet. */
const CAPABILITY_OF: Partial<Record<Op, Capability>> = {
  update: 'update',
  unschedule: 'unschedule',
  timeoutAt: 'timeoutAt',
  now: 'timeoutAt',
  cancel: 'cancel',
  periodic: 'periodic',
  periodicStart: 'periodic',
  periodicStop: 'periodic',
  newLoop: 'manyLoops',
  closeLoop: 'closeLoop',
  thread: 'thread',
  onClose: 'closeCallback',
  streamState: 'streamState',
  readUntil: 'readUntil',
  readUntilRegex: 'readUntilRegex',
  readBytes: 'readBytes',
  readSome: 'readSome',
  readUntilClose: 'readUntilClose',
  endStream: 'halfClose',
};

export interface Needs {
  readonly facets: ReadonlySet<Facet>;
  readonly capabilities: ReadonlySet<Need>;
}

function actionsOf(scenario: Scenario): Action[] {
  const callbacks = Object.values(scenario.callbacks).flatMap(({ runs, rest }) => [
    ...runs.flat(),
    ...(rest ?? []),
  ]);
  return [...scenario.main, ...callbacks];
}

/** What an operation of streams needs because of its fields. */
function furtherNeeds(action: Action, { fds, main }: Scenario): Capability[] {
  const needs: Capability[] = [];
  const kind = 'fd' in action ? fds[action.fd]?.kind : undefined;
  if (action.op === 'readSome' && action.size !== undefined) needs.push('atMost');
  if (action.op === 'send' && action.run !== undefined) needs.push('sent');
  if ('max' in action && action.max !== undefined) needs.push('maxBytes');
  if (action.op === 'connectStream' && fds[action.to]?.family === 'unix') needs.push('unixConnect');
  if (action.op !== 'stream') return needs;
  if (!main.includes(action)) needs.push('meanwhile');
  if (action.maxRead !== undefined) needs.push('maxRead');
  if (action.maxWrite !== undefined) needs.push('maxWrite');
  if (kind === 'pipe') needs.push('pipes');
  if (kind === 'socket') needs.push('unconnected');
  return needs;
}

/** What a check needs: from its actions, its fds and its own list. */
export function needsOf(check: Check): Needs {
  const facets = new Set<Facet>();
  const capabilities = new Set<Need>(check.needs);
  const { scenario } = check;
  for (const action of actionsOf(scenario)) {
    const facet = FACET_OF[action.op];
    if (facet !== undefined) facets.add(facet);
    const capability = CAPABILITY_OF[action.op];
    if (capability !== undefined) capabilities.add(capability);
    for (const needed of furtherNeeds(action, scenario)) capabilities.add(needed);
    if (action.op === 'throw') {
      capabilities.add(
        action.kind === 'fatal' ? 'fatal' : action.kind === 'errno' ? 'errnoErrors' : 'exceptions',
      );
    }
  }
  if (scenario.main.filter((action) => action.op === 'start').length > 1) capabilities.add('restart');
  for (const fd of Object.values(scenario.fds)) {
    if (fd.kind !== 'pair' && fd.kind !== 'pipe' && fd.kind !== 'file') capabilities.add('tcp');
    if (fd.kind === 'tcp6' || fd.family === 'ipv6') capabilities.add('ipv6');
    if (fd.kind === 'file') capabilities.add('files');
    if ((fd.from ?? 0) >= 1024 || (fd.count ?? 0) >= 500) capabilities.add('highFds');
  }
  return { facets, capabilities };
}

const lacks = (hello: Hello, capability: string): string | undefined => {
  const reason = hello.unclaimed[capability];
  if (reason !== undefined) return `${capability}: ${reason}`;
  if (capability === 'split' && hello.unclaimed['combined'] === undefined)
    return 'split: one handler has both directions of an fd';
  if (capability === 'highFds' && (hello.limits.maxFd ?? Infinity) < 2047)
    return `fds above ${hello.limits.maxFd}: beyond its limit`;
  return undefined;
};

/** Why a subject can't run a check; undefined if it can. */
export function cannotRun(hello: Hello, needs: Needs): string | undefined {
  for (const facet of needs.facets)
    if (!hello.facets.includes(facet)) return hello.unclaimed[facet] ?? `the facet '${facet}' is not claimed`;
  for (const capability of needs.capabilities) {
    const reason = lacks(hello, capability);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** Why a subject does not claim a clause; undefined if it does. */
export function doesNotClaim(hello: Hello, clause: Clause): string | undefined {
  if (!hello.facets.includes(clause.facet))
    return hello.unclaimed[clause.facet] ?? `the facet '${clause.facet}' is not claimed`;
  return clause.requires.map((capability) => lacks(hello, capability)).find((reason) => reason !== undefined);
}

/** Why each clause is not claimed: by facet or capability, or because none of its checks can run. */
export function unclaimedReasons(
  hello: Hello,
  clauses: readonly Clause[],
  checks: readonly Check[],
): Map<string, string> {
  const reasons = new Map<string, string>();
  for (const clause of clauses) {
    const why = checks.filter((c) => c.clauses.includes(clause.id)).map((c) => cannotRun(hello, needsOf(c)));
    const unable = why.length > 0 && why.every((w) => w !== undefined) ? why[0] : undefined;
    const reason = doesNotClaim(hello, clause) ?? unable;
    if (reason !== undefined) reasons.set(clause.id, reason);
  }
  return reasons;
}

/** Words in `hello` that the kit does not know: a misspelt capability must not silently claim what it meant to disclaim. */
export function unknownWords(
  hello: Hello,
  facets: readonly string[],
  choices: ReadonlyMap<string, readonly string[]>,
): string[] {
  const known = new Set<string>([...Object.keys(CAPABILITIES), ...facets]);
  const words = Object.keys(hello.unclaimed).filter((word) => !known.has(word));
  for (const [key, value] of Object.entries(hello.choices)) {
    if (!choices.has(key)) words.push(key);
    else if (!choices.get(key)!.includes(value)) words.push(`${key}=${value}`);
  }
  return words;
}
