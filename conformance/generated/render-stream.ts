/**
 * From the tree of a generated program of streams to its scenario.
 *
 * Theory of operation. As for the loop (`render-loop.ts`): every tree gives a scenario that the host accepts and that ends, and any part
 * of a tree may be taken away.
 *  - A step that can't mean anything is left out: a read from the writing end of a pipe, a peer's reset without TCP, what the subject
 *    doesn't offer, whatever the peer of a stream would do that is a stream itself.
 *  - Nobody but a stream touches its fd. The scenario's own system calls are the peers'.
 *  - A callback that has done all its runs does nothing, and only stages follow each other by themselves: so a program ends.
 *  - No stage waits for time. After each the loop polls as often as a stream needs (`prepare.ts`), and then goes on whatever has happened.
 */
import type { Action, FdSpec, Scenario } from '../../spec/scenario.js';
import * as act from '../scenarios/program.js';
import { SENTINEL, SENTINEL_MS } from '../scenarios/program.js';
import * as words from '../scenarios/stream/words.js';
import type { Offer } from './offer.js';
import { LIMITS, type GeneratedStream, type StreamProgram } from './stream-program.js';
import {
  DELIMITERS,
  MAXIMA,
  PATTERNS,
  PEER_SIZES,
  PIECES,
  READ_SIZES,
  SEND_SIZES,
  SIPS,
  SOME_SIZES,
  type StreamStep,
  type StreamStepKind,
} from './stream-steps.js';

/** Bytes of the kernel's buffers where they are small: the least that it grants. */
const SMALL_BUFFER = 4096;
/** No scenario names a position beyond this. Bytes. */
const PATTERN_END = 1_000_000;
/** As for programs of the loop. */
const MAX_RECORDS = 600;

const FIRST_READS = [
  'readUntil',
  'readUntilRegex',
  'readBytes',
  'readSome',
  'readUntilClose',
] as const satisfies readonly StreamStepKind[];

/** One stream, with the names that it has in the scenario. */
interface Connection extends GeneratedStream {
  readonly name: string;
  /** What it is made over; of one that connects itself, the listener. */
  readonly fd: string;
  /** The other end; undefined if that is a stream. */
  readonly peer: string | undefined;
  readonly connects: boolean;
  readonly canRead: boolean;
  readonly canWrite: boolean;
}

/** @param offer what the subject has; the rest is left out */
export function renderStream(name: string, program: StreamProgram, offer: Offer): Scenario {
  return new StreamRenderer(program, offer).scenario(name);
}

/** What the subject has no streams for becomes a pair. */
function offered(kind: GeneratedStream['kind'], before: string | undefined, offer: Offer): typeof kind {
  switch (kind) {
    case 'pair':
      return kind;
    case 'tcp':
      return offer.has('tcp') ? kind : 'pair';
    case 'pipe':
    case 'pipe-write':
      return offer.has('pipes') ? kind : 'pair';
    case 'mirror':
      return before === 'pair' || before === 'tcp' ? kind : 'pair';
    case 'connect':
    case 'connect-unix':
    case 'refused': {
      const connects = offer.has('connecting') && offer.has('early') && offer.has('tcp');
      return connects && (kind !== 'connect-unix' || offer.has('unixConnect')) ? kind : 'pair';
    }
  }
}

function connectionsOf(streams: readonly GeneratedStream[], offer: Offer): Connection[] {
  const kinds: GeneratedStream['kind'][] = [];
  for (const { kind } of streams) kinds.push(offered(kind, kinds.at(-1), offer));
  return streams.map((stream, i): Connection => {
    const kind = kinds[i]!;
    const connects = kind === 'connect' || kind === 'connect-unix' || kind === 'refused';
    const isMirrored = kinds[i + 1] === 'mirror';
    return {
      ...stream,
      kind,
      late: stream.late && offer.has('meanwhile'),
      name: `s${i}`,
      fd: kind === 'mirror' ? `f${i - 1}.peer` : `f${i}`,
      peer:
        kind === 'mirror' || kind === 'refused' || isMirrored ? undefined : connects ? `p${i}` : `f${i}.peer`,
      connects,
      canRead: kind !== 'pipe-write',
      canWrite: kind !== 'pipe',
    };
  });
}

