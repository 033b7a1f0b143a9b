/**
 * What a subject claims: what it says itself, less what its loop has no method for.
 */
import type { Posix } from '../../posix/index.js';
import { SERVER_FACETS, type Facet, type Loop, type LoopSubject, type Subject } from '../../spec/contract.js';
import { PROTOCOL_VERSION, type Hello } from '../../spec/protocol.js';
import { hasIPv6 } from './fd-maker.js';
import { LACKING } from './lacking.js';
import { textOf, typeOf } from './raised.js';
import { lackingOfStreams } from './stream-offers.js';
import { isTypeScript } from './languages.js';

type Offers = (loop: Loop) => boolean;

const has =
  (...methods: (keyof Loop)[]): Offers =>
  (loop) =>
    methods.every((method) => typeof loop[method] === 'function');
const either =
  (...ways: Offers[]): Offers =>
  (loop) =>
    ways.some((way) => way(loop));

/** One handler and one mask an fd. */
export const isCombined = has('addHandler');

/** The methods without which a facet can't be claimed. */
const FACET_METHODS: Partial<Record<Facet, Offers>> = {
  ready: either(
    has('addHandler', 'removeHandler'),
    has('addReader', 'removeReader', 'addWriter', 'removeWriter'),
  ),
  tasks: has('addCallback'),
  timers: either(has('callLater'), has('addTimeout', 'now')),
  run: has('start', 'stop'),
  wake: has('createWakeup'),
  signals: has('addSignalHandler', 'removeSignalHandler'),
};

/** The methods without which a capability is lacking. */
const CAPABILITY_METHODS: Record<string, Offers> = {
  combined: isCombined,
  update: has('updateHandler'),
  unschedule: has('removeCallback'),
  timeoutAt: has('addTimeout', 'now'),
  cancel: has('removeTimeout'),
  periodic: has('periodic'),
  closeLoop: has('close'),
};

/** How barriers are made of the loop's own operations. */
export function roundsOf(subject: LoopSubject, loop: Loop): Hello['rounds'] {
  if (subject.rounds !== undefined) return subject.rounds;
  return has('addCallback')(loop) ? 'tasks' : has('callLater')(loop) ? 'timers' : 'adapter';
}

export interface HelloOptions {
  readonly subject: Subject;
  /** Of the subject's module. */
  readonly path: string;
  /** Why the helper thread can't wake its loops. */
  readonly cannotWake: string | undefined;
  readonly posix: Posix;
}

type Identity = Pick<Hello, 'protocol' | 'name' | 'version' | 'language' | 'pid' | 'choices'>;

/** What every subject says of itself. */
const identityOf = ({ subject, path }: HelloOptions): Identity => ({
  protocol: PROTOCOL_VERSION,
  name: subject.name,
  version: subject.version,
  language: `${isTypeScript(path) ? 'TypeScript' : 'JavaScript'}, Node ${process.versions.node}`,
  pid: process.pid,
  choices: { ...subject.choices },
});

/** Disclaims what is about servers if there are none. */
function withoutServer(subject: Subject, unclaimed: Record<string, string>): void {
  if (subject.serve !== undefined) return;
  for (const facet of SERVER_FACETS) if (subject.facets.includes(facet)) unclaimed[facet] ??= LACKING;
}

export async function helloOf(options: HelloOptions): Promise<Hello> {
  const { subject } = options;
  if (subject.createLoop !== undefined) return helloOfLoop(subject, options);
  const unclaimed = { ...subject.unclaimed };
  const facets = subject.facets.filter((facet) => unclaimed[facet] === undefined);
  return { ...identityOf(options), facets, unclaimed, limits: {}, rounds: 'adapter', loop: 'created' };
}

async function helloOfLoop(subject: LoopSubject, options: HelloOptions): Promise<Hello> {
  const { cannotWake, posix } = options;
  const loop = subject.createLoop(() => undefined);
  try {
    const unclaimed: Record<string, string> = { ...subject.unclaimed };
    for (const [name, offers] of Object.entries(CAPABILITY_METHODS))
      if (!offers(loop)) unclaimed[name] ??= LACKING;
    withoutServer(subject, unclaimed);
    const lacking = await lackingOfStreams(subject, loop, posix);
    for (const [name, reason] of Object.entries(lacking.capabilities)) unclaimed[name] ??= reason;
    if (!hasIPv6(posix)) unclaimed['ipv6'] ??= 'this system has no ::1';
    const facets = subject.facets.filter((facet) => {
      if (FACET_METHODS[facet]?.(loop) === false) unclaimed[facet] ??= LACKING;
      const reason = lacking.facets[facet];
      if (reason !== undefined) unclaimed[facet] ??= reason;
      return unclaimed[facet] === undefined;
    });
    if (facets.includes('wake')) {
      const reason = cannotWake ?? whyNotFromThreads(subject, loop);
      if (reason !== undefined) unclaimed['thread'] ??= reason;
    }
    const { maxFd } = subject.limits ?? {};
    if (maxFd !== undefined && maxFd < 1024) unclaimed['highFds'] ??= `it watches fds up to ${maxFd}`;
    return {
      ...identityOf(options),
      facets,
      unclaimed,
      limits: { ...subject.limits },
      rounds: roundsOf(subject, loop),
      loop: unclaimed['manyLoops'] === undefined ? 'created' : 'ambient',
    };
  } finally {
    closeQuietly(loop);
  }
}

/** Wake-ups are signalled from threads by a token, of which the subject makes a wake-up again. */
function whyNotFromThreads(subject: LoopSubject, loop: Loop): string | undefined {
  if (subject.signalFromThread === undefined) return 'the subject has no signalFromThread';
  try {
    return loop.createWakeup?.(() => undefined).token === undefined
      ? 'its wake-ups have no token'
      : undefined;
  } catch (error) {
    return `createWakeup fails: ${typeOf(error)}: ${textOf(error)}`.slice(0, 500);
  }
}

/** A subject whose loop can't be closed says so in `unclaimed`; here it only matters that nothing is left behind. */
function closeQuietly(loop: Loop): void {
  try {
    loop.close();
  } catch {
    // Judged where a scenario closes a loop.
  }
}
