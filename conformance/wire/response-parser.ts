/**
 * A strict parser of HTTP/1.x responses, that does no I/O: bytes in, responses out.
 *
 * Theory of operation. A client that means to be served is lenient; one that judges must not be, as whatever it repairs
 * silently is a fault that it hides. So every line ends with CRLF, every field has its grammar, and a length is stated in one way
 * only. What breaks this is `malformed`, with the offset of the byte where it shows; nothing is parsed behind it.
 *
 * A response ends where its framing says, and what follows is the next one. The parser never looks for a status line in a
 * body, nor for a body behind a response that has none: a body behind the answer to HEAD shows as a malformed status line.
 * For that it has to know which method each response answers (RFC 9112, section 6.3).
 *
 * The result depends on the bytes alone and not on how they were cut: a property test holds it to that. All that it keeps is bounded.
 */

export type Field = readonly [name: string, value: string];
export type Framing = 'length' | 'chunked' | 'close' | 'none';

/** Status line and fields. */
export interface Head {
  readonly status: number;
  /** `1.1` */
  readonly version: string;
  readonly reason: string;
  readonly fields: readonly Field[];
  /** 1xx, but for 101, after which it is not HTTP any more. */
  readonly interim: boolean;
  readonly framing: Framing;
}

export interface Response extends Head {
  /** Decoded; one character (U+0000 to U+00FF) a byte. */
  readonly body: string;
  readonly trailers: readonly Field[];
}

export interface Malformed {
  /** In words. */
  readonly what: string;
  /** Offset, in all that came, of the byte where it shows. */
  readonly at: number;
  /** All was well, and the connection ended too early. */
  readonly cut: boolean;
}

export interface ParserOptions {
  /** Method of the nth request (from 0) of the connection. */
  readonly method: (nth: number) => string;
  /** How many bytes of a body are kept, decoded; the others are read over. */
  readonly keptBody: () => number;
}

/** Of a body that is read over: a front page may be large, but it ends. */
const MAX_BODY = 4 * 1024 * 1024;
const MAX_HEAD = 256 * 1024;
const MAX_LINE = 64 * 1024;
const MAX_INTERIMS = 100;

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Visible characters, blanks, and bytes beyond ASCII (RFC 9110, section 5.5). */
const TEXT = /^[\t\x20-\x7e\x80-\xff]*$/;
const CHUNK = /^([0-9A-Fa-f]{1,13})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?$/;
/** A status line as far as it has no choice: `d` is a digit. */
const STATUS_LINE = 'HTTP/1.d ddd ';
const BEHIND_THE_STATUS = STATUS_LINE.length - 1;

type State =
  | 'status-line'
  | 'fields'
  | 'length'
  | 'chunk-size'
  | 'chunk-data'
  | 'chunk-end'
  | 'trailers'
  | 'close'
  | 'raw'
  | 'broken';

/** Where a line parts from a status line; undefined if it does not. */
function partsAt(line: string): number | undefined {
  for (let i = 0; i < Math.min(line.length, STATUS_LINE.length); i++) {
    const due = STATUS_LINE[i]!;
    if (due === 'd' ? !/\d/.test(line[i]!) : line[i] !== due) return i;
  }
  return undefined;
}

/** All values of a field, joined by commas; undefined if there is none. Names ignore case. */
export function fieldValue(fields: readonly Field[], name: string): string | undefined {
  const lower = name.toLowerCase();
  const values = fields.filter(([n]) => n.toLowerCase() === lower).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(', ');
}

/** Whether a field that is a list of tokens holds one, ignoring case. */
const hasToken = (fields: readonly Field[], name: string, token: string): boolean =>
  (fieldValue(fields, name) ?? '').split(',').some((part) => part.trim().toLowerCase() === token);

/** Whether a response says that the connection ends behind it (RFC 9112, sections 9.3 and 9.6). */
export const saysClose = ({ version, fields }: Head): boolean =>
  hasToken(fields, 'connection', 'close') ||
  (version === '1.0' && !hasToken(fields, 'connection', 'keep-alive'));

export class ResponseParser {
  /** Whole ones, interim ones included, in their order. */
  readonly responses: Response[] = [];
  malformed: Malformed | undefined;
  /** Bytes that came when the connection had ceased to be HTTP: behind a 101, or a CONNECT that succeeded. */
  raw = 0;
  readonly #options: ParserOptions;
  #state: State = 'status-line';
  /** Bytes seen. */
  #offset = 0;
  #line = '';
  #lineBegin = 0;
  /** Offset of the first byte of the response at hand. */
  #begin = 0;
  #head: Head | undefined;
  #start: Pick<Head, 'status' | 'version' | 'reason'> = { status: 0, version: '', reason: '' };
  #fields: [string, string][] = [];
  #trailers: [string, string][] = [];
  #body: string[] = [];
  #bodyBytes = 0;
  /** Bytes of the body, or of the chunk, that are due. */
  #left = 0;
  #finals = 0;
  #interims = 0;

