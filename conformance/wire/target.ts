/**
 * A server at an address that the user gave, with or without a command that starts it.
 *
 * The command runs in `/bin/sh -c`, in a process group of its own and with the kit's mark in its environment (subject/offspring.ts), so that
 * all of it can be killed wherever it went. It counts as started when the address answers. What it writes is thrown away but for its
 * end.
 */
import { randomUUID } from 'node:crypto';
import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProblemReport } from '../../spec/report.js';
import { MARK_VARIABLE } from '../../spec/protocol.js';
import { guard, killMarked, killTree, release, type Guarded } from '../subject/offspring.js';
import { Tail } from '../subject/tail.js';
import { excerpt } from '../subject/visible.js';
import { ask, hostOf, type Answer } from './ask.js';
import type { Address } from './connection.js';
import { ServerProblem, type Served, type Servers } from './servers.js';

export interface Target {
  readonly address: Address;
  /** As it was typed, for sentences. */
  readonly url: string;
  /** A shell's command line. */
  readonly start: string | undefined;
}

/** Of the first answer of a server that runs already, ms. Generous: nothing is known of it. */
const FIRST_ANSWER_MS = 6000;
/** What is left of that for TLS, at least. */
const TLS_ANSWER_MS = 2000;
/** Of one that is being started: a compiler may run. */
const START_MS = 60_000;
/** Of one whose command has ended: it may have left a daemon. */
const DAEMON_MS = 3000;
const POLL_MS = 20;

export class TargetServers implements Servers {
  readonly canRestart: boolean;
  readonly takesOptions = false;
  readonly canStop = false;
  /** The command may have left a daemon, or be restarted by a supervisor. */
  readonly isGone = false;
  readonly #target: Target;
  readonly #guarded: Guarded;
  #child: ChildProcess | undefined;
  /** How the command ended. */
  #exit: string | undefined;
  #tail = new Tail();
  #isUp = false;
  #starts = 0;
  #isGuarded = false;

  constructor(target: Target) {
    this.#target = target;
    this.canRestart = target.start !== undefined;
    this.#guarded = { mark: randomUUID(), leaders: new Set(), onEnd: () => undefined };
  }

