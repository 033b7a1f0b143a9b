/**
 * The surroundings of a subject that runs in the host's own process.
 */
import { spawnSync } from 'node:child_process';
import type { Posix } from '../../posix/index.js';
import { Impossible } from './impossible.js';
import { OpenFds } from './open-fds.js';
import { errnoOf } from './raised.js';
import type { Outcome } from './recorder.js';
import { guardSignals } from './signals.js';
import type { StandardFds } from './standard-fds.js';
import type { Surroundings } from './surroundings.js';
import type { HelperThread } from './thread.js';

export class ThisProcess implements Surroundings {
  readonly openFds: OpenFds;

  constructor(
    private readonly posix: Posix,
    readonly threads: HelperThread,
    private readonly standardFds: StandardFds,
  ) {
    this.openFds = new OpenFds(posix);
  }

  restoreStandardFds(): void {
    this.standardFds.putBack();
  }

  guardSignals(names: Iterable<NodeJS.Signals>): () => void {
    return guardSignals(names);
  }

  raiseFromProcess(signal: string): Outcome | undefined {
    const command = `kill -s ${signal.slice('SIG'.length)} ${process.pid}`;
    const { error, stderr } = this.threads.whileBusy(() =>
      spawnSync('/bin/sh', ['-c', command], { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' }),
    );
    const errno = errnoOf(error);
    if (errno !== undefined) return { errno };
    if (stderr !== '') throw new Impossible(`'${command}' failed: ${stderr.trim()}`);
    return undefined;
  }

  burn(ms: number): void {
    const { posix } = this;
    for (const end = posix.monotonicMs() + ms; posix.monotonicMs() < end;);
  }

  afterTurn(callback: () => void): void {
    setImmediate(callback);
  }
}
