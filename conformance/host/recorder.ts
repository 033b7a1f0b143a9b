/**
 * Writes the trace: records in order, each with both clocks, up to the most that the scenario allows.
 */
import type { Posix } from '../../posix/index.js';
import type { LogEntry } from '../../spec/contract.js';
import type { CallbackKind, Did, Enter, TraceRecord } from '../../spec/trace.js';
import { describe } from './raised.js';

/** What an operation came to; the fields of `did` that are its own. */
export type Outcome = Partial<Pick<Did, 'result' | 'data' | 'state' | 'eof' | 'errno' | 'raised'>>;

/** What the loop or the stream handed to a callback: the fields of `enter` that are of its kind only. */
export type Delivery = Partial<Pick<Enter, 'fd' | 'number' | 'events' | 'data' | 'failed'>>;

export interface RecorderOptions {
  readonly maxRecords: number;
  /** Called with each record at once. */
  readonly onRecord?: ((record: TraceRecord) => void) | undefined;
  /** Called once, when the trace is full. */
  readonly onCut: () => void;
}

export class Recorder {
  readonly records: TraceRecord[] = [];
  /** Nothing more is recorded. */
  closed = false;
  /** The monotonic clock when the scenario began, ms. */
  startedAt = 0;
  private cpuAtStart = 0;

  constructor(
    private readonly posix: Posix,
    private readonly options: RecorderOptions,
  ) {
    this.begin();
  }

  /** The clocks begin at 0. */
  begin(): void {
    this.startedAt = this.posix.monotonicMs();
    this.cpuAtStart = this.posix.threadCpuMs();
  }

  enter(run: string, nth: number, as: CallbackKind, token: number, delivery?: Delivery): void {
    const record: Enter = { k: 'enter', t: this.t(), c: this.c(), run, nth, as, token };
    if (delivery !== undefined) Object.assign(record, delivery);
    this.add(record);
  }

  exit(raised?: string): void {
    if (raised === undefined) this.add({ k: 'exit', t: this.t(), c: this.c() });
    else this.add({ k: 'exit', t: this.t(), c: this.c(), raised });
  }

  /** @param token of a registering operation; @param fd the member, when the action names a group */
  did(op: string, outcome: Outcome | undefined, token?: number, fd?: string): void {
    const record: Did = { k: 'did', t: this.t(), c: this.c(), op };
    if (token !== undefined) record.token = token;
    if (fd !== undefined) record.fd = fd;
    if (outcome !== undefined) Object.assign(record, outcome);
    this.add(record);
  }

  starting(): void {
    this.add({ k: 'starting', t: this.t(), c: this.c() });
  }

  log(entry: LogEntry): void {
    const record: Extract<TraceRecord, { k: 'log' }> = {
      k: 'log',
      t: this.t(),
      c: this.c(),
      text: String(entry.text).slice(0, 2000),
      level: entry.level,
    };
    if (entry.error !== undefined) {
      const { type, errno } = describe(entry.error);
      record.type = type;
      if (errno !== undefined) record.errno = errno;
    }
    if (entry.fd !== undefined) record.fd = entry.fd;
    this.add(record);
  }

  private add(record: TraceRecord): void {
    if (this.closed) return;
    const full = this.records.length >= this.options.maxRecords;
    const added: TraceRecord = full ? { k: 'cut', t: record.t, c: record.c } : record;
    this.records.push(added);
    this.options.onRecord?.(added);
    if (!full) return;
    this.closed = true;
    this.options.onCut();
  }

  /** µs since the scenario began. */
  private t(): number {
    return Math.floor((this.posix.monotonicMs() - this.startedAt) * 1000);
  }

  /** µs of CPU time of this thread since the scenario began. */
  private c(): number {
    return Math.floor((this.posix.threadCpuMs() - this.cpuAtStart) * 1000);
  }
}
