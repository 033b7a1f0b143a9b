/**
 * Gathers the streams of a history: the part of the builder that knows them.
 */
import type { Action } from '../../spec/scenario.js';
import type { Did } from '../../spec/trace.js';
import { payloadBytes } from './byte-log.js';
import type { Entity, Fd } from './entities.js';
import type { History } from './history.js';
import { OpenFile } from './kernel.js';
import type { Send, StreamLife, StreamRead } from './streams.js';
import type { Step } from './timeline.js';

/** What the builder lends: it alone knows names and tokens. */
export interface Builder {
  fd(name: string): Fd;
  entity(step: Step, record: Did, run: string): Entity;
  remember<E extends Entity>(list: E[], entity: E): E;
}

/**
 * Puts the last of a list where its token belongs: what a callback asks for that was called inside of an operation is recorded
 * before that operation.
 * @returns whether it was there already
 */
function isInOrder(list: Entity[]): boolean {
  const [before, last] = list.slice(-2);
  if (before === undefined || last === undefined || before.token < last.token) return true;
  list.sort((a, b) => a.token - b.token);
  return false;
}

function placeAnew(sends: readonly Send[]): void {
  let from = 0;
  for (const send of sends) {
    Object.assign(send, { from });
    if (send.failed === undefined) from += send.bytes.length;
  }
}

export class StreamBuilder {
  private readonly byName = new Map<string, StreamLife>();
  /** By listener: who has not been accepted yet; undefined for a connection of the scenario's own. */
  private readonly connecting = new Map<string, (StreamLife | undefined)[]>();

  constructor(
    private readonly h: History,
    private readonly builder: Builder,
  ) {}

  /** @returns whether the action is one of streams */
  did(step: Step, record: Did, action: Action): boolean {
    switch (action.op) {
      case 'stream': {
        const fd = this.builder.fd(action.fd);
        if (record.raised === undefined) fd.file.becomesStream(step.index);
        const made = this.make(step, record, action.as, { file: fd.file, fd, connect: undefined });
        Object.assign(made, { maxRead: action.maxRead, maxWrite: action.maxWrite });
        return true;
      }
      case 'connectStream': {
        const connect = this.builder.remember([], this.builder.entity(step, record, action.run));
        const file = new OpenFile('connection', true, true);
        file.becomesStream(step.index);
        const stream = this.make(step, record, action.as, { file, fd: undefined, connect });
        const listener = this.builder.fd(action.to);
        Object.assign(stream, { listened: listener.closedAt > step.index });
        if (record.raised === undefined) this.connects(action.to, stream);
        return true;
      }
      case 'readUntil':
      case 'readUntilRegex':
      case 'readBytes':
      case 'readSome':
      case 'readUntilClose': {
        const stream = this.stream(action.stream);
        if (stream === undefined) return true;
        const entity = this.builder.entity(step, record, action.run);
        this.builder.remember<StreamRead>(stream.reads, { ...entity, stream, action });
        isInOrder(stream.reads);
        return true;
      }
      case 'send': {
        const stream = this.stream(action.stream);
        if (stream === undefined) return true;
        const bytes = payloadBytes(action, 'latin1');
        const last = stream.sends.findLast((send) => send.failed === undefined);
        const from = last === undefined ? 0 : last.from + last.bytes.length;
        const entity = this.builder.entity(step, record, action.run ?? '');
        if (record.raised === undefined) stream.file.sentBytes += bytes.length;
        const told = action.run !== undefined;
        this.builder.remember<Send>(stream.sends, { ...entity, stream, bytes, from, told });
        if (!isInOrder(stream.sends)) placeAnew(stream.sends);
        return true;
      }
      case 'onClose': {
        const stream = this.stream(action.stream);
        if (stream !== undefined)
          this.builder.remember(stream.closeCallbacks, this.builder.entity(step, record, action.run));
        return true;
      }
      case 'endStream':
        this.stream(action.stream)?.ends.push(step);
        return true;
      case 'closeStream':
        this.stream(action.stream)?.closes.push(step);
        return true;
      case 'streamState':
        if (record.state !== undefined)
          this.stream(action.stream)?.states.push({ step, state: record.state });
        return true;
      default:
        return false;
    }
  }

  /** Somebody connects to a listener. */
  connects(listener: string, stream: StreamLife | undefined): void {
    const waiting = this.connecting.get(listener);
    if (waiting === undefined) this.connecting.set(listener, [stream]);
    else waiting.push(stream);
  }

  /**
   * A connection was accepted: its other end is the stream that connects there, if there is but one. Of several it isn't known
   * which: a stream makes its system call when it likes.
   */
  accepted(listener: string, file: OpenFile): void {
    const waiting = this.connecting.get(listener);
    const stream = waiting?.pop();
    if (waiting === undefined || waiting.length > 0) waiting?.fill(undefined);
    else if (stream !== undefined) this.join(stream, file);
  }

  private join(stream: StreamLife, file: OpenFile): void {
    stream.file.peer = file;
    file.peer = stream.file;
  }

  private make(
    step: Step,
    record: Did,
    name: string,
    of: Pick<StreamLife, 'file' | 'fd' | 'connect'>,
  ): StreamLife {
    const { loop } = this.builder.entity(step, record, '');
    const stream: StreamLife = {
      name,
      loop,
      at: step.index,
      by: step.frame,
      failed: record.raised,
      ...of,
      maxRead: undefined,
      maxWrite: undefined,
      listened: false,
      reads: [],
      sends: [],
      closeCallbacks: [],
      closes: [],
      ends: [],
      states: [],
    };
    this.h.streams.push(stream);
    // Its name stands for nothing if its making raised, as in the host.
    if (record.raised === undefined) this.byName.set(name, stream);
    else this.byName.delete(name);
    return stream;
  }

  private stream(name: string): StreamLife | undefined {
    return this.byName.get(name);
  }
}
