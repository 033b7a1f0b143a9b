/** Rules of `spec/stream/reentrancy.md`. */
import { closedAt, enterOf, type History, type StreamLife } from '../../trace/history.js';
import type { Frame } from '../../trace/timeline.js';
import type { RuleSet } from '../rule.js';
import { callbacksOf, ownerOf } from './owners.js';
import { readFacts, wasReset, type ReadFact } from './read-facts.js';

/** Links of a chain that show whether it has an end, or a bottom. */
const MANY = 500;
/** Callbacks that may lie within each other. A stack takes thousands; what piles up has no bound. */
const DEEP = 50;

/** Reads each of which was asked for in the callback of the one before, stream by stream. */
function* chains(h: History): Generator<readonly [StreamLife, readonly ReadFact[]]> {
  for (const stream of h.streams) {
    const facts = readFacts(h).filter(
      ({ read, stream: of }) => of === stream && read.by.kind === 'read' && read.failed === undefined,
    );
    if (facts.length >= MANY) yield [stream, facts];
  }
}

function depthOf(frame: Frame): number {
  let depth = 0;
  for (let at: Frame | undefined = frame; at !== undefined && depth <= DEEP; at = at.parent) depth++;
  return depth;
}

const STREAM_OPS: ReadonlySet<string> = new Set([
  'readUntil',
  'readUntilRegex',
  'readBytes',
  'readSome',
  'readUntilClose',
  'send',
  'closeStream',
]);

export const reentrancyRules: RuleSet = {
  'STREAM-REENTRY-1': (h, say) => {
    for (const [stream, facts] of chains(h)) {
      const deep = facts.find(({ end }) => end !== undefined && depthOf(end) > DEEP);
      const run = h.runs.find(({ loop, raised }) => loop === stream.loop && raised !== undefined);
      if (deep !== undefined)
        say.broken(deep.endAt, `more than ${DEEP} callbacks of stream ${stream.name} lie within each other`);
      else if (run !== undefined)
        say.broken(
          run.to,
          `start raised after a chain of reads of stream ${stream.name}: ${run.raised!.text}`,
        );
      else say.kept();
    }
  },

  'STREAM-REENTRY-2': (h, say) => {
    for (const stream of h.streams)
      for (const { at, failed, frames } of callbacksOf(stream)) {
        const enter = frames[0]?.enter!.index;
        if (enter === undefined || failed !== undefined) continue;
        if (enter < at)
          say.broken(enter, `a callback of stream ${stream.name} was called by the call that asked for it`);
        else say.kept();
      }
  },

  'STREAM-REENTRY-3': (h, say) => {
    for (const { index, action, record, frame } of h.steps) {
      if (action === undefined || !STREAM_OPS.has(action.op) || record.k !== 'did') continue;
      const stream = ownerOf(h, frame);
      if (stream === undefined || !('stream' in action) || action.stream !== stream.name) continue;
      if (frame.kind === 'closed' || enterOf(frame).failed !== undefined) continue;
      if (closedAt(stream) < index || stream.file.eofAt < index || stream.file.reset) continue;
      const { raised } = record;
      const limited = 'max' in action && action.max !== undefined;
      if (raised === undefined) say.kept();
      else if (
        !limited &&
        !isBusy(stream, index) &&
        stream.maxRead === undefined &&
        stream.maxWrite === undefined
      )
        say.broken(
          index,
          `${action.op} in a callback of stream ${stream.name} raised ${raised.type}: ${raised.text}`,
        );
    }
  },

  'STREAM-REENTRY-4': (h, say) => {
    for (const stream of h.streams)
      for (const { step, state } of stream.states) {
        const { frame } = step;
        if (frame.kind !== 'read') continue;
        if (state.reading === undefined) {
          say.excused("it can't be asked whether it is reading");
          continue;
        }
        if (ownerOf(h, frame) !== stream) continue;
        const again = stream.reads.some(
          ({ by, at, failed }) => by === frame && at < step.index && failed === undefined,
        );
        if (again) continue;
        if (state.reading)
          say.broken(step.index, `stream ${stream.name} says in a read's callback that it is reading`);
        else say.kept();
      }
  },

  'STREAM-REENTRY-5': (h, say) => {
    for (const [stream, facts] of chains(h)) {
      const from = facts[0]!.read.at;
      const to = facts.at(-1)!.endAt;
      const others = [...h.tasks, ...h.timers.filter(({ delay }) => delay <= 0)];
      for (const { at, failed, cancelledAt, loop, run, frames } of others) {
        if (loop !== stream.loop || failed !== undefined || cancelledAt < Infinity || at < from || at > to)
          continue;
        const served = frames[0]?.enter!.index ?? Infinity;
        const links = facts.filter(({ endAt }) => endAt > at && endAt < served).length;
        if (links >= MANY)
          say.broken(
            Math.min(served, to),
            `'${run}' had to wait while ${links} reads of stream ${stream.name} were served`,
          );
        else if (served < Infinity) say.kept();
      }
    }
  },

  'STREAM-REENTRY-6': (h, say) => {
    for (const fact of readFacts(h)) {
      const { stream, dueAt, endAt, bytes } = fact;
      const closed = closedAt(stream);
      if (fact.size === undefined || fact.overlaps || dueAt > closed || endAt < closed || wasReset(stream))
        continue;
      if (bytes !== undefined && bytes.length > 0) say.chose('delivered', endAt);
      else if (endAt < Infinity) say.chose('dropped', endAt);
    }
  },
};

/** A read was pending at a step, so that another may be refused. */
const isBusy = ({ reads }: StreamLife, step: number): boolean =>
  reads.some(
    ({ at, failed, frames }) =>
      failed === undefined && at < step && (frames[0]?.enter!.index ?? Infinity) > step,
  );
