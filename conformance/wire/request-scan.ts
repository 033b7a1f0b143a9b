/**
 * Which methods were sent: a tolerant look at the kit's own bytes, so that the parser of responses knows what each answers.
 *
 * What is sent is often wrong on purpose, so this can only guess where one request ends and the next begins, and guesses as most
 * servers would: by the last Content-Length that is a number, or by chunks. Where it can't, it sees no further request. It matters for
 * HEAD and CONNECT alone, as only with those a response is framed differently.
 */
type State = 'line' | 'fields' | 'length' | 'chunk-size' | 'chunk' | 'trailers' | 'lost';

/** What is kept of a line, characters: enough for a method and the two fields that matter. */
const KEPT = 1000;

export class RequestScan {
  /** Of each request whose first line has been sent. */
  readonly methods: string[] = [];
  #state: State = 'line';
  #line = '';
  #length = 0;
  #chunked = false;
  #left = 0;

  /** All that was sent are whole requests, as far as one can see. */
  get isBetween(): boolean {
    return this.#state === 'line' && this.#line === '';
  }

  push(bytes: Buffer): void {
    for (let at = 0; at < bytes.length && this.#state !== 'lost';) {
      if (this.#state === 'length' || this.#state === 'chunk') {
        const take = Math.min(this.#left, bytes.length - at);
        this.#left -= take;
        at += take;
        if (this.#left === 0) this.#state = this.#state === 'chunk' ? 'chunk-size' : 'line';
        continue;
      }
      const lf = bytes.indexOf(10, at);
      const end = lf < 0 ? bytes.length : lf;
      this.#line += bytes.toString('latin1', at, Math.min(end, at + KEPT));
      at = end + 1;
      if (lf < 0) break;
      const line = this.#line.replace(/\r$/, '');
      this.#line = '';
      this.#onLine(line);
    }
    this.#line = this.#line.slice(0, KEPT);
  }

  #onLine(line: string): void {
    switch (this.#state) {
      case 'line':
        if (line === '') return;
        this.methods.push(line.split(' ', 1)[0]!);
        this.#length = 0;
        this.#chunked = false;
        this.#state = 'fields';
        return;
      case 'fields': {
        if (line === '') return this.#onBody();
        const [, name = '', value = ''] = /^([^:]*):(.*)$/s.exec(line) ?? [];
        if (/^content-length$/i.test(name.trim()) && /^\d{1,15}$/.test(value.trim()))
          this.#length = Number(value);
        if (/^transfer-encoding$/i.test(name.trim()) && /chunked/i.test(value)) this.#chunked = true;
        return;
      }
      case 'chunk-size': {
        const size = /^[0-9a-f]{1,13}/i.exec(line);
        if (size === null) this.#state = 'lost';
        else if (Number(`0x${size[0]}`) === 0) this.#state = 'trailers';
        else {
          // The data, and the line end behind it.
          this.#left = Number(`0x${size[0]}`) + 2;
          this.#state = 'chunk';
        }
        return;
      }
      case 'trailers':
        if (line === '') this.#state = 'line';
        return;
      default:
    }
  }

  #onBody(): void {
    this.#left = this.#length;
    this.#state = this.#chunked ? 'chunk-size' : this.#length > 0 ? 'length' : 'line';
  }
}