function fdSpec({ kind, small }: Connection): FdSpec | undefined {
  const buffer = small ? { buffer: SMALL_BUFFER } : {};
  switch (kind) {
    case 'mirror':
      return undefined;
    case 'pipe-write':
      return { kind: 'pipe', near: 'write', ...buffer };
    case 'connect':
    case 'refused':
      return { kind: 'listener', ...buffer };
    case 'connect-unix':
      return { kind: 'listener', family: 'unix', ...buffer };
    default:
      return { kind, ...buffer };
  }
}

class StreamRenderer {
  private readonly connections: readonly Connection[];
  /** Bytes of the pattern that were used, so that no two writes are alike. */
  private used = 0;

  constructor(
    private readonly program: StreamProgram,
    private readonly offer: Offer,
  ) {
    this.connections = connectionsOf(program.streams, offer);
  }

  scenario(name: string): Scenario {
    const { program, offer, connections } = this;
    const known = (action: Action): boolean => offer.allows(action);
    const early = connections.filter(({ late }) => !late).flatMap((connection) => this.making(connection));
    const main = this.steps(program.main);
    const late = connections.filter((connection) => connection.late);
    const opening = [
      ...late.flatMap((connection) => this.making(connection)),
      ...connections.filter(({ kind }) => kind === 'connect' || kind === 'connect-unix').map(acceptance),
    ];
    const collects = connections.flatMap(({ peer, canWrite }) =>
      peer !== undefined && canWrite ? [words.collect(peer)] : [],
    );
    const stages = words.inTurn(
      ...(opening.length === 0 ? [] : [opening]),
      ...program.stages.map((stage) => this.steps(stage)),
      ...words.again(program.collects, ...collects),
    );
    const bodies = program.callbacks.map((runs, i) => [
      `c${i}`,
      { runs: runs.map((run) => this.steps(run).filter(known)) },
    ]);
    const turns = Object.entries(stages.callbacks).map(([stage, actions]) => [
      stage,
      { runs: [actions.filter(known)] },
    ]);
    const fds = connections.flatMap((connection, i) => {
      const spec = fdSpec(connection);
      return spec === undefined ? [] : [[`f${i}`, spec] as const];
    });
    return {
      name,
      fds: Object.fromEntries(fds),
      main: [
        ...(offer.has('timers') ? [act.timeout(SENTINEL_MS, SENTINEL)] : []),
        ...[...early, ...main, stages.begin, act.start].filter(known),
      ],
      callbacks: Object.fromEntries([
        ...bodies,
        ...turns,
        [SENTINEL, { runs: [], rest: [act.done] }],
      ]) as Scenario['callbacks'],
      maxRecords: MAX_RECORDS,
      forgetClosed: true,
    };
  }

  private making(connection: Connection): Action[] {
    const { name, fd, kind, connects, maxRead, maxWrite, reads, how, by, closed } = connection;
    const { offer } = this;
    const [most, queue] = [LIMITS[maxRead % LIMITS.length], LIMITS[maxWrite % LIMITS.length]];
    const limits = {
      ...(most !== undefined && offer.has('maxRead') ? { maxRead: most } : {}),
      ...(queue !== undefined && offer.has('maxWrite') ? { maxWrite: queue } : {}),
    };
    const first = FIRST_READS[reads];
    return [
      ...(kind === 'refused' ? [act.close(fd)] : []),
      connects ? words.connectStream(fd, name, this.callback(by)) : words.stream(fd, name, limits),
      ...(closed % 2 === 0 ? [words.onClose(name, this.callback(closed / 2))] : []),
      ...(first === undefined ? [] : this.step(first, connection, { other: by, how })),
    ];
  }

  private callback(index: number): string {
    return `c${index % this.program.callbacks.length}`;
  }

  private steps(steps: readonly StreamStep[]): Action[] {
    return steps.flatMap((step) =>
      this.step(step.kind, this.connections[step.which % this.connections.length]!, step),
    );
  }

  private step(
    kind: StreamStepKind,
    connection: Connection,
    numbers: Pick<StreamStep, 'other' | 'how'>,
  ): Action[] {
    if (READING.has(kind) && !connection.canRead) return [];
    if (WRITING.has(kind) && !connection.canWrite) return [];
    return StreamRenderer.steps[kind](this, connection, numbers);
  }