  constructor(options: ParserOptions) {
    this.#options = options;
  }

  /** The head of the response that is not whole yet, if it is there. */
  get current(): Head | undefined {
    return this.#head;
  }

  /** The response that is not whole, with as much of its body as there is. */
  get partial(): Response | undefined {
    return this.#head && { ...this.#head, body: this.#body.join(''), trailers: [] };
  }

  /** Bytes of a response have come that is not whole. */
  get unfinished(): boolean {
    return this.#state !== 'raw' && (this.#head !== undefined || this.#offset > this.#begin);
  }

  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && this.#state !== 'broken') {
      const before = at;
      at = this.#step(bytes, at);
      this.#offset += at - before;
      this.#settle();
    }
  }

  /**
   * The connection has ended; `how` decides whether a body that is delimited by that is whole. An empty one always is: who refuses a
   * request by a head alone, and closes while the client still sends, resets the connection, and whether the kit is told so or of a plain
   * end is chance (libuv takes a reset that comes with the last bytes for an end).
   */
  end(how: 'fin' | 'rst'): void {
    if (this.#state === 'broken' || this.#state === 'raw') return;
    if (this.#state === 'close' && (how === 'fin' || this.#bodyBytes === 0)) this.#finish();
    else if (this.unfinished)
      this.#break(
        `the connection ${how === 'fin' ? 'ended' : 'was reset'} ${this.#place()}`,
        this.#offset,
        true,
      );
    this.#begin = this.#offset;
  }

  #place(): string {
    switch (this.#state) {
      case 'status-line':
        return 'within a status line';
      case 'fields':
        return 'within the fields of a response';
      case 'length':
        return `${this.#left} bytes before the end of the body that Content-Length declares`;
      case 'close':
        return 'within a body that the end of the connection delimits';
      default:
        return 'within a chunked body';
    }
  }

  #break(what: string, at: number, cut = false): void {
    this.malformed = { what, at, cut };
    this.#state = 'broken';
  }

  /** Takes some bytes; the place behind them. */
  #step(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case 'length':
      case 'chunk-data':
      case 'close': {
        const take = this.#state === 'close' ? bytes.length - at : Math.min(this.#left, bytes.length - at);
        const kept = this.#options.keptBody();
        const most = Math.max(kept, MAX_BODY);
        if (this.#bodyBytes + take > most) {
          this.#break(`a body of more than ${most} bytes`, this.#offset + most - this.#bodyBytes);
          return at;
        }
        const room = Math.min(take, kept - this.#bodyBytes);
        if (room > 0) this.#body.push(bytes.toString('latin1', at, at + room));
        this.#bodyBytes += take;
        if (this.#state !== 'close') this.#left -= take;
        return at + take;
      }
      case 'raw':
        this.raw += bytes.length - at;
        return bytes.length;
      default:
        return this.#takeLine(bytes, at);
    }
  }

  #takeLine(bytes: Buffer, at: number): number {
    if (this.#line === '') this.#lineBegin = this.#offset;
    const lf = bytes.indexOf(10, at);
    const end = lf < 0 ? bytes.length : lf + 1;
    const inHead = this.#state === 'fields' || this.#state === 'status-line';
    const room = inHead ? MAX_HEAD - (this.#lineBegin - this.#begin) : MAX_LINE;
    this.#line += bytes.toString('latin1', at, Math.min(end, at + MAX_HEAD + 1));
    // What is wrong with a part of a line is wrong with the whole one: so it is told before the line has ended, if ever it does.
    const parted = this.#state === 'status-line' ? partsAt(this.#line) : undefined;
    if (parted !== undefined) {
      const spaceless = parted === BEHIND_THE_STATUS && this.#line[parted] === '\r';
      this.#break(
        spaceless
          ? 'a status line without the space behind its status'
          : 'what should be a status line is none',
        this.#lineBegin + parted,
      );
      return end;
    }
    if (this.#line.length > room) {
      const what = inHead ? `a head of more than ${MAX_HEAD} bytes` : `a line of more than ${MAX_LINE} bytes`;
      this.#break(what, this.#lineBegin + room);
      return end;
    }
    if (lf < 0) return end;
    const line = this.#line;
    this.#line = '';
    if (line.endsWith('\r\n')) this.#onLine(line.slice(0, -2));
    else this.#break('a line that ends with LF alone', this.#lineBegin + line.length - 1);
    return end;
  }

  #onLine(line: string): void {
    switch (this.#state) {
      case 'status-line':
        return this.#onStatusLine(line);
      case 'fields':
        return line === '' ? this.#onHead() : this.#onField(line, this.#fields);
      case 'chunk-size': {
        const match = CHUNK.exec(line);
        if (match === null) return this.#break('what should be the size of a chunk is none', this.#lineBegin);
        this.#left = parseInt(match[1]!, 16);
        this.#state = this.#left === 0 ? 'trailers' : 'chunk-data';
        return;
      }
      case 'chunk-end':
        if (line !== '') this.#break('a chunk that is longer than its size', this.#lineBegin);
        else this.#state = 'chunk-size';
        return;
      case 'trailers':
        return line === '' ? this.#finish() : this.#onField(line, this.#trailers);
      default:
    }
  }

  #onStatusLine(line: string): void {
    if (line.length < STATUS_LINE.length)
      return this.#break('what should be a status line is none', this.#lineBegin + line.length);
    const reason = line.slice(STATUS_LINE.length);
    const status = Number(line.slice(9, 12));
    if (status < 100) return this.#break('a status below 100', this.#lineBegin + 9);
    if (!TEXT.test(reason))
      return this.#break('a control character in a reason', this.#lineBegin + STATUS_LINE.length);
    this.#start = { status, version: line.slice(5, 8), reason };
    this.#state = 'fields';
  }

  #onField(line: string, fields: [string, string][]): void {
    const at = this.#lineBegin;
    if (/^[ \t]/.test(line)) return this.#break('a field that is folded over two lines', at);
    const colon = line.indexOf(':');
    if (colon < 0) return this.#break('a field without a colon', at);
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1);
    if (!TOKEN.test(name)) return this.#break('a name of a field that is no token', at);
    if (!TEXT.test(value)) return this.#break('a control character in the value of a field', at + colon + 1);
    fields.push([name, value.replace(/^[ \t]+|[ \t]+$/g, '')]);
  }

  #onHead(): void {
    const { status } = this.#start;
    const interim = status < 200 && status !== 101;
    if (interim && ++this.#interims > MAX_INTERIMS)
      return this.#break(`more than ${MAX_INTERIMS} interim responses`, this.#begin);
    const framing = this.#framing(interim);
    if (framing === undefined) return;
    this.#head = { ...this.#start, fields: this.#fields, interim, framing };
    if (framing === 'none' || (framing === 'length' && this.#left === 0)) this.#finish();
    else this.#state = framing === 'chunked' ? 'chunk-size' : framing;
  }

  /** RFC 9112, section 6.3. Undefined if it is malformed. */
  #framing(interim: boolean): Framing | undefined {
    const { status } = this.#start;
    const te = fieldValue(this.#fields, 'transfer-encoding');
    const cl = fieldValue(this.#fields, 'content-length');
    if (te !== undefined && cl !== undefined)
      return void this.#break('both Transfer-Encoding and Content-Length in one response', this.#begin);
    if (cl !== undefined && !/^\d{1,15}$/.test(cl))
      return void this.#break('a Content-Length that is not one number', this.#begin);
    if (interim || status === 204 || status === 304 || this.#method() === 'HEAD' || this.#endsHttp(status))
      return 'none';
    if (te !== undefined) return /(^|,)[ \t]*chunked$/i.test(te) ? 'chunked' : 'close';
    if (cl === undefined) return 'close';
    this.#left = Number(cl);
    return 'length';
  }

  #method(): string {
    return this.#options.method(this.#finals);
  }

  #endsHttp(status: number): boolean {
    return status === 101 || (this.#method() === 'CONNECT' && status >= 200 && status < 300);
  }

  /** Moves on where bytes that were due have come. */
  #settle(): void {
    if (this.#left === 0 && this.#state === 'length') this.#finish();
    if (this.#left === 0 && this.#state === 'chunk-data') this.#state = 'chunk-end';
    // Behind a response begins the next one.
    if (this.#state === 'status-line' && this.#line === '') this.#begin = this.#offset;
  }

  #finish(): void {
    const head = this.#head;
    if (head === undefined) return;
    this.responses.push({ ...head, body: this.#body.join(''), trailers: this.#trailers });
    const raw = this.#endsHttp(head.status);
    if (!head.interim) {
      this.#finals++;
      this.#interims = 0;
    }
    this.#head = undefined;
    this.#fields = [];
    this.#trailers = [];
    this.#body = [];
    this.#bodyBytes = 0;
    this.#left = 0;
    this.#state = raw ? 'raw' : 'status-line';
  }
}
