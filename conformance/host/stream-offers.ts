/**
 * What a subject's streams offer, by the methods of one that is made for that and closed again.
 */
import { AF_UNIX, check, SOCK_STREAM, type Posix } from '../../posix/index.js';
import type { Facet, Loop, LoopSubject, Stream } from '../../spec/contract.js';
import { FLAGS } from './fd-maker.js';
import { fileId } from './file-id.js';
import { LACKING } from './lacking.js';
import { quietly } from './loops.js';

/** What there is to see of a subject's streams. */
interface Offers {
  readonly stream: Stream;
  readonly connects: boolean;
  /** The capabilities that the subject disclaims itself. */
  readonly disclaimed: Readonly<Record<string, string>>;
}
type Test = (offers: Offers) => boolean;

const can =
  (...methods: (keyof Stream)[]): Test =>
  ({ stream }) =>
    methods.some((method) => typeof stream[method] === 'function');
const connects: Test = ({ connects }) => connects;
const disclaims =
  (...capabilities: string[]): Test =>
  ({ disclaimed }) =>
    capabilities.every((capability) => disclaimed[capability] !== undefined);

/** Without what a stream facet can't be claimed. */
const STREAM_FACETS: Partial<Record<Facet, Test>> = {
  streams: () => true,
  reading: can('readUntil', 'readUntilRegex', 'readBytes', 'readSome', 'readUntilClose'),
  writing: can('write'),
  limits: (offers) => !disclaims('maxRead', 'maxBytes', 'maxWrite')(offers),
  connecting: connects,
};

/** Without what a capability of streams is lacking. Whether it is there may be for the subject to say: see writing-an-adapter.md. */
const STREAM_CAPABILITIES: Readonly<Record<string, Test>> = {
  readUntil: can('readUntil'),
  readUntilRegex: can('readUntilRegex'),
  readBytes: can('readBytes'),
  readSome: can('readSome'),
  readUntilClose: can('readUntilClose'),
  sent: can('write'),
  closeCallback: can('setCloseCallback'),
  halfClose: can('end'),
  maxBytes: can('readUntil', 'readUntilRegex'),
  maxWrite: can('write'),
  streamState: can('reading', 'writing', 'closed'),
  early: connects,
  unixConnect: connects,
};

export interface Lacking {
  readonly facets: Partial<Record<Facet, string>>;
  readonly capabilities: Readonly<Record<string, string>>;
}

/**
 * What the streams of a subject lack. Nothing needs to be said of a subject that has none and claims none; and where none can be
 * made, nothing is lacking: the subject claims what it says, and the checks will show it.
 */
export async function lackingOfStreams(subject: LoopSubject, loop: Loop, posix: Posix): Promise<Lacking> {
  const facets: Partial<Record<Facet, string>> = {};
  const capabilities: Record<string, string> = {};
  if (subject.createStream === undefined) {
    for (const facet of Object.keys(STREAM_FACETS)) facets[facet as Facet] = LACKING;
    return { facets, capabilities };
  }
  const stream = await probe(subject.createStream.bind(subject), loop, posix);
  if (stream === undefined) return { facets, capabilities };
  const offers: Offers = {
    stream,
    connects: typeof subject.connectStream === 'function',
    disclaimed: subject.unclaimed ?? {},
  };
  for (const [facet, offered] of Object.entries(STREAM_FACETS))
    if (!offered(offers)) facets[facet as Facet] = LACKING;
  for (const [capability, offered] of Object.entries(STREAM_CAPABILITIES))
    if (!offered(offers)) capabilities[capability] = LACKING;
  return { facets, capabilities };
}

/** A stream, closed already; undefined if none can be made. Leaves no fd behind, even if the stream does. */
async function probe(
  createStream: NonNullable<LoopSubject['createStream']>,
  loop: Loop,
  posix: Posix,
): Promise<Stream | undefined> {
  const pair = new Int32Array(2);
  check(posix.socketpair(AF_UNIX, SOCK_STREAM | FLAGS, 0, pair), 'socketpair');
  const [near, far] = pair as unknown as [number, number];
  const file = fileId(posix, near);
  try {
    const stream = createStream(loop, near, {});
    quietly(() => stream.close());
    return stream;
  } catch {
    return undefined;
  } finally {
    // Where streams live on Node's own loop, it may take a turn until they are closed.
    await new Promise(setImmediate);
    if (fileId(posix, near) === file) posix.close(near);
    posix.close(far);
  }
}