  async serve(): Promise<Served> {
    if (!this.#isUp) await this.#up();
    return { address: this.#target.address, end: () => Promise.resolve() };
  }

  async restart(): Promise<void> {
    this.#kill();
    await this.#up();
  }

  condition(): string {
    if (this.#target.start === undefined) return 'its process is not known to the kit';
    return this.#exit === undefined ? 'its process is alive, but silent' : `its process ${this.#exit}`;
  }

  stderr(): string {
    return this.#tail.text();
  }

  close(): Promise<readonly ProblemReport[]> {
    this.#kill();
    if (this.#isGuarded) release(this.#guarded);
    return Promise.resolve([]);
  }

  #kill(): void {
    this.#isUp = false;
    if (this.#child?.pid !== undefined) {
      killTree(this.#child.pid);
      this.#guarded.leaders.delete(this.#child.pid);
      this.#child.stdout?.destroy();
      this.#child.stderr?.destroy();
    }
    this.#child = undefined;
    if (this.#isGuarded) killMarked(this.#guarded.mark);
  }

  async #up(): Promise<void> {
    const { address, start } = this.#target;
    if (start === undefined) {
      const begin = performance.now();
      const answer = await ask(address, '/', FIRST_ANSWER_MS);
      const problem = problemOf(answer, this.#target);
      if (problem !== undefined) throw (await this.#tlsInstead(answer, performance.now() - begin)) ?? problem;
    } else {
      await this.#vacant(start);
      this.#spawn(start);
      await this.#answers(start);
    }
    this.#isUp = true;
  }

  /** What is wrong if a server that was asked in the clear speaks TLS; undefined if it doesn't. */
  async #tlsInstead({ is }: Answer, tookMs: number): Promise<ServerProblem | undefined> {
    const { address, url } = this.#target;
    if (address.tls || is === 'failed' || is === 'silent') return undefined;
    // Who takes his time to end a connection in the clear has no more of it for this.
    const budgetMs = Math.max(FIRST_ANSWER_MS - tookMs, TLS_ANSWER_MS);
    const answer = await ask({ ...address, tls: true, insecure: true }, '/', budgetMs);
    if (answer.is !== 'response') return undefined;
    return new ServerProblem('tls', `what listens at ${url} speaks TLS: say https:// if it is meant to`);
  }

  /** Else another server would be judged than the one that is started. */
  async #vacant(start: string): Promise<void> {
    const begin = performance.now();
    for (;;) {
      const answer = await ask(this.#target.address, '/', FIRST_ANSWER_MS);
      if (answer.is === 'failed') return;
      // One that was killed a moment ago may take a moment to go.
      if (this.#starts > 0 && performance.now() - begin < DAEMON_MS) await sleep(POLL_MS);
      else
        throw new ServerProblem(
          'target-taken',
          `something listens at ${this.#target.url} already, so '${excerpt(start, 80)}' can't be started there: end it, or leave --start away`,
        );
    }
  }

  #spawn(command: string): void {
    if (!this.#isGuarded) guard(this.#guarded);
    this.#isGuarded = true;
    this.#exit = undefined;
    this.#tail = new Tail();
    const child = spawn('/bin/sh', ['-c', command], {
      detached: true,
      env: { ...process.env, [MARK_VARIABLE]: `${this.#guarded.mark}.${++this.#starts}` },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    if (child.pid !== undefined) this.#guarded.leaders.add(child.pid);
    const tail = this.#tail;
    child.stdout.on('data', (chunk: Buffer) => {
      tail.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      tail.push(chunk);
    });
    child.on('error', (error) => {
      if (this.#child === child) this.#exit = `could not be started: ${error.message}`;
    });
    child.on('exit', (code, signal) => {
      if (this.#child === child)
        this.#exit = signal === null ? `ended with exit code ${code ?? 'unknown'}` : `was ended by ${signal}`;
    });
  }

  async #answers(start: string): Promise<void> {
    const begin = performance.now();
    let ended = Infinity;
    for (;;) {
      const asked = performance.now();
      const answer = await ask(this.#target.address, '/', FIRST_ANSWER_MS);
      if (answer.is !== 'failed' || answer.code !== 'ECONNREFUSED') {
        const problem = problemOf(answer, this.#target);
        if (problem !== undefined) {
          const { kind, message } = (await this.#tlsInstead(answer, performance.now() - asked)) ?? problem;
          throw new ServerProblem(kind, message, this.stderr());
        }
        return;
      }
      const now = performance.now();
      if (this.#exit !== undefined) ended = Math.min(ended, now);
      const how = this.#exit === undefined ? 'runs' : this.#exit;
      if (now - begin > START_MS || now - ended > DAEMON_MS) {
        const said = this.stderr().trim().split('\n').at(-1) ?? '';
        throw new ServerProblem(
          'start-failed',
          `'${excerpt(start, 80)}' ${how}, and nothing listens at ${this.#target.url}${said === '' ? '' : `; it said: ${excerpt(said, 200)}`}`,
          this.stderr(),
        );
      }
      await sleep(POLL_MS);
    }
  }
}

/** What is wrong with a server that was asked for the first time; undefined if it answered. */
function problemOf(answer: Answer, { url, address }: Target): ServerProblem | undefined {
  const problem = (kind: string, text: string) => new ServerProblem(kind, text);
  switch (answer.is) {
    case 'response':
      return undefined;
    case 'failed':
      if (answer.code === 'ECONNREFUSED')
        return problem(
          'unreachable',
          `nothing listens at ${url}: start the server first, or have it started by --start`,
        );
      if (answer.code === 'ENOTFOUND' || answer.code === 'EAI_AGAIN')
        return problem('unreachable', `there is no host '${excerpt(address.host, 80)}': is ${url} right?`);
      if (address.tls && /CERT|SELF_SIGNED|ALTNAME|UNABLE_TO_VERIFY/.test(answer.code))
        return problem(
          'certificate',
          `the certificate of ${url} is not to be trusted (${excerpt(answer.text, 120)}): --insecure does without`,
        );
      if (
        address.tls &&
        (/SSL|TLS|EPROTO|wrong version/i.test(`${answer.code} ${answer.text}`) ||
          answer.code === 'CLOSED' ||
          answer.code === 'ECONNRESET')
      )
        return problem(
          'no-tls',
          `what listens at ${hostOf(address)} does not speak TLS: say http:// if it is meant to`,
        );
      if (answer.code === 'ECONNRESET')
        return problem(
          'unreachable',
          `${url} can't be reached, because what listens there resets connections: look at whether it is the right port, and at what stands before the server (${excerpt(answer.text, 120)})`,
        );
      return problem('unreachable', `${url} can't be reached: ${excerpt(answer.text, 160)}`);
    case 'closed':
      return problem(
        'closes-at-once',
        `the server at ${url} accepts connections and ends them without an answer to GET /`,
      );
    case 'silent':
      if (answer.connected)
        return problem(
          'silent',
          `the server at ${url} accepts connections and does not answer GET / within ${answer.ms / 1000} s`,
        );
      return answer.reached
        ? problem(
            'no-tls',
            `what listens at ${url} accepts connections and does not answer a TLS handshake within ${answer.ms / 1000} s: say http:// if it doesn't speak TLS`,
          )
        : problem('unreachable', `${url} can't be reached: no connection within ${answer.ms / 1000} s`);
    case 'malformed':
      return problem('not-http', `what answers at ${url} is not HTTP/1: ${answer.what}`);
  }
}
