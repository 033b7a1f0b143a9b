/**
 * The operations on fds and on the process: system calls, with which the loop has nothing to do.
 */
import {
  EAGAIN,
  EINPROGRESS,
  errnoName,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  O_CLOEXEC,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SOCK_STREAM,
  SocketAddress,
} from '../../posix/index.js';
import { MAX_DATA } from '../../spec/trace.js';
import type { ActionTable, KernelOp } from './action-table.js';
import { DOMAINS, FLAGS } from './fd-maker.js';
import { Impossible } from './impossible.js';
import { pattern } from './pattern.js';
import type { Outcome } from './recorder.js';
import type { Run } from './run.js';
import { signalNumber } from './signals.js';
import type { ThreadStep } from './thread-messages.js';

const CHUNK = 65536;
const HOW = { read: SHUT_RD, write: SHUT_WR, both: SHUT_RDWR } as const;
/** How much of what was read is recorded. */
const SHOWN = 64;

const buffer = Buffer.alloc(CHUNK);

const failure = (result: number): Outcome => ({ errno: errnoName(result) });
/** A call whose answer is of interest. */
const answer = (result: number): Outcome => (result < 0 ? failure(result) : { result });
/** A call that answers only whether it failed. */
const success = (result: number): Outcome | undefined => (result < 0 ? failure(result) : undefined);
const shown = (length: number): string => buffer.toString('latin1', 0, Math.min(SHOWN, length));

/** Room for one read, which may be asked to be larger than usual. */
const room = (size: number): Buffer => (size <= CHUNK ? buffer.subarray(0, size) : Buffer.allocUnsafe(size));

function stepsOf(run: Run, steps: Parameters<ActionTable['thread']>[1]['do']): ThreadStep[] {
  return steps.flatMap((step): ThreadStep[] => {
    if (step.op === 'raise') return [{ op: 'raise', signal: numberOf(step.signal) }];
    const wakeup = run.wakeups.get(step.id);
    if (wakeup === undefined) return [];
    if (wakeup.token === undefined)
      throw new Impossible(`the wake-up '${step.id}' has no token to signal it from a thread`);
    return [{ op: 'wake', token: wakeup.token }];
  });
}

function numberOf(signal: string): number {
  const number = signalNumber(signal);
  if (number === undefined) throw new Impossible(`there is no signal '${signal}'`);
  return number;
}

export const KERNEL_ACTIONS = {
  write(run, { data, size = 1, from = 0 }, { number }) {
    const bytes = data === undefined ? pattern(from, size) : Buffer.from(data);
    return answer(run.host.posix.write(number, bytes));
  },

  read(run, { size = CHUNK }, { number }) {
    const bytes = room(size);
    const result = run.host.posix.read(number, bytes);
    if (result < 0) return failure(result);
    const data = bytes.toString('latin1', 0, Math.min(SHOWN, result));
    return result === 0 && size > 0 ? { result, data, eof: true } : { result, data };
  },

  fill(run, _action, { number }) {
    for (let result = 0; ;) {
      const wrote = run.host.posix.write(number, pattern(result, CHUNK));
      if (wrote === -EAGAIN) return { result };
      if (wrote < 0) return { result, ...failure(wrote) };
      result += wrote;
    }
  },

  drain(run, _action, { number }) {
    let data: string | undefined;
    for (let result = 0; ;) {
      const got = run.host.posix.read(number, buffer);
      if (got > 0) {
        data ??= shown(got);
        result += got;
        continue;
      }
      const outcome: Outcome = { result, data: data ?? '' };
      if (got === 0) return { ...outcome, eof: true };
      return got === -EAGAIN ? outcome : { ...outcome, ...failure(got) };
    }
  },

  collect(run, _action, { number }) {
    const pieces: Buffer[] = [];
    for (let result = 0; ;) {
      // What doesn't fit the record is left for the next one.
      const got = run.host.posix.read(number, buffer, 0, Math.min(CHUNK, MAX_DATA - result));
      if (got > 0) {
        pieces.push(Buffer.from(buffer.subarray(0, got)));
        result += got;
        if (result < MAX_DATA) continue;
      }
      const outcome: Outcome = { result, data: Buffer.concat(pieces).toString('latin1') };
      if (got === 0) return { ...outcome, eof: true };
      return got > 0 || got === -EAGAIN ? outcome : { ...outcome, ...failure(got) };
    }
  },

  close(run, _action, { name, number }) {
    return success(run.fds.closeNamed(name, number));
  },

  reset(run, _action, { name, number }) {
    // Only a TCP socket knows what it means; of others, what counts is the close.
    run.host.posix.setLinger(number, 0);
    return success(run.fds.closeNamed(name, number));
  },

  shutdown(run, { how }, { number }) {
    return success(run.host.posix.shutdown(number, HOW[how]));
  },

  dup(run, { as }, { number }) {
    const result = run.host.posix.fcntl(number, F_DUPFD_CLOEXEC, 0);
    run.fds.opened(as, result, run.fds.isTcp(number));
    return answer(result);
  },

  dup2(run, { onto, as }, { number }) {
    const result = run.host.posix.dup3(number, run.fds.number(onto), O_CLOEXEC);
    if (result >= 0) run.fds.wasClosed(onto);
    run.fds.opened(as, result, run.fds.isTcp(number));
    return answer(result);
  },

  accept(run, { as }, { name, number }) {
    const result = run.host.posix.accept4(number, FLAGS);
    run.fds.accepted(as, result, name);
    return answer(result);
  },

  connect(run, { to, as }) {
    const { posix } = run.host;
    const name = new SocketAddress();
    const named = posix.getsockname(run.fds.number(to), name);
    if (named < 0) return failure(named);
    const address = name.get()!;
    const fd = posix.socket(DOMAINS[address.family], SOCK_STREAM | FLAGS, 0);
    run.fds.opened(as, fd, true);
    if (fd < 0) return failure(fd);
    const result = posix.connect(fd, address);
    return result < 0 && result !== -EINPROGRESS ? { result: fd, ...failure(result) } : { result: fd };
  },

  isOpen(run, _action, { number }) {
    return { result: run.host.posix.fcntl(number, F_GETFD) < 0 ? 0 : 1 };
  },

  countFds(run) {
    return { result: run.host.surroundings.openFds.count() };
  },

  limitFds(run, { spare }) {
    return { result: run.host.surroundings.openFds.limit(spare) };
  },

  raise(run, { signal, from }) {
    if (from === 'process') return run.host.surroundings.raiseFromProcess(signal);
    const { posix } = run.host;
    return success(posix.tgkill(posix.getpid(), posix.gettid(), numberOf(signal)));
  },

  thread(run, { when, do: steps, times = 1, every = 0 }) {
    run.host.surroundings.threads.order({
      when,
      steps: stepsOf(run, steps),
      times,
      every,
      startedAt: run.recorder.startedAt,
    });
  },

  burn(run, { ms }) {
    run.host.surroundings.burn(ms);
  },
} satisfies Pick<ActionTable, KernelOp>;