  /** Where the pattern goes on; in front of the end that positions have, it begins again. */
  private take(size: number): number {
    this.used = this.used + size > PATTERN_END ? size : this.used + size;
    return this.used - size;
  }

  /** What a peer does, that is no stream. */
  private static peer =
    (does: (peer: string, connection: Connection, numbers: Pick<StreamStep, 'other' | 'how'>) => Action[]) =>
    (_: StreamRenderer, connection: Connection, numbers: Pick<StreamStep, 'other' | 'how'>): Action[] =>
      connection.peer === undefined ? [] : does(connection.peer, connection, numbers);

  static readonly steps = {
    readUntil: (r, { name }, { other, how }) => [
      words.readUntil(
        name,
        DELIMITERS[how % DELIMITERS.length]!,
        r.callback(other),
        r.offer.has('maxBytes') ? MAXIMA[how % MAXIMA.length] : undefined,
      ),
    ],
    readUntilRegex: (r, { name }, { other, how }) => [
      words.readUntilRegex(name, PATTERNS[how % PATTERNS.length]!, r.callback(other)),
    ],
    readBytes: (r, { name }, { other, how }) => [
      words.readBytes(name, READ_SIZES[how % READ_SIZES.length]!, r.callback(other)),
    ],
    readSome: (r, { name }, { other, how }) => [
      words.readSome(
        name,
        r.callback(other),
        r.offer.has('atMost') ? SOME_SIZES[how % SOME_SIZES.length] : undefined,
      ),
    ],
    readUntilClose: (r, { name }, { other }) => [words.readUntilClose(name, r.callback(other))],
    send: (r, { name }, { how }) => {
      const size = SEND_SIZES[how % SEND_SIZES.length]!;
      return [words.sendBytes(name, size, undefined, r.take(size))];
    },
    sendAndTell: (r, { name }, { other, how }) => {
      const size = SEND_SIZES[how % SEND_SIZES.length]!;
      const run = r.offer.has('sent') ? r.callback(other) : undefined;
      return [words.sendBytes(name, size, run, r.take(size))];
    },
    onClose: (r, { name }, { other }) => [words.onClose(name, r.callback(other))],
    endStream: (_, { name }) => [words.endStream(name)],
    closeStream: (_, { name }) => [words.closeStream(name)],
    state: (_, { name }) => [words.streamState(name)],
    isOpen: (_, { fd, connects }) => (connects ? [] : [act.isOpen(fd)]),
    schedule: (r, _, { other }) => [act.schedule(r.callback(other))],
    peerWrites: StreamRenderer.peer((peer, { canRead }, { other, how }) => {
      if (!canRead) return [];
      const piece = PIECES[how % PIECES.length]!;
      return [
        typeof piece === 'string'
          ? act.write(peer, piece)
          : act.writeBytes(peer, PEER_SIZES[other % PEER_SIZES.length]!),
      ];
    }),
    // Large buffers would make a large trace of it.
    peerFills: StreamRenderer.peer((peer, { canRead, small, kind }) =>
      canRead && small && kind === 'pair' ? [act.fill(peer)] : [],
    ),
    peerSips: StreamRenderer.peer((peer, { canWrite }, { how }) =>
      canWrite ? [act.read(peer, SIPS[how % SIPS.length])] : [],
    ),
    peerCollects: StreamRenderer.peer((peer, { canWrite }) => (canWrite ? [words.collect(peer)] : [])),
    peerEnds: StreamRenderer.peer((peer, { kind }) =>
      kind === 'pipe' || kind === 'pipe-write' ? [] : [act.shutdown(peer, 'write')],
    ),
    peerCloses: StreamRenderer.peer((peer) => [act.close(peer)]),
    peerResets: StreamRenderer.peer((peer, { kind }) =>
      kind === 'tcp' || kind === 'connect' ? [act.reset(peer)] : [],
    ),
    throw: () => [act.throwError],
  } satisfies Record<
    StreamStepKind,
    (r: StreamRenderer, connection: Connection, numbers: Pick<StreamStep, 'other' | 'how'>) => Action[]
  >;
}

const READING: ReadonlySet<StreamStepKind> = new Set(FIRST_READS);
const WRITING: ReadonlySet<StreamStepKind> = new Set<StreamStepKind>(['send', 'sendAndTell', 'endStream']);

const acceptance = ({ fd, peer }: Connection): Action => act.accept(fd, peer!);
