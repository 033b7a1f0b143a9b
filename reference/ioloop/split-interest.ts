/**
 * Split interest: a reader and a writer an fd, each with its own callback, over one watch for both.
 *
 * An error or a hang-up is told to both, as readiness: reading and writing are how they find out. An fd whose reader
 * and writer are gone is not watched at all, not even for errors: LOOP-READY-23.
 */
import { ERROR, READ, WRITE, type Callback } from '../../spec/contract.js';
import { EEXIST } from '../../posix/index.js';
import { HandlerExistsError, UnwatchableFdError } from './errors.js';
import type { Handlers } from './handlers.js';
import type { Isolation } from './isolation.js';
import type { Watch } from './watch.js';

/** Either direction of an fd. */
type Direction = 'reader' | 'writer';
const EVENT = { reader: READ, writer: WRITE } as const;

/** What a watch made here calls. */
type Pair = Partial<Record<Direction, Callback>>;

export class SplitInterest {
  readonly #handlers: Handlers;
  readonly #isolation: Isolation;
  readonly #pairs = new WeakMap<Watch, Pair>();

  constructor(handlers: Handlers, isolation: Isolation) {
    this.#handlers = handlers;
    this.#isolation = isolation;
  }

  /** @throws As `addHandler`; a second reader of an fd is refused as a second handler is. */
  add(fd: number, direction: Direction, callback: Callback): void {
    const fresh: Pair = { [direction]: callback };
    const handler = (_: number, events: number) => this.#dispatch(fd, fresh, events);
    const added = this.#handlers.tryAdd(fd, handler, EVENT[direction]);
    if (typeof added !== 'number') return void this.#pairs.set(added, fresh);
    if (added !== -EEXIST) throw new UnwatchableFdError(fd, added);

    const found = this.#find(fd);
    if (found === undefined) throw new HandlerExistsError(`fd ${fd}`);
    const { watch, pair } = found;
    if (pair[direction] !== undefined) throw new HandlerExistsError(`fd ${fd} as ${direction}`);
    this.#handlers.tryUpdate(watch, watch.events | EVENT[direction]);
    pair[direction] = callback;
  }

  /** Nothing happens if there is none. */
  remove(fd: number, direction: Direction): void {
    const found = this.#find(fd);
    if (found?.pair[direction] === undefined) return;
    const { watch, pair } = found;
    pair[direction] = undefined;
    const rest = watch.events & ~EVENT[direction];
    if (rest === 0) this.#handlers.remove(watch);
    else this.#handlers.tryUpdate(watch, rest);
  }

  /** The watch of an fd and its pair, if it is one of ours. */
  #find(fd: number): { watch: Watch; pair: Pair } | undefined {
    const watch = this.#handlers.get(fd);
    const pair = watch && this.#pairs.get(watch);
    return watch && pair && { watch, pair };
  }

  #dispatch(fd: number, pair: Pair, events: number): void {
    // Looked up at the moment of each call: the reader may remove the writer. LOOP-DISPATCH-1
    if (events & (READ | ERROR) && pair.reader) this.#isolation.call('reader', pair.reader, fd);
    if (events & (WRITE | ERROR) && pair.writer) this.#isolation.call('writer', pair.writer, fd);
  }
}
